/** What the rules know of a chain with stake: the sets of three heights, and who may still be accused. */
import type { UnixMs } from '../../../env/units.ts';
import type { Hash, Height } from '../../types/units.ts';
import type { PosConfig } from './config.ts';
import type { ValidatorSet } from './validator-set.ts';

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
  /** Set of H + 2. Not yet known while `isExecuted` is false. */
  readonly next: ValidatorSet;
  /** False between `advance` and `afterExecution`: no header can be judged on it. */
  readonly isExecuted: boolean;
}
