/** Prints outcomes as they come, in the order of the jobs, and remembers what they add up to. */
import { orderFreeAgree } from '../cluster/order-free.ts';
import { EXIT, exitCodeOf, type RunResult } from '../cluster/result.ts';
import type { Job, JobOutcome } from '../lab/job.ts';
import { Sweep } from '../lab/sweep.ts';
import { type Output, type Palette, PLAIN_PALETTE } from './output.ts';
import { renderFailure, renderLine, renderVerdict, type Totals } from './render.ts';
import { replayLine } from './replay-line.ts';
import type { Report } from './report-folder.ts';
import type { RunFlags } from './run-flags.ts';
import { planOf } from './run-plan.ts';

/** Failures printed in full; of more only the line is shown, and --report keeps them all. */
const FAILURES_SHOWN_MAX = 10;

/** Failures of one call that are kept as capsules: each is simulated once more for it. */
const CAPSULES_MAX = 10;

export interface PrinterContext {
  readonly flags: RunFlags;
  readonly output: Output;
  readonly report: Report | undefined;
  /** Told of every run, by the verdict that it is printed with. */
  readonly onOutcome?: (job: Job, result: RunResult) => void;
  readonly version: string;
  /** The words that start `aureon run` again. */
  readonly start: readonly string[];
  readonly nameWidth: number;
  /** What a scenario shows, by its file; empty where one line a run is enough. */
  readonly shows: ReadonlyMap<string, string>;
}

function flagsOf(job: Job, verify: boolean): readonly string[] {
  return [
    ...job.overrides.map((override) => `--set ${override.path}=${override.value}`),
    ...(job.isolate ? ['--isolate'] : []),
    ...(job.permuteTies > 0 ? [`--permute-ties, order ${job.permuteTies}`] : []),
    ...(verify ? ['--verify'] : []),
  ];
}

function headText(result: RunResult): string {
  const head = result.head;
  const where =
    head === undefined ? 'no common head' : `head ${head.id.slice(0, 12)} at height ${head.height}`;
  return `${renderVerdict(result)[0]}; ${where}; ${result.orderFree}`;
}

export class Printer {
  readonly codes: number[] = [];
  readonly sweep = new Sweep();
  readonly #context: PrinterContext;
  /** The first tie order of each scenario and seed. */
  readonly #firstOrder = new Map<string, RunResult>();
  #passed = 0;
  #simulatedUs = 0;
  #events = 0;
  #failuresShown = 0;
  /** The first jobs that failed, for their capsules. */
  readonly failedJobs: Job[] = [];

  constructor(context: PrinterContext) {
    this.#context = context;
  }

  get failed(): number {
    return this.codes.length - this.#passed;
  }

  totals(jobs: number): Omit<Totals, 'assertionsFailed' | 'isReal'> {
    return {
      passed: this.#passed,
      failed: this.failed,
      notRun: jobs - this.codes.length,
      simulatedUs: this.#simulatedUs,
      events: this.#events,
    };
  }

  outcome(job: Job, raw: JobOutcome): void {
    const outcome = this.#judgeOrder(job, raw);
    const { result } = outcome;
    this.sweep.add(result);
    const failed = exitCodeOf(result.verdict) !== EXIT.passed;
    this.codes.push(exitCodeOf(result.verdict));
    if (!failed) this.#passed++;
    else if (this.failedJobs.length < CAPSULES_MAX && !this.#context.flags.verify) this.failedJobs.push(job);
    this.#simulatedUs += result.simulatedUs;
    this.#events += result.events;
    const { flags, output, report } = this.#context;
    const line = this.#jsonLine(job, outcome);
    const records = this.#recordsText(outcome);
    report?.add(
      line,
      failed ? { result, text: this.#failure(job, result, records, PLAIN_PALETTE) } : undefined,
    );
    this.#context.onOutcome?.(job, result);
    if (flags.json) return output.print(line);
    if (!flags.quiet || failed) this.#line(job, outcome);
    if (failed && this.#failuresShown++ < FAILURES_SHOWN_MAX)
      output.print(`${this.#failure(job, result, records, output.palette)}\n`);
  }

  #line(job: Job, outcome: JobOutcome): void {
    const { flags, output, nameWidth, shows } = this.#context;
    const { palette } = output;
    const showSeed = flags.seeds !== undefined;
    output.print(renderLine(outcome, { palette, nameWidth, showSeed, order: job.permuteTies }));
    const text = shows.get(job.file);
    if (text !== undefined && !flags.quiet && job.permuteTies === 0) output.print(palette.dim(`  ${text}`));
  }

  /** Where the records of two runs that differ are, or how to get them; undefined where there are none. */
  #recordsText({ result, divergence }: JobOutcome): string | undefined {
    if (divergence === undefined) return undefined;
    const { report } = this.#context;
    const kept = report?.keepRecords(result, divergence);
    if (kept !== undefined) return `the last records of both runs, side by side: ${kept}`;
    return report === undefined
      ? 'not kept: --report DIR writes the last 4,096 of both runs there, side by side'
      : 'not kept: the folder of --report has those of ten failures before this one';
  }

  #failure(job: Job, result: RunResult, records: string | undefined, palette: Palette): string {
    const { flags, version } = this.#context;
    return renderFailure(result, {
      file: job.file,
      version,
      flags: flagsOf(job, flags.verify),
      plan: planOf(job),
      records,
      replay: this.replay(job),
      palette,
      isReal: job.isReal === true,
    });
  }

  /** What failed and why, without colours; of a run that passed one line. */
  textOf(job: Job, result: RunResult): string {
    if (exitCodeOf(result.verdict) === EXIT.passed) return renderVerdict(result).join('\n');
    return this.#failure(job, result, undefined, PLAIN_PALETTE);
  }

  replay(job: Job): string {
    return replayLine(job, this.#context.flags.verify, this.#context.start);
  }

  #jsonLine(job: Job, { result, wallMs }: JobOutcome): string {
    const { verdict, ...rest } = result;
    return JSON.stringify({
      ...rest,
      verdict: verdict.kind,
      exitCode: exitCodeOf(verdict),
      detail: verdict,
      file: job.file,
      set: job.overrides.map(({ path, value }) => `${path}=${value}`),
      isolate: job.isolate,
      order: job.permuteTies,
      wallMs: Math.round(wallMs),
      replay: this.replay(job),
    });
  }

  #judgeOrder(job: Job, outcome: JobOutcome): JobOutcome {
    if (this.#context.flags.permuteTies === 0) return outcome;
    const key = `${job.file}\n${job.seed}`;
    const first = this.#firstOrder.get(key);
    if (first === undefined) {
      this.#firstOrder.set(key, outcome.result);
      return outcome;
    }
    if (orderFreeAgree(first.orderFree, outcome.result.orderFree)) return outcome;
    const verdict = {
      kind: 'nondeterminism' as const,
      fact: `the outcome depends on the order of simultaneous events (order ${job.permuteTies})`,
      detail: `  order 0: ${headText(first)}\n  order ${job.permuteTies}: ${headText(outcome.result)}`,
    };
    return { ...outcome, result: { ...outcome.result, verdict, fingerprint: 'nondeterminism: order' } };
  }
}
