/** Samples of many hosts over time as one OpenMetrics text, each line with its time: what `promtool tsdb create-blocks-from openmetrics` reads. */
import type { MetricFamily, Sample } from './samples.ts';

/** One host's metrics at one time. */
export interface Scrape {
  readonly instance: string;
  readonly atMs: number;
  readonly families: readonly MetricFamily[];
}

const MS_PER_S = 1_000;
const JOB = 'aureon';

/**
 * OpenMetrics 1.0: the lines of one metric stand together, those of one series in the order of their times.
 * @param scrapes in the order of their times.
 */
export function openMetricsOf(scrapes: readonly Scrape[]): string {
  const heads = new Map<string, string>();
  /** By metric, then by series. */
  const lines = new Map<string, Map<string, string[]>>();
  for (const { instance, atMs, families } of scrapes) {
    const at = (atMs / MS_PER_S).toFixed(3);
    for (const { name, type, help, samples } of families) {
      const family = type === 'counter' ? name.replace(/_total$/, '') : name;
      heads.set(family, `# TYPE ${family} ${type}\n# HELP ${family} ${escaped(help)}\n`);
      const series = lines.get(family) ?? new Map<string, string[]>();
      lines.set(family, series);
      for (const sample of samples) {
        const key = sample.name + labelsOf(sample, instance);
        const known = series.get(key);
        const line = `${key} ${sample.value} ${at}\n`;
        if (known === undefined) series.set(key, [line]);
        else known.push(line);
      }
    }
  }
  const texts = [...lines].map(
    ([family, series]) => (heads.get(family) ?? '') + [...series.values()].map((of) => of.join('')).join(''),
  );
  return `${texts.join('')}# EOF\n`;
}

function labelsOf({ labels }: Sample, instance: string): string {
  const all = { job: JOB, instance, ...labels };
  const texts = Object.entries(all).map(
    ([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`,
  );
  return `{${texts.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
