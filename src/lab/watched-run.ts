/** Runs that are simulated once more to see more of them: recorded, or with the metrics of their hosts. */
import type { Recording } from '../cluster/recording.ts';
import type { FromWorker, Job, ToWorker } from './job.ts';
import { WorkerHandle } from './worker-handle.ts';

/** A run could not be recorded. */
export class RecordError extends Error {
  readonly code = 'RECORD_FAILED';
  override readonly name = 'RecordError';
}

/** The metrics of a run. */
export interface MeteredText {
  readonly traceHash: string;
  /** OpenMetrics. */
  readonly text: string;
}

/**
 * Runs a job again in a thread of its own, with a recorder on it.
 * @throws {RecordError} when the run could not be built, or its thread ended, or the signal was aborted.
 */
export async function recordRun(job: Job, signal?: AbortSignal): Promise<Recording> {
  const answer = await askAlone({ kind: 'record', id: 0, job }, signal);
  if (answer.kind === 'recorded') return answer.recording;
  throw strange(answer);
}

/**
 * The same, with metrics in place of the recorder.
 * @throws {RecordError} the same.
 */
export async function meterRun(job: Job, signal?: AbortSignal): Promise<MeteredText> {
  const answer = await askAlone({ kind: 'meter', id: 0, job }, signal);
  if (answer.kind === 'metered') return answer;
  throw strange(answer);
}

async function askAlone(message: ToWorker, signal: AbortSignal | undefined): Promise<FromWorker> {
  const worker = new WorkerHandle();
  const stop = (): void => void worker.stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    if (signal?.aborted === true) throw new RecordError('interrupted');
    return await worker.ask(message);
  } catch (error) {
    if (error instanceof RecordError) throw error;
    throw new RecordError(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.stop();
  }
}

function strange(answer: FromWorker): RecordError {
  return new RecordError(answer.kind === 'failed' ? answer.error : `the worker answered ${answer.kind}`);
}
