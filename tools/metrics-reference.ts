/** The table of docs/metrics.md, from the definitions that the metrics are made of. */
import { METRIC_PREFIX, METRICS } from '../src/node/metrics/definitions.ts';
import { withWritten } from './scenario-reference.ts';

function metricsTable(): string {
  const rows = Object.values(METRICS).map(({ name, type, labels, help }) => {
    const names = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${METRIC_PREFIX}${name}\` | ${type} | ${names} | ${help} |`;
  });
  return ['| metric | type | labels | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** The page with its table brought up to date. */
export function withMetrics(page: string): string {
  return withWritten(page, metricsTable());
}
