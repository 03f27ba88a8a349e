/** Statistics of experiments: means, quantiles of histograms, standard errors of proportions and by batch means. */
import { assert } from '../src/env/assert.ts';

/** Arithmetic mean. @throws {AssertionError} when there is nothing. */
export function mean(values: readonly number[]): number {
  assert(values.length > 0, 'a mean is of something');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Unbiased variance of a sample of at least two. */
export function variance(values: readonly number[]): number {
  assert(values.length > 1, 'a variance is of two values or more');
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) * (value - middle), 0) / (values.length - 1);
}

/** Standard error of the mean of values that do not depend on each other: batches of one long run, or seeds. */
export function standardErrorOfMean(values: readonly number[]): number {
  return Math.sqrt(variance(values) / values.length);
}

/** Standard deviation of the share of successes in so many independent trials of that probability. */
export function proportionSigma(probability: number, trials: number): number {
  assert(probability >= 0 && probability <= 1 && trials > 0, 'a share lies between 0 and 1');
  return Math.sqrt((probability * (1 - probability)) / trials);
}

/** Whole milliseconds, counted: quantiles of millions of values in constant memory. */
export interface Histogram {
  /** counts[i]: values of i ms; the last holds everything beyond. */
  readonly counts: Float64Array;
  /** Of the exact values, in ms. */
  sum: number;
  total: number;
}

/** For values from 0 to `maxMs`. */
export function createHistogram(maxMs: number): Histogram {
  return { counts: new Float64Array(maxMs + 1), sum: 0, total: 0 };
}

export function addValue(histogram: Histogram, ms: number): void {
  const { counts } = histogram;
  const cell = Math.min(counts.length - 1, Math.floor(ms));
  counts[cell] = (counts[cell] as number) + 1;
  histogram.sum += ms;
  histogram.total++;
}

/** Adds what another histogram of the same size counted. */
export function addHistogram(to: Histogram, from: Histogram): void {
  assert(to.counts.length === from.counts.length, 'histograms of one size are added');
  for (let i = 0; i < to.counts.length; i++)
    to.counts[i] = (to.counts[i] as number) + (from.counts[i] as number);
  to.sum += from.sum;
  to.total += from.total;
}

/** The value below which that share lies, linear within its millisecond. */
export function quantile(histogram: Histogram, share: number): number {
  assert(histogram.total > 0 && share >= 0 && share <= 1, 'a quantile is of something');
  const wanted = share * histogram.total;
  let below = 0;
  for (let i = 0; i < histogram.counts.length; i++) {
    const count = histogram.counts[i] as number;
    if (count > 0 && below + count >= wanted) return i + (wanted - below) / count;
    below += count;
  }
  return histogram.counts.length - 1;
}
