/** Runs jobs on worker threads, each taking the next one when it is free. */
import { Worker } from 'node:worker_threads';
import type { ValidateJob, ValidateOutcome, WorkerAnswer } from './jobs.ts';

/** A job that did not come to its end. */
class JobError extends Error {
  readonly code = 'JOB_FAILED';
  override readonly name = 'JobError';
}

function ask(worker: Worker, job: ValidateJob): Promise<ValidateOutcome> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      settle();
      reject(new JobError(`${JSON.stringify(job)}: ${why}`));
    };
    const onMessage = (answer: WorkerAnswer): void => {
      if (answer.kind === 'failed') return fail(answer.error);
      settle();
      resolve(answer.outcome);
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
 * Outcomes in the order of the jobs. The longest should come first.
 * @throws {JobError} for the first job that failed; the others are ended.
 */
export async function runJobs(
  jobs: readonly ValidateJob[],
  threads: number,
  onDone: (outcome: ValidateOutcome, finished: number) => void,
): Promise<readonly ValidateOutcome[]> {
  const outcomes = new Map<number, ValidateOutcome>();
  let next = 0;
  const work = async (worker: Worker): Promise<void> => {
    while (next < jobs.length) {
      const index = next++;
      const outcome = await ask(worker, jobs[index] as ValidateJob);
      outcomes.set(index, outcome);
      onDone(outcome, outcomes.size);
    }
  };
  const workers = Array.from(
    { length: Math.max(1, Math.min(threads, jobs.length)) },
    () => new Worker(new URL('./worker.ts', import.meta.url)),
  );
  try {
    await Promise.all(workers.map(work));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return jobs.map((_, index) => outcomes.get(index) as ValidateOutcome);
}
