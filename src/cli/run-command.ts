/** `aureon run`: simulates scenarios on worker threads, prints a verdict for each, and answers the gravest exit code. */
import { EXIT, exitCodeOf, type RunResult, worstExitCode } from '../cluster/result.ts';
import { formatSecondsUs } from '../cluster/scenario/duration.ts';
import type { Job, JobOutcome } from '../lab/job.ts';
import { runPool } from '../lab/pool.ts';
import { verifyJob } from '../lab/verify.ts';
import type { Output } from './output.ts';
import { grouped, renderFailure, renderLine } from './render.ts';
import { createReport, type Report } from './report-folder.ts';
import type { RunFlags } from './run-flags.ts';
import { readScenarios, type ScenarioSource } from './scenario-files.ts';

/** Failures printed in full; of more only the line is shown, and --report keeps them all. */
const FAILURES_SHOWN_MAX = 10;

/** What has been seen so far. */
class Tally {
  readonly codes: number[] = [];
  passed = 0;
  failed = 0;
  simulatedUs = 0;
  events = 0;

  add(result: RunResult): number {
    const code = exitCodeOf(result.verdict);
    this.codes.push(code);
    if (code === EXIT.passed) this.passed++;
    else this.failed++;
    this.simulatedUs += result.simulatedUs;
    this.events += result.events;
    return code;
  }
}

function jobsOf(sources: readonly ScenarioSource[], flags: RunFlags): readonly Job[] {
  return sources.flatMap((source) =>
    (flags.seeds ?? [source.scenario.seed ?? '1']).flatMap((seed) =>
      Array.from({ length: flags.permuteTies + 1 }, (_, order) => ({
        file: source.file,
        source: source.source,
        overrides: flags.overrides,
        seed,
        isolate: flags.isolate,
        permuteTies: order,
      })),
    ),
  );
}

function jsonLine(result: RunResult, wallMs: number): string {
  const { verdict, ...rest } = result;
  return JSON.stringify({
    ...rest,
    verdict: verdict.kind,
    exitCode: exitCodeOf(verdict),
    detail: verdict,
    wallMs: Math.round(wallMs),
  });
}

/** Prints outcomes as they come, in the order of the jobs. */
class Printer {
  readonly tally = new Tally();
  readonly #flags: RunFlags;
  readonly #output: Output;
  readonly #report: Report | undefined;
  /** Order-free results of the first tie order of each scenario and seed. */
  readonly #firstOrder = new Map<string, RunResult>();
  #failuresShown = 0;

  constructor(flags: RunFlags, output: Output, report: Report | undefined) {
    this.#flags = flags;
    this.#output = output;
    this.#report = report;
  }

  outcome(job: Job, raw: JobOutcome): void {
    const outcome = this.#judgeOrder(job, raw);
    const { result, wallMs } = outcome;
    const code = this.tally.add(result);
    const { palette } = this.#output;
    if (this.#flags.json) this.#output.print(jsonLine(result, wallMs));
    else if (!this.#flags.quiet || code !== EXIT.passed) {
      const order = job.permuteTies > 0 ? palette.dim(` order ${job.permuteTies}`) : '';
      this.#output.print(renderLine(outcome, palette, this.#flags.seeds !== undefined) + order);
    }
    this.#report?.add(
      jsonLine(result, wallMs),
      code === EXIT.passed
        ? undefined
        : {
            result,
            text: renderFailure(job, result, this.#flags.verify, {
              good: same,
              bad: same,
              dim: same,
              bold: same,
            }),
          },
    );
    if (code === EXIT.passed || this.#flags.json) return;
    if (this.#failuresShown++ < FAILURES_SHOWN_MAX) {
      this.#output.print(renderFailure(job, result, this.#flags.verify, palette));
    }
  }

  #judgeOrder(job: Job, outcome: JobOutcome): JobOutcome {
    if (this.#flags.permuteTies === 0) return outcome;
    const key = `${job.file}\n${job.seed}`;
    const first = this.#firstOrder.get(key);
    if (first === undefined) {
      this.#firstOrder.set(key, outcome.result);
      return outcome;
    }
    if (first.orderFree === outcome.result.orderFree) return outcome;
    const verdict = {
      kind: 'nondeterminism' as const,
      fact: `the outcome depends on the order of simultaneous events (order ${job.permuteTies})`,
      detail: `  order 0: ${JSON.stringify(first.head)} ${first.verdict.kind}\n  order ${job.permuteTies}: ${JSON.stringify(outcome.result.head)} ${outcome.result.verdict.kind}`,
    };
    return { ...outcome, result: { ...outcome.result, verdict } };
  }
}

function same(text: string): string {
  return text;
}

async function simulate(
  jobs: readonly Job[],
  flags: RunFlags,
  printer: Printer,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  if (flags.verify) {
    for (const [i, job] of jobs.entries()) {
      if (signal.aborted) return;
      output.progress(`verifying ${i + 1}/${jobs.length}: ${job.file} seed ${job.seed}`);
      printer.outcome(job, await verifyJob(job, signal));
    }
    return;
  }
  await runPool(jobs, {
    jobs: flags.jobs,
    signal,
    onOutcome: (job, outcome) => printer.outcome(job, outcome),
    onProgress: ({ finished, total, running }) => {
      const now = running.map(
        (run) =>
          `${run.file} seed ${run.seed} at ${formatSecondsUs(Math.round(run.simulatedUs / 1_000_000) * 1_000_000)}`,
      );
      output.progress(`${finished}/${total} done · ${now.join(' · ')}`);
    },
  });
}

function summary(tally: Tally, total: number, wallMs: number, interrupted: boolean, output: Output): string {
  const { palette } = output;
  const parts = [
    palette.good(`${grouped(tally.passed)} passed`),
    tally.failed > 0 ? palette.bad(`${grouped(tally.failed)} failed`) : '0 failed',
    ...(interrupted ? [`${grouped(total - tally.passed - tally.failed)} not run (interrupted)`] : []),
  ];
  const ratio = wallMs > 0 ? `, ${grouped(tally.simulatedUs / 1_000 / wallMs)}x real time` : '';
  const time = palette.dim(
    `${formatSecondsUs(Math.round(tally.simulatedUs / 1_000_000) * 1_000_000)} simulated in ${(wallMs / 1_000).toFixed(1)}s${ratio}, ${grouped(tally.events)} events`,
  );
  return `${parts.join(', ')}  ${time}`;
}

/** Everything is read and checked before anything runs or is written. Answers the exit code. */
export async function runCommand(flags: RunFlags, output: Output): Promise<number> {
  const sources = readScenarios(flags.files, flags.overrides);
  const report = flags.reportDir === undefined ? undefined : createReport(flags.reportDir);
  const jobs = jobsOf(sources, flags);
  const printer = new Printer(flags, output, report);
  const abort = new AbortController();
  const onSignal = (): void => {
    if (abort.signal.aborted) process.exit(EXIT.interrupted);
    abort.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const startedMs = performance.now();
  try {
    await simulate(jobs, flags, printer, output, abort.signal);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    output.clearProgress();
  }
  const interrupted = abort.signal.aborted;
  const last = summary(printer.tally, jobs.length, performance.now() - startedMs, interrupted, output);
  if (!flags.json) output.print(last);
  report?.finish(
    summary(printer.tally, jobs.length, performance.now() - startedMs, interrupted, {
      ...output,
      palette: { good: same, bad: same, dim: same, bold: same },
    }),
  );
  return interrupted ? EXIT.interrupted : worstExitCode(printer.tally.codes);
}
