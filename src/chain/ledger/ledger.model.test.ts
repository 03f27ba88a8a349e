import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  build,
  createHost,
  MemoryDisk,
  open,
  SharedMemo,
  type ToyView,
  toyConfig,
  transfer,
} from '../../../tests/support/ledger-world.ts';
import type { Block } from '../types/block.ts';
import { blockId } from '../types/header-codec.ts';
import { transactionId } from '../types/transaction-codec.ts';
import { type BlockHash, height } from '../types/units.ts';
import type { HeadChange, Ledger } from './ledger.ts';

/** One block of a random tree: where it hangs, how heavy it is, whether it pays. */
const step = fc.record({
  parent: fc.nat(),
  near: fc.boolean(),
  difficulty: fc.integer({ min: 1, max: 3 }),
  pays: fc.boolean(),
});

interface Forest {
  readonly blocks: readonly Block[];
  /** Computed here, apart from the ledger: weight and nonce by id. */
  readonly weights: ReadonlyMap<BlockHash, number>;
}

const WIDE = toyConfig({ baseDepth: 40, undoDepth: 40 });

function grow(
  steps: readonly { parent: number; near: boolean; difficulty: number; pays: boolean }[],
): Forest {
  const { ledger } = open(createHost(), WIDE);
  const ids: BlockHash[] = [ledger.genesisId];
  const weights = new Map([[ledger.genesisId, 0]]);
  const nonces = new Map([[ledger.genesisId, 0]]);
  const blocks: Block[] = [];
  for (const [salt, { parent, near, difficulty, pays }] of steps.entries()) {
    const last = ids.length - 1;
    const on = ids[near ? Math.max(0, last - (parent % 3)) : parent % ids.length] as BlockHash;
    const nonce = nonces.get(on) as number;
    const transactions = pays ? [transfer(ledger.genesisId, 0, nonce, 1, 1 + (salt % 7))] : [];
    const block = build(ledger, on, { salt, difficulty, transactions });
    expect(ledger.importBlock(block, '').kind).toBe('imported');
    const id = blockId(block.header);
    ids.push(id);
    blocks.push(block);
    weights.set(id, (weights.get(on) as number) + difficulty);
    nonces.set(id, nonce + transactions.length);
  }
  return { blocks, weights };
}

/** Imports in the given order, orphans again when their parent is there; answers the head changes. */
function deliver(ledger: Ledger<ToyView>, blocks: readonly Block[]): readonly HeadChange[] {
  const changes: HeadChange[] = [];
  let waiting = [...blocks];
  while (waiting.length > 0) {
    const later: Block[] = [];
    for (const block of waiting) {
      const outcome = ledger.importBlock(block, '');
      if (outcome.kind === 'orphan') later.push(block);
      else expect(outcome.kind).toBe('imported');
      if (outcome.kind === 'imported' && outcome.change !== undefined) changes.push(outcome.change);
    }
    expect(later.length).toBeLessThan(waiting.length);
    waiting = later;
  }
  return changes;
}

const forest = fc.array(step, { minLength: 1, maxLength: 25 }).map(grow);
const shuffled = forest.chain((f) =>
  fc.record({
    forest: fc.constant(f),
    order: fc.shuffledSubarray([...f.blocks], { minLength: f.blocks.length }),
  }),
);

describe('ledger against a model', () => {
  it('finds a heaviest block in every order of arrival, with the state of direct execution', () => {
    const memo = new SharedMemo();
    fc.assert(
      fc.property(shuffled, ({ forest: { blocks, weights }, order }) => {
        const { ledger } = open(createHost(new MemoryDisk(), memo), WIDE);
        deliver(ledger, order);
        const heaviest = Math.max(...weights.values());
        expect(weights.get(ledger.head().id)).toBe(heaviest);
        for (const block of blocks) {
          expect(ledger.state(blockId(block.header))?.root).toBe(block.header.stateRoot);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('chains its head changes, and returns exactly what left the main chain', () => {
    fc.assert(
      fc.property(shuffled, ({ order }) => {
        const { ledger } = open(createHost(), WIDE);
        let head = ledger.genesisId;
        let main: readonly BlockHash[] = [head];
        for (const change of deliver(ledger, order)) {
          expect(change.from.id).toBe(head);
          const cut = main.indexOf(change.ancestor);
          expect(main.slice(cut + 1).reverse()).toEqual(change.disconnected.map((b) => b.id));
          main = [...main.slice(0, cut + 1), ...change.connected.map((b) => b.id)];
          head = change.to.id;
          const left = change.disconnected.flatMap((b) => b.block.transactions.map((t) => transactionId(t)));
          const joined = new Set(
            change.connected.flatMap((b) => b.block.transactions.map((t) => transactionId(t))),
          );
          expect(new Set(change.returned.map((t) => transactionId(t)))).toEqual(
            new Set(left.filter((id) => !joined.has(id))),
          );
        }
        expect(main).toEqual(main.map((_id, at) => ledger.idAt(height(at))));
        expect(head).toBe(ledger.head().id);
      }),
      { numRuns: 40 },
    );
  });

  it('shows after a reopen what it showed before, however small base and journal are', () => {
    const depths = fc.record({ baseDepth: fc.nat(6), undoDepth: fc.nat(12) });
    fc.assert(
      fc.property(shuffled, depths, ({ forest: { blocks }, order }, { baseDepth, undoDepth }) => {
        const config = toyConfig({ baseDepth, undoDepth });
        const host = createHost();
        const { ledger } = open(host, config);
        // A narrow journal refuses some branches: they stay outside, as orphans or as a halt.
        for (const block of [...order, ...blocks]) ledger.importBlock(block, '');
        const again = createHost(host.disk);
        const { ledger: reopened, corrupt } = open(again, config);
        expect(corrupt).toEqual([]);
        expect(reopened.head().id).toBe(ledger.head().id);
        expect(reopened.base()).toEqual(ledger.base());
        for (const block of blocks) {
          for (const t of block.transactions) {
            const id = transactionId(t);
            expect(reopened.transaction(id)?.place).toEqual(ledger.transaction(id)?.place);
            const place = ledger.transaction(id)?.place;
            if (place !== undefined) expect(ledger.isOnMainChain(place.block)).toBe(true);
          }
        }
        for (const { name, size, max } of ledger.bounds()) expect(size, name).toBeLessThanOrEqual(max);
      }),
      { numRuns: 60 },
    );
  });
});
