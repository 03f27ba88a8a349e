import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Machines, type MachinesPlan } from './arbitraries/round-machines.ts';

/** As many of the last indexes as have less than 1/3 of the power together. */
function faultyOf(powers: readonly number[], wanted: number): readonly number[] {
  const total = powers.reduce((sum, power) => sum + power, 0);
  const faulty: number[] = [];
  let power = 0;
  for (let index = powers.length - 1; index >= 0 && faulty.length < wanted; index--) {
    const more = power + (powers[index] ?? 0);
    if (3 * more >= total) continue;
    power = more;
    faulty.push(index);
  }
  return faulty;
}

const plans: fc.Arbitrary<MachinesPlan> = fc
  .record({
    powers: fc.oneof(
      fc.integer({ min: 4, max: 7 }).map((length) => Array.from({ length }, () => 1)),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 3, maxLength: 7 }),
    ),
    wanted: fc.integer({ min: 0, max: 3 }),
    seed: fc.integer({ min: 1, max: 0x7fff_ffff }),
    steps: fc.integer({ min: 0, max: 900 }),
    lossPercent: fc.integer({ min: 0, max: 60 }),
  })
  .map(({ powers, wanted, ...plan }) => ({ ...plan, powers, faulty: faultyOf(powers, wanted) }));

describe('Processes of one height', () => {
  it('agree on one valid block under any schedule, and all decide when messages flow', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const run = new Machines(plan);
        run.storm();
        expect(run.decisions().length).toBeLessThanOrEqual(1);
        run.calm();
        const decisions = run.decisions();
        expect(decisions).toHaveLength(1);
        expect(decisions.some((block) => run.isInvalid(block))).toBe(false);
        expect(run.machines.every(({ decided }) => decided !== undefined)).toBe(true);
      }),
      { numRuns: 3_000, seed: 1807, endOnFailure: true },
    );
  });
});
