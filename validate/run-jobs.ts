/** Runs jobs on worker threads, each taking the next one when it is free. */
import { Worker } from 'node:worker_threads';
import type { ValidateJob, ValidateOutcome, WorkerAnswer } from './jobs.ts';

/** A job that did not come to its end. */
export class JobError extends Error {
  readonly code = 'JOB_FAILED';
  override readonly name = 'JobError';
}

function ask(worker: Worker, job: ValidateJob): Promise<ValidateOutcome> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.removeAllListeners();
    };
    worker.once('message', (answer: WorkerAnswer) => {
      settle();
      if (answer.kind === 'done') resolve(answer.outcome);
      else reject(new JobError(`${JSON.stringify(job)}: ${answer.error}`));
    });
    worker.once('error', (error) => {
      settle();
      reject(new JobError(`${JSON.stringify(job)}: ${String(error)}`));
    });
    worker.once('exit', (code) => {
      settle();
      reject(new JobError(`${JSON.stringify(job)}: the worker ended with code ${code}`));
    });
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
  onDone: (finished: number) => void,
): Promise<readonly ValidateOutcome[]> {
  const outcomes = new Map<number, ValidateOutcome>();
  let next = 0;
  const work = async (worker: Worker): Promise<void> => {
    while (next < jobs.length) {
      const index = next++;
      outcomes.set(index, await ask(worker, jobs[index] as ValidateJob));
      onDone(outcomes.size);
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
