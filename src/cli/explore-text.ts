/** An exploration as text: what is explored, what a strategy came to, a failure with its order and the line that replays it. */
import { pctBound } from '../cluster/explore/pct.ts';
import type { RunResult } from '../cluster/result.ts';
import type { Strategy } from '../lab/explore.ts';
import type { ExploreFailure, ExploreJob, ExploreRan, SearchState } from '../lab/explore-job.ts';
import { alignedMoment, grouped, plural } from './format.ts';
import type { Palette } from './output.ts';
import { renderVerdict } from './render.ts';
import { quoteShell } from './replay-line.ts';

/** Steps of an order that are printed: the last ones say what broke. */
const STEPS_SHOWN_MAX = 200;

/** `PCT of depth 3`. */
export function strategyName({ strategy, depth }: Pick<ExploreJob, 'strategy' | 'depth'>): string {
  switch (strategy) {
    case 'pct':
      return `PCT of depth ${depth}`;
    case 'random':
      return 'a random walk';
    case 'exhaustive':
      return 'every order up to commutation';
    case 'seeds':
      return 'plain runs of other seeds';
  }
}

/** How long orders are, and what the theorem of PCT promises for that. */
export function renderProbe({ steps, chains }: ExploreRan, explore: ExploreJob): string {
  const length = `up to ${plural(steps, 'step')} on ${plural(chains, 'chain')}`;
  if (explore.strategy !== 'pct') return length;
  const one = Math.round(1 / pctBound(chains, explore.steps, explore.depth));
  return `${length}; a bug of depth ${explore.depth} is found by one run in ${grouped(one)} at least`;
}

/** `215 states, 392 schedules, 0 pruned`. */
export function renderSearch({ counts, visited, finals }: SearchState): string {
  const { schedules, pruned, deepest, cut } = counts;
  const parts = [
    plural(schedules, 'schedule'),
    `${grouped(pruned)} pruned`,
    `${plural(visited, 'state')} visited`,
    `${plural(finals, 'final state')}`,
    `${plural(deepest, 'step')} at most`,
    ...(cut > 0 ? [`${grouped(cut)} cut at the limit of steps: not exhaustive`] : []),
  ];
  return parts.join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)}s`;
}

/** One line: how many runs a strategy made, and how many it needed. */
export function renderStrategy(
  explore: ExploreJob,
  { ran, wallMs, state }: Strategy,
  palette: Palette,
): string {
  const [first] = ran.failures;
  const name = strategyName(explore).padEnd(30);
  const what =
    state === undefined
      ? first === undefined
        ? `no failure in ${plural(ran.runs, 'run')}`
        : `failed in run ${grouped(first.run + 1)}`
      : `${first === undefined ? 'no failure' : plural(ran.failures.length, 'failure')}: ${renderSearch(state)}`;
  const mark = first === undefined ? palette.good('✓') : palette.bad('✗');
  return `${mark} ${name} ${what}  ${palette.dim(seconds(wallMs))}`;
}

/** Verdict, order, trace, and how to see it again. */
export function renderExploreFailure(failure: ExploreFailure, replay: string, palette: Palette): string {
  const { result, steps, run } = failure;
  const hidden = steps.length - STEPS_SHOWN_MAX;
  const shown = steps.slice(-STEPS_SHOWN_MAX);
  const order = shown.map(({ atUs, text }) => `    ${alignedMomentUs(atUs)}  ${text}`);
  return [
    palette.bad(palette.bold(`FAILED ${result.scenario}, seed ${result.seed}, run ${grouped(run + 1)}`)),
    ...renderVerdict(result).map((line) => `  ${line}`),
    ...(order.length === 0 ? [] : [`  ${palette.bold('the order')}`]),
    ...(hidden > 0 ? [`    ${plural(hidden, 'step')} before`] : []),
    ...order,
    ...eventLines(result, palette),
    `  ${palette.bold('trace')}   ${result.traceHash}`,
    `  ${palette.bold('replay')}  ${replay}`,
  ].join('\n');
}

function eventLines({ lastEvents }: RunResult, palette: Palette): readonly string[] {
  if (lastEvents.length === 0) return [];
  const lines = lastEvents.map(
    ({ atUs, host, text }) => `    ${alignedMoment(atUs, 12)}  ${host.padEnd(5)} ${text}`,
  );
  return [`  ${palette.bold('unusual and last events')}`, ...lines];
}

/** To the microsecond: orders differ by them. */
function alignedMomentUs(us: number): string {
  return `${(us / 1_000_000).toFixed(6)}s`.padStart(14);
}

/** The line that repeats a failure: with its schedule, or of a plain run its seed. @param start the words that start the command. */
export function exploreReplayLine(
  { job }: ExploreJob,
  { result, schedule }: ExploreFailure,
  start: readonly string[],
): string {
  const words = [...start, job.file.startsWith('-') ? `./${job.file}` : job.file];
  words.push(`--seed=${result.seed}`);
  for (const { path, value } of job.overrides) words.push('--set', `${path}=${value}`);
  if (job.bug !== undefined) words.push('--bug', job.bug);
  if (schedule !== undefined) words.push('--replay', schedule);
  return words.map(quoteShell).join(' ');
}
