/** `aureon explore`: tries many orders of the messages of a small cluster, and prints the first that breaks it. */
import type { Command } from 'commander';
import { resolveScenario } from '../cluster/resolve.ts';
import { EXIT, exitCodeOf, type RunResult, worstExitCode } from '../cluster/result.ts';
import {
  ExploreError,
  exploreAll,
  exploreRuns,
  probe,
  replaySchedule,
  type Strategy,
} from '../lab/explore.ts';
import type { ExploreJob } from '../lab/explore-job.ts';
import { type ExploreFlags, parseExploreFlags } from './explore-flags.ts';
import {
  exploreReplayLine,
  renderExploreFailure,
  renderProbe,
  renderSearch,
  renderStrategy,
  strategyName,
} from './explore-text.ts';
import { grouped, plural } from './format.ts';
import type { Output } from './output.ts';
import { renderVerdict } from './render.ts';
import { commandWords } from './replay-line.ts';
import { readScenarios } from './scenario-files.ts';
import { onSignals } from './signals.ts';
import { UsageError } from './usage.ts';
import { packageVersion } from './version.ts';

const HELP = `
Examples:
  aureon explore scenarios/explore/pos-four.yaml                       PCT of depth 3, 1000 runs
  aureon explore my.yaml --strategy exhaustive --from 900ms --until 1500ms
  aureon explore my.yaml --timers choice --hold 5s --runs 20000        time-outs are steps like others
  aureon explore my.yaml --bug 07 --timers choice                      a planted bug of the gallery
  aureon explore my.yaml --strategy compare                            PCT, a random walk and plain seeds

A failure prints the order in which messages came, and the line that replays exactly that order.
Exit codes are those of aureon run.`;

/** The command `explore`. */
export function addExploreCommand(program: Command, output: Output, onExit: (code: number) => void): void {
  program
    .command('explore')
    .description('Try many orders of the messages of a small cluster.')
    .argument('<scenario>', 'a scenario file (YAML) of a few nodes')
    .option('--strategy <name>', 'pct, random, exhaustive, seeds (plain runs), or compare; default pct')
    .option('--depth <d>', 'PCT: ordering constraints of the bugs looked for, 1 to 8; default 3')
    .option('--runs <n>', 'runs of each strategy, until one fails; default 1000')
    .option('--seed <text>', "the seed of the cluster and of the choices; default: the file's own, else 1")
    .option('--jobs <n>', 'worker threads, 1 to 256; default: one a core')
    .option(
      '--set <path=value>',
      'replace one value of the file; may be repeated',
      (value: string, all?: readonly string[]) => [...(all ?? []), value],
    )
    .option('--from <time>', 'messages that leave from then on are chosen; default: half a block interval')
    .option('--to <time>', 'messages that leave later are not; default: --until')
    .option(
      '--until <time>',
      'none is held back any more; default: the quiet end, exhaustive: a block interval after --from',
    )
    .option('--hold <time>', 'no message is kept longer than that; default 10s')
    .option(
      '--timers <when>',
      'last: when no message can come before; choice: a step like others; default last',
    )
    .option('--steps <n>', 'after so many steps the rest comes by itself; default 10000')
    .option('--all', 'exhaustive: go on after a failure')
    .option('--bug <nn>', 'honest hosts run that bug of the gallery in bugs/, by number or name')
    .option('--json', 'one JSON object a strategy on standard output')
    .option('--replay <schedule>', 'run that schedule, as a failure printed it')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .showHelpAfterError('(aureon explore --help lists the flags)')
    .action(async (file: string, flags: Readonly<Record<string, unknown>>) => {
      onExit(await exploreCommand(parseExploreFlags(file, flags), output));
    });
}

/** What is explored, with everything that the scenario decides where no flag does. */
function createExplore(flags: ExploreFlags): ExploreJob {
  const sources = readScenarios([flags.file], flags.overrides);
  const [source] = sources;
  if (source === undefined || sources.length > 1)
    throw new UsageError(`${flags.file}: one scenario file was expected, not a folder`);
  const seed = flags.seed ?? source.scenario.seed ?? '1';
  const plan = resolveScenario(source.scenario, seed);
  if (plan.network.model !== 'stream')
    throw new UsageError(
      `${flags.file}: orders are explored where connections are streams, network.model: stream`,
    );
  const { strategy } = flags;
  const intervalUs = plan.chain.blockIntervalUs;
  // Connections stand by then, and no block has come.
  const fromUs = flags.fromUs ?? Math.floor(intervalUs / 2);
  const oneHeight = strategy === 'exhaustive' ? fromUs + intervalUs : plan.quietFromUs;
  const untilUs = flags.untilUs ?? Math.min(oneHeight, plan.quietFromUs);
  const toUs = flags.toUs ?? untilUs;
  if (untilUs > plan.quietFromUs || untilUs <= fromUs)
    throw new UsageError(
      `--from, --until: a time in which something may go wrong was expected, at most 0s to ${plan.quietFromUs / 1_000_000}s of ${flags.file}`,
    );
  if (toUs < fromUs || toUs > untilUs)
    throw new UsageError('--to: a time from --from to --until was expected');
  const { holdUs, timers, stepsMax, overrides, bug } = flags;
  const { file, source: text } = source;
  return {
    job: {
      file,
      source: text,
      overrides,
      seed,
      isolate: false,
      permuteTies: 0,
      ...(bug === undefined ? {} : { bug }),
    },
    strategy: strategy === 'compare' ? 'pct' : strategy,
    bounds: { fromUs, toUs, untilUs, holdUs, timers, stepsMax: flags.steps ?? stepsMax },
    depth: flags.depth,
    steps: 1,
  };
}

/** What `compare` runs: PCT of every depth, and what it is compared with. */
function strategiesOf({ strategy, depth }: ExploreFlags, explore: ExploreJob): readonly ExploreJob[] {
  if (strategy !== 'compare') return [explore];
  const pcts = Array.from({ length: depth }, (_, i) => ({ ...explore, depth: i + 1 }));
  return [...pcts, { ...explore, strategy: 'random' }, { ...explore, strategy: 'seeds' }];
}

/** Explores; answers the exit code of the gravest failure. @throws {UsageError} before anything runs. */
async function exploreCommand(flags: ExploreFlags, output: Output): Promise<number> {
  const explore = createExplore(flags);
  const { signal, off } = onSignals(output);
  try {
    if (flags.replay !== undefined) return await replay(explore, flags.replay, output, signal);
    return await exploreAllOf(explore, flags, output, signal);
  } catch (error) {
    if (!(error instanceof ExploreError)) throw error;
    output.complain(`aureon explore: ${error.message}`);
    return error.message.startsWith('RangeError: a schedule') ? EXIT.usage : EXIT.crashed;
  } finally {
    off();
    output.clearProgress();
  }
}

async function exploreAllOf(
  first: ExploreJob,
  flags: ExploreFlags,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const { palette } = output;
  const probed = await probe(first, signal);
  if (probed === undefined) return EXIT.interrupted;
  const explore = { ...first, steps: Math.max(1, probed.steps) };
  if (!flags.json) {
    const runs = explore.strategy === 'exhaustive' ? '' : `, ${plural(flags.runs, 'run')}`;
    const what = flags.strategy === 'compare' ? 'strategies compared' : strategyName(explore);
    output.print(palette.bold(`Aureon ${packageVersion()}: ${flags.file}, ${what}${runs}`));
    output.print(`  ${renderProbe(probed, explore)}`);
  }
  const codes: number[] = [];
  for (const one of strategiesOf(flags, explore)) {
    const ran = await run(one, flags, output, signal);
    if (ran === undefined) return EXIT.interrupted;
    print(one, ran, flags, output);
    codes.push(...ran.ran.failures.map(({ result }) => exitCodeOf(result.verdict)));
  }
  return worstExitCode(codes);
}

function run(
  explore: ExploreJob,
  flags: ExploreFlags,
  output: Output,
  signal: AbortSignal,
): Promise<Strategy | undefined> {
  const onProgress: Parameters<typeof exploreAll>[2]['onProgress'] = (at) => {
    const how = 'counts' in at ? renderSearch(at) : `${grouped(at.runs)} of ${plural(flags.runs, 'run')}`;
    output.progress(`${strategyName(explore)}: ${how}`);
  };
  const options = { jobs: flags.jobs, signal, onProgress };
  return explore.strategy === 'exhaustive'
    ? exploreAll(explore, flags.all, options)
    : exploreRuns(explore, flags.runs, options);
}

function print(explore: ExploreJob, strategy: Strategy, flags: ExploreFlags, output: Output): void {
  const [first] = strategy.ran.failures;
  if (flags.json) {
    const { ran, state, wallMs } = strategy;
    output.print(JSON.stringify({ strategy: strategyName(explore), ...ran, state, wallMs }));
    return;
  }
  if (first !== undefined && flags.strategy !== 'compare') {
    const command = first.schedule === undefined ? 'run' : 'explore';
    const line = exploreReplayLine(explore, first, commandWords(import.meta.url, process.cwd(), command));
    output.print(renderExploreFailure(first, line, output.palette));
  }
  output.print(renderStrategy(explore, strategy, output.palette));
}

/** The run of a schedule, as any other run. */
async function replay(
  explore: ExploreJob,
  schedule: string,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const result: RunResult | undefined = await replaySchedule(explore, schedule, signal);
  if (result === undefined) return EXIT.interrupted;
  const code = exitCodeOf(result.verdict);
  const { palette } = output;
  const mark = code === EXIT.passed ? palette.good('✓') : palette.bad('✗');
  output.print(`${mark} ${result.scenario}, seed ${result.seed}, ${plural(result.counts.blocks, 'block')}`);
  for (const line of renderVerdict(result)) output.print(`  ${line}`);
  output.print(`  ${palette.bold('trace')}   ${result.traceHash}`);
  return code;
}
