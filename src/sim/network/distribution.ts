/** Samples delays from integer quantile tables, which are built with the four exact operations of IEEE 754 alone. */
import { assert, assertNever } from '../../env/assert.ts';
import { scaleWord } from '../draws.ts';
import { DELAY_MAX_US, type Distribution } from './config.ts';

/** Cells of one halving of the probability: relative error of an exponential below 1e-4. */
const CELLS = 64;
/** 2^32 has 26 halvings above the first 64 values, which are stored one by one. */
const HALVINGS = 26;
const TWO_32 = 4_294_967_296;
const LN_2 = 0.6931471805599453;

/** A distribution of delays, ready to be sampled. */
export interface Sampler {
  /** True when every sample is `at(0)`: no draw is needed. */
  readonly constant: boolean;
  /** The delay in whole µs at an unsigned 32-bit draw. Never negative, at most DELAY_MAX_US. */
  at(draw: number): number;
}

/**
 * Builds the tables of a distribution.
 * @throws {AssertionError} when its parameters describe none.
 */
export function createSampler(distribution: Distribution): Sampler {
  switch (distribution.kind) {
    case 'constant':
      return new ConstantSampler(delay('us', distribution.us));
    case 'uniform':
      return new UniformSampler(delay('minUs', distribution.minUs), delay('maxUs', distribution.maxUs));
    case 'exponential': {
      const mean = delay('meanUs', distribution.meanUs);
      return new TailSampler((survival) => -naturalLogarithm(survival) * mean);
    }
    case 'pareto': {
      const scale = delay('scaleUs', distribution.scaleUs);
      const { shape } = distribution;
      assert(shape > 0, 'the shape of a Pareto distribution is positive');
      return new TailSampler((survival) => scale * exponential(-naturalLogarithm(survival) / shape));
    }
    case 'normal':
      return new NormalSampler(delay('meanUs', distribution.meanUs), delay('sdUs', distribution.sdUs));
    case 'table':
      return new TableSampler(distribution.quantilesUs);
    default:
      return assertNever(distribution);
  }
}

function delay(name: string, us: number): number {
  assert(Number.isInteger(us) && us >= 0 && us <= DELAY_MAX_US, `${name} is a whole number of µs in range`);
  return us;
}

function toDelay(us: number): number {
  return us <= 0 ? 0 : us >= DELAY_MAX_US ? DELAY_MAX_US : Math.floor(us + 0.5);
}

class ConstantSampler implements Sampler {
  readonly constant = true;
  readonly #us: number;
  constructor(us: number) {
    this.#us = us;
  }
  at(): number {
    return this.#us;
  }
}

class UniformSampler implements Sampler {
  readonly constant: boolean;
  readonly #minUs: number;
  readonly #count: number;
  constructor(minUs: number, maxUs: number) {
    assert(minUs <= maxUs, 'a uniform distribution has minUs <= maxUs');
    this.#minUs = minUs;
    this.#count = maxUs - minUs + 1;
    this.constant = minUs === maxUs;
  }
  at(draw: number): number {
    return this.#minUs + scaleWord(this.#count, draw);
  }
}

/** Quantiles by the probability of something longer, finer the rarer: 64 cells for each halving. */
class TailSampler implements Sampler {
  readonly constant: boolean;
  readonly #quantiles: Float64Array;

  constructor(quantile: (survival: number) => number) {
    const size = CELLS * (HALVINGS + 1) + 1;
    this.#quantiles = new Float64Array(size);
    for (let i = 0; i < CELLS; i++) this.#quantiles[i] = toDelay(quantile((i + 0.5) / TWO_32));
    let width = 1;
    for (let halving = 0; halving < HALVINGS; halving++) {
      for (let cell = 0; cell < CELLS; cell++) {
        const survival = Math.min(1, ((CELLS + cell) * width + 0.5) / TWO_32);
        this.#quantiles[CELLS * (halving + 1) + cell] = toDelay(quantile(survival));
      }
      width *= 2;
    }
    this.#quantiles[size - 1] = toDelay(quantile(1));
    this.constant = this.#quantiles[0] === this.#quantiles[size - 1];
  }

  at(draw: number): number {
    if (draw < CELLS) return this.#quantiles[draw] as number;
    const shift = 25 - Math.clz32(draw);
    const cell = CELLS * (shift + 1) + (draw >>> shift) - CELLS;
    const longer = this.#quantiles[cell] as number;
    const shorter = this.#quantiles[cell + 1] as number;
    let rest = draw & ((1 << shift) - 1);
    let one = 1 << shift;
    if (shift > 16) {
      rest >>>= shift - 16;
      one = 65_536;
    }
    return longer - Math.floor(((longer - shorter) * rest) / one);
  }
}

class NormalSampler implements Sampler {
  readonly constant: boolean;
  readonly #meanUs: number;
  readonly #deviation: TailSampler;
  constructor(meanUs: number, sdUs: number) {
    this.#meanUs = meanUs;
    this.#deviation = new TailSampler((survival) => -normalQuantile(survival / 2) * sdUs);
    this.constant = sdUs === 0;
  }
  at(draw: number): number {
    const deviation = this.#deviation.at((draw << 1) >>> 0);
    const us = draw >= 0x8000_0000 ? this.#meanUs + deviation : this.#meanUs - deviation;
    return us < 0 ? 0 : us > DELAY_MAX_US ? DELAY_MAX_US : us;
  }
}

class TableSampler implements Sampler {
  readonly constant: boolean;
  readonly #quantilesUs: Float64Array;
  constructor(quantilesUs: readonly number[]) {
    assert(quantilesUs.length >= 2, 'a table of quantiles has at least two');
    let before = 0;
    for (const us of quantilesUs) {
      assert(delay('quantilesUs', us) >= before, 'quantiles ascend');
      before = us;
    }
    this.#quantilesUs = Float64Array.from(quantilesUs);
    this.constant = quantilesUs[0] === before;
  }
  at(draw: number): number {
    const steps = this.#quantilesUs.length - 1;
    const scaled = draw * steps;
    const cell = Math.floor(scaled / TWO_32);
    const low = this.#quantilesUs[cell] as number;
    const high = this.#quantilesUs[cell + 1] as number;
    const rest = Math.floor((scaled - cell * TWO_32) / 65_536);
    return low + Math.floor(((high - low) * rest) / 65_536);
  }
}

/** ln x for 0 < x <= 1, by 2 artanh((m - 1) / (m + 1)) of the mantissa: no engine's Math.log is asked. */
export function naturalLogarithm(x: number): number {
  let mantissa = x;
  let halvings = 0;
  while (mantissa < 0.75) {
    mantissa *= 2;
    halvings++;
  }
  const t = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  let power = t;
  for (let n = 1; n < 40; n += 2) {
    sum += power / n;
    power *= t * t;
  }
  return 2 * sum - halvings * LN_2;
}

/** e^x for x >= 0, by the series of x / 1024 squared ten times; Infinity past the range. */
export function exponential(x: number): number {
  const small = x / 1024;
  let sum = 1;
  let term = 1;
  for (let n = 1; n < 30; n++) {
    term *= small / n;
    sum += term;
  }
  for (let n = 0; n < 10; n++) sum *= sum;
  return sum;
}

const CENTRE_NUMERATOR = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
  2.506628277459239,
];
const CENTRE_DENOMINATOR = [
  -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1,
];
const TAIL_NUMERATOR = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_DENOMINATOR = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];

/** z with P(Z <= z) = p for 0 < p <= 1/2, by P. J. Acklam's rational approximation; relative error 1.2e-9. */
export function normalQuantile(p: number): number {
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * naturalLogarithm(p));
    return polynomial(TAIL_NUMERATOR, q) / polynomial(TAIL_DENOMINATOR, q);
  }
  const q = p - 0.5;
  return (q * polynomial(CENTRE_NUMERATOR, q * q)) / polynomial(CENTRE_DENOMINATOR, q * q);
}

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (const coefficient of coefficients) value = value * x + coefficient;
  return value;
}
