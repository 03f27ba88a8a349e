import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PREFIX } from '../src/chain/blockstore/records.ts';
import type { Ledger } from '../src/chain/ledger/ledger.ts';
import type { Block } from '../src/chain/types/block.ts';
import { blockId } from '../src/chain/types/header-codec.ts';
import { transactionId } from '../src/chain/types/transaction-codec.ts';
import { accountAddress, type BlockHash } from '../src/chain/types/units.ts';
import { assert } from '../src/env/assert.ts';
import { bytesToHex } from '../src/env/bytes.ts';
import type { WriteOp } from '../src/env/storage.ts';
import {
  ADDRESSES,
  build,
  createHost,
  MemoryDisk,
  open,
  type ToyView,
  toyConfig,
  transfer,
} from '../tests/support/ledger-world.ts';
import { checkLaw } from './check-law.ts';

/** Longer than any chain of this file: the journal reaches back to genesis, and no entry of it expires. */
const UNDO_DEPTH = 64;
const BASE_DEPTH_MAX = 3;

/** Who pays whom in one block, with what weight. */
const step = fc.record({
  pays: fc.array(
    fc.record({ from: fc.nat({ max: 3 }), to: fc.nat({ max: 3 }), value: fc.integer({ min: 1, max: 99 }) }),
    { maxLength: 3 },
  ),
  difficulty: fc.integer({ min: 1, max: 3 }),
});
const plans = fc.record({
  trunk: fc.array(step, { maxLength: 6 }),
  leaves: fc.array(step, { minLength: 1, maxLength: 8 }),
  /** Long enough to take the base over the fork: it never goes back below what stays. */
  stays: fc.array(step, { minLength: BASE_DEPTH_MAX, maxLength: 8 }),
  /** Small: what leaves the chain has left the heap of new blocks, and is on the disk as state, journal and indexes. */
  baseDepth: fc.nat({ max: BASE_DEPTH_MAX }),
});
type Plan = typeof plans extends fc.Arbitrary<infer T> ? T : never;
type Steps = Plan['trunk'];

/** Builds blocks on any known one; its disk is nobody's business. */
class Builder {
  readonly ledger: Ledger<ToyView> = open(
    createHost(),
    toyConfig({ baseDepth: UNDO_DEPTH, undoDepth: UNDO_DEPTH }),
  ).ledger;
  #salt = 0;

  chain(on: BlockHash, steps: Steps, weightiest?: number): readonly Block[] {
    const blocks: Block[] = [];
    let parent = on;
    for (const [i, { pays, difficulty }] of steps.entries()) {
      const nonces = this.#noncesAt(parent);
      const transactions = pays.map(({ from, to, value }) => {
        const nonce = nonces[from] ?? 0;
        nonces[from] = nonce + 1;
        return transfer(this.ledger.genesisId, from, nonce, to, value);
      });
      const isLast = i === steps.length - 1;
      const weight = isLast && weightiest !== undefined ? weightiest : difficulty;
      const block = build(this.ledger, parent, { salt: this.#salt++, difficulty: weight, transactions });
      assert(this.ledger.importBlock(block, '').kind === 'imported', 'what was built is valid');
      blocks.push(block);
      parent = blockId(block.header);
    }
    return blocks;
  }

  #noncesAt(id: BlockHash): number[] {
    const counts = [0, 0, 0, 0];
    for (let at = this.ledger.block(id); at !== undefined && at.header.height > 0; ) {
      for (const { senderKey } of at.transactions) {
        const from = this.#senders.indexOf(senderKey);
        counts[from] = (counts[from] ?? 0) + 1;
      }
      at = this.ledger.block(at.header.parent);
    }
    return counts;
  }

  get #senders(): readonly string[] {
    return [0, 1, 2, 3].map((from) => transfer(this.ledger.genesisId, from, 0, 0).senderKey);
  }
}

/** A disk on which the way back over a block leaves the records of one kind as they were. */
class KeepingDisk extends MemoryDisk {
  readonly #prefix: number;

  constructor(prefix: number) {
    super();
    this.#prefix = prefix;
  }

  override write(ops: readonly WriteOp[]): void {
    const isRetreat = ops.some(({ kind, key }) => kind === 'delete' && key[0] === PREFIX.undo);
    super.write(isRetreat ? ops.filter(({ key }) => key[0] !== this.#prefix) : ops);
  }
}

interface World {
  readonly disk: MemoryDisk;
  readonly ledger: Ledger<ToyView>;
}

function played(blocks: readonly Block[], baseDepth: number, disk: MemoryDisk): World {
  const { ledger } = open(createHost(disk), toyConfig({ baseDepth, undoDepth: UNDO_DEPTH }));
  for (const block of blocks)
    assert(ledger.importBlock(block, '').kind === 'imported', 'what was built is valid');
  return { disk, ledger };
}

/** All records but the blocks that left: those stay as a branch. */
function recordsOf({ disk }: World, left: ReadonlySet<string>): readonly (readonly [string, string])[] {
  return [...disk.entries.values()]
    .map(({ key, value }) => [bytesToHex(key), bytesToHex(value)] as const)
    .filter(([key]) => !(key.startsWith(PREFIX.block.toString(16)) && left.has(key.slice(14))))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What its user sees of a chain. */
function answersOf({ ledger }: World, blocks: readonly Block[]): unknown {
  return {
    head: ledger.head().id,
    base: ledger.base(),
    root: ledger.state(ledger.head().id)?.root,
    accounts: ADDRESSES.map((address) => ledger.account(accountAddress(address), false)),
    places: blocks.flatMap(({ transactions }) =>
      transactions.map((one) => ledger.transaction(transactionId(one))),
    ),
  };
}

/** Two ledgers come to one chain, one of them over blocks that leave it again. */
function compared(
  plan: Plan,
  disk: MemoryDisk,
): { readonly with: unknown; readonly without: unknown; readonly depth: number } {
  const builder = new Builder();
  const trunk = builder.chain(builder.ledger.genesisId, plan.trunk);
  const fork = trunk.length === 0 ? builder.ledger.genesisId : blockId((trunk.at(-1) as Block).header);
  const leaves = builder.chain(fork, plan.leaves);
  const heavier = plan.leaves.reduce((sum, { difficulty }) => sum + difficulty, 1);
  const stays = builder.chain(fork, plan.stays, heavier);
  const left = new Set<string>(leaves.map((block) => blockId(block.header)));
  const all = [...trunk, ...leaves, ...stays];
  const there = played(all, plan.baseDepth, disk);
  const here = played([...trunk, ...stays], plan.baseDepth, new MemoryDisk());
  return {
    with: { records: recordsOf(there, left), answers: answersOf(there, all) },
    without: { records: recordsOf(here, left), answers: answersOf(here, all) },
    depth: leaves.length - plan.baseDepth,
  };
}

describe('To connect blocks and to disconnect them', () => {
  it('changes nothing that is stored or answered, but that they are kept as a branch', () => {
    let deep = 0;
    let runs = 0;
    checkLaw(
      fc.property(plans, (plan) => {
        const worlds = compared(plan, new MemoryDisk());
        runs++;
        if (worlds.depth > 0) deep++;
        expect(worlds.with).toEqual(worlds.without);
      }),
      { numRuns: 250 },
    );
    // The base went over blocks that left, and came back by the journal.
    expect(deep).toBeGreaterThanOrEqual(runs > 100 ? runs / 3 : 0);
  });

  it('is found to change something when an index or a leaf is left as it was', () => {
    for (const prefix of [PREFIX.transaction, PREFIX.account, PREFIX.state, PREFIX.height]) {
      const { failed } = fc.check(
        fc.property(plans, (plan) => {
          const worlds = compared(plan, new KeepingDisk(prefix));
          expect(worlds.with).toEqual(worlds.without);
        }),
        { numRuns: 60, seed: 1, endOnFailure: true },
      );
      expect(failed).toBe(true);
    }
  });
});
