/** Flooding: a host that sends well-formed messages of no use, more than anybody asked for. */
import { z } from 'zod';
import type { Message } from '../../chain/types/message.ts';
import { type BlockHash, blockHash, height, txId, weight } from '../../chain/types/units.ts';
import { address } from '../../env/units.ts';
import { defineBehaviour, type Seat, WINDOW } from './behaviour.ts';
import { Links, repeatedly } from './connections.ts';

const PER_SECOND = 20;
/** Ids of one inventory, and addresses of one PeerInfo, both below what costs a point. */
const IDS = 32;
const ADDRESSES = 32;
/** Blocks of no parent that are asked for, and heights that are claimed for them. */
const HEIGHT_MAX = 1_000_000;
/** Requests of the flood are numbered from here: the node's own stay below. */
const REQUESTS_FROM = 1_000_000_000;
/** Blocks asked for whose answers are still known as such. */
const ASKED_MAX = 1_024;

/** Lighter than every chain: nobody asks for more of it. */
const NO_WEIGHT = weight('');

const KINDS = ['transactions', 'ping', 'addresses', 'getBlock', 'headers', 'answer'] as const;

export const flooding = defineBehaviour({
  schema: z
    .strictObject({
      kind: z.literal('flooding'),
      ...WINDOW,
      perSecond: z
        .number()
        .min(0.1)
        .max(1_000)
        .optional()
        .meta({ description: 'Messages a second to each peer; default 20.' }),
    })
    .meta({
      description:
        'Floods every peer: ids of no transaction, addresses of nobody, requests for what is not there, answers to nothing.',
    }),
  engines: 'any',
  create(seat, { perSecond = PER_SECOND }, { env }) {
    const links = new Links(seat, env);
    const asked = new Set<BlockHash>();
    const remember = (message: Message): void => {
      if (message.kind !== 'GetBlock') return;
      const [oldest] = asked;
      if (oldest !== undefined && asked.size >= ASKED_MAX) asked.delete(oldest);
      asked.add(message.id);
    };
    const begin = repeatedly(seat, env, 'byzantine.flood', Math.max(1, Math.round(1_000 / perSecond)), () => {
      const message = useless(seat);
      remember(message);
      for (const link of links.ready()) if (links.send(link, message)) seat.deviated();
    });
    return {
      env: links.env(),
      process: (honest) => ({
        // The node did not ask, and would blame whoever answers.
        ...links.process(honest, (_, message) =>
          message.kind === 'GetBlockResponse'
            ? asked.has(message.id)
            : message.kind === 'SyncResponse' && message.requestId >= REQUESTS_FROM,
        ),
        onStart() {
          honest.onStart();
          begin();
        },
      }),
    };
  },
});

function drawId({ stream }: Seat): string {
  return Array.from({ length: 8 }, () => stream.word().toString(16).padStart(8, '0')).join('');
}

function useless(seat: Seat): Message {
  const { stream } = seat;
  const id = (): ReturnType<typeof blockHash> => blockHash(drawId(seat));
  switch (stream.pick(KINDS)) {
    case 'transactions':
      return {
        kind: 'Transactions',
        have: Array.from({ length: IDS }, () => txId(drawId(seat))),
        want: [],
        bodies: [],
      };
    case 'ping': {
      const head = { id: id(), height: height(0), weight: NO_WEIGHT };
      return { kind: 'Ping', nonce: stream.below(HEIGHT_MAX), head };
    }
    case 'addresses': {
      const peers = Array.from({ length: ADDRESSES }, () => address(`nobody-${stream.word().toString(16)}`));
      return { kind: 'PeerInfo', request: true, peers };
    }
    case 'getBlock':
      return { kind: 'GetBlock', id: id() };
    case 'headers':
      return {
        kind: 'SyncRequest',
        requestId: REQUESTS_FROM + stream.below(HEIGHT_MAX),
        want: { kind: 'headers', locator: [id()], limit: 512 },
      };
    case 'answer':
      return { kind: 'GetBlockResponse', id: id(), result: { kind: 'unknown' } };
  }
}
