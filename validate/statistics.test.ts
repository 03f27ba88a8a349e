import { describe, expect, it } from 'vitest';
import {
  addHistogram,
  addValue,
  createHistogram,
  mean,
  proportionSigma,
  quantile,
  standardErrorOfMean,
  variance,
} from './statistics.ts';

describe('statistics', () => {
  it('has the mean, variance and standard error of a textbook sample', () => {
    const sample = [2, 4, 4, 4, 5, 5, 7, 9];
    expect(mean(sample)).toBe(5);
    expect(variance(sample)).toBeCloseTo(32 / 7, 12);
    expect(standardErrorOfMean(sample)).toBeCloseTo(Math.sqrt(32 / 7 / 8), 12);
  });

  it('has the standard deviation of a share: 1,000 throws of a coin give 0.0158', () => {
    expect(proportionSigma(0.5, 1_000)).toBeCloseTo(0.015811, 6);
    expect(proportionSigma(0.1, 400 / 0.1) / 0.1).toBeCloseTo(0.05 * Math.sqrt(0.9), 12);
  });

  it('finds quantiles of a histogram, also of a sum of two', () => {
    const one = createHistogram(1_000);
    const two = createHistogram(1_000);
    for (let ms = 0; ms < 500; ms++) addValue(one, ms);
    for (let ms = 500; ms < 1_000; ms++) addValue(two, ms + 0.5);
    expect(quantile(one, 0.5)).toBeCloseTo(250, 9);
    addHistogram(one, two);
    expect(one.total).toBe(1_000);
    expect(quantile(one, 0.5)).toBeCloseTo(500, 9);
    expect(quantile(one, 0.99)).toBeCloseTo(990, 9);
    expect(one.sum / one.total).toBeCloseTo(499.75, 9);
  });

  it('keeps what is beyond its end in the last cell', () => {
    const one = createHistogram(10);
    addValue(one, 5_000);
    expect(quantile(one, 0.5)).toBeGreaterThanOrEqual(10);
  });

  it('refuses what has no answer', () => {
    expect(() => mean([])).toThrow();
    expect(() => variance([1])).toThrow();
    expect(() => quantile(createHistogram(10), 0.5)).toThrow();
  });
});
