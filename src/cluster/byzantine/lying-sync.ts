/** Lying sync: a host that claims a higher head than it has, and answers who asks for it with headers of wrong heights, or takes it back. */
import { z } from 'zod';
import type { HeadClaim, Message } from '../../chain/types/message.ts';
import { blockHash, type Height, height, weight } from '../../chain/types/units.ts';
import { defineBehaviour, WINDOW } from './behaviour.ts';
import { Links, repeatedly } from './connections.ts';

const BY_DEFAULT = 100;
const CLAIM_EVERY_MS = 5_000;

/** No block: hashes do not end alike. */
const NO_BLOCK_DIGITS = 16;
/** Of no chain, and lighter than every one. */
const NOTHING: HeadClaim = { id: blockHash('f'.repeat(64)), height: height(0), weight: weight('') };

export const lyingSync = defineBehaviour({
  schema: z
    .strictObject({
      kind: z.literal('lying-sync'),
      ...WINDOW,
      by: z
        .int()
        .min(1)
        .max(1_000_000)
        .optional()
        .meta({ description: 'Added to the heights that it states; default 100.' }),
      answers: z.enum(['wrong', 'nothing']).optional().meta({
        description:
          'wrong: headers of wrong heights, and the same claim again; nothing: no headers, and a head below all others, as if nothing had been claimed; default wrong.',
      }),
    })
    .meta({
      description: 'Claims a higher and heavier head, and answers synchronisation with wrong heights.',
    }),
  engines: 'any',
  create(seat, { by = BY_DEFAULT, answers = 'wrong' }, { env }) {
    const links = new Links(seat, env);
    /** What the node last said of its head. */
    let shown: HeadClaim | undefined;
    const raised = (at: Height): Height => height(at + by);
    const claim = (head: HeadClaim): HeadClaim => ({
      id: blockHash(`${head.id.slice(NO_BLOCK_DIGITS)}${'f'.repeat(NO_BLOCK_DIGITS)}`),
      height: raised(head.height),
      weight: weight(`ff${head.weight.slice(2)}`),
    });
    const lie = (message: Message): Message => {
      switch (message.kind) {
        case 'Handshake':
        case 'Ping':
        case 'Pong':
          shown = message.head;
          return { ...message, head: claim(message.head) };
        case 'SyncResponse': {
          const { result } = message;
          if (result.kind !== 'headers') return message;
          if (answers === 'nothing')
            return { ...message, head: NOTHING, result: { ...result, headers: [], certificates: [] } };
          const headers = result.headers.map((header) => ({ ...header, height: raised(header.height) }));
          return { ...message, head: claim(message.head), result: { ...result, headers } };
        }
        default:
          return message;
      }
    };
    const filtered = links.env(lie);
    // Who is told nothing false asks nothing: the claim is repeated.
    const begin = repeatedly(seat, env, 'byzantine.claim', CLAIM_EVERY_MS, () => {
      if (shown === undefined) return;
      const head = claim(shown);
      for (const link of links.ready())
        if (links.send(link, { kind: 'Ping', nonce: 0, head })) seat.deviated();
    });
    return {
      env: filtered,
      process: (honest) => ({
        ...links.process(honest),
        onStart() {
          honest.onStart();
          begin();
        },
      }),
    };
  },
});
