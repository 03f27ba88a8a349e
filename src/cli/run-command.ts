/** `aureon run`: simulates scenarios on worker threads, prints a verdict for each, and answers the gravest exit code. */
import { EXIT, type RunResult, worstExitCode } from '../cluster/result.ts';
import { ScenarioError } from '../cluster/scenario/problem.ts';
import { captureCapsule } from '../lab/capture.ts';
import type { Job } from '../lab/job.ts';
import { type PoolProgress, runPool } from '../lab/pool.ts';
import { ShimError } from '../lab/real/disk-shim.ts';
import { runReal } from '../lab/real/run-real.ts';
import { verifyJob } from '../lab/verify.ts';
import { moment, plural } from './format.ts';
import { createHtmlFile, createHtmlFolder, type HtmlReport, isHtmlPath } from './html-report.ts';
import { createMetricsFile, type MetricsFile } from './metrics-file.ts';
import { type Output, type Palette, PLAIN_PALETTE } from './output.ts';
import { Printer } from './printer.ts';
import { renderSummary } from './render.ts';
import { startWords } from './replay-line.ts';
import { createReport, type Report } from './report-folder.ts';
import type { RunFlags } from './run-flags.ts';
import { readScenarios, type ScenarioSource } from './scenario-files.ts';
import { renderList } from './scenario-list.ts';
import { onSignals } from './signals.ts';
import { renderSweep } from './sweep-table.ts';
import { UsageError } from './usage.ts';
import { packageVersion } from './version.ts';

/** Runs of one call, over all files, seeds and orders: their list is held in memory. */
const RUNS_MAX = 1_000_000;
const US_PER_S = 1_000_000;

/** One job for each scenario, seed and order of simultaneous events. */
function jobsOf(sources: readonly ScenarioSource[], flags: RunFlags): readonly Job[] {
  const runs = sources.length * (flags.seeds?.length ?? 1) * (flags.permuteTies + 1);
  if (runs > RUNS_MAX) throw new UsageError(`${runs} runs; one call simulates at most ${RUNS_MAX}`);
  return sources.flatMap((source) =>
    (flags.seeds ?? [source.scenario.seed ?? '1']).flatMap((seed) =>
      Array.from({ length: flags.permuteTies + 1 }, (_, order) => ({
        file: source.file,
        source: source.source,
        overrides: flags.overrides,
        seed,
        isolate: flags.isolate,
        permuteTies: order,
        ...(flags.real ? { isReal: true } : {}),
        ...(flags.bug === undefined ? {} : { bug: flags.bug }),
      })),
    ),
  );
}

function wholeSeconds(us: number): string {
  return moment(Math.round(us / US_PER_S) * US_PER_S);
}

function progressText({ finished, total, running }: PoolProgress, failed: number): string {
  const now = running.map(
    ({ file, seed, simulatedUs }) =>
      `${file.slice(file.lastIndexOf('/') + 1)} seed ${seed} at ${wholeSeconds(simulatedUs)}`,
  );
  const failures = failed > 0 ? `, ${failed} failed` : '';
  return `${finished}/${total} done${failures} · ${now.join(' · ')}`;
}

async function simulate(
  jobs: readonly Job[],
  flags: RunFlags,
  printer: Printer,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  if (flags.real) return runAllForReal(jobs, flags, printer, output, signal);
  if (flags.verify) {
    for (const [i, job] of jobs.entries()) {
      output.progress(`verifying ${i + 1}/${jobs.length}: ${job.file} seed ${job.seed}`);
      const outcome = await verifyJob(job, signal);
      if (outcome === undefined) return;
      printer.outcome(job, outcome);
      if (flags.failFast && printer.failed > 0) return;
    }
    return;
  }
  const stop = new AbortController();
  await runPool(jobs, {
    jobs: flags.jobs,
    signal: AbortSignal.any([signal, stop.signal]),
    onOutcome(job, outcome) {
      // Runs of other threads may have ended before they were stopped: which ones is a matter of luck.
      if (stop.signal.aborted) return;
      printer.outcome(job, outcome);
      if (flags.failFast && printer.failed > 0) stop.abort();
    },
    onProgress: (progress) => output.progress(progressText(progress, printer.failed)),
  });
}

/** One after the other: each has the machine to itself. */
async function runAllForReal(
  jobs: readonly Job[],
  flags: RunFlags,
  printer: Printer,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  for (const job of jobs) {
    const real = await runRealJob(job, {
      signal,
      keep: flags.keep,
      onProgress: (nowUs) => output.progress(`${job.file} seed ${job.seed} at ${wholeSeconds(nowUs)}`),
    });
    if (real === undefined) return;
    printer.outcome(job, real.outcome);
    if (!flags.json && !flags.quiet)
      for (const line of real.notJudged) output.print(output.palette.dim(`  not judged: ${line}`));
    if (real.folder !== undefined) tellKept(real.folder, flags.json, output);
    if (flags.failFast && printer.failed > 0) return;
  }
}

/** @throws {UsageError} where this machine cannot do what the scenario asks for. */
async function runRealJob(...args: Parameters<typeof runReal>): ReturnType<typeof runReal> {
  try {
    return await runReal(...args);
  } catch (error) {
    if (error instanceof ShimError) throw new UsageError(error.message);
    throw error;
  }
}

function tellKept(folder: string, isJson: boolean, output: Output): void {
  if (isJson) output.complain(`kept: ${folder}`);
  else output.print(`  kept: ${folder}`);
}

function header(sources: readonly ScenarioSource[], jobs: readonly Job[], flags: RunFlags): string {
  const runs = jobs.length === sources.length ? '' : `, ${plural(jobs.length, 'run')}`;
  const how = flags.real
    ? 'on real nodes'
    : flags.verify
      ? 'each twice in lockstep'
      : `on ${plural(Math.min(flags.jobs, jobs.length), 'thread')}`;
  return `Aureon ${packageVersion()}: ${plural(sources.length, 'scenario')}${runs}, ${how}`;
}

/** A capsule of each failure, up to the first ten: what `aureon replay` and `aureon shrink` take. */
async function keepCapsules(
  jobs: readonly Job[],
  report: Report,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  for (const job of jobs) {
    if (signal.aborted) return;
    output.progress(`keeping the capsule of ${job.file} seed ${job.seed}`);
    try {
      const capsule = await captureCapsule(job, packageVersion(), signal);
      if (capsule !== undefined) report.keepCapsule(capsule);
    } catch (error) {
      // A scenario that cannot even be planned has failed by that, and leaves nothing to keep.
      if (!(error instanceof ScenarioError)) throw error;
    }
  }
}

function htmlReport(flags: RunFlags, printer: Printer, output: Output): HtmlReport | undefined {
  const { reportDir, beside } = flags;
  if (reportDir === undefined) return undefined;
  const context = {
    output,
    madeBy: `Aureon ${packageVersion()}`,
    besideOf: (job: Job) => (beside === undefined ? undefined : { ...job, seed: beside }),
    textOf: (job: Job, result: RunResult) => printer.textOf(job, result),
    replayOf: (job: Job) => printer.replay(job),
  };
  return isHtmlPath(reportDir) ? createHtmlFile(reportDir, context) : createHtmlFolder(reportDir, context);
}

/** Everything is read and checked before anything runs or is written. Answers the exit code. */
export async function runCommand(flags: RunFlags, output: Output): Promise<number> {
  const sources = readScenarios(flags.files, flags.overrides, flags.real ? 'real' : 'simulated');
  const jobs = jobsOf(sources, flags);
  if (flags.list) {
    for (const line of renderList(sources, flags.json, output.palette)) output.print(line);
    return EXIT.passed;
  }
  const { reportDir } = flags;
  const isFile = reportDir !== undefined && isHtmlPath(reportDir);
  const report = reportDir === undefined || isFile ? undefined : createReport(reportDir);
  const severalSeeds = flags.seeds !== undefined && flags.seeds.length > 1;
  const printer: Printer = new Printer({
    flags,
    output,
    report,
    onOutcome(job, result) {
      html?.add(job, result);
      metrics?.add(job, result);
    },
    version: packageVersion(),
    start: startWords(import.meta.url, process.cwd()),
    nameWidth: Math.max(...sources.map(({ scenario }) => scenario.name.length)),
    shows: new Map(severalSeeds ? [] : sources.map(({ file, scenario }) => [file, scenario.shows])),
  });
  const html = htmlReport(flags, printer, output);
  const { metricsFile } = flags;
  const metrics = metricsFile === undefined ? undefined : createMetricsFile(metricsFile, jobs.length, output);
  if (!flags.json && !flags.quiet) output.print(output.palette.bold(header(sources, jobs, flags)));
  const { signal, off } = onSignals(output);
  try {
    return await carryOut({ jobs, flags, printer, output, signal, report, html, metrics, severalSeeds });
  } finally {
    off();
    output.clearProgress();
  }
}

interface Undertaking {
  readonly jobs: readonly Job[];
  readonly flags: RunFlags;
  readonly printer: Printer;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly report: Report | undefined;
  readonly html: HtmlReport | undefined;
  readonly metrics: MetricsFile | undefined;
  readonly severalSeeds: boolean;
}

/** Simulates, prints what it came to, and writes the reports. Answers the exit code. */
async function carryOut(undertaking: Undertaking): Promise<number> {
  const { jobs, flags, printer, output, signal, report, html, metrics, severalSeeds } = undertaking;
  const startedMs = performance.now();
  await simulate(jobs, flags, printer, output, signal);
  if (report !== undefined) await keepCapsules(printer.failedJobs, report, output, signal);
  output.clearProgress();
  const wallMs = performance.now() - startedMs;
  // A sweep that was cut short has not had the time to try everything.
  const isWhole = printer.codes.length === jobs.length;
  const sweep = severalSeeds && isWhole ? printer.sweep : undefined;
  const assertions = sweep?.assertions() ?? [];
  const problems = assertions.filter(({ problem }) => problem !== undefined).length;
  const code = worstExitCode([...printer.codes, ...(problems > 0 ? [EXIT.safety] : [])]);
  const totals = { ...printer.totals(jobs.length), assertionsFailed: problems, isReal: flags.real };
  const last = (palette: Palette, isQuiet: boolean): string =>
    [
      ...renderSweep(assertions, sweep?.runs ?? 0, palette, isQuiet),
      renderSummary(totals, wallMs, signal.aborted, palette),
    ].join('\n');
  if (!flags.json) output.print(last(output.palette, flags.quiet));
  else if (signal.aborted) output.complain(last(PLAIN_PALETTE, true));
  else if (sweep !== undefined)
    output.print(JSON.stringify({ sweep: { runs: sweep.runs, exitCode: code, assertions } }));
  const unshown = await html?.finish(signal);
  const unwritten = report?.finish(last(PLAIN_PALETTE, false)) ?? unshown;
  if (unwritten !== undefined) output.complain(`--report: ${unwritten}`);
  const unmetered = await metrics?.finish(signal);
  if (unmetered !== undefined) output.complain(`--metrics: ${unmetered}`);
  if (signal.aborted) return EXIT.interrupted;
  const isWritten = unwritten === undefined && unmetered === undefined;
  return code === EXIT.passed && !isWritten ? EXIT.usage : code;
}
