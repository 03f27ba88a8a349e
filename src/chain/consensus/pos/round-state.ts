/** The round state machine of one height: algorithm 1 of arXiv:1807.04938, lines 10 to 67, without clock, network or disk. */
import { assertNever } from '../../../env/assert.ts';
import type { BlockHash } from '../../types/units.ts';
import type { VoteType } from './vote.ts';

/** step of the paper; `waiting`: the height has not begun here, `decided`: decision is set, line 51. */
export type Step = 'waiting' | 'propose' | 'prevote' | 'precommit' | 'decided';

/** A block and the round in which more than 2/3 of the power prevoted for it. */
export interface RoundBlock {
  readonly round: number;
  readonly block: BlockHash;
}

/** What a process knows of one height. Immutable. */
export interface RoundState {
  /** -1 while waiting: the height begins with round 0, line 10. */
  readonly round: number;
  readonly step: Step;
  /** lockedRound and lockedValue; undefined: -1 and nil. */
  readonly locked: RoundBlock | undefined;
  /** validRound and validValue; undefined: -1 and nil. */
  readonly valid: RoundBlock | undefined;
  /** decision, line 51. */
  readonly decision: RoundBlock | undefined;
  /** "For the first time" of lines 34, 36 and 47 in this round. */
  readonly hasPrevoteTimer: boolean;
  readonly hasPolka: boolean;
  readonly hasPrecommitTimer: boolean;
}

/** The steps that end by a time-out. */
export type TimedStep = Exclude<Step, 'waiting' | 'decided'>;

/** What may make a process act. The message log is not here: who keeps it says which conditions on it hold. */
export type RoundInput =
  /** StartRound, line 11. */
  | { readonly kind: 'start'; readonly round: number; readonly isProposer: boolean }
  /** A proposal of the current round. `hasPolka`: 2f + 1 prevotes for the block in `validRound` are here. Lines 22 and 28. */
  | {
      readonly kind: 'proposal';
      readonly block: BlockHash;
      readonly validRound: number | undefined;
      readonly isValid: boolean;
      readonly hasPolka: boolean;
    }
  /** 2f + 1 prevotes of the current round, for whatever. Line 34. */
  | { readonly kind: 'prevotes' }
  /** 2f + 1 prevotes of the current round for a block that is here and valid. Line 36. */
  | { readonly kind: 'polka'; readonly block: BlockHash }
  /** 2f + 1 prevotes of the current round for nil. Line 44. */
  | { readonly kind: 'polkaNil' }
  /** 2f + 1 precommits of the current round, for whatever. Line 47. */
  | { readonly kind: 'precommits' }
  /** 2f + 1 precommits of any round for a block that is here and valid. Line 49. */
  | { readonly kind: 'commit'; readonly round: number; readonly block: BlockHash }
  /** f + 1 speak of a later round. Line 55. */
  | { readonly kind: 'skip'; readonly round: number }
  /** Lines 57, 61 and 65. */
  | { readonly kind: 'timeout'; readonly step: TimedStep; readonly round: number };

/** What a process is to do. */
export type RoundOutput =
  /** Line 19: `valid` is proposed again with its round, or, undefined, a new block. */
  | { readonly kind: 'propose'; readonly round: number; readonly valid: RoundBlock | undefined }
  /** Broadcast of a vote; undefined: nil. */
  | {
      readonly kind: 'vote';
      readonly type: VoteType;
      readonly round: number;
      readonly block: BlockHash | undefined;
    }
  | { readonly kind: 'schedule'; readonly step: TimedStep; readonly round: number }
  /** StartRound is to be called: who does knows the proposer of that round. */
  | { readonly kind: 'startRound'; readonly round: number }
  | { readonly kind: 'decide'; readonly round: number; readonly block: BlockHash };

export interface Transition {
  readonly state: RoundState;
  readonly outputs: readonly RoundOutput[];
}

/** Lines 2 to 9, and line 53: a height that has not begun. */
export const INITIAL_ROUND_STATE: RoundState = {
  round: -1,
  step: 'waiting',
  locked: undefined,
  valid: undefined,
  decision: undefined,
  hasPrevoteTimer: false,
  hasPolka: false,
  hasPrecommitTimer: false,
};

/** One step. An input whose `while` does not hold changes nothing and asks for nothing: the state comes back as it was. */
export function stepRound(state: RoundState, input: RoundInput): Transition {
  switch (input.kind) {
    case 'start':
      return startRound(state, input.round, input.isProposer);
    case 'proposal':
      return onProposal(state, input);
    case 'prevotes':
      return onPrevotes(state);
    case 'polka':
      return onPolka(state, input.block);
    case 'polkaNil':
      // Line 44. Lines 45 and 46 follow.
      return state.step === 'prevote' ? precommitted(state, undefined) : nothing(state);
    case 'precommits':
      return onPrecommits(state);
    case 'commit':
      return onCommit(state, input);
    case 'skip':
      // Lines 55 and 56.
      return isRunning(state) && input.round > state.round ? newRound(state, input.round) : nothing(state);
    case 'timeout':
      return onTimeout(state, input.step, input.round);
    default:
      return assertNever(input);
  }
}

function nothing(state: RoundState): Transition {
  return { state, outputs: [] };
}

function isRunning(state: RoundState): boolean {
  return state.step !== 'decided';
}

function newRound(state: RoundState, round: number): Transition {
  return { state, outputs: [{ kind: 'startRound', round }] };
}

/** Lines 11 to 21. Rounds only grow. */
function startRound(state: RoundState, round: number, isProposer: boolean): Transition {
  if (!isRunning(state) || round <= state.round) return nothing(state);
  const { locked, valid } = state;
  // Lines 12 and 13.
  const started: RoundState = { ...INITIAL_ROUND_STATE, round, step: 'propose', locked, valid };
  const output: RoundOutput = isProposer
    ? { kind: 'propose', round, valid } // Lines 14 to 19.
    : { kind: 'schedule', step: 'propose', round }; // Line 21.
  return { state: started, outputs: [output] };
}

function onProposal(
  state: RoundState,
  { block, validRound, isValid, hasPolka }: Extract<RoundInput, { readonly kind: 'proposal' }>,
): Transition {
  if (state.step !== 'propose') return nothing(state);
  const { locked } = state;
  if (validRound === undefined) {
    // Lines 22 to 26.
    const isFree = locked === undefined || locked.block === block;
    return prevoted(state, isValid && isFree ? block : undefined);
  }
  // Line 28.
  if (!hasPolka || validRound >= state.round) return nothing(state);
  // Lines 29 to 32.
  const isFree = locked === undefined || locked.round <= validRound || locked.block === block;
  return prevoted(state, isValid && isFree ? block : undefined);
}

/** Lines 24, 26, 30, 32 and 59, then 27, 33 and 60. */
function prevoted(state: RoundState, block: BlockHash | undefined): Transition {
  return {
    state: { ...state, step: 'prevote' },
    outputs: [{ kind: 'vote', type: 'prevote', round: state.round, block }],
  };
}

/** Lines 40, 45 and 63, then 41, 46 and 64. */
function precommitted(state: RoundState, block: BlockHash | undefined): Transition {
  return {
    state: { ...state, step: 'precommit' },
    outputs: [{ kind: 'vote', type: 'precommit', round: state.round, block }],
  };
}

/** Lines 34 and 35. */
function onPrevotes(state: RoundState): Transition {
  if (state.step !== 'prevote' || state.hasPrevoteTimer) return nothing(state);
  return {
    state: { ...state, hasPrevoteTimer: true },
    outputs: [{ kind: 'schedule', step: 'prevote', round: state.round }],
  };
}

/** Lines 36 to 43. */
function onPolka(state: RoundState, block: BlockHash): Transition {
  const { step, round } = state;
  if (state.hasPolka || (step !== 'prevote' && step !== 'precommit')) return nothing(state);
  // Lines 42 and 43.
  const valid: RoundState = { ...state, hasPolka: true, valid: { round, block } };
  if (step === 'precommit') return nothing(valid);
  // Lines 37 to 41.
  return precommitted({ ...valid, locked: { round, block } }, block);
}

/** Lines 47 and 48. */
function onPrecommits(state: RoundState): Transition {
  const { step, round } = state;
  if (state.hasPrecommitTimer || step === 'waiting' || step === 'decided') return nothing(state);
  return {
    state: { ...state, hasPrecommitTimer: true },
    outputs: [{ kind: 'schedule', step: 'precommit', round }],
  };
}

/** Lines 49 to 51. Line 52 and what follows is a new machine. */
function onCommit(
  state: RoundState,
  { round, block }: Extract<RoundInput, { readonly kind: 'commit' }>,
): Transition {
  if (!isRunning(state)) return nothing(state);
  return {
    state: { ...state, step: 'decided', decision: { round, block } },
    outputs: [{ kind: 'decide', round, block }],
  };
}

/** Lines 57 to 67. */
function onTimeout(state: RoundState, step: TimedStep, round: number): Transition {
  if (round !== state.round) return nothing(state);
  switch (step) {
    case 'propose':
      // Lines 58 to 60.
      return state.step === 'propose' ? prevoted(state, undefined) : nothing(state);
    case 'prevote':
      // Lines 62 to 64.
      return state.step === 'prevote' ? precommitted(state, undefined) : nothing(state);
    case 'precommit':
      // Lines 66 and 67.
      return isRunning(state) ? newRound(state, round + 1) : nothing(state);
    default:
      return assertNever(step);
  }
}
