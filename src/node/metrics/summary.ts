/** Metrics for who has no Prometheus: each histogram as a count, a mean and percentiles. */
import type { MetricFamily, Sample } from './samples.ts';

/** One series. */
interface SummarySeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly mean?: number;
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
}

/** All of them. */
export interface MetricsSummary {
  readonly metrics: readonly {
    readonly name: string;
    readonly type: MetricFamily['type'];
    readonly help: string;
    readonly series: readonly SummarySeries[];
  }[];
}

export function summaryOf(families: readonly MetricFamily[]): MetricsSummary {
  return {
    metrics: families.map((family) => {
      const { name, type, help, samples } = family;
      const series =
        type === 'histogram'
          ? distributions(family)
          : samples.map(({ labels, value }) => ({ labels, value }));
      return { name, type, help, series };
    }),
  };
}

/** A series for each set of labels but `le`. */
function distributions({ name, samples }: MetricFamily): readonly SummarySeries[] {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = JSON.stringify(Object.entries(withoutBound(sample.labels)));
    const known = series.get(key);
    if (known === undefined) series.set(key, [sample]);
    else known.push(sample);
  }
  return [...series.values()].map((of) => distribution(name, of));
}

function distribution(name: string, samples: readonly Sample[]): SummarySeries {
  const valueOf = (suffix: string): number =>
    samples.find((sample) => sample.name === name + suffix)?.value ?? 0;
  const count = valueOf('_count');
  const labels = withoutBound(samples[0]?.labels ?? {});
  if (count === 0) return { labels, value: 0 };
  const buckets = samples
    .filter((sample) => sample.name === `${name}_bucket` && sample.labels['le'] !== '+Inf')
    .map((sample) => ({ upTo: Number(sample.labels['le']), count: sample.value }));
  return {
    labels,
    value: count,
    mean: valueOf('_sum') / count,
    p50: percentile(buckets, 0.5 * count),
    p95: percentile(buckets, 0.95 * count),
    p99: percentile(buckets, 0.99 * count),
  };
}

/** As Prometheus' histogram_quantile has it: linear in a bucket, and the last bound for what lies above all. */
function percentile(
  buckets: readonly { readonly upTo: number; readonly count: number }[],
  rank: number,
): number {
  let below = { upTo: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      const share = (rank - below.count) / (bucket.count - below.count);
      return below.upTo + share * (bucket.upTo - below.upTo);
    }
    below = bucket;
  }
  return below.upTo;
}

function withoutBound(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { le: _bound, ...rest } = labels;
  return rest;
}
