import { describe, expect, it } from 'vitest';
import { scaleWord } from '../draws.ts';
import { mix32 } from '../hash.ts';
import { DELAY_MAX_US, type Distribution } from './config.ts';
import { createSampler, exponential, naturalLogarithm, normalQuantile } from './distribution.ts';

function samples(distribution: Distribution, count = 200_000): Float64Array {
  const sampler = createSampler(distribution);
  return Float64Array.from({ length: count }, (_, i) => sampler.at(mix32(i * 0x9e3779b1 + 1)));
}

function moments(values: Float64Array): { mean: number; sd: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  return { mean, sd: Math.sqrt(squares / values.length) };
}

describe('functions by the exact operations', () => {
  it('agree with the engine to 1e-12', () => {
    for (const x of [1, 0.99, 0.75, 0.7499, 0.5, 0.1, 1e-5, 2 ** -33]) {
      expect(Math.abs(naturalLogarithm(x) - Math.log(x))).toBeLessThan(1e-12);
    }
    for (const x of [0, 0.001, 1, 7.5, 22.2]) {
      expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(1e-12);
    }
  });

  it('know the normal quantiles of the tables', () => {
    const known: readonly (readonly [number, number])[] = [
      [0.5, 0],
      [0.1, -1.2815515655],
      [0.025, -1.9599639845],
      [0.001, -3.0902323062],
      [1e-5, -4.2648907939],
    ];
    for (const [p, z] of known) expect(Math.abs(normalQuantile(p) - z)).toBeLessThan(2e-8);
  });
});

describe('samplers', () => {
  it('give the mean and deviation of their formula', () => {
    const cases: readonly (readonly [Distribution, number, number])[] = [
      [{ kind: 'uniform', minUs: 1000, maxUs: 3000 }, 2000, 577.6],
      [{ kind: 'exponential', meanUs: 50_000 }, 50_000, 50_000],
      [{ kind: 'normal', meanUs: 50_000, sdUs: 5000 }, 50_000, 5000],
      // Mean a m / (a - 1), variance m^2 a / ((a - 1)^2 (a - 2)).
      [{ kind: 'pareto', scaleUs: 119_000, shape: 24.8 }, 124_000, 5219],
      [{ kind: 'table', quantilesUs: [0, 100, 1000] }, 300, 307.3],
    ];
    for (const [distribution, mean, sd] of cases) {
      const found = moments(samples(distribution));
      expect(Math.abs(found.mean / mean - 1)).toBeLessThan(0.01);
      expect(Math.abs(found.sd / sd - 1)).toBeLessThan(0.03);
    }
  });

  it('have the tail of a Pareto distribution: P(X > x) = (scale / x)^shape', () => {
    const values = samples({ kind: 'pareto', scaleUs: 6000, shape: 2.2 });
    for (const x of [8000, 20_000, 100_000]) {
      const expected = (6000 / x) ** 2.2;
      const found = values.filter((value) => value > x).length / values.length;
      expect(Math.abs(found - expected)).toBeLessThan(4 * Math.sqrt(expected / values.length));
    }
  });

  it('follow the exact quantile within a part in 5,000, out to the last draws', () => {
    const sampler = createSampler({ kind: 'exponential', meanUs: 1_000_000 });
    for (const draw of [0, 1, 63, 64, 65, 1000, 123_456, 2 ** 20 + 77, 2 ** 31 - 1, 2 ** 31, 3_000_000_000]) {
      const exact = -Math.log((draw + 0.5) / 2 ** 32) * 1_000_000;
      expect(Math.abs(sampler.at(draw) / exact - 1)).toBeLessThan(2e-4);
    }
    expect(sampler.at(0xffff_ffff)).toBeLessThanOrEqual(1);
  });

  it('are monotone: distributions of delay do not jump between cells', () => {
    const sampler = createSampler({ kind: 'pareto', scaleUs: 27_000, shape: 6.4 });
    let before = Number.POSITIVE_INFINITY;
    let rises = 0;
    for (let draw = 0; draw < 2 ** 32; draw += 10_007) {
      const us = sampler.at(draw);
      if (us > before) rises++;
      before = us;
    }
    expect(rises).toBe(0);
  });

  it('answer whole µs in range and say when they are constant', () => {
    const kinds: readonly (readonly [Distribution, boolean])[] = [
      [{ kind: 'constant', us: 5 }, true],
      [{ kind: 'uniform', minUs: 5, maxUs: 5 }, true],
      [{ kind: 'uniform', minUs: 5, maxUs: 6 }, false],
      [{ kind: 'exponential', meanUs: 0 }, true],
      [{ kind: 'exponential', meanUs: 1_800_000_000 }, false],
      [{ kind: 'normal', meanUs: 100, sdUs: 1000 }, false],
      [{ kind: 'pareto', scaleUs: 1_000_000, shape: 0.1 }, false],
      [{ kind: 'table', quantilesUs: [7, 7] }, true],
    ];
    for (const [distribution, constant] of kinds) {
      const sampler = createSampler(distribution);
      expect(sampler.constant).toBe(constant);
      for (const draw of [0, 1, 99, 2 ** 16, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
        const us = sampler.at(draw);
        expect(Number.isInteger(us) && us >= 0 && us <= DELAY_MAX_US).toBe(true);
      }
    }
  });

  it('refuse what is no distribution', () => {
    const wrong: readonly Distribution[] = [
      { kind: 'constant', us: -1 },
      { kind: 'constant', us: 0.5 },
      { kind: 'uniform', minUs: 2, maxUs: 1 },
      { kind: 'pareto', scaleUs: 1, shape: 0 },
      { kind: 'table', quantilesUs: [1] },
      { kind: 'table', quantilesUs: [2, 1] },
    ];
    for (const distribution of wrong) expect(() => createSampler(distribution)).toThrow();
  });

  it('cover a uniform range evenly', () => {
    const counts = new Map<number, number>();
    for (let i = 0; i < 100_000; i++) {
      const value = scaleWord(10, mix32(i));
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    expect(counts.size).toBe(10);
    for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
