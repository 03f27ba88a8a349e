import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createValidatorSet, nextTurn, proposerOf } from '../src/chain/consensus/pos/proposer-priority.ts';
import type { ValidatorSet } from '../src/chain/consensus/pos/validator-set.ts';
import { testKey } from '../src/chain/execution/test-chain.ts';
import { amount } from '../src/chain/types/units.ts';

/** Places of the proposers of so many turns, the first of them the set's own. */
function turnsOf(set: ValidatorSet, turns: number): readonly number[] {
  const places: number[] = [];
  for (let turned = set; places.length < turns; turned = nextTurn(turned)) places.push(turned.proposer);
  return places;
}

/** How far anybody's count of turns is from its share, at any prefix: ahead and behind, in turns. */
function farthest(set: ValidatorSet, places: readonly number[]): { ahead: number; behind: number } {
  const counts = set.validators.map(() => 0);
  const total = Number(set.totalPower);
  let ahead = 0;
  let behind = 0;
  for (const [index, place] of places.entries()) {
    counts[place] = (counts[place] ?? 0) + 1;
    for (const [other, { power }] of set.validators.entries()) {
      const lead = (counts[other] ?? 0) - ((index + 1) * Number(power)) / total;
      if (lead > ahead) ahead = lead;
      if (-lead > behind) behind = -lead;
    }
  }
  return { ahead, behind };
}

const sets = (maxLength: number, maxPower: number): fc.Arbitrary<ValidatorSet> =>
  fc
    .array(fc.integer({ min: 1, max: maxPower }), { minLength: 1, maxLength })
    .map((powers) =>
      createValidatorSet(
        powers.map((power, index) => ({ key: testKey(index), power: amount(BigInt(power)) })),
      ),
    );

describe('with a static set', () => {
  it('each validator proposes as often as it has power in as many turns as there is power', () => {
    fc.assert(
      fc.property(sets(12, 40), (set) => {
        const places = turnsOf(set, Number(set.totalPower));
        const counts = set.validators.map((_, place) => places.filter((other) => other === place).length);
        expect(counts).toEqual(set.validators.map(({ power }) => Number(power)));
      }),
      { numRuns: 200 },
    );
  });

  it('nobody is ever more than one turn ahead of its share', () => {
    fc.assert(
      fc.property(sets(12, 40), (set) => {
        expect(farthest(set, turnsOf(set, Number(set.totalPower))).ahead).toBeLessThan(1);
      }),
      { numRuns: 200 },
    );
  });

  it('somebody may be 1.6 turns behind: 38 validators of power 1 beside 12 of power 50', () => {
    const powers = Array.from({ length: 50 }, (_, index) => (index < 38 ? 1n : 50n));
    const set = createValidatorSet(
      powers.map((power, index) => ({ key: testKey(index), power: amount(power) })),
    );
    const { ahead, behind } = farthest(set, turnsOf(set, Number(set.totalPower)));
    expect(ahead).toBeLessThan(1);
    expect(behind.toFixed(3)).toBe('1.577');
  });

  it('the proposer of round r is the one of the set r turns on', () => {
    fc.assert(
      fc.property(sets(12, 40), fc.nat({ max: 60 }), (set, round) => {
        const place = turnsOf(set, round + 1)[round] ?? -1;
        expect(proposerOf(set, round)).toEqual(set.validators[place]);
      }),
    );
  });
});
