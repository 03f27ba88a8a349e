import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FinishedJob, ValidateJob } from './jobs.ts';
import { Results, ResultsError } from './results.ts';
import { addValue, createHistogram } from './statistics.ts';

const FULL = { short: false, only: undefined, misSet: undefined } as const;

function job(seed: string): ValidateJob {
  return {
    kind: 'propagation',
    nodes: 3,
    intervalS: 600,
    compact: true,
    heights: 20,
    latencyPermille: 1_000,
    seed,
  };
}

function finished(cpuMs: number): FinishedJob {
  const arrivals = createHistogram(1_000);
  for (const ms of [0, 0, 7.5, 2_000]) addValue(arrivals, ms);
  return {
    outcome: { kind: 'propagation', intervalS: 600, compact: true, arrivals, main: 10, orphans: 1 },
    cpuMs,
  };
}

describe('the file of finished runs', () => {
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'validate-'));
    path = join(folder, 'runs.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function unusable(): unknown {
    try {
      new Results(path, FULL);
    } catch (error) {
      return error;
    }
    return undefined;
  }

  it('gives back what was added, as it was', () => {
    new Results(path, FULL).add(job('1'), finished(40));
    const again = new Results(path, { ...FULL, only: 'propagation' });
    expect([again.has(job('1')), again.has(job('2'))]).toEqual([true, false]);
    expect(again.outcomesOf([job('2'), job('1')])).toEqual([finished(40).outcome]);
    again.add(job('2'), finished(2));
    expect(new Results(path, FULL).cpuMsOf([job('1'), job('2')])).toBe(42);
  });

  it('drops a line that a stop cut off, and goes on behind the whole ones', () => {
    new Results(path, FULL).add(job('1'), finished(1));
    appendFileSync(path, '{"job":{"kind":"propag');
    new Results(path, FULL).add(job('2'), finished(1));
    const again = new Results(path, FULL);
    expect([again.has(job('1')), again.has(job('2'))]).toEqual([true, true]);
  });

  it('refuses runs of another form, of other code, and files that hold something else', () => {
    new Results(path, { ...FULL, short: true, misSet: 'exceed' });
    expect(unusable()).toBeInstanceOf(ResultsError);
    expect(String(unusable())).toContain("the form 'short, mis-set exceed', not 'full'");
    rmSync(path);
    new Results(path, FULL);
    expect(unusable()).toBeUndefined();
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/"code":"./, '"code":"x'));
    expect(String(unusable())).toContain('other code (x');
    writeFileSync(path, `${text}{"job"\n`);
    expect(String(unusable())).toContain(`${path}:2: `);
    for (const other of ['', 'a text\n', '{}\n']) {
      writeFileSync(path, other);
      expect(String(unusable())).toContain(`${path}:1: `);
    }
  });
});
