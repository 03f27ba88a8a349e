/** What the rows of a sweep add up to: totals, failures by fingerprint, coverage, assertions and new behaviours, read in the order of the seeds. */
import type { DatabaseSync } from 'node:sqlite';
import { EXIT, worstExitCode } from '../../cluster/result.ts';
import { Sweep, type SweepAssertion } from '../sweep.ts';
import { type Curve, curveOf } from './curve.ts';

/** Failures of one kind. */
export interface FailureGroup {
  readonly fingerprint: string;
  readonly exitCode: number;
  readonly seeds: number;
  /** The simplest member: fewest planned faults, then the earliest end, then the lowest seed. */
  readonly seed: number;
  readonly faults: number;
  readonly failure: string;
}

/** One kind of fault over all seeds. */
export interface FaultCoverageSum {
  readonly kind: string;
  /** Seeds whose plan has it. */
  readonly runs: number;
  readonly planned: number;
  readonly injected: number;
  /** Took hold of something, as the simulator counts. */
  readonly effective: number;
  /** Runs that were made again without it, … */
  readonly sampled: number;
  /** … and went another way. */
  readonly differed: number;
}

/** One behaviour of Byzantine hosts over all seeds. */
export interface ByzantineSum {
  readonly behaviour: string;
  readonly runs: number;
  readonly hosts: number;
  readonly times: number;
}

export interface Totals {
  readonly seeds: number;
  readonly passed: number;
  readonly events: number;
  readonly simulatedUs: number;
  readonly blocks: number;
  readonly wallMs: number;
  readonly isolated: number;
  readonly twice: number;
}

export interface SweepSummary {
  readonly totals: Totals;
  readonly groups: readonly FailureGroup[];
  readonly faults: readonly FaultCoverageSum[];
  readonly byzantine: readonly ByzantineSum[];
  readonly assertions: readonly SweepAssertion[];
  readonly curve: Curve;
  /** Kinds of faults that were planned and never injected. */
  readonly neverInjected: readonly string[];
  /** Of the runs alone: the gravest. */
  readonly runsExitCode: number;
}

const FIRST_MEMBER = `
  SELECT seed, failure, (SELECT coalesce(sum(planned), 0) FROM faults WHERE faults.seed = runs.seed) AS faults
  FROM runs WHERE fingerprint = ? ORDER BY faults, ended_us, seed LIMIT 1`;

/** The failures by kind, the gravest first, then the most frequent. */
export function failureGroups(database: DatabaseSync): readonly FailureGroup[] {
  const member = database.prepare(FIRST_MEMBER);
  const groups = database
    .prepare(
      `SELECT fingerprint, max(exit_code) AS code, count(*) AS seeds FROM runs
       WHERE fingerprint IS NOT NULL GROUP BY fingerprint ORDER BY seeds DESC, fingerprint`,
    )
    .all()
    .map(({ fingerprint, code, seeds }): FailureGroup => {
      const first = member.get(String(fingerprint));
      return {
        fingerprint: String(fingerprint),
        exitCode: Number(code),
        seeds: Number(seeds),
        seed: Number(first?.['seed']),
        faults: Number(first?.['faults']),
        failure: String(first?.['failure']),
      };
    });
  const isGraver = (a: number, b: number): boolean => a !== b && worstExitCode([a, b]) === a;
  return groups.sort((a, b) =>
    isGraver(a.exitCode, b.exitCode) ? -1 : isGraver(b.exitCode, a.exitCode) ? 1 : b.seeds - a.seeds,
  );
}

function faultSums(database: DatabaseSync): readonly FaultCoverageSum[] {
  const effects = new Map(
    database
      .prepare('SELECT kind, count(*) AS sampled, sum(differs) AS differed FROM effects GROUP BY kind')
      .all()
      .map(({ kind, sampled, differed }) => [
        String(kind),
        { sampled: Number(sampled), differed: Number(differed) },
      ]),
  );
  return database
    .prepare(
      `SELECT kind, sum(planned > 0) AS runs, sum(planned) AS planned, sum(injected) AS injected,
       sum(effective) AS effective FROM faults GROUP BY kind ORDER BY kind`,
    )
    .all()
    .map(({ kind, runs, planned, injected, effective }) => ({
      kind: String(kind),
      runs: Number(runs),
      planned: Number(planned),
      injected: Number(injected),
      effective: Number(effective),
      ...(effects.get(String(kind)) ?? { sampled: 0, differed: 0 }),
    }));
}

function byzantineSums(database: DatabaseSync): readonly ByzantineSum[] {
  return database
    .prepare(
      `SELECT behaviour, count(*) AS runs, sum(hosts) AS hosts, sum(times) AS times
       FROM byzantine GROUP BY behaviour ORDER BY behaviour`,
    )
    .all()
    .map(({ behaviour, runs, hosts, times }) => ({
      behaviour: String(behaviour),
      runs: Number(runs),
      hosts: Number(hosts),
      times: Number(times),
    }));
}

function kindOf(value: unknown): SweepAssertion['kind'] {
  return value === 'always' || value === 'sometimes' ? value : 'unreachable';
}

/** In a space what a run may show is drawn: fewer runs that never do it prove nothing. Of twenty, each with a chance of a third, one in 3,000 such sweeps has none. */
const DRAWN_RUNS_MIN = 20;

function isByChance({ askedRuns, problem }: SweepAssertion): boolean {
  return problem === 'neverSeen' && askedRuns < DRAWN_RUNS_MIN;
}

/** Fed seed by seed: the lists of all runs never are in memory at once. */
function assertionSums(database: DatabaseSync, isDrawn: boolean): readonly SweepAssertion[] {
  const sweep = new Sweep();
  const rows = database
    .prepare(
      `SELECT seed, scenario, name, kind, asked, checked, held
       FROM runs JOIN assertion_counts USING (seed) JOIN assertion_names USING (id) ORDER BY seed, id`,
    )
    .iterate();
  let run: { readonly scenario: string; readonly seed: string } | undefined;
  let assertions: Parameters<Sweep['add']>[0]['assertions'][number][] = [];
  for (const { seed, scenario, name, kind, asked, checked, held } of rows) {
    if (run !== undefined && run.seed !== String(seed)) {
      sweep.add({ ...run, assertions });
      assertions = [];
    }
    run = { scenario: String(scenario), seed: String(seed) };
    assertions.push({
      name: String(name),
      kind: kindOf(kind),
      isAsked: Number(asked) === 1,
      checked: Number(checked),
      held: Number(held),
    });
  }
  if (run !== undefined) sweep.add({ ...run, assertions });
  const sums = sweep.assertions();
  return isDrawn ? sums.map((sum) => (isByChance(sum) ? { ...sum, problem: undefined } : sum)) : sums;
}

function totalsOf(database: DatabaseSync): Totals {
  const row = database
    .prepare(
      `SELECT count(*) AS seeds, coalesce(sum(exit_code = ${EXIT.passed}), 0) AS passed,
       coalesce(sum(events), 0) AS events, coalesce(sum(simulated_us), 0) AS simulated,
       coalesce(sum(blocks), 0) AS blocks, coalesce(sum(wall_ms), 0) AS wall,
       coalesce(sum(mode = 'isolated'), 0) AS isolated, coalesce(sum(mode = 'twice'), 0) AS twice FROM runs`,
    )
    .get();
  const number = (name: string): number => Number(row?.[name] ?? 0);
  return {
    seeds: number('seeds'),
    passed: number('passed'),
    events: number('events'),
    simulatedUs: number('simulated'),
    blocks: number('blocks'),
    wallMs: number('wall'),
    isolated: number('isolated'),
    twice: number('twice'),
  };
}

function curve(database: DatabaseSync): Curve {
  const firsts = database
    .prepare('SELECT first_seed FROM behaviours ORDER BY first_seed')
    .all()
    .map(({ first_seed }) => Number(first_seed));
  const ends = database.prepare('SELECT min(seed) AS low, max(seed) AS high FROM runs').get();
  return curveOf(firsts, Number(ends?.['low'] ?? 0), Number(ends?.['high'] ?? 0));
}

/** Reads everything that was written. @param isDrawn whether each seed had a scenario of its own. */
export function summarise(database: DatabaseSync, isDrawn: boolean): SweepSummary {
  const faults = faultSums(database);
  const codes = database.prepare('SELECT DISTINCT exit_code FROM runs').all();
  return {
    totals: totalsOf(database),
    groups: failureGroups(database),
    faults,
    byzantine: byzantineSums(database),
    assertions: assertionSums(database, isDrawn),
    curve: curve(database),
    neverInjected: faults
      .filter(({ planned, injected }) => planned > 0 && injected === 0)
      .map(({ kind }) => kind),
    runsExitCode: worstExitCode(codes.map(({ exit_code }) => Number(exit_code))),
  };
}
