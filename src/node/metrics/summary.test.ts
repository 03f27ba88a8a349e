import { Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { familiesOf } from './samples.ts';
import { summaryOf } from './summary.ts';

describe('a summary of metrics', () => {
  it('has count, mean and percentiles of each series, by the rule of histogram_quantile.', async () => {
    const registry = new Registry();
    const histogram = new Histogram({
      name: 'h',
      help: 'H.',
      buckets: [10, 20],
      labelNames: ['of'],
      registers: [registry],
    });
    for (let i = 0; i < 10; i++) histogram.observe({ of: 'a' }, i < 5 ? 4 : 12);
    histogram.observe({ of: 'b' }, 1_000);
    expect(summaryOf(await familiesOf(registry))).toEqual({
      metrics: [
        {
          name: 'h',
          type: 'histogram',
          help: 'H.',
          series: [
            { labels: { of: 'a' }, value: 10, mean: 8, p50: 10, p95: 19, p99: 19.8 },
            { labels: { of: 'b' }, value: 1, mean: 1_000, p50: 20, p95: 20, p99: 20 },
          ],
        },
      ],
    });
  });

  it('says nothing but the count of a series that has none.', async () => {
    const registry = new Registry();
    new Histogram({ name: 'h', help: 'H.', buckets: [1], registers: [registry] });
    expect(summaryOf(await familiesOf(registry)).metrics[0]?.series).toEqual([{ labels: {}, value: 0 }]);
  });
});
