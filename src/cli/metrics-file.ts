/** `aureon run --metrics FILE`: the metrics that real nodes would have shown in that run, with their simulated times. */
import { rmSync, statSync, writeFileSync } from 'node:fs';
import type { RunResult } from '../cluster/result.ts';
import type { Job } from '../lab/job.ts';
import { meterRun, RecordError } from '../lab/watched-run.ts';
import { checkWritable } from './html-report.ts';
import type { Output } from './output.ts';
import { systemCode, UsageError } from './usage.ts';

/** One per call of the command. */
export interface MetricsFile {
  /** Notes the run that ended. */
  add(job: Job, result: RunResult): void;
  /** Runs it again and writes; answers what could not be written, undefined when all was. */
  finish(signal: AbortSignal): Promise<string | undefined>;
}

/** @throws {UsageError} when it is not one run, or the file cannot be written. */
export function createMetricsFile(path: string, runs: number, output: Output): MetricsFile {
  if (runs !== 1)
    throw new UsageError(`--metrics ${path}: one run has one file of metrics; these are ${runs} runs`);
  checkWritable(path, '--metrics');
  let ran: { readonly job: Job; readonly result: RunResult } | undefined;
  return {
    add(job, result) {
      ran = { job, result };
    },
    async finish(signal) {
      const problem =
        ran === undefined || signal.aborted
          ? `${path} was not written: interrupted`
          : await write(path, ran.job, ran.result, output, signal);
      // What the check has made, and nothing has filled.
      if (statSync(path, { throwIfNoEntry: false })?.size === 0) rmSync(path);
      return problem;
    },
  };
}

async function write(
  path: string,
  job: Job,
  result: RunResult,
  output: Output,
  signal: AbortSignal,
): Promise<string | undefined> {
  output.progress(`metrics of ${job.file} seed ${job.seed} for ${path}`);
  try {
    const { traceHash, text } = await meterRun(job, signal);
    if (traceHash !== result.traceHash)
      return `${path} was not written: run again, the trace hash is another: it is no function of its seed; --verify finds where`;
    writeFileSync(path, text);
    return undefined;
  } catch (error) {
    if (error instanceof RecordError) return `${path} was not written: ${error.message}`;
    return `${path} cannot be written (${systemCode(error)})`;
  } finally {
    output.clearProgress();
  }
}
