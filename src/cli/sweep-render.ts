/** What a sweep came to, as text for people: failures by kind, coverage of faults and behaviours, assertions, the curve. */
import type { Curve } from '../lab/sweep/curve.ts';
import type { FailureGroup, SweepSummary } from '../lab/sweep/summary.ts';
import { grouped, plural } from './format.ts';
import type { Palette } from './output.ts';
import { renderSweep } from './sweep-table.ts';

/** Groups that are printed; the database has all. */
const GROUPS_SHOWN = 20;
const BARS = '▁▂▃▄▅▆▇█';

/** Columns as wide as their widest cell; the first to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** One group: how often, the failure, and what repeats its simplest member. */
function groupLines(group: FailureGroup, how: readonly string[], palette: Palette): readonly string[] {
  const { fingerprint, seeds, seed, faults, failure } = group;
  return [
    `${palette.bad('✗')} ${palette.bold(fingerprint)}  ${plural(seeds, 'seed')}; simplest: seed ${seed}, ${plural(faults, 'fault')}`,
    `    ${failure}`,
    ...how.map((line) => `    ${line}`),
  ];
}

/** @param howOf the lines that repeat a group's simplest member. */
export function renderGroups(
  groups: readonly FailureGroup[],
  howOf: (group: FailureGroup) => readonly string[],
  palette: Palette,
): readonly string[] {
  if (groups.length === 0) return [];
  const rest = groups.length - GROUPS_SHOWN;
  return [
    palette.bold(`failures, ${plural(groups.length, 'kind')}`),
    ...groups
      .slice(0, GROUPS_SHOWN)
      .flatMap((group) => groupLines(group, howOf(group), palette))
      .map((line) => `  ${line}`),
    ...(rest > 0 ? [`  and ${plural(rest, 'kind')} more: table runs of the database has them`] : []),
  ];
}

function faultTable({ faults, neverInjected }: SweepSummary, palette: Palette): readonly string[] {
  if (faults.length === 0) return [];
  const head = ['kind', 'runs', 'planned', 'injected', 'took hold', 'changed the run'];
  const rows = faults.map(({ kind, runs, planned, injected, effective, sampled, differed }) => [
    kind,
    ...[runs, planned, injected, effective].map(grouped),
    sampled === 0 ? 'not sampled' : `${grouped(differed)} of ${grouped(sampled)}`,
  ]);
  const [title = '', ...lines] = table([head, ...rows]);
  return [
    palette.bold('faults'),
    `  ${palette.dim(title)}`,
    ...lines.map((line, i) =>
      neverInjected.includes(faults[i]?.kind ?? '')
        ? palette.bad(`✗ ${line}  NEVER INJECTED, though it was planned`)
        : `  ${line}`,
    ),
  ];
}

function byzantineTable({ byzantine }: SweepSummary, palette: Palette): readonly string[] {
  if (byzantine.length === 0) return [];
  const rows = byzantine.map(({ behaviour, runs, hosts, times }) => [
    behaviour,
    ...[runs, hosts, times].map(grouped),
  ]);
  const [title = '', ...lines] = table([['behaviour', 'runs', 'hosts', 'deviations'], ...rows]);
  return [palette.bold('Byzantine hosts'), `  ${palette.dim(title)}`, ...lines.map((line) => `  ${line}`)];
}

/** A line of bars and a plain sentence. */
function renderCurve(curve: Curve, palette: Palette): readonly string[] {
  const { points, behaviours, lateSeeds, lateBehaviours, lateRuns } = curve;
  if (behaviours === 0) return [];
  const bars = points.map((point) => BARS[Math.floor((point.behaviours / behaviours) * (BARS.length - 1))]);
  const first = points[0];
  const last = points.at(-1);
  return [
    palette.bold('behaviours seen so far, by seed'),
    `  ${bars.join('')}`,
    `  ${grouped(first?.behaviours ?? 0)} after seed ${first?.seed ?? 0}, ${grouped(behaviours)} after seed ${last?.seed ?? 0}`,
    `  the last ${plural(lateSeeds, 'seed')} showed ${plural(lateBehaviours, 'new behaviour')}${lateBehaviours > 0 ? ` in ${plural(lateRuns, 'run')}` : ''}`,
  ];
}

/** Everything but failures and the last line. `isWhole`: assertions are judged only when every seed was run. */
export function renderCoverage(summary: SweepSummary, isWhole: boolean, palette: Palette): readonly string[] {
  return [
    ...faultTable(summary, palette),
    ...byzantineTable(summary, palette),
    ...(isWhole ? renderSweep(summary.assertions, summary.totals.seeds, palette, false) : []),
    ...renderCurve(summary.curve, palette),
  ];
}
