/** HTML reports of runs: which runs get one, recorded again from their seeds, and written where `--report` says. */
import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, exitCodeOf, type RunResult } from '../cluster/result.ts';
import type { Job } from '../lab/job.ts';
import { writeReport } from '../lab/report-file.ts';
import { ReportTemplateError, reportTemplate } from '../lab/report-template.ts';
import { RecordError, recordRun } from '../lab/watched-run.ts';
import type { ReportedRun } from '../report/page-data.ts';
import type { Output } from './output.ts';
import { faultFacts } from './planned-faults.ts';
import { fileNameOf, makeFolder } from './report-folder.ts';
import { planOf } from './run-plan.ts';
import { systemCode, UsageError } from './usage.ts';

/** Reports of one call: each costs a run, and failures mostly tell of one bug. */
const REPORTS_MAX = 10;

/** What the pages need of the command. */
export interface HtmlContext {
  readonly output: Output;
  readonly madeBy: string;
  /** The run that is shown beside a run; undefined: none. */
  besideOf(job: Job): Job | undefined;
  /** What failed and why, or the one line of a run that passed. */
  textOf(job: Job, result: RunResult): string;
  replayOf(job: Job): string;
}

interface Candidate {
  readonly job: Job;
  readonly result: RunResult;
}

/** One per call of the command. */
export interface HtmlReport {
  /** Notes a run that ended. */
  add(job: Job, result: RunResult): void;
  /** Records and writes; answers what could not be written, undefined when all was. */
  finish(signal: AbortSignal): Promise<string | undefined>;
}

/** True for what names a file and not a folder. */
export function isHtmlPath(path: string): boolean {
  return /\.html?$/i.test(path);
}

/**
 * One file for the first run that fails, else for the last.
 * @throws {UsageError} when it cannot be written, or its page cannot be built.
 */
export function createHtmlFile(path: string, context: HtmlContext): HtmlReport {
  checkWritable(path, '--report');
  prepareTemplate(context);
  let chosen: Candidate | undefined;
  let hasFailed = false;
  return {
    add(job, result) {
      if (hasFailed) return;
      hasFailed = exitCodeOf(result.verdict) !== EXIT.passed;
      chosen = { job, result };
    },
    async finish(signal) {
      const problem = chosen === undefined ? undefined : await writeOne(path, chosen, context, signal);
      // What the check has made, and nothing has filled.
      if (statSync(path, { throwIfNoEntry: false })?.size === 0) rmSync(path);
      return problem;
    },
  };
}

/** A file for each of the first failures, in the folder of their texts. @throws {UsageError} when the page cannot be built. */
export function createHtmlFolder(folder: string, context: HtmlContext): HtmlReport {
  const failed: Candidate[] = [];
  return {
    add(job, result) {
      if (exitCodeOf(result.verdict) !== EXIT.passed && failed.length < REPORTS_MAX)
        failed.push({ job, result });
    },
    async finish(signal) {
      const taken: string[] = [];
      let problem: string | undefined;
      for (const candidate of failed) {
        const path = join(folder, fileNameOf('failure', candidate.result, taken, 'html'));
        problem ??= await writeOne(path, candidate, context, signal);
      }
      return problem;
    },
  };
}

/** @param flag the one that names it. @throws {UsageError} when the file cannot be written. It is there afterwards, empty if it was not. */
export function checkWritable(path: string, flag: string): void {
  try {
    makeFolder(dirname(path));
    closeSync(openSync(path, 'a'));
  } catch (error) {
    throw new UsageError(`${flag} ${path}: the file cannot be written (${systemCode(error)})`);
  }
}

function prepareTemplate(context: HtmlContext): void {
  try {
    reportTemplate(() => tellBuild(context));
  } catch (error) {
    if (error instanceof ReportTemplateError) throw new UsageError(`--report: ${error.message}`);
    throw error;
  }
}

function tellBuild({ output }: HtmlContext): void {
  output.complain('Building the page of the report; this happens once …');
}

async function writeOne(
  path: string,
  { job, result }: Candidate,
  context: HtmlContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { output, madeBy } = context;
  if (signal.aborted) return `${path} was not written: interrupted`;
  try {
    output.progress(`recording ${job.file} seed ${job.seed} for ${path}`);
    const first = await recorded(job, context, signal, result);
    const second = context.besideOf(job);
    const others = second === undefined ? [] : [await recorded(second, context, signal)];
    writeReport(path, [first, ...others], { madeBy, onBuild: () => tellBuild(context) });
    return undefined;
  } catch (error) {
    if (error instanceof RecordError)
      return `${path} was not written: the run cannot be recorded (${error.message})`;
    if (error instanceof ReportTemplateError) return `${path} was not written: ${error.message}`;
    return `${path} cannot be written (${systemCode(error)})`;
  } finally {
    output.clearProgress();
  }
}

/** @param known what the run came to before; of it are verdicts that one run alone does not come to. */
async function recorded(
  job: Job,
  context: HtmlContext,
  signal: AbortSignal,
  known?: RunResult,
): Promise<ReportedRun> {
  const recording = await recordRun(job, signal);
  if (known !== undefined && known.traceHash !== recording.result.traceHash)
    context.output.complain(
      `--report: recorded again, ${job.file} seed ${job.seed} has another trace hash: it is no function of its seed; --verify finds where`,
    );
  const result = known ?? recording.result;
  const faults = planOf(job)?.faults ?? [];
  return {
    recording: { ...recording, result },
    text: context.textOf(job, result),
    replay: context.replayOf(job),
    faultTexts: Object.fromEntries(faults.map((fault) => [fault.id, faultFacts(fault)])),
  };
}
