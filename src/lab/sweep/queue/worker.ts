/** `aureon worker`: takes seeds of its own code from a queue, runs them on its threads, and sends the rows back. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Queue } from 'bullmq';
import type { JobOutcome } from '../../job.ts';
import { crashedResult, outcomeOf } from '../../pool.ts';
import { WorkerHandle, WorkerLostError } from '../../worker-handle.ts';
import { jobOf } from '../drive.ts';
import { rowOf, type SweepRow } from '../row.ts';
import { createSubject, type Subject } from '../subject.ts';
import { keepNote } from './notes.ts';
import { connectionOf, connectRedis, giveUp, loadQueue } from './redis.ts';
import {
  LOCK_MS,
  type Note,
  parseBatch,
  rowsQueue,
  type SeedBatch,
  STALLED_EVERY_MS,
  seedsQueue,
} from './wire.ts';

export interface Served {
  readonly url: string;
  readonly jobs: number;
  readonly code: string;
  /** Aborted: what was begun is ended and sent, nothing new is taken. */
  readonly signal: AbortSignal;
  readonly onNews: (text: string) => void;
  readonly onRow: (row: SweepRow) => void;
}

/** Runs the seeds of a batch on one thread. */
async function runBatch(
  subject: Subject,
  seeds: readonly number[],
  handle: WorkerHandle,
  isOver: () => boolean,
  onRow: (row: SweepRow) => void,
): Promise<readonly SweepRow[]> {
  const rows: SweepRow[] = [];
  for (const [id, seed] of seeds.entries()) {
    const { families, ...job } = jobOf(subject, seed);
    let outcome: JobOutcome;
    try {
      outcome = outcomeOf(job, await handle.ask({ kind: 'run', id, job }));
    } catch (error) {
      // A thread that was ended on purpose says nothing of its seed.
      if (isOver() || !(error instanceof WorkerLostError)) throw error;
      outcome = { result: crashedResult(job, error.message, ''), wallMs: 0 };
    }
    const row = rowOf({ seed, families, mode: job.probes?.mode ?? 'shared' }, outcome);
    rows.push(row);
    onRow(row);
  }
  return rows;
}

/** Tells once of each sweep that has other code. */
function refuser(code: string, onNews: (text: string) => void): (sweeps: ReadonlyMap<string, Note>) => void {
  const told = new Set<string>();
  return (sweeps) => {
    for (const [id, sweep] of sweeps) {
      if (sweep.code === code || told.has(id)) continue;
      told.add(id);
      onNews(
        `refused: the sweep ${sweep.name} is of other code (${sweep.code}) than this worker (${code}); start a worker of its version`,
      );
    }
  };
}

/** The sweep that a batch belongs to, parsed once for all its batches. */
class Subjects {
  #last: Subject | undefined;

  of({ file, source }: SeedBatch): Subject {
    if (this.#last?.source !== source) this.#last = createSubject(file, source);
    return this.#last;
  }
}

/**
 * Serves until the signal is aborted.
 * @throws {QueueError} when Redis cannot be reached at the start.
 */
export async function serveQueue(served: Served): Promise<void> {
  const { url, jobs, code, signal, onNews } = served;
  const ending = { isOver: false };
  const redis = await connectRedis(url, ending, onNews);
  const { bullmq } = await loadQueue();
  const connection = connectionOf(url, ending);
  const free = Array.from({ length: jobs }, () => new WorkerHandle());
  const answers = new Map<string, Queue>();
  const subjects = new Subjects();
  const threads = [...free];
  const answersTo = (sweep: string): Queue => {
    const known = answers.get(sweep);
    if (known !== undefined) return known;
    const queue = new bullmq.Queue(rowsQueue(sweep), { connection });
    queue.on('error', () => {});
    answers.set(sweep, queue);
    return queue;
  };
  const worker = new bullmq.Worker(
    seedsQueue(code),
    async ({ data }) => {
      const batch = parseBatch(data);
      const handle = free.pop();
      if (handle === undefined) throw new Error('there are as many threads as batches at once');
      try {
        const rows = await runBatch(
          subjects.of(batch),
          batch.seeds,
          handle,
          () => ending.isOver,
          served.onRow,
        );
        await answersTo(batch.sweep).add('rows', { rows }, { removeOnComplete: true, removeOnFail: true });
      } finally {
        free.push(handle);
      }
    },
    {
      connection,
      concurrency: jobs,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_EVERY_MS,
      maxStalledCount: 1,
    },
  );
  // The connection of our own tells what is wrong.
  worker.on('error', () => {});
  const note = { code, name: `${hostname()} ${process.pid}`, jobs };
  const keeper = keepNote(redis, { side: 'worker', id: randomUUID(), note }, refuser(code, onNews));
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const queues = [...answers.values()];
  if (redis.status === 'ready') {
    // Waits for what was begun.
    await worker.close();
    ending.isOver = true;
    await keeper.stop();
    await Promise.all(queues.map((queue) => queue.close()));
  } else {
    // There is nobody to send it to.
    ending.isOver = true;
    await keeper.stop();
    await giveUp([() => worker.close(true), ...queues.map((queue) => () => queue.disconnect())]);
  }
  await Promise.all(threads.map((handle) => handle.stop()));
  redis.disconnect();
}
