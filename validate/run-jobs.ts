/** Runs jobs on worker threads, each taking the next one when it is free. */
import { Worker } from 'node:worker_threads';
import type { FinishedJob, ValidateJob, WorkerAnswer } from './jobs.ts';

/** Most of what a run makes lives for one event: a large nursery is cleared seldom. A tenth of the CPU time. */
const YOUNG_MB = 128;

/** A job that did not come to its end. */
class JobError extends Error {
  readonly code = 'JOB_FAILED';
  override readonly name = 'JobError';
}

function ask(worker: Worker, job: ValidateJob): Promise<FinishedJob> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      settle();
      reject(new JobError(`${JSON.stringify(job)}: ${why}`));
    };
    const onMessage = (answer: WorkerAnswer): void => {
      if (answer.kind === 'failed') return fail(answer.error);
      settle();
      resolve(answer.finished);
    };
    const onError = (error: unknown): void => fail(String(error));
    const onExit = (code: number): void => fail(`the worker ended with code ${code}`);
    const settle = (): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(job);
  });
}

/**
 * Runs every job; `onDone` is told of each as it ends, on this thread.
 * @throws {JobError} for the first job that failed; the others are ended.
 */
export async function runJobs(
  jobs: readonly ValidateJob[],
  threads: number,
  onDone: (job: ValidateJob, finished: FinishedJob) => void,
): Promise<void> {
  let next = 0;
  const work = async (worker: Worker): Promise<void> => {
    for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) onDone(job, await ask(worker, job));
  };
  const workers = Array.from(
    { length: Math.min(threads, jobs.length) },
    () =>
      new Worker(new URL('./worker.ts', import.meta.url), {
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      }),
  );
  try {
    await Promise.all(workers.map(work));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
