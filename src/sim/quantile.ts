/**
 * Exponential, Pareto and normal integers from quantile tables, which integer arithmetic alone computes: no engine's
 * Math.log or Math.exp is asked. A sample takes two 32-bit words: leading zeros of the first choose the halving of the
 * probability, so that the tail goes on to 2^-32; the second a place in it.
 */
import { assert } from '../env/assert.ts';

/** Largest sample: 2^52. */
export const SAMPLE_MAX = 4_503_599_627_370_496;
/** Tables hold multiples of 2^-26. */
const UNIT = 67_108_864;
/** Fixed point of the computation of tables. */
const BITS = 96n;
const ONE = 1n << BITS;
const CELLS = 256;
const NORMAL_CELLS = 64;
const NORMAL_HALVINGS = 32;
const TWO_32 = 4_294_967_296;

/** -ln m for m = 1/2 ... 1, in CELLS equal steps of m. */
const LOGARITHMS = Float64Array.from({ length: CELLS + 1 }, (_, i) =>
  toUnits(negativeLogarithm((ONE * BigInt(CELLS + i)) / BigInt(2 * CELLS))),
);
const LN_2 = toUnits(negativeLogarithm(ONE / 2n));
/** e^x for x = 0 ... ln 2, in CELLS equal steps of x. */
const POWERS = Float64Array.from({ length: CELLS + 1 }, (_, i) =>
  toUnits(exponentialOf((negativeLogarithm(ONE / 2n) * BigInt(i)) / BigInt(CELLS))),
);
/** |z| where a normal deviate is larger with probability m / 2^k, by k and m = 1/2 ... 1. */
const DEVIATES = normalTable();

/** An exponential sample with that mean, 0 to SAMPLE_MAX: the same unit as the mean. Takes two uniform words. */
export function exponential(mean: number, wordA: number, wordB: number): number {
  assertParameter(mean);
  return clamp(Math.floor((mean * standardExponential(wordA, wordB)) / UNIT + 0.5));
}

/** A Pareto sample: scale / U^(1 / shape), with shape = shapeNumerator / shapeDenominator, at most SAMPLE_MAX. */
export function pareto(
  scale: number,
  shapeNumerator: number,
  shapeDenominator: number,
  wordA: number,
  wordB: number,
): number {
  assertParameter(scale);
  assert(shapeNumerator > 0 && shapeDenominator > 0, 'the shape of a Pareto distribution is positive');
  const exponent = (standardExponential(wordA, wordB) * shapeDenominator) / shapeNumerator;
  const doublings = Math.floor(exponent / LN_2);
  if (doublings > 52) return SAMPLE_MAX;
  let power = between(POWERS, 0, ((exponent - doublings * LN_2) / LN_2) * CELLS);
  for (let n = 0; n < doublings; n++) power *= 2;
  return clamp(Math.floor((scale * power) / UNIT + 0.5));
}

/** A normal sample, which may be negative: an integer of the unit of mean and deviation. */
export function normal(mean: number, deviation: number, wordA: number, wordB: number): number {
  assertParameter(deviation);
  const halving = Math.min(NORMAL_HALVINGS - 1, Math.clz32((wordA << 1) >>> 0));
  const place = (wordB / TWO_32) * NORMAL_CELLS;
  const away = Math.floor((deviation * between(DEVIATES, halving * (NORMAL_CELLS + 1), place)) / UNIT + 0.5);
  return wordA >>> 31 === 0 ? mean + away : mean - away;
}

/** In units: k ln 2 for k leading zeros, as if it had been waited for k half-lives, and what follows. */
function standardExponential(wordA: number, wordB: number): number {
  const place = (wordB / TWO_32) * CELLS;
  return Math.clz32(wordA) * LN_2 + between(LOGARITHMS, 0, place);
}

function between(table: Float64Array, from: number, place: number): number {
  const cell = Math.floor(place);
  const low = table[from + cell] as number;
  if (place === cell) return low;
  return low + ((table[from + cell + 1] as number) - low) * (place - cell);
}

function clamp(value: number): number {
  return value > SAMPLE_MAX ? SAMPLE_MAX : value;
}

function assertParameter(value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'a distribution has integer parameters from 0 on');
}

function toUnits(value: bigint): number {
  return Number((value * BigInt(UNIT) + ONE / 2n) / ONE);
}

/** -ln x for 0 < x <= 1, by 2 artanh((1 - x) / (1 + x)); x is at least 1/2, so that each term has 3 bits more. */
function negativeLogarithm(x: bigint): bigint {
  const t = ((ONE - x) * ONE) / (ONE + x);
  const square = (t * t) / ONE;
  let sum = 0n;
  let power = t;
  for (let n = 1n; power > 0n; n += 2n) {
    sum += power / n;
    power = (power * square) / ONE;
  }
  return 2n * sum;
}

/** e^x for |x| <= 1, by its series. */
function exponentialOf(x: bigint): bigint {
  let sum = ONE;
  let term = ONE;
  for (let n = 1n; term !== 0n; n++) {
    term = (term * x) / (ONE * n);
    sum += term;
  }
  return sum;
}

/**
 * Q(z) = 1 / 2 - integral of the density from 0 to z, by Simpson's rule in steps of 1/256; the density by the
 * recurrence e^(-(z+h)^2/2) = e^(-z^2/2) e^(-zh) e^(-h^2/2). Scaled so that 2 Q(0) = 1.
 */
function normalTable(): Float64Array {
  const steps = 2 * 8 * 128;
  const h = ONE / 256n;
  const densities: bigint[] = [];
  const second = exponentialOf(-((h * h) / ONE));
  let ratio = exponentialOf(-((h * h) / (2n * ONE)));
  let density = ONE;
  for (let j = 0; j <= steps; j++) {
    densities.push(density);
    density = (density * ratio) / ONE;
    ratio = (ratio * second) / ONE;
  }
  // tails[j]: the integral from z = j / 128 on, up to one factor.
  const tails: bigint[] = new Array<bigint>(steps / 2 + 1).fill(0n);
  for (let j = steps / 2 - 1; j >= 0; j--) {
    const [a = 0n, b = 0n, c = 0n] = densities.slice(2 * j, 2 * j + 3);
    tails[j] = (tails[j + 1] as bigint) + a + 4n * b + c;
  }
  return invertTails(tails);
}

/** From falling tails at steps of 1/128 to the deviates at the nodes of the table. */
function invertTails(tails: readonly bigint[]): Float64Array {
  const whole = tails[0] as bigint;
  const table = new Float64Array(NORMAL_HALVINGS * (NORMAL_CELLS + 1));
  let j = 0;
  for (let halving = 0; halving < NORMAL_HALVINGS; halving++) {
    for (let cell = NORMAL_CELLS; cell >= 0; cell--) {
      const wanted = (whole * BigInt(NORMAL_CELLS + cell)) / (BigInt(2 * NORMAL_CELLS) << BigInt(halving));
      while (j + 1 < tails.length - 1 && (tails[j + 1] as bigint) >= wanted) j++;
      const above = tails[j] as bigint;
      const fall = above - (tails[j + 1] as bigint);
      table[halving * (NORMAL_CELLS + 1) + cell] =
        (j * UNIT) / 128 + Number(((above - wanted) * BigInt(UNIT / 128)) / fall);
    }
    // The next halving begins where this one ended.
  }
  return table;
}
