/** BFT time: the median of the times of a commit's votes, weighted by power. CometBFT, spec/consensus/bft-time.md. */
import { assert } from '../../../env/assert.ts';
import { type UnixMs, unixMs } from '../../../env/units.ts';
import type { Commit } from './commit.ts';
import type { ValidatorSet } from './validator-set.ts';

/** A time and the power that stands behind it. */
export interface WeightedTime {
  readonly timestampMs: number;
  readonly power: bigint;
}

/** WeightedMedian: in the order of times, the first at which half of the power, rounded down, is used up. @param times at least one. */
export function weightedMedian(times: readonly WeightedTime[]): UnixMs {
  let left = times.reduce((total, { power }) => total + power, 0n) / 2n;
  for (const { timestampMs, power } of [...times].sort((a, b) => a.timestampMs - b.timestampMs)) {
    if (left <= power) return unixMs(timestampMs);
    left -= power;
  }
  assert(false, 'a median is taken of at least one time');
}

/**
 * MedianTime: time of the block after the one that the commit decides. With less than 1/3 of the power faulty it lies
 * between times of correct validators. @param set of the commit's height; has all places that the commit names.
 */
export function bftTime(commit: Commit, set: ValidatorSet): UnixMs {
  return weightedMedian(
    commit.votes.map(({ validator, timestampMs }) => ({
      timestampMs,
      power: set.validators[validator]?.power ?? 0n,
    })),
  );
}
