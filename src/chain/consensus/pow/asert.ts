/**
 * Difficulty by ASERT: the target follows how far the chain is ahead of or behind its schedule, counted from one anchor.
 * aserti3-2d, Bitcoin Cash upgrade of 2020-11-15, section "Target computation"; here on whole targets, not on nBits.
 */

/** Fractional bits of the exponent. aserti3-2d: radix = 65536. */
const RADIX_BITS = 16n;
const RADIX = 65_536n;
/** 2^x ~ 1 + 0.695502049 x + 0.2262698 x² + 0.0782318 x³ for 0 <= x < 1, in 48 fractional bits. aserti3-2d: factor. */
const LINEAR = 195_766_423_245_049n;
const SQUARE = 971_821_376n;
const CUBIC = 5_127n;
const POLYNOMIAL_BITS = 48n;
const HALF = 140_737_488_355_328n;
/** A shift by more takes any target out of its range: targets have 256 bits, the factor 17. */
const SHIFT_MAX = 512n;

/** Times share one unit: seconds where the algorithm was published, milliseconds on our chains. */
export interface AsertInput {
  readonly anchorTarget: bigint;
  readonly powLimit: bigint;
  readonly idealTime: bigint;
  readonly halfLife: bigint;
  /** Of the last block, from the anchor's PARENT. May be negative. */
  readonly timeDelta: bigint;
  /** Of the last block, from the anchor. */
  readonly heightDelta: bigint;
}

/** The target of the block after the last one: 1 <= target <= powLimit. Integers only; a function of the two deltas, never of the path. */
export function asertTarget(input: AsertInput): bigint {
  const { anchorTarget, powLimit, idealTime, halfLife, timeDelta, heightDelta } = input;
  // Division rounds towards zero, as in the C++ of the reference.
  const exponent = ((timeDelta - idealTime * (heightDelta + 1n)) * RADIX) / halfLife;
  const shifts = exponent >> RADIX_BITS;
  if (shifts > SHIFT_MAX) return powLimit;
  if (shifts < -SHIFT_MAX) return 1n;
  const x = exponent - (shifts << RADIX_BITS);
  const factor = RADIX + ((LINEAR * x + SQUARE * x * x + CUBIC * x * x * x + HALF) >> POLYNOMIAL_BITS);
  const scaled = anchorTarget * factor;
  const target = (shifts < 0n ? scaled >> -shifts : scaled << shifts) >> RADIX_BITS;
  if (target === 0n) return 1n;
  return target > powLimit ? powLimit : target;
}
