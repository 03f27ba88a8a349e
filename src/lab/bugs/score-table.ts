/** What a score came to: one row a bug, who is missed and why, and whether that is a failure. Pure. */
import type { Bug, ClusterBug } from './bug-file.ts';
import { type BugScore, isMissed, type StartOutcome } from './score.ts';
import type { UnitScore } from './unit-bugs.ts';

/** Bugs that may be missed, each with its reason in its file. */
export const KNOWN_MISSES_MAX = 2;

/** Everything that was run. */
export interface ScoreSummary {
  readonly cluster: readonly BugScore[];
  readonly unit: readonly UnitScore[];
  /** Not run, since nothing is known to find them. */
  readonly knownMisses: readonly ClusterBug[];
  /** Starts of each bug, as asked for. */
  readonly startsWanted: number;
  readonly seedsMax: number;
  readonly wallMs: number;
}

/**
 * The value that so many per cent of the starts do not pass, misses being beyond all numbers; undefined: that is a miss.
 * @param starts at least one.
 */
export function percentile(starts: readonly StartOutcome[], percent: number): number | undefined {
  const sorted = starts
    .map(({ seeds, found }) => (found === undefined ? Number.POSITIVE_INFINITY : seeds))
    .sort((a, b) => a - b);
  const at = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.POSITIVE_INFINITY;
  return Number.isFinite(at) ? at : undefined;
}

/** How often each oracle and rule was the one, the most frequent first. */
export function finders(
  starts: readonly StartOutcome[],
): readonly { readonly name: string; readonly times: number }[] {
  const times = new Map<string, number>();
  for (const { found } of starts) {
    if (found === undefined) continue;
    const name = found.rule === '' ? found.oracle : `${found.oracle}/${found.rule}`;
    times.set(name, (times.get(name) ?? 0) + 1);
  }
  return [...times]
    .map(([name, count]) => ({ name, times: count }))
    .sort((a, b) => b.times - a.times || (a.name < b.name ? -1 : 1));
}

function wasExpected({ bug, starts }: BugScore): boolean {
  const expected = new Set<string>(bug.oracles);
  return starts.some(({ found }) => found !== undefined && expected.has(found.oracle));
}

/** Why the score fails, a sentence each; none: it does not. */
export function scoreFailures({ cluster, unit, knownMisses, startsWanted }: ScoreSummary): readonly string[] {
  const failures: string[] = [];
  for (const score of cluster) {
    const { bug, starts } = score;
    if (isMissed(starts, startsWanted))
      failures.push(`${bug.name} was missed by more than half of its starts`);
    else if (!wasExpected(score)) {
      const by = finders(starts).map(({ name }) => name);
      failures.push(`${bug.name} was noticed by ${by.join(', ')}, and never by ${bug.oracles.join(' or ')}`);
    }
  }
  for (const { bug, failed } of unit)
    if (failed.length === 0) failures.push(`${bug.name}: all of ${bug.tests.join(', ')} passed with it`);
  if (knownMisses.length > KNOWN_MISSES_MAX)
    failures.push(`${knownMisses.length} bugs are listed as missed, at most ${KNOWN_MISSES_MAX} may be`);
  return failures;
}

function seconds(ms: number): string {
  return ms < 9_950 ? (ms / 1_000).toFixed(1) : String(Math.round(ms / 1_000));
}

function clusterCells(score: BugScore, { seedsMax }: ScoreSummary): readonly string[] {
  const { bug, starts, wallMs } = score;
  const by = finders(starts).map(({ name, times }) => `${name} ${times}`);
  const seeds = (percent: number): string => {
    const value = percentile(starts, percent);
    return value === undefined ? `> ${seedsMax}` : String(value);
  };
  const found = starts.filter((start) => start.found !== undefined).length;
  return [
    bug.name,
    bug.engine,
    by.join(', '),
    `${found} of ${starts.length}`,
    seeds(50),
    seeds(90),
    seconds(wallMs),
  ];
}

/** The lines of the table, as Markdown. */
export function scoreTable(summary: ScoreSummary): readonly string[] {
  const rows = summary.cluster.map((score) => clusterCells(score, summary));
  const lines = [
    '| bug | engine | noticed by, and in how many starts | found | median of seeds | 90th percentile | s of wall |',
    '|---|---|---|---|---|---|---|',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ];
  if (summary.unit.length > 0) {
    lines.push('', '| bug of unit level | tests that fail with it | s of wall |', '|---|---|---|');
    for (const { bug, failed, wallMs } of summary.unit)
      lines.push(`| ${bug.name} | ${failed.length}: ${failed[0] ?? 'none'} | ${seconds(wallMs)} |`);
  }
  for (const { name, missed } of summary.knownMisses) lines.push('', `Missed: ${name}: ${missed ?? ''}`);
  return lines;
}

/** True for what a score runs in clusters. */
export function isClusterBug(bug: Bug): bug is ClusterBug {
  return bug.kind === 'cluster';
}
