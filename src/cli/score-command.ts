/** `aureon score`: how soon planted bugs are noticed in the space of a sweep, and by which oracle; a table, and its exit code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../cluster/result.ts';
import { type Bug, findBug, ROOT, readBugs, type UnitBug } from '../lab/bugs/bug-file.ts';
import { BugError } from '../lab/bugs/mutation.ts';
import { type BugScore, runScore } from '../lab/bugs/score.ts';
import {
  finders,
  isClusterBug,
  percentile,
  type ScoreSummary,
  scoreFailures,
  scoreTable,
} from '../lab/bugs/score-table.ts';
import { runUnitBug, type UnitScore } from '../lab/bugs/unit-bugs.ts';
import { moment, plural } from './format.ts';
import type { Output } from './output.ts';
import { onSignals } from './signals.ts';
import { systemCode, UsageError } from './usage.ts';

const STARTS = 20;
const SEEDS = 2_000;
/** A start of the quick score begins where the bug is found soon; this is how much the code around it may have moved. */
const QUICK_SEEDS = 6;
const DEFAULT_SPACE = 'spaces/default.yaml';

/** What was asked for. */
interface ScoreFlags {
  /** Numbers or names; none: all. */
  readonly bugs: readonly string[];
  readonly starts: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly quick: boolean;
  readonly space: string | undefined;
  readonly out: string | undefined;
}

function whole(
  flags: Readonly<Record<string, unknown>>,
  name: string,
  fallback: number,
  max: number,
): number {
  const value = flags[name];
  if (value === undefined) return fallback;
  const text = typeof value === 'string' ? value : '';
  const number = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > max)
    throw new UsageError(`--${name} ${text}: a whole number from 1 to ${max} was expected`);
  return number;
}

/** @throws {UsageError} when a flag makes no sense. */
function parseScoreFlags(bugs: readonly string[], flags: Readonly<Record<string, unknown>>): ScoreFlags {
  const text = (name: string): string | undefined => {
    const value = flags[name];
    return typeof value === 'string' ? value : undefined;
  };
  const quick = flags['quick'] === true;
  if (quick && (flags['starts'] !== undefined || flags['seeds'] !== undefined))
    throw new UsageError('--quick has one start of its own for each bug: no --starts, no --seeds');
  return {
    bugs,
    starts: quick ? 1 : whole(flags, 'starts', STARTS, 1_000),
    seeds: quick ? QUICK_SEEDS : whole(flags, 'seeds', SEEDS, 100_000),
    jobs: whole(flags, 'jobs', availableParallelism(), 256),
    quick,
    space: text('space'),
    out: text('out'),
  };
}

function readSpace(path: string | undefined): { readonly file: string; readonly source: string } {
  const file = path ?? relative(process.cwd(), join(ROOT, DEFAULT_SPACE));
  try {
    return { file, source: readFileSync(file, 'utf8') };
  } catch (error) {
    throw new UsageError(`${file}: cannot be read (${systemCode(error)})`);
  }
}

function chosenBugs({ bugs }: ScoreFlags): readonly Bug[] {
  const all = readBugs();
  return bugs.length === 0 ? all : bugs.map((wanted) => findBug(all, wanted));
}

function scoreLine({ bug, starts, wallMs }: BugScore): string {
  const by = finders(starts).map(({ name, times }) => `${name} ${times}`);
  const found = starts.filter((start) => start.found !== undefined);
  const seed = found[0]?.found?.seed;
  const tail = seed === undefined ? '' : `, first by seed ${seed}`;
  const median = percentile(starts, 50) ?? 'none';
  return `${bug.name}: ${found.length} of ${starts.length}, median ${median}, ${by.join(', ') || 'nobody'}${tail}, ${(wallMs / 1_000).toFixed(1)} s`;
}

/** The file that docs/score.md is. */
function page(summary: ScoreSummary, space: string): string {
  const { startsWanted, seedsMax, wallMs } = summary;
  const bugs = summary.cluster.length + summary.unit.length + summary.knownMisses.length;
  return `${[
    '# The score: how soon planted bugs are noticed',
    '',
    `Written by \`npm start -- score --out docs/score.md\`: ${plural(bugs, 'bug')} of [the gallery](bugs.md), each with ${plural(startsWanted, 'start')} of at most ${seedsMax} seeds of ${space}, no seed in two starts of a bug; ${(wallMs / 60_000).toFixed(1)} minutes on ${plural(availableParallelism(), 'core')}. A seed counts whether or not its cluster runs the code of the bug.`,
    '',
    ...scoreTable(summary),
  ].join('\n')}\n`;
}

async function scoreUnits(bugs: readonly UnitBug[], output: Output): Promise<readonly UnitScore[]> {
  const scores: UnitScore[] = [];
  for (const bug of bugs) {
    output.progress(`${bug.name}: ${bug.tests.join(' ')}`);
    const score = await runUnitBug(bug);
    output.print(
      `${bug.name}: ${plural(score.failed.length, 'test')} failed, ${(score.wallMs / 1_000).toFixed(1)} s`,
    );
    scores.push(score);
  }
  return scores;
}

async function run(flags: ScoreFlags, output: Output, signal: AbortSignal): Promise<number> {
  const bugs = chosenBugs(flags);
  const { file, source } = readSpace(flags.space);
  const clusterBugs = bugs.filter(isClusterBug);
  const isNamed = flags.bugs.length > 0;
  const knownMisses = clusterBugs.filter(({ missed, quick }) =>
    isNamed ? false : missed !== undefined || (flags.quick && quick === undefined),
  );
  const toRun = clusterBugs.filter((bug) => !knownMisses.includes(bug));
  const cluster: BugScore[] = [];
  const startedMs = performance.now();
  const runOne = async (chosen: typeof toRun, starts: readonly number[]): Promise<void> =>
    runScore(chosen, {
      file,
      source,
      starts,
      seedsMax: flags.seeds,
      jobs: flags.jobs,
      signal,
      onSeed: (bug, seed) => output.progress(`${bug.name}: seed ${seed}`),
      onScore(score) {
        output.print(scoreLine(score));
        cluster.push(score);
      },
    });
  if (flags.quick) for (const bug of toRun) await runOne([bug], [bug.quick ?? 1]);
  else
    await runOne(
      toRun,
      Array.from({ length: flags.starts }, (_, i) => 1 + i * flags.seeds),
    );
  const unit = signal.aborted
    ? []
    : await scoreUnits(
        bugs.flatMap((bug) => (bug.kind === 'unit' ? [bug] : [])),
        output,
      );
  output.clearProgress();
  if (signal.aborted) return EXIT.interrupted;
  const wallMs = performance.now() - startedMs;
  const summary: ScoreSummary = {
    cluster,
    unit,
    knownMisses,
    startsWanted: flags.starts,
    seedsMax: flags.seeds,
    wallMs,
  };
  if (flags.out !== undefined) writeFileSync(flags.out, page(summary, file));
  const failures = scoreFailures(summary);
  for (const failure of failures) output.print(output.palette.bad(failure));
  const noticed = cluster.length + unit.length - failures.length;
  output.print(
    `${plural(cluster.length + unit.length, 'bug')}, ${Math.max(0, noticed)} noticed as expected, ${knownMisses.length} known to be missed, ${moment(Math.round(wallMs) * 1_000)}`,
  );
  return failures.length === 0 ? EXIT.passed : EXIT.safety;
}

/** Answers the exit code: 1 when a bug is missed that is not known to be, or noticed by nobody who should. */
async function scoreCommand(flags: ScoreFlags, output: Output): Promise<number> {
  const { signal, off } = onSignals(output);
  try {
    return await run(flags, output, signal);
  } catch (error) {
    if (error instanceof BugError) throw new UsageError(error.message);
    throw error;
  } finally {
    off();
  }
}

/** Adds the command to the program. */
export function addScoreCommand(program: Command, output: Output, onExit: (code: number) => void): void {
  program
    .command('score')
    .description('Plant the bugs of the gallery one by one, and count the seeds until each is noticed.')
    .argument('[bug...]', 'numbers or names of bugs; default: all')
    .option('--starts <n>', `independent starts of each bug; default ${STARTS}`)
    .option('--seeds <n>', `seeds of one start at most; default ${SEEDS}`)
    .option('--jobs <n>', 'worker threads, 1 to 256; default: one a core')
    .option('--quick', 'one start of each bug, from a seed that is known to find it soon')
    .option('--space <file>', `the space that seeds draw from; default ${DEFAULT_SPACE}`)
    .option('--out <file>', 'also write the table there, as Markdown')
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError('(aureon score --help lists the flags)')
    .action(async (bugs: readonly string[], flags: Readonly<Record<string, unknown>>) => {
      onExit(await scoreCommand(parseScoreFlags(bugs, flags), output));
    });
}
