/** Runs many jobs on a few worker threads and hands the outcomes back in the order of the jobs. */
import type { RunResult } from '../cluster/result.ts';
import type { FromWorker, Job, JobOutcome } from './job.ts';
import { WorkerHandle, WorkerLostError } from './worker-handle.ts';

export interface PoolProgress {
  readonly finished: number;
  readonly total: number;
  /** Per running worker: what it simulates and how far it is. */
  readonly running: readonly { readonly file: string; readonly seed: string; readonly simulatedUs: number }[];
}

export interface PoolOptions {
  /** Worker threads, at least 1. */
  readonly jobs: number;
  /** In the order of the jobs, whatever the order in which they end. */
  readonly onOutcome: (job: Job, outcome: JobOutcome) => void;
  readonly onProgress: (progress: PoolProgress) => void;
  /** Aborted: no new job starts, running ones are ended, outcomes so far stand. */
  readonly signal: AbortSignal;
  /** Default: threads that run `worker.ts`. */
  readonly createWorker?: () => WorkerHandle;
}

/** A run that could not be simulated to its end counts as crashed: it never counts as passed. */
export function crashedResult(job: Job, error: string, stack: string): RunResult {
  return {
    scenario: job.file,
    seed: job.seed,
    verdict: { kind: 'crashed', host: 'simulator', atUs: 0, error, stack },
    fingerprint: `crash/simulator ${error.replaceAll(/\d+/g, '#')}`,
    traceHash: '',
    orderFree: '',
    simulatedUs: 0,
    events: 0,
    messages: 0,
    counts: {
      blocks: 0,
      reorgs: 0,
      reorgDepth: 0,
      synced: 0,
      transactions: 0,
      rejected: 0,
      corruptionsDetected: 0,
      repairs: 0,
      restarts: 0,
      halted: 0,
      compact: 0,
      snapshots: 0,
      setChanges: 0,
    },
    faults: [],
    byzantine: [],
    idleFaults: [],
    assertions: [],
    head: undefined,
    lastEvents: [],
    notes: [],
  };
}

function outcomeOf(job: Job, answer: FromWorker): JobOutcome {
  if (answer.kind === 'done') return answer.outcome;
  const failed = answer.kind === 'failed' ? answer : { error: `unexpected answer ${answer.kind}`, stack: '' };
  return { result: crashedResult(job, failed.error, failed.stack), wallMs: 0 };
}

/** Simulates every job once. Resolves when all are done, or the signal was aborted and the workers are gone. */
export async function runPool(jobs: readonly Job[], options: PoolOptions): Promise<void> {
  const outcomes = new Map<number, JobOutcome>();
  const running = new Map<number, { file: string; seed: string; simulatedUs: number }>();
  let next = 0;
  let reported = 0;

  function report(): void {
    for (let outcome = outcomes.get(reported); outcome !== undefined; outcome = outcomes.get(reported)) {
      outcomes.delete(reported);
      options.onOutcome(jobs[reported] as Job, outcome);
      reported++;
    }
    progress();
  }
  function progress(): void {
    options.onProgress({
      finished: reported + outcomes.size,
      total: jobs.length,
      running: [...running.values()],
    });
  }

  async function work(handle: WorkerHandle): Promise<void> {
    while (next < jobs.length && !options.signal.aborted) {
      const index = next++;
      const job = jobs[index] as Job;
      running.set(index, { file: job.file, seed: job.seed, simulatedUs: 0 });
      progress();
      try {
        const answer = await handle.ask({ kind: 'run', id: index, job }, (interim) => {
          if (interim.kind !== 'progress') return;
          running.set(index, { file: job.file, seed: job.seed, simulatedUs: interim.simulatedUs });
          progress();
        });
        outcomes.set(index, outcomeOf(job, answer));
      } catch (error) {
        if (!(error instanceof WorkerLostError) || options.signal.aborted) {
          if (options.signal.aborted) return;
          throw error;
        }
        outcomes.set(index, { result: crashedResult(job, error.message, ''), wallMs: 0 });
      } finally {
        running.delete(index);
      }
      report();
    }
  }

  const handles = Array.from(
    { length: Math.max(1, Math.min(options.jobs, jobs.length)) },
    options.createWorker ?? (() => new WorkerHandle()),
  );
  const stopAll = (): void => {
    for (const handle of handles) void handle.stop();
  };
  options.signal.addEventListener('abort', stopAll, { once: true });
  try {
    await Promise.all(handles.map(work));
  } finally {
    options.signal.removeEventListener('abort', stopAll);
    await Promise.all(handles.map((handle) => handle.stop()));
  }
  for (const [index, outcome] of [...outcomes].sort(([a], [b]) => a - b)) {
    options.onOutcome(jobs[index] as Job, outcome);
  }
}
