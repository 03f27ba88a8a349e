/** Exponential draws from integers alone: the same on every machine and engine. */
import type { Random } from '../../../env/random.ts';

/** Fractional bits of a draw. */
export const EXPONENTIAL_BITS = 32;
const DRAW = 0x1_0000_0000;
/** Intervals of the table: the error of a straight line between its points is below 1.2e-7. */
const STEPS = 1024;
const STEP_BITS = 22;
const STEP_MASK = (1 << STEP_BITS) - 1;

/** ln(1 + i / 1024) in units of 2^-32, for i = 0 to 1024. */
const LOGARITHMS = logarithms();
const LN_2 = LOGARITHMS[STEPS] as number;

/**
 * An exponential draw with mean 1, in units of 2^-32: -ln U for U uniform over 0 < U < 1. U is read from its highest
 * bit down: z zeros, a one, then 32 bits f, so that U = 2^-(z+1) (1 + f / 2^32). Two draws or, once in 2^32, more.
 */
export function drawExponential(random: Random): number {
  let zeros = 0;
  let bits = random.below(DRAW);
  while (bits === 0) {
    zeros += 32;
    bits = random.below(DRAW);
  }
  zeros += Math.clz32(bits);
  return (zeros + 1) * LN_2 - logarithm(random.below(DRAW));
}

/** ln(1 + fraction / 2^32) in units of 2^-32, from the table by a straight line. */
function logarithm(fraction: number): number {
  const step = fraction >>> STEP_BITS;
  const from = LOGARITHMS[step] as number;
  const to = LOGARITHMS[step + 1] as number;
  return from + Math.floor(((to - from) * (fraction & STEP_MASK)) / (STEP_MASK + 1));
}

/** Sums ln((n + 1) / n) = 2 artanh(1 / (2n + 1)) in 96 fractional bits; the series gains 22 bits a term. */
function logarithms(): Float64Array {
  const bits = 96n;
  const table = new Float64Array(STEPS + 1);
  let sum = 0n;
  for (let i = 0; i < STEPS; i++) {
    const odd = BigInt(2 * (STEPS + i) + 1);
    let power = (2n << bits) / odd;
    for (let divisor = 1n; power > 0n; divisor += 2n) {
      sum += power / divisor;
      power /= odd * odd;
    }
    table[i + 1] = Number((sum + (1n << 63n)) >> 64n);
  }
  return table;
}
