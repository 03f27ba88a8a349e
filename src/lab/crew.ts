/** Worker threads that stay: for who simulates a few runs at a time, and decides by them which come next. */
import type { Job, JobOutcome } from './job.ts';
import { crashedResult, outcomeOf } from './pool.ts';
import { WorkerHandle, WorkerLostError } from './worker-handle.ts';

/** Stop it when it is no longer needed. */
export class Crew {
  readonly #handles: readonly WorkerHandle[];
  readonly #signal: AbortSignal;
  readonly #onAbort: () => void;

  /** @param threads at least 1. */
  constructor(threads: number, signal: AbortSignal) {
    this.#handles = Array.from({ length: threads }, () => new WorkerHandle());
    this.#signal = signal;
    this.#onAbort = (): void => void this.stop();
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Outcomes in the order of the jobs; undefined when it was interrupted. */
  async run(jobs: readonly Job[]): Promise<readonly JobOutcome[] | undefined> {
    const outcomes: JobOutcome[] = [];
    let next = 0;
    const work = async (handle: WorkerHandle): Promise<void> => {
      for (let i = next++; i < jobs.length && !this.#signal.aborted; i = next++) {
        outcomes[i] = await this.#ask(handle, jobs[i] as Job);
      }
    };
    await Promise.all(this.#handles.map(work));
    return this.#signal.aborted ? undefined : outcomes;
  }

  async stop(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort);
    await Promise.all(this.#handles.map((handle) => handle.stop()));
  }

  async #ask(handle: WorkerHandle, job: Job): Promise<JobOutcome> {
    try {
      return outcomeOf(job, await handle.ask({ kind: 'run', id: 0, job }));
    } catch (error) {
      if (!(error instanceof WorkerLostError)) throw error;
      return { result: crashedResult(job, error.message, ''), wallMs: 0 };
    }
  }
}
