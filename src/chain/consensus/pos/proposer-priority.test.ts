import { describe, expect, it } from 'vitest';
import vectors from '../../../../tests/vectors/cometbft-proposer.json' with { type: 'json' };
import { testKey } from '../../execution/test-chain.ts';
import { accountAddress, amount } from '../../types/units.ts';
import {
  averagePriority,
  centrePriorities,
  changeValidators,
  clipInt64,
  createValidatorSet,
  nextTurn,
  proposerOf,
  rescalePriorities,
  takeTurn,
} from './proposer-priority.ts';
import { TOTAL_POWER_MAX, totalPowerOf, type ValidatorSet, withPriorities } from './validator-set.ts';
import { ROUND_MAX } from './vote.ts';

/** Validators whose addresses have the order of the list, before any turn. */
function setOf(powers: readonly string[]): ValidatorSet {
  const validators = powers.map((power, index) => ({
    key: testKey(index),
    address: accountAddress(index.toString(16).padStart(64, '0')),
    power: amount(BigInt(power)),
    priority: 0n,
  }));
  return { validators, totalPower: totalPowerOf(validators), proposer: 0 };
}

function members(powers: Readonly<Record<string, string | undefined>>) {
  return Object.entries(powers).map(([index, power = '0']) => ({
    key: testKey(Number(index)),
    power: amount(BigInt(power)),
  }));
}

describe('the proposer of CometBFT, types/validator_set_test.go', () => {
  it.each(vectors.selection)('$test', ({ powers, names, proposers }) => {
    let set = nextTurn(setOf(powers));
    const seen = proposers.map(() => {
      const name = names[set.proposer];
      set = nextTurn(set);
      return name;
    });
    expect(seen).toEqual(proposers);
  });

  it(`${vectors.proportion.test}: turns in proportion to power`, () => {
    const { powers, turns, counts } = vectors.proportion;
    let set = nextTurn(setOf(powers));
    const seen = counts.map(() => 0);
    for (let i = 0; i < turns; i++, set = nextTurn(set)) seen[set.proposer] = (seen[set.proposer] ?? 0) + 1;
    expect(seen).toEqual(counts);
  });

  it.each(vectors.average.cases)(`${vectors.average.test}: $average`, ({ priorities, average }) => {
    expect(averagePriority(priorities.map(BigInt))).toBe(BigInt(average));
  });

  it.each(vectors.centring.cases)(`${vectors.centring.test}: $average`, ({ priorities, average }) => {
    const centred = priorities.map(BigInt);
    centrePriorities(centred);
    expect(centred).toEqual(priorities.map((priority) => BigInt(priority) - BigInt(average)));
  });

  it.each(vectors.turns.cases)(`${vectors.turns.test}: $times`, ({ times, priorities, proposer }) => {
    const set = setOf(vectors.turns.powers);
    const found = set.validators.map(() => 0n);
    let last = -1;
    for (let i = 0; i < times; i++) last = takeTurn(set.validators, found, set.totalPower);
    expect(found).toEqual(priorities.map(BigInt));
    expect(last).toBe(proposer);
  });

  it(`${vectors.clip.test}`, () => {
    for (const [a = '', b = '', sum = ''] of vectors.clip.sums)
      expect(clipInt64(BigInt(a) + BigInt(b))).toBe(BigInt(sum));
    for (const [a = '', b = '', difference = ''] of vectors.clip.differences)
      expect(clipInt64(BigInt(a) - BigInt(b))).toBe(BigInt(difference));
  });

  it.each([...vectors.updates.cases, ...vectors.priorityOrder.cases])(
    'UpdateWithChangeSet: $start, $changes',
    ({ start, changes, expected }) => {
      const before = createValidatorSet(members(Object.fromEntries(start.entries())));
      const set = changeValidators(before, members(changes));
      const powers = new Map(set.validators.map(({ key, power }) => [key, power]));
      expect(expected.map((_, index) => powers.get(testKey(index))?.toString() ?? null)).toEqual(expected);
      expect(set.validators).toHaveLength(expected.filter((power) => power !== null).length);
      const priorities = set.validators.map(({ priority }) => priority);
      const sum = priorities.reduce((total, priority) => total + priority, 0n);
      expect(sum >= 0n && sum < BigInt(priorities.length)).toBe(true);
      const old = new Set(before.validators.map(({ key }) => key));
      const joined = set.validators.filter(({ key }) => !old.has(key));
      for (const { priority } of joined) expect(priorities.every((other) => other >= priority)).toBe(true);
    },
  );
});

describe('priorities', () => {
  it('average down, also below zero, as big.Int.Div does', () => {
    expect(averagePriority([-1n, 0n, 0n])).toBe(-1n);
    expect(averagePriority([-3n, 0n, 0n])).toBe(-1n);
    expect(averagePriority([-4n, 0n, 0n])).toBe(-2n);
    expect(averagePriority([4n, 0n, 0n])).toBe(1n);
  });

  it('are rescaled by a division towards zero, when they are further apart than the window', () => {
    const near = [7n, -13n];
    rescalePriorities(near, 20n);
    expect(near).toEqual([7n, -13n]);
    const far = [8n, -13n];
    rescalePriorities(far, 20n);
    expect(far).toEqual([4n, -6n]);
    const much = [41n, -20n];
    rescalePriorities(much, 20n);
    expect(much).toEqual([10n, -5n]);
  });

  it('of newcomers are -1.125 times the total power after updates and before removals', () => {
    // Total before removals: 100 + 60 + 17. Its eighth is 22: -(177 + 22).
    const set = createValidatorSet(members({ 0: '100', 1: '50' }));
    const changed = changeValidators(set, members({ 0: '0', 1: '60', 2: '17' }));
    const [kept, joined] = [1, 2].map((index) =>
      changed.validators.find(({ key }) => key === testKey(index)),
    );
    const before = set.validators.find(({ key }) => key === testKey(1))?.priority ?? 0n;
    // Their distance is 249, the window 2 × 77: both are halved towards zero, to 25 and -99, and their average is -37.
    expect(before).toBe(50n);
    expect(kept?.priority).toBe(62n);
    expect(joined?.priority).toBe(-62n);
  });

  it('start at zero: all of genesis are newcomers alike', () => {
    const set = createValidatorSet(members({ 0: '10', 1: '1', 2: '1' }));
    const byIndex = [0, 1, 2].map(
      (index) => set.validators.find(({ key }) => key === testKey(index))?.priority,
    );
    expect(byIndex).toEqual([-2n, 1n, 1n]);
    expect(set.validators[set.proposer]?.key).toBe(testKey(0));
  });
});

describe('the proposer of a round', () => {
  const set = createValidatorSet(members({ 0: '3', 1: '2', 2: '1' }));

  it('is the one of the set advanced so often, asked in any order', () => {
    let turned = set;
    const expected = [turned.validators[turned.proposer]?.key];
    for (let round = 1; round < 20; round++) {
      turned = nextTurn(turned);
      expected.push(turned.validators[turned.proposer]?.key);
    }
    expect(proposerOf(set, 13).key).toBe(expected[13]);
    expect(expected.map((_, round) => proposerOf(set, round).key)).toEqual(expected);
  });

  it('is found by rescaling once, however far apart the priorities drift in the rounds', () => {
    const base = setOf(['77', '809', '7814', '56490', '254']);
    const drifting = withPriorities(base, [-58_822n, -9_695n, 60_086n, 41_764n, -33_331n], 0);
    const turns = [1, 2, 3].reduce<ValidatorSet[]>(
      (sets) => [...sets, nextTurn(sets.at(-1) ?? drifting)],
      [],
    );
    const byTurns = turns.map(({ proposer }) => proposer);
    const byRounds = [1, 2, 3].map((round) => drifting.validators.indexOf(proposerOf(drifting, round)));
    expect(byRounds.slice(0, 2)).toEqual(byTurns.slice(0, 2));
    // At the third turn 75,714 and -58,668 are 134,382 apart: more than 2 × 65,444, so that a new start halves them.
    expect([byTurns[2], byRounds[2]]).toEqual([3, 2]);
  });

  it('is known up to the last round, and no further', () => {
    expect(proposerOf(set, ROUND_MAX).power).toBeGreaterThan(0n);
    expect(() => proposerOf(set, ROUND_MAX + 1)).toThrow('within its limit');
  });
});

describe('a set', () => {
  it('is neither emptied nor made too powerful', () => {
    const set = createValidatorSet(members({ 0: '3' }));
    expect(() => changeValidators(set, members({ 0: '0' }))).toThrow('neither empty');
    const most = createValidatorSet(members({ 0: String(TOTAL_POWER_MAX) }));
    expect(most.totalPower).toBe(TOTAL_POWER_MAX);
    expect(() => changeValidators(most, members({ 1: '1' }))).toThrow('within its limit');
  });

  it('stays the same object without changes', () => {
    const set = createValidatorSet(members({ 0: '3', 1: '1' }));
    expect(changeValidators(set, [])).toBe(set);
  });
});
