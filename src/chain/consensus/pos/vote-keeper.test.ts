import { describe, expect, it } from 'vitest';
import { unixMs } from '../../../env/units.ts';
import { testKey } from '../../execution/test-chain.ts';
import { amount, height, publicKey } from '../../types/units.ts';
import { createValidatorSet } from './proposer-priority.ts';
import { NO_SIGNATURE, testBlock } from './test-chain.ts';
import { placeOf } from './validator-set.ts';
import { VOTE, type Vote, type VoteType } from './vote.ts';
import { ROUNDS_AHEAD, ROUNDS_KEPT, VoteKeeper } from './vote-keeper.ts';

const V = testBlock('11');
const W = testBlock('22');
const X = testBlock('33');

function setOf(...powers: readonly bigint[]): ReturnType<typeof createValidatorSet> {
  return createValidatorSet(powers.map((power, index) => ({ key: testKey(index), power: amount(power) })));
}

function vote(index: number, type: VoteType, round: number, block?: typeof V): Vote {
  return {
    type: VOTE[type],
    height: height(1),
    round,
    block,
    timestampMs: unixMs(1),
    validator: testKey(index),
    signature: NO_SIGNATURE,
  };
}

function keeperOf(...powers: readonly bigint[]): VoteKeeper {
  const keeper = new VoteKeeper(setOf(...powers));
  keeper.moveTo(0);
  return keeper;
}

describe('VoteKeeper, quorum', () => {
  it('counts power, not heads: three of four heads with half of the power decide nothing', () => {
    const keeper = keeperOf(3n, 1n, 1n, 1n);
    for (const index of [1, 2, 3]) keeper.add(vote(index, 'prevote', 0, V));
    expect(keeper.hasAny('prevote', 0)).toBe(false);
    expect(keeper.polka(0)).toBeUndefined();
    keeper.add(vote(0, 'prevote', 0, V));
    expect(keeper.polka(0)).toBe(V);
  });

  it('counts power, not heads: one of four heads with more than 2/3 of the power decides', () => {
    const keeper = keeperOf(7n, 1n, 1n, 1n);
    keeper.add(vote(0, 'precommit', 0, V));
    expect(keeper.commit).toEqual({ round: 0, block: V });
  });

  it('exactly 2/3 is not enough', () => {
    const keeper = keeperOf(1n, 1n, 1n);
    keeper.add(vote(0, 'prevote', 0, V));
    keeper.add(vote(1, 'prevote', 0, V));
    expect(keeper.hasQuorum('prevote', 0, V)).toBe(false);
    expect(keeper.hasAny('prevote', 0)).toBe(false);
    keeper.add(vote(2, 'prevote', 0, V));
    expect(keeper.hasQuorum('prevote', 0, V)).toBe(true);
  });

  it('a quorum of any votes is none of a value, and nil is a value', () => {
    const keeper = keeperOf(1n, 1n, 1n, 1n);
    keeper.add(vote(0, 'prevote', 0, V));
    keeper.add(vote(1, 'prevote', 0));
    keeper.add(vote(2, 'prevote', 0));
    expect(keeper.hasAny('prevote', 0)).toBe(true);
    expect(keeper.hasQuorum('prevote', 0, undefined)).toBe(false);
    keeper.add(vote(3, 'prevote', 0));
    expect(keeper.hasQuorum('prevote', 0, undefined)).toBe(true);
    expect(keeper.polka(0)).toBeUndefined();
  });

  it('prevotes and precommits, and rounds, are counted apart', () => {
    const keeper = keeperOf(1n, 1n, 1n, 1n);
    keeper.add(vote(0, 'prevote', 0, V));
    keeper.add(vote(1, 'precommit', 0, V));
    keeper.add(vote(2, 'prevote', 1, V));
    expect(keeper.hasAny('prevote', 0)).toBe(false);
    expect(keeper.hasAny('precommit', 0)).toBe(false);
  });

  it('a commit for nil is none', () => {
    const keeper = keeperOf(1n);
    keeper.add(vote(0, 'precommit', 0));
    expect(keeper.hasQuorum('precommit', 0, undefined)).toBe(true);
    expect(keeper.commit).toBeUndefined();
  });

  it('who is not in the set does not count', () => {
    const keeper = keeperOf(1n);
    const stranger = { ...vote(0, 'prevote', 0, V), validator: publicKey('77'.repeat(32)) };
    expect(keeper.add(stranger)).toEqual({ kind: 'ignored' });
    expect(keeper.hasAny('prevote', 0)).toBe(false);
  });
});

describe('VoteKeeper, equivocation', () => {
  it('a vote counts once', () => {
    const keeper = keeperOf(1n, 1n, 1n, 1n);
    expect(keeper.add(vote(0, 'prevote', 0, V))).toEqual({ kind: 'counted' });
    for (let i = 0; i < 3; i++) expect(keeper.add(vote(0, 'prevote', 0, V))).toEqual({ kind: 'ignored' });
    expect(keeper.hasAny('prevote', 0)).toBe(false);
  });

  it('a second value is told with the first, and adds nothing to what all have voted', () => {
    const keeper = keeperOf(1n, 1n, 1n, 1n);
    const first = vote(0, 'prevote', 0, V);
    keeper.add(first);
    expect(keeper.add(vote(0, 'prevote', 0, W))).toEqual({ kind: 'conflict', first });
    keeper.add(vote(1, 'prevote', 0, V));
    expect(keeper.hasAny('prevote', 0)).toBe(false);
  });

  it('each value counts on its own: a polka that one process saw is seen by the next, whatever came before', () => {
    const keeper = keeperOf(1n, 1n, 1n, 1n);
    keeper.add(vote(0, 'prevote', 0, X));
    for (const index of [0, 1, 2]) keeper.add(vote(index, 'prevote', 0, V));
    expect(keeper.polka(0)).toBe(V);
  });

  it('a third value counts only when it is wanted: proposed, shown by a peer, or nil', () => {
    const keeper = keeperOf(1n, 1n, 1n, 1n);
    const [value] = ['44', '55', '66'].map(testBlock);
    keeper.add(vote(0, 'prevote', 0, X));
    keeper.add(vote(0, 'prevote', 0, W));
    const third = vote(0, 'prevote', 0, V);
    const place = placeOf(setOf(1n, 1n, 1n, 1n), testKey(0)) ?? -1;
    expect(keeper.wants(third, place)).toBe(false);
    expect(keeper.add(third)).toEqual({ kind: 'ignored' });
    keeper.propose(V);
    expect(keeper.wants(third, place)).toBe(true);
    expect(keeper.add(third).kind).toBe('conflict');
    const fourth = vote(0, 'prevote', 0, value);
    expect(keeper.add(fourth)).toEqual({ kind: 'ignored' });
    keeper.show('peer', [value as typeof V]);
    expect(keeper.add(fourth).kind).toBe('conflict');
    expect(keeper.add(vote(0, 'prevote', 0)).kind).toBe('conflict');
  });
});

describe('VoteKeeper, rounds', () => {
  it('line 55: f + 1 of a later round, by power; exactly 1/3 is not enough', () => {
    const keeper = keeperOf(2n, 2n, 2n);
    keeper.add(vote(0, 'prevote', 2, V));
    expect(keeper.skipRound()).toBeUndefined();
    keeper.add(vote(1, 'precommit', 2));
    expect(keeper.skipRound()).toBe(2);
  });

  it('line 55: one heavy validator is enough, two votes of one are not', () => {
    const heavy = keeperOf(4n, 2n, 2n);
    heavy.add(vote(0, 'prevote', 1, V));
    expect(heavy.skipRound()).toBe(1);
    const light = keeperOf(2n, 2n, 2n);
    light.add(vote(0, 'prevote', 1, V));
    light.add(vote(0, 'precommit', 1, V));
    expect(light.skipRound()).toBeUndefined();
  });

  it('line 55: who speaks of a later round has been in those before', () => {
    const keeper = keeperOf(1n, 1n, 1n, 1n);
    keeper.add(vote(0, 'prevote', 5));
    keeper.add(vote(1, 'prevote', 9));
    expect(keeper.skipRound()).toBe(5);
    keeper.add(vote(0, 'prevote', 9));
    expect(keeper.skipRound()).toBe(9);
    keeper.moveTo(9);
    expect(keeper.skipRound()).toBeUndefined();
  });

  it('of rounds far ahead nothing is kept but that somebody spoke', () => {
    const keeper = keeperOf(1n, 1n, 1n, 1n);
    for (let round = ROUNDS_AHEAD + 1; round < 500; round++) keeper.add(vote(0, 'prevote', round, V));
    expect(keeper.roundCount).toBe(0);
    expect(keeper.skipRound()).toBeUndefined();
  });

  it('old rounds are forgotten, and take no votes, but for those that are needed', () => {
    const keeper = keeperOf(1n, 1n, 1n, 1n);
    for (let round = 0; round < 200; round++) {
      keeper.moveTo(round);
      keeper.add(vote(0, 'prevote', round, V));
      keeper.add(vote(0, 'precommit', round));
      if (round === 7) keeper.pin(round);
      expect(keeper.roundCount).toBeLessThanOrEqual(ROUNDS_KEPT + 2);
    }
    expect(keeper.votes('prevote', 7, V).filter((known) => known !== undefined)).toHaveLength(1);
    expect(keeper.add(vote(1, 'prevote', 7, V)).kind).toBe('counted');
    expect(keeper.add(vote(1, 'prevote', 8, V)).kind).toBe('ignored');
  });
});
