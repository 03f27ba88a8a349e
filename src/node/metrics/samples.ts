/** The content of a registry as plain data, which summaries and files of samples are made of. */
import type { Registry } from 'prom-client';

/** One number. */
export interface Sample {
  /** Of the line: a histogram has lines that end in _bucket, _sum and _count. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric with all its lines. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly Sample[];
}

/** In the order in which they were registered. */
export async function familiesOf(registry: Registry): Promise<readonly MetricFamily[]> {
  const metrics = await registry.getMetricsAsJSON();
  return metrics.map(({ name, help, type, values }) => ({
    name,
    help,
    type: typeOf(String(type)),
    samples: values.map((value) => ({
      name: 'metricName' in value && typeof value.metricName === 'string' ? value.metricName : name,
      labels: Object.fromEntries(Object.entries(value.labels).map(([key, text]) => [key, String(text)])),
      value: value.value,
    })),
  }));
}

function typeOf(type: string): MetricFamily['type'] {
  return type === 'counter' || type === 'histogram' ? type : 'gauge';
}
