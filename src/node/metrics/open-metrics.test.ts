import { Counter, Gauge, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { openMetricsOf } from './open-metrics.ts';
import { familiesOf } from './samples.ts';

describe('OpenMetrics', () => {
  it('keeps the lines of a metric together and those of a series in order, counters under their family.', async () => {
    const registry = new Registry();
    const counter = new Counter({
      name: 'seen_total',
      help: 'Of "all\\".\n',
      labelNames: ['kind'],
      registers: [registry],
    });
    const gauge = new Gauge({ name: 'level', help: 'Now.', registers: [registry] });
    counter.inc({ kind: 'x"y' });
    const first = await familiesOf(registry);
    counter.inc({ kind: 'x"y' }, 2);
    gauge.set(1.5);
    const second = await familiesOf(registry);
    const text = openMetricsOf([
      { instance: 'n0', atMs: 1_000, families: first },
      { instance: 'n1', atMs: 1_000, families: first },
      { instance: 'n0', atMs: 2_500, families: second },
    ]);
    expect(text).toBe(`# TYPE seen counter
# HELP seen Of "all\\\\".\\n
seen_total{job="aureon",instance="n0",kind="x\\"y"} 1 1.000
seen_total{job="aureon",instance="n0",kind="x\\"y"} 3 2.500
seen_total{job="aureon",instance="n1",kind="x\\"y"} 1 1.000
# TYPE level gauge
# HELP level Now.
level{job="aureon",instance="n0"} 0 1.000
level{job="aureon",instance="n0"} 1.5 2.500
level{job="aureon",instance="n1"} 0 1.000
# EOF
`);
  });
});
