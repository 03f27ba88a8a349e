import { describe, expect, it } from 'vitest';
import { mix32 } from './hash.ts';
import { exponential, normal, pareto, SAMPLE_MAX } from './quantile.ts';

const SAMPLES = 400_000;
const word = (i: number): number => mix32(i + 0x51ed270b);

/** Sample i of a grid of two words: leading zeros and places each evenly, so that moments are not noisy. */
function moments(sample: (a: number, b: number) => number): { mean: number; sd: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < SAMPLES; i++) {
    const x = sample(Math.floor(((i + 0.5) / SAMPLES) * 4_294_967_296), word(i));
    sum += x;
    squares += x * x;
  }
  const mean = sum / SAMPLES;
  return { mean, sd: Math.sqrt(squares / SAMPLES - mean * mean) };
}

/** The exact mean of a function of an exponential: sums over halvings, integrates over places. */
function exactMean(sample: (a: number, b: number) => number): number {
  const places = 4096;
  let mean = 0;
  for (let k = 0; k < 32; k++) {
    let sum = 0;
    for (let i = 0; i < places; i++) sum += sample(0x8000_0000 >>> k, ((i + 0.5) / places) * 4_294_967_296);
    mean += sum / places / 2 ** (k + 1);
  }
  return mean;
}

describe('the exponential quantiles', () => {
  it('have the mean that was asked to 1e-5', () => {
    for (const mean of [1_000_000, 13_000_000_000]) {
      expect(Math.abs(exactMean((a, b) => exponential(mean, a, b)) / mean - 1)).toBeLessThan(1e-5);
    }
  });

  it('have the standard deviation of an exponential', () => {
    const { mean, sd } = moments((a, b) => exponential(1_000_000, a, b));
    expect(mean / 1e6).toBeCloseTo(1, 2);
    expect(sd / 1e6).toBeCloseTo(1, 1);
  });

  it('agree with -ln u at every scale, the far tail included', () => {
    for (let k = 0; k < 32; k++) {
      for (const b of [0, 1, 0x12345678, 0x80000000, 0xdeadbeef, 0xffffffff]) {
        const u = (0.5 + b / 2 ** 33) / 2 ** k;
        const x = exponential(1_000_000_000, 0x8000_0000 >>> k, b);
        expect(Math.abs(x / 1e9 + Math.log(u))).toBeLessThan(2e-6);
      }
    }
  });

  it('have a tail that a word of zeros does not end early', () => {
    expect(exponential(1_000_000, 0, 0) / 1e6).toBeCloseTo(33 * Math.LN2, 4);
  });

  it('are 0 for a mean of 0, and refuse what is no integer', () => {
    expect(exponential(0, 1, 1)).toBe(0);
    expect(() => exponential(0.5, 1, 1)).toThrow('integer');
  });
});

describe('the Pareto quantiles', () => {
  it('agree with scale / u^(1/shape)', () => {
    for (const [scale, numerator, denominator] of [
      [119_000, 124, 5],
      [6_000, 11, 5],
      [1_000_000, 1, 1],
    ] as const) {
      for (let i = 0; i < 2000; i++) {
        const [k, b] = [i % 20, word(i)];
        const u = (0.5 + b / 2 ** 33) / 2 ** k;
        const expected = scale / u ** (denominator / numerator);
        expect(
          Math.abs(pareto(scale, numerator, denominator, 0x8000_0000 >>> k, b) / expected - 1),
        ).toBeLessThan(2e-4);
      }
    }
  });

  it('have the mean scale * shape / (shape - 1)', () => {
    const mean = exactMean((a, b) => pareto(119_000, 124, 5, a, b));
    expect(mean / ((119_000 * 24.8) / 23.8)).toBeCloseTo(1, 4);
  });

  it('stop at the largest sample', () => {
    expect(pareto(1_000_000, 1, 10, 0, 0)).toBe(SAMPLE_MAX);
  });
});

describe('the normal quantiles', () => {
  it('have mean and standard deviation as asked, and are symmetric', () => {
    const { mean, sd } = moments((a, b) => normal(400_000, 100_000, a, b));
    expect(mean / 400_000).toBeCloseTo(1, 3);
    expect(sd / 100_000).toBeCloseTo(1, 2);
    expect(normal(0, 1_000_000, 0x7123_4567, 99)).toBe(-normal(0, 1_000_000, 0xf123_4567, 99));
  });

  it('agree with published quantiles of the standard normal', () => {
    // z with P(|Z| > z) = 1/2, 1/4, 2^-10, 2^-20.
    const published = [
      [1, 0.67448975],
      [2, 1.15034938],
      [10, 3.29719335],
      [20, 4.90102397],
    ] as const;
    for (const [k, z] of published) {
      expect(normal(0, 1_000_000_000, 0x4000_0000 >>> k, 0xffff_ffff) / 1e9).toBeCloseTo(z, 3);
    }
  });
});
