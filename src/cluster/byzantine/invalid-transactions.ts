/** Invalid transactions: a host that gossips transactions which nobody may relay, and puts one into each block that it seals. */
import { z } from 'zod';
import { transactionsRoot } from '../../chain/types/block-codec.ts';
import type { Transaction } from '../../chain/types/transaction.ts';
import { transactionId } from '../../chain/types/transaction-codec.ts';
import type { TxId } from '../../chain/types/units.ts';
import { spoil, type Wrong } from '../load/spoil.ts';
import { defineBehaviour, type LayerWorld, type Seat, WINDOW } from './behaviour.ts';
import { Links, repeatedly } from './connections.ts';
import { invalidBlocks } from './invalid-blocks.ts';

const EVERY_MS = 3_000;
/** What a relayer must have seen, whatever its head: signature, chain and gas need no state. */
const SEEN_BY_ALL: readonly Wrong[] = ['signature', 'chain', 'gasLimit'];
/** Different prices make different transactions. */
const SALT_MAX = 1_000_000;
/** Announced transactions that are still given to who wants them. */
const OFFERED_MAX = 64;

export const invalidTransactions = defineBehaviour({
  schema: z
    .strictObject({
      kind: z.literal('invalid-transactions'),
      ...WINDOW,
      where: z
        .enum(['blocks', 'gossip', 'both'])
        .optional()
        .meta({ description: 'Where it puts them; default both.' }),
    })
    .meta({
      description: 'Announces transactions that no node may relay, and seals blocks with one in them.',
    }),
  engines: ['pow', 'round-robin', 'poa', 'pos'],
  create(seat, { where = 'both' }, world) {
    if (where === 'gossip') return gossip(seat, world);
    const blocks = invalidBlocks(seat, world, (block) => {
      const transactions = [...block.transactions, draw(seat)];
      const header = {
        ...block.header,
        txCount: transactions.length,
        transactionsRoot: transactionsRoot(transactions),
      };
      return { ...block, header, transactions };
    });
    if (where === 'blocks') return blocks;
    const talk = gossip(seat, { ...world, env: blocks.env ?? world.env });
    return {
      ...blocks,
      ...(talk.env === undefined ? {} : { env: talk.env }),
      process: (honest) => blocks.process?.(talk.process?.(honest) ?? honest) ?? honest,
    };
  },
});

function draw(seat: Seat): Transaction {
  const { stream, keys } = seat;
  return spoil(seat, keys, stream.pick(SEEN_BY_ALL), stream.below(SALT_MAX));
}

function gossip(seat: Seat, { env }: LayerWorld): ReturnType<typeof invalidBlocks> {
  const links = new Links(seat, env);
  const offered = new Map<TxId, Transaction>();
  const begin = repeatedly(seat, env, 'byzantine.transaction', EVERY_MS, () => {
    const transaction = draw(seat);
    const id = transactionId(transaction);
    const [oldest] = offered.keys();
    if (oldest !== undefined && offered.size >= OFFERED_MAX) offered.delete(oldest);
    offered.set(id, transaction);
    for (const link of links.ready())
      links.send(link, { kind: 'Transactions', have: [id], want: [], bodies: [] });
  });
  return {
    env: links.env(),
    process: (honest) => ({
      ...links.process(honest, (link, message) => {
        if (message.kind !== 'Transactions') return false;
        const bodies = message.want.flatMap((id) => offered.get(id) ?? []);
        if (bodies.length === 0) return false;
        if (links.send(link, { kind: 'Transactions', have: [], want: [], bodies }))
          seat.deviated(bodies.length);
        // The rest of the message is for the node.
        return message.have.length === 0 && bodies.length === message.want.length;
      }),
      onStart() {
        honest.onStart();
        begin();
      },
    }),
  };
}
