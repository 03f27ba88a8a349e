import { describe, expect, it } from 'vitest';
import { INITIAL_ROUND_STATE, type RoundInput, type RoundState, stepRound } from './round-state.ts';
import { testBlock } from './test-chain.ts';

const V = testBlock('11');
const W = testBlock('22');

/** A state in round 3. */
function at(step: RoundState['step'], overrides: Partial<RoundState> = {}): RoundState {
  return { ...INITIAL_ROUND_STATE, round: 3, step, ...overrides };
}

function prevote(block: string | undefined): unknown {
  return { kind: 'vote', type: 'prevote', round: 3, block };
}

function precommit(block: string | undefined): unknown {
  return { kind: 'vote', type: 'precommit', round: 3, block };
}

function proposal(
  overrides: Partial<Extract<RoundInput, { kind: 'proposal' }>> = {},
): Extract<RoundInput, { kind: 'proposal' }> {
  return { kind: 'proposal', block: V, validRound: undefined, isValid: true, hasPolka: false, ...overrides };
}

/** True when the input neither changes anything nor asks for anything. */
function isNothing(state: RoundState, input: RoundInput): boolean {
  const { state: after, outputs } = stepRound(state, input);
  return after === state && outputs.length === 0;
}

describe('arXiv:1807.04938, algorithm 1, starting a round', () => {
  it('line 11: rounds only grow, and none starts after the decision', () => {
    expect(isNothing(at('prevote'), { kind: 'start', round: 3, isProposer: true })).toBe(true);
    expect(isNothing(at('prevote'), { kind: 'start', round: 2, isProposer: true })).toBe(true);
    expect(isNothing(at('decided'), { kind: 'start', round: 4, isProposer: true })).toBe(true);
  });

  it('lines 12 and 13: the round is set, the step is propose, locks and valid value stay, first times begin anew', () => {
    const locked = { round: 1, block: V };
    const valid = { round: 2, block: W };
    const before = at('precommit', {
      locked,
      valid,
      hasPolka: true,
      hasPrevoteTimer: true,
      hasPrecommitTimer: true,
    });
    const { state } = stepRound(before, { kind: 'start', round: 4, isProposer: false });
    expect(state).toEqual({ ...INITIAL_ROUND_STATE, round: 4, step: 'propose', locked, valid });
  });

  it('lines 15 and 16: the proposer proposes its valid value again, with its round', () => {
    const valid = { round: 2, block: V };
    const { outputs } = stepRound(at('precommit', { valid }), { kind: 'start', round: 4, isProposer: true });
    expect(outputs).toEqual([{ kind: 'propose', round: 4, valid }]);
  });

  it('line 18: without a valid value it proposes a new one', () => {
    const { outputs } = stepRound(INITIAL_ROUND_STATE, { kind: 'start', round: 0, isProposer: true });
    expect(outputs).toEqual([{ kind: 'propose', round: 0, valid: undefined }]);
  });

  it('line 21: everybody else waits for the proposal', () => {
    const { outputs } = stepRound(INITIAL_ROUND_STATE, { kind: 'start', round: 0, isProposer: false });
    expect(outputs).toEqual([{ kind: 'schedule', step: 'propose', round: 0 }]);
  });
});

describe('arXiv:1807.04938, algorithm 1, prevoting', () => {
  it('line 22: only while the step is propose', () => {
    for (const step of ['waiting', 'prevote', 'precommit', 'decided'] as const)
      expect(isNothing(at(step), proposal())).toBe(true);
  });

  it('lines 23, 24 and 27: a valid new value is prevoted for by who is not locked, or locked on it', () => {
    for (const locked of [undefined, { round: 1, block: V }]) {
      const { state, outputs } = stepRound(at('propose', { locked }), proposal());
      expect(outputs).toEqual([prevote(V)]);
      expect(state).toEqual(at('prevote', { locked }));
    }
  });

  it('line 26: who is locked on another value prevotes nil', () => {
    const locked = { round: 1, block: W };
    expect(stepRound(at('propose', { locked }), proposal()).outputs).toEqual([prevote(undefined)]);
  });

  it('line 26: an invalid value gets nil', () => {
    expect(stepRound(at('propose'), proposal({ isValid: false })).outputs).toEqual([prevote(undefined)]);
  });

  it('line 28: a value proposed again waits for its polka, which is of an earlier round', () => {
    expect(isNothing(at('propose'), proposal({ validRound: 1 }))).toBe(true);
    expect(isNothing(at('propose'), proposal({ validRound: 3, hasPolka: true }))).toBe(true);
    expect(isNothing(at('propose'), proposal({ validRound: 4, hasPolka: true }))).toBe(true);
  });

  it('lines 29, 30 and 33: a polka as new as the lock, or newer, unlocks', () => {
    for (const validRound of [1, 2]) {
      const locked = { round: 1, block: W };
      const { state, outputs } = stepRound(
        at('propose', { locked }),
        proposal({ validRound, hasPolka: true }),
      );
      expect(outputs).toEqual([prevote(V)]);
      expect(state).toEqual(at('prevote', { locked }));
    }
  });

  it('line 29: the value that it is locked on is prevoted for whatever the polka', () => {
    const locked = { round: 2, block: V };
    const again = proposal({ validRound: 1, hasPolka: true });
    expect(stepRound(at('propose', { locked }), again).outputs).toEqual([prevote(V)]);
  });

  it('line 32: a polka older than the lock does not unlock', () => {
    const locked = { round: 2, block: W };
    const again = proposal({ validRound: 1, hasPolka: true });
    expect(stepRound(at('propose', { locked }), again).outputs).toEqual([prevote(undefined)]);
  });

  it('line 32: a value with a polka that is invalid here gets nil', () => {
    const again = proposal({ validRound: 1, hasPolka: true, isValid: false });
    expect(stepRound(at('propose'), again).outputs).toEqual([prevote(undefined)]);
  });
});

describe('arXiv:1807.04938, algorithm 1, precommitting', () => {
  it('lines 34 and 35: a time-out is set once, while the step is prevote', () => {
    const { state, outputs } = stepRound(at('prevote'), { kind: 'prevotes' });
    expect(outputs).toEqual([{ kind: 'schedule', step: 'prevote', round: 3 }]);
    expect(isNothing(state, { kind: 'prevotes' })).toBe(true);
    for (const step of ['waiting', 'propose', 'precommit', 'decided'] as const)
      expect(isNothing(at(step), { kind: 'prevotes' })).toBe(true);
  });

  it('lines 36 to 43: a polka locks, makes valid and precommits', () => {
    const { state, outputs } = stepRound(at('prevote'), { kind: 'polka', block: V });
    const now = { round: 3, block: V };
    expect(outputs).toEqual([precommit(V)]);
    expect(state).toEqual(at('precommit', { locked: now, valid: now, hasPolka: true }));
  });

  it('lines 36 and 37: a late polka makes valid and does not lock', () => {
    const locked = { round: 1, block: W };
    const { state, outputs } = stepRound(at('precommit', { locked, valid: locked }), {
      kind: 'polka',
      block: V,
    });
    expect(outputs).toEqual([]);
    expect(state).toEqual(at('precommit', { locked, valid: { round: 3, block: V }, hasPolka: true }));
  });

  it('line 36: for the first time, and not before the prevote', () => {
    const { state } = stepRound(at('prevote'), { kind: 'polka', block: V });
    expect(isNothing(state, { kind: 'polka', block: V })).toBe(true);
    for (const step of ['waiting', 'propose', 'decided'] as const)
      expect(isNothing(at(step), { kind: 'polka', block: V })).toBe(true);
  });

  it('lines 44 to 46: a polka for nil precommits nil, and neither unlocks nor makes invalid', () => {
    const locked = { round: 1, block: W };
    const { state, outputs } = stepRound(at('prevote', { locked, valid: locked }), { kind: 'polkaNil' });
    expect(outputs).toEqual([precommit(undefined)]);
    expect(state).toEqual(at('precommit', { locked, valid: locked }));
    for (const step of ['waiting', 'propose', 'precommit', 'decided'] as const)
      expect(isNothing(at(step), { kind: 'polkaNil' })).toBe(true);
  });

  it('lines 47 and 48: a time-out is set once, whatever the step', () => {
    for (const step of ['propose', 'prevote', 'precommit'] as const) {
      const { state, outputs } = stepRound(at(step), { kind: 'precommits' });
      expect(outputs).toEqual([{ kind: 'schedule', step: 'precommit', round: 3 }]);
      expect(isNothing(state, { kind: 'precommits' })).toBe(true);
    }
  });
});

describe('arXiv:1807.04938, algorithm 1, deciding and moving on', () => {
  it('lines 49 to 51: decides in any step, of any round, once', () => {
    for (const step of ['waiting', 'propose', 'prevote', 'precommit'] as const) {
      const { state, outputs } = stepRound(at(step), { kind: 'commit', round: 1, block: V });
      expect(outputs).toEqual([{ kind: 'decide', round: 1, block: V }]);
      expect(state.decision).toEqual({ round: 1, block: V });
      expect(isNothing(state, { kind: 'commit', round: 2, block: W })).toBe(true);
    }
  });

  it('lines 55 and 56: skips to a later round only', () => {
    const { outputs } = stepRound(at('prevote'), { kind: 'skip', round: 5 });
    expect(outputs).toEqual([{ kind: 'startRound', round: 5 }]);
    expect(isNothing(at('prevote'), { kind: 'skip', round: 3 })).toBe(true);
    expect(isNothing(at('prevote'), { kind: 'skip', round: 2 })).toBe(true);
    expect(isNothing(at('decided'), { kind: 'skip', round: 5 })).toBe(true);
  });

  it('lines 57 to 60: no proposal in time: nil', () => {
    const { state, outputs } = stepRound(at('propose'), { kind: 'timeout', step: 'propose', round: 3 });
    expect(outputs).toEqual([prevote(undefined)]);
    expect(state).toEqual(at('prevote'));
    expect(isNothing(at('propose'), { kind: 'timeout', step: 'propose', round: 2 })).toBe(true);
    expect(isNothing(at('prevote'), { kind: 'timeout', step: 'propose', round: 3 })).toBe(true);
  });

  it('lines 61 to 64: no polka in time: nil, and the lock stays', () => {
    const locked = { round: 1, block: V };
    const late: RoundInput = { kind: 'timeout', step: 'prevote', round: 3 };
    const { state, outputs } = stepRound(at('prevote', { locked }), late);
    expect(outputs).toEqual([precommit(undefined)]);
    expect(state).toEqual(at('precommit', { locked }));
    expect(isNothing(at('prevote'), { ...late, round: 2 })).toBe(true);
    expect(isNothing(at('propose'), late)).toBe(true);
    expect(isNothing(at('precommit'), late)).toBe(true);
  });

  it('lines 65 to 67: no decision in time: the next round, whatever the step', () => {
    const late: RoundInput = { kind: 'timeout', step: 'precommit', round: 3 };
    for (const step of ['propose', 'prevote', 'precommit'] as const)
      expect(stepRound(at(step), late).outputs).toEqual([{ kind: 'startRound', round: 4 }]);
    expect(isNothing(at('precommit'), { ...late, round: 2 })).toBe(true);
    expect(isNothing(at('decided'), late)).toBe(true);
  });
});
