/** Runs many jobs on a few worker threads and hands the outcomes back, in the order of the jobs unless told otherwise. */
import type { RunResult } from '../cluster/result.ts';
import type { FromWorker, Job, JobOutcome } from './job.ts';
import { WorkerHandle, WorkerLostError } from './worker-handle.ts';

export interface PoolProgress {
  readonly finished: number;
  /** Infinity when nobody said how many there are. */
  readonly total: number;
  /** Per running worker: what it simulates and how far it is. */
  readonly running: readonly { readonly file: string; readonly seed: string; readonly simulatedUs: number }[];
}

export interface PoolOptions {
  /** Worker threads, at least 1. */
  readonly jobs: number;
  /** How many jobs there are, where they are no array. */
  readonly total?: number;
  /** `asGiven`, the default: in the order of the jobs, whatever the order in which they end. `asEnded`: at once. */
  readonly order?: 'asGiven' | 'asEnded';
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

/** What a worker answered, as an outcome. */
export function outcomeOf(job: Job, answer: FromWorker): JobOutcome {
  if (answer.kind === 'done') return answer.outcome;
  const failed = answer.kind === 'failed' ? answer : { error: `unexpected answer ${answer.kind}`, stack: '' };
  return { result: crashedResult(job, failed.error, failed.stack), wallMs: 0 };
}

/** What became of a job that has ended and was not reported yet. */
interface Ended {
  readonly job: Job;
  readonly outcome: JobOutcome;
}

/**
 * Simulates every job once; a job is asked for when a worker is free for it. Resolves when all are done, or the signal was
 * aborted and the workers are gone.
 */
export async function runPool(jobs: Iterable<Job>, options: PoolOptions): Promise<void> {
  const source = jobs[Symbol.iterator]();
  const total = options.total ?? (Array.isArray(jobs) ? jobs.length : Number.POSITIVE_INFINITY);
  const outcomes = new Map<number, Ended>();
  const running = new Map<number, { file: string; seed: string; simulatedUs: number }>();
  let next = 0;
  let reported = 0;
  let hasFailed = false;
  const isOver = (): boolean => hasFailed || options.signal.aborted;

  function report(): void {
    for (let ended = outcomes.get(reported); ended !== undefined; ended = outcomes.get(reported)) {
      outcomes.delete(reported);
      options.onOutcome(ended.job, ended.outcome);
      reported++;
    }
    progress();
  }
  function ended(index: number, job: Job, outcome: JobOutcome): void {
    if (options.order !== 'asEnded') {
      outcomes.set(index, { job, outcome });
      return;
    }
    options.onOutcome(job, outcome);
    reported++;
  }
  function progress(): void {
    options.onProgress({
      finished: reported + outcomes.size,
      total,
      running: [...running.values()],
    });
  }

  /** Undefined: it was stopped on purpose. */
  async function simulate(handle: WorkerHandle, id: number, job: Job): Promise<JobOutcome | undefined> {
    try {
      const answer = await handle.ask({ kind: 'run', id, job }, (interim) => {
        if (interim.kind !== 'progress') return;
        running.set(id, { file: job.file, seed: job.seed, simulatedUs: interim.simulatedUs });
        progress();
      });
      return outcomeOf(job, answer);
    } catch (error) {
      if (isOver()) return undefined;
      if (!(error instanceof WorkerLostError)) throw error;
      return { result: crashedResult(job, error.message, ''), wallMs: 0 };
    } finally {
      running.delete(id);
    }
  }

  async function work(handle: WorkerHandle): Promise<void> {
    while (!isOver()) {
      const asked = source.next();
      if (asked.done === true) return;
      const job = asked.value;
      const index = next++;
      running.set(index, { file: job.file, seed: job.seed, simulatedUs: 0 });
      progress();
      const outcome = await simulate(handle, index, job);
      if (outcome === undefined) return;
      ended(index, job, outcome);
      report();
    }
  }

  const handles = Array.from(
    { length: Math.max(1, Math.min(options.jobs, total)) },
    options.createWorker ?? (() => new WorkerHandle()),
  );
  const stopAll = (): void => {
    for (const handle of handles) void handle.stop();
  };
  options.signal.addEventListener('abort', stopAll, { once: true });
  try {
    await Promise.all(handles.map(work));
  } catch (error) {
    // The other workers must start nothing more.
    hasFailed = true;
    throw error;
  } finally {
    options.signal.removeEventListener('abort', stopAll);
    await Promise.all(handles.map((handle) => handle.stop()));
  }
  for (const [, { job, outcome }] of [...outcomes].sort(([a], [b]) => a - b)) options.onOutcome(job, outcome);
}
