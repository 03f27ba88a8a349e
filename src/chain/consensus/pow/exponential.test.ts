import { describe, expect, it } from 'vitest';
import type { Random } from '../../../env/random.ts';
import { drawExponential } from './exponential.ts';

/** A generator for tests: xorshift32. */
function testRandom(seed: number): Random {
  let state = seed;
  return {
    below(n) {
      state ^= state << 13;
      state >>>= 0;
      state ^= state >>> 17;
      state ^= state << 5;
      state >>>= 0;
      return Math.floor((state / 0x1_0000_0000) * n);
    },
    bytes: (n) => new Uint8Array(n),
  };
}

function fixed(...values: readonly number[]): Random {
  const left = [...values];
  return { below: () => left.shift() ?? 0, bytes: (n) => new Uint8Array(n) };
}

const UNIT = 2 ** 32;

describe('an exponential draw', () => {
  it('is -ln U within 1.2e-7, for U as its bits say', () => {
    for (const [first, second] of [
      [0x8000_0000, 0],
      [0x4000_0000, 0x8000_0000],
      [0xffff_ffff, 0xffff_ffff],
      [1, 12_345_678],
      [0x0001_0000, 0x7fff_ffff],
    ] as const) {
      const u = 2 ** -(Math.clz32(first) + 1) * (1 + second / UNIT);
      expect(Math.abs(drawExponential(fixed(first, second)) / UNIT + Math.log(u))).toBeLessThan(1.2e-7);
    }
  });

  it('goes on drawing after 32 zero bits', () => {
    const u = 2 ** -(32 + 32 + 2 + 1);
    const drawn = drawExponential(fixed(0, 0, 0x2000_0000, 0)) / UNIT;
    expect(drawn).toBeCloseTo(-Math.log(u), 6);
  });

  it('is an integer that is never negative', () => {
    const random = testRandom(7);
    for (let i = 0; i < 10_000; i++) {
      const drawn = drawExponential(random);
      expect(Number.isSafeInteger(drawn) && drawn >= 0).toBe(true);
    }
  });

  it('has mean 1, variance 1 and the quantiles of the exponential distribution', () => {
    const random = testRandom(20_260_101);
    const draws = Array.from({ length: 100_000 }, () => drawExponential(random) / UNIT).sort((a, b) => a - b);
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    expect(Math.abs(mean - 1)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
    for (const p of [0.01, 0.1, 0.5, 0.9, 0.99]) {
      const quantile = draws[Math.floor(p * draws.length)] ?? 0;
      expect(1 - Math.exp(-quantile)).toBeCloseTo(p, 2);
    }
  });
});
