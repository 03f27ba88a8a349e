/** Records runs and writes them as one HTML file that opens from disk: for every command that has a run to show. */
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Recording } from '../cluster/recording.ts';
import type { PageData, ReportedRun } from '../report/page-data.ts';
import type { Job } from './job.ts';
import { reportTemplate } from './report-template.ts';
import { WorkerHandle } from './worker-handle.ts';

/** A run could not be recorded. */
export class RecordError extends Error {
  readonly code = 'RECORD_FAILED';
  override readonly name = 'RecordError';
}

/**
 * Runs a job again in a thread of its own, with a recorder on it.
 * @throws {RecordError} when the run could not be built, or its thread ended, or the signal was aborted.
 */
export async function recordRun(job: Job, signal?: AbortSignal): Promise<Recording> {
  const worker = new WorkerHandle();
  const stop = (): void => void worker.stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    if (signal?.aborted === true) throw new RecordError('interrupted');
    const answer = await worker.ask({ kind: 'record', id: 0, job });
    if (answer.kind === 'recorded') return answer.recording;
    throw new RecordError(answer.kind === 'failed' ? answer.error : `the worker answered ${answer.kind}`);
  } catch (error) {
    if (error instanceof RecordError) throw error;
    throw new RecordError(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.stop();
  }
}

/** What a page is made for. */
export interface ReportOptions {
  /** `Aureon 0.1.0`. */
  readonly madeBy: string;
  /** Called before the page is built, which takes seconds, in a clone and once. */
  readonly onBuild: () => void;
}

/** The whole text of a page with one run, or two beside each other. @throws {ReportTemplateError} */
function reportHtml(runs: readonly ReportedRun[], { madeBy, onBuild }: ReportOptions): string {
  const { before, after } = reportTemplate(onBuild);
  const data: PageData = { format: 1, madeBy, runs };
  return before + gzipSync(JSON.stringify(data)).toString('base64') + after;
}

/** Writes a page. @throws {ReportTemplateError} and what the file system throws. */
export function writeReport(path: string, runs: readonly ReportedRun[], options: ReportOptions): void {
  writeFileSync(path, reportHtml(runs, options));
}
