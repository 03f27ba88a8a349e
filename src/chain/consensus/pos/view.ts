/** What the rules know of a chain with stake: the sets of three heights, and who may still be accused. */
import type { UnixMs } from '../../../env/units.ts';
import { hashField, heightField, timeField } from '../../types/layout/fields.ts';
import { booleanLayout, type Layout } from '../../types/layout/layout.ts';
import { optional, struct } from '../../types/layout/struct.ts';
import type { Hash, Height } from '../../types/units.ts';
import { viewCodec } from '../engine-fields.ts';
import { checkPosConfig, type PosConfig, posConfigLayout } from './config.ts';
import { type EvidenceWindow, evidenceWindowLayout, SEATS_MAX, seatCount } from './evidence-window.ts';
import { type ValidatorSet, validatorSetLayout } from './validator-set.ts';

/** The view of a block H. */
export interface PosView {
  readonly config: PosConfig;
  /** Hash of the genesis: part of everything that a validator signs. */
  readonly chain: Hash;
  readonly height: Height;
  readonly timestampMs: UnixMs;
  /** Set of H, whose precommits certify H. Undefined: H is genesis. */
  readonly last: ValidatorSet | undefined;
  /** Set of H + 1. */
  readonly current: ValidatorSet;
  /** Set of H + 2; while `isExecuted` is false it is not yet known, and this is the set of H + 1. */
  readonly next: ValidatorSet;
  /** Seats up to H + 2, and times up to H. */
  readonly window: EvidenceWindow;
  /** False between `advance` and `afterExecution`: no header can be judged on it. */
  readonly isExecuted: boolean;
}

const posViewLayout: Layout<PosView> = struct<PosView>({
  config: posConfigLayout,
  chain: hashField,
  height: heightField,
  timestampMs: timeField,
  last: optional(validatorSetLayout),
  current: validatorSetLayout,
  next: validatorSetLayout,
  window: evidenceWindowLayout,
  isExecuted: booleanLayout,
});

function flawOf({ config, height, last, next, window }: PosView): string | undefined {
  const wrong = checkPosConfig(config);
  if (wrong !== undefined) return `config.${wrong.field}: ${wrong.expected}`;
  if ((last === undefined) !== (height === 0))
    return 'last: a set is expected above height 0, and none at it';
  if (seatCount(window) > SEATS_MAX) return `window: at most ${SEATS_MAX} seats`;
  const { seated } = window;
  const isSeated = next.validators.every(({ key }, place) => seated[place]?.key === key);
  if (!isSeated || seated.length !== next.validators.length) return 'window: the members of next are seated';
  return undefined;
}

export const posViewCodec = viewCodec(posViewLayout, flawOf);
