/** Arbitrary lives of a chain with stake: who stakes and unstakes, who is accused, how fast blocks come and in which rounds. */
import fc from 'fast-check';
import { evidenceFlaw } from '../../src/chain/consensus/pos/evidence-check.ts';
import {
  type BlockParts,
  PosTestChain,
  posTestGenesis,
  testEvidence,
} from '../../src/chain/consensus/pos/test-chain.ts';
import type { PosView } from '../../src/chain/consensus/pos/view.ts';
import type { ExecutedBlock } from '../../src/chain/execution/execute-block.ts';
import type { State } from '../../src/chain/state/state.ts';

/** Keys that ever stake. */
export const KEYS = 6;
const VALIDATORS_MAX = 5;
const key = fc.nat({ max: KEYS - 1 });
const value = fc.oneof(fc.constantFrom(0n, 1n, 999n, 1_000n, 1_500n), fc.bigInt({ min: 0n, max: 6_000n }));

/** What happens in one block, and how long the empty ones after it take. */
const step = fc.record({
  stakes: fc.array(fc.tuple(fc.boolean(), key, value), { maxLength: 5 }),
  accused: fc.record({ isMade: fc.boolean(), key, back: fc.integer({ min: 1, max: 8 }) }),
  round: fc.nat({ max: 4 }),
  gapsMs: fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 4 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
export const steps = fc.array(step, { maxLength: 8 });
/** Stakes of the validators of genesis. */
export const stakes = fc.array(fc.bigInt({ min: 1_000n, max: 5_000n }), {
  minLength: 1,
  maxLength: VALIDATORS_MAX,
});

/** Builds a chain of the steps; `check` sees it after each block, with the state before. */
export function runSteps(
  genesis: readonly bigint[],
  list: readonly Step[],
  check: (chain: PosTestChain, before: State, executed: ExecutedBlock<PosView>) => void,
): PosTestChain {
  const chain = new PosTestChain(posTestGenesis(genesis, { validatorsMax: VALIDATORS_MAX }));
  const append = (parts: BlockParts) => {
    const before = chain.state;
    check(chain, before, chain.append(parts));
  };
  for (const { stakes: sent, accused, round, gapsMs } of list) {
    const at = Math.max(1, chain.header.height + 1 - accused.back);
    const item = testEvidence(accused.key, at);
    const isTaken = accused.isMade && evidenceFlaw(chain.view, item) === undefined;
    const transactions = sent.map(([isStake, from, much]) =>
      isStake ? chain.stake(from, much) : chain.unstake(from, much),
    );
    append({ transactions, round, evidence: isTaken ? [item] : [] });
    for (const gapMs of gapsMs) append({ gapMs });
  }
  return chain;
}
