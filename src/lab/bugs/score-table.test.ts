import { describe, expect, it } from 'vitest';
import { DEVIATIONS } from '../../cluster/byzantine/behaviours.ts';
import { FAULT_KINDS, type FaultLine } from '../../cluster/scenario/schema/faults.ts';
import type { ScenarioFile } from '../../cluster/scenario/schema.ts';
import { type ClusterBug, readBugs } from './bug-file.ts';
import { canTell, isMissed, type StartOutcome } from './score.ts';
import {
  finders,
  isClusterBug,
  percentile,
  type ScoreSummary,
  scoreFailures,
  scoreTable,
} from './score-table.ts';

const bugs = readBugs();

/** Four hosts, and nothing that goes wrong. */
function small(engine: 'pos' | 'pow' | 'poa'): ScenarioFile {
  return { name: 'small', shows: 'A test.', duration: '60s', nodes: 4, chain: { engine }, expect: 'pass' };
}

function bugOf(number: string): ClusterBug {
  const bug = bugs.filter(isClusterBug).find((one) => one.number === number);
  if (bug === undefined) throw new Error(`${number} is a bug of clusters`);
  return bug;
}

function found(seeds: number, oracle = 'signing', rule = 'said-twice'): StartOutcome {
  return { from: 1, seeds, found: { oracle, rule, seed: '1', fact: '' } };
}

const MISS: StartOutcome = { from: 1, seeds: 2_000, found: undefined };

function summary(starts: readonly StartOutcome[], more: Partial<ScoreSummary> = {}): ScoreSummary {
  const bug = bugOf('02');
  return {
    cluster: [{ bug, starts, wallMs: 1_000 }],
    unit: [],
    knownMisses: [],
    startsWanted: starts.length,
    seedsMax: 2_000,
    wallMs: 1_000,
    ...more,
  };
}

describe('a score', () => {
  it('takes percentiles over all starts, misses being beyond all numbers', () => {
    const starts = [found(4), found(1), MISS, found(2)];
    expect([percentile(starts, 50), percentile(starts, 75), percentile(starts, 90)]).toEqual([
      2,
      4,
      undefined,
    ]);
  });

  it('names who noticed, the most frequent first', () => {
    const starts = [found(1), found(1, 'crash', 'RangeError'), found(1)];
    expect(finders(starts)).toEqual([
      { name: 'signing/said-twice', times: 2 },
      { name: 'crash/RangeError', times: 1 },
    ]);
  });

  it('is a success when somebody noticed who must, and a failure when others did or nobody', () => {
    expect(scoreFailures(summary([found(1), MISS]))).toEqual([]);
    expect(scoreFailures(summary([found(1, 'bans', 'x')]))[0]).toContain('never by signing');
    expect(scoreFailures(summary([MISS, MISS, found(1)]))[0]).toContain('missed');
    expect(isMissed([MISS, MISS], 4)).toBe(false);
    expect(isMissed([MISS, MISS, MISS], 4)).toBe(true);
  });

  it('allows two known misses, and no third', () => {
    const two = [bugOf('02'), bugOf('03')];
    expect(scoreFailures(summary([found(1)], { knownMisses: two }))).toEqual([]);
    expect(scoreFailures(summary([found(1)], { knownMisses: [...two, bugOf('04')] }))[0]).toContain(
      'at most 2',
    );
  });

  it('is a table with a row a bug', () => {
    const lines = scoreTable(summary([found(3), MISS]));
    expect(lines[2]).toBe(
      '| 02-amnesia-after-restart | pos | signing/said-twice 1 | 1 of 2 | 3 | > 2000 | 1.0 |',
    );
  });

  it('leaves out the runs of engines whose code is not mutated, and no others', () => {
    const [pos, pow, poa] = [small('pos'), small('pow'), small('poa')];
    expect([canTell(bugOf('05'), pos), canTell(bugOf('05'), pow)]).toEqual([true, false]);
    expect([pos, pow, poa].every((scenario) => canTell(bugOf('01'), scenario))).toBe(true);
  });

  it('leaves out seeds that have nothing by which it shows', () => {
    const bug = bugOf('21');
    const liar = { hosts: [0], byzantine: ['forged-certificates' as const] };
    expect(canTell(bug, small('pos'))).toBe(false);
    expect(canTell(bug, { ...small('pos'), hosts: [liar] })).toBe(true);
    const crash: FaultLine = { kind: 'crash', at: '5s', hosts: [1], how: 'kill', down: '1s', disk: 'keep' };
    expect(canTell(bugOf('02'), small('pos'))).toBe(false);
    expect(canTell(bugOf('02'), { ...small('pos'), faults: [crash] })).toBe(true);
  });

  it('says of its bugs only what there is', () => {
    const known = new Set<string>([...FAULT_KINDS, ...DEVIATIONS]);
    const said = bugs.filter(isClusterBug).flatMap(({ onlyWith = [] }) => onlyWith);
    expect(said.length).toBeGreaterThan(5);
    expect(said.filter((kind) => !known.has(kind))).toEqual([]);
  });
});
