import { describe, expect, it } from 'vitest';
import { SERIES_MAX } from '../node/metrics/definitions.ts';
import type { Job } from './job.ts';
import { meterRun, RecordError, recordRun } from './watched-run.ts';

const SOURCE = `name: metered
shows: Three nodes, one of which crashes and comes back.
duration: 60s
nodes: 3
signatures: modelled
chain: { blockInterval: 2s }
faults:
  - { kind: crash, at: 20s, how: kill, down: 5s, hosts: [1] }
expect: pass
`;
const job: Job = { file: 'm.yaml', source: SOURCE, overrides: [], seed: '1', isolate: false, permuteTies: 0 };

/** Values of a series in the order of their times. */
function seriesOf(text: string, name: string, instance: string): readonly number[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{job="aureon",instance="${instance}"`))
    .map((line) => Number(line.split(' ')[1]));
}

/** By metric: how many series a host has of it. */
function seriesCounts(text: string, instance: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const series = new Set(text.split('\n').map((line) => line.split(' ')[0] ?? ''));
  for (const name of series) {
    if (!name.includes(`instance="${instance}"`)) continue;
    const metric = (name.split('{')[0] ?? '').replace(/_(?:bucket|sum|count)$/, '');
    counts.set(metric, (counts.get(metric) ?? 0) + 1);
  }
  return counts;
}

describe('a metered run', () => {
  it('is the same run, and counts what its hosts did; a boot begins at nothing.', async () => {
    const [metered, recorded] = [await meterRun(job), await recordRun(job)];
    expect(metered.traceHash).toBe(recorded.result.traceHash);
    // The recording begins with the head that a boot finds.
    const changes = recorded.heads.host.filter((host) => host === 0).length - 1;
    const updates = seriesOf(metered.text, 'aureon_state_root_updates_total', 'n0');
    expect(updates.at(-1)).toBe(changes);
    expect(updates).toEqual(updates.toSorted((a, b) => a - b));
    const crashed = seriesOf(metered.text, 'aureon_state_root_updates_total', 'n1');
    expect(crashed.some((value, i) => value < (crashed[i - 1] ?? 0))).toBe(true);
    expect(Math.max(...seriesOf(metered.text, 'aureon_peers_connected', 'n0'))).toBeGreaterThan(0);
    expect(seriesOf(metered.text, 'aureon_db_keys', 'n0').at(-1)).toBeGreaterThan(changes);
    for (const [metric, series] of seriesCounts(metered.text, 'n0'))
      expect([metric, series <= SERIES_MAX]).toEqual([metric, true]);
  });

  it('is refused when it cannot be built.', async () => {
    await expect(meterRun({ ...job, source: 'name: 5' })).rejects.toThrow(RecordError);
  });
});
