/** Lets workers on any machines run the seeds of a sweep: hands them out in small batches, writes what comes back, hands out again what was lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { crashedResult } from '../../pool.ts';
import { jobOf, missingSeeds, type SweepWork } from '../drive.ts';
import { rowOf } from '../row.ts';
import { StoreError } from '../store.ts';
import { keepNote, type NoteKeeper } from './notes.ts';
import { connectionOf, connectRedis, type Ending, giveUp, loadQueue } from './redis.ts';
import { BATCH_SEEDS, type Note, parseRows, rowsQueue, type SeedBatch, seedsQueue } from './wire.ts';

/** Batches that are handed out at least: workers that come find something to do. */
const WINDOW_MIN = 16;
/** Batches that are handed out for each thread that is known. */
const WINDOW_PER_THREAD = 3;
/** Between two looks for room and for what was lost. */
const TICK_MS = 200;
/** Ticks between two looks for what was lost. */
const LOST_TICKS = 25;
/** Looks after each other in which a batch is nowhere, before it counts as lost: its rows may be on their way. */
const MISSED_LOOKS = 2;
/** A seed whose worker was lost so often ends workers: it counts as crashed. */
const LOSSES_MAX = 3;

export interface QueuedWork extends SweepWork {
  readonly url: string;
  readonly code: string;
  /** Names the sweep for ever: rows that come after its process died are for the one that resumes it. */
  readonly id: string;
  readonly onNews: (text: string) => void;
}

/** A batch that is with the workers. */
interface Handed {
  readonly seeds: Set<number>;
  missed: number;
}

/** What is known of workers, in words, where there is something to do about it. */
function workersText(code: string, workers: ReadonlyMap<string, Note>): string | undefined {
  const other = [...workers.values()].filter((worker) => worker.code !== code);
  if (other.length < workers.size) return undefined;
  const codes = [...new Set(other.map((worker) => worker.code))].join(', ');
  return other.length === 0
    ? 'no worker is at work: start some with aureon worker --queue and the same address'
    : `no worker of this code (${code}) is at work; ${other.length} of other code (${codes}) refuse this sweep: start workers of this version`;
}

class QueuedSweep {
  readonly #work: QueuedWork;
  readonly #seeds: Queue;
  readonly #rows: Queue;
  readonly #missing: Generator<number>;
  readonly #handed = new Map<string, Handed>();
  readonly #losses = new Map<number, number>();
  #again: number[] = [];
  #threads = 0;
  #isAllHanded = false;
  #hasFailed = false;

  constructor(work: QueuedWork, seeds: Queue, rows: Queue) {
    this.#work = work;
    this.#seeds = seeds;
    this.#rows = rows;
    this.#missing = missingSeeds(work);
  }

  get isOver(): boolean {
    const { signal, failFast } = this.#work;
    return signal.aborted || (failFast && this.#hasFailed) || this.isWhole;
  }

  /** Every seed is written. */
  get isWhole(): boolean {
    return this.#isAllHanded && this.#handed.size === 0 && this.#again.length === 0;
  }

  setThreads(workers: ReadonlyMap<string, Note>): void {
    this.#threads = [...workers.values()]
      .filter(({ code }) => code === this.#work.code)
      .reduce((sum, { jobs }) => sum + jobs, 0);
  }

  /** Writes the rows of a batch. What was written already is dropped. */
  take(data: unknown): void {
    const { store, onRow, seeds } = this.#work;
    for (const row of parseRows(data)) {
      if (row.seed < seeds.from || row.seed > seeds.to || store.has(row.seed)) continue;
      store.add(row);
      store.flush();
      this.#hasFailed ||= row.fingerprint !== undefined;
      onRow(row);
    }
    for (const [id, handed] of this.#handed) {
      for (const seed of handed.seeds) if (store.has(seed)) handed.seeds.delete(seed);
      if (handed.seeds.size === 0) this.#handed.delete(id);
    }
  }

  /** Hands out what there is room for, and now and then looks for what was lost. */
  async tick(looks: boolean): Promise<void> {
    await this.#fill();
    if (looks) await this.#findLost();
  }

  async #fill(): Promise<void> {
    const window = Math.max(WINDOW_MIN, WINDOW_PER_THREAD * this.#threads);
    while (this.#handed.size < window && !this.isOver) {
      const lost = this.#again.pop();
      const seeds = lost === undefined ? this.#nextBatch() : [lost];
      if (seeds.length === 0) return;
      await this.#hand(seeds);
    }
  }

  #nextBatch(): readonly number[] {
    const seeds: number[] = [];
    while (seeds.length < BATCH_SEEDS) {
      const next = this.#missing.next();
      if (next.done === true) {
        this.#isAllHanded = true;
        break;
      }
      seeds.push(next.value);
    }
    return seeds;
  }

  async #hand(seeds: readonly number[]): Promise<void> {
    const { id: sweep, subject } = this.#work;
    const first = seeds[0] ?? 0;
    const id = `${sweep}-${first}-${seeds.length}-${this.#losses.get(first) ?? 0}`;
    const { file, source } = subject;
    const batch: SeedBatch = { sweep, file, source, seeds: [...seeds] };
    this.#handed.set(id, { seeds: new Set(seeds), missed: 0 });
    await this.#seeds.add('seeds', batch, { jobId: id, removeOnComplete: true, removeOnFail: true });
  }

  /** Finds batches that no queue has and whose rows did not come. */
  async #findLost(): Promise<void> {
    if ((await this.#rows.getJobCountByTypes('waiting', 'active', 'delayed')) > 0) return;
    for (const [id, handed] of [...this.#handed]) {
      const state = await this.#seeds.getJobState(id);
      const isThere = state !== 'unknown' && state !== 'failed' && state !== 'completed';
      handed.missed = isThere ? 0 : handed.missed + 1;
      if (handed.missed < MISSED_LOOKS || !this.#handed.has(id)) continue;
      this.#handed.delete(id);
      for (const seed of handed.seeds) this.#onLost(seed);
    }
  }

  /** Alone from now on, so that it is known which seed ends workers. */
  #onLost(seed: number): void {
    const losses = (this.#losses.get(seed) ?? 0) + 1;
    this.#losses.set(seed, losses);
    if (losses < LOSSES_MAX) {
      this.#again.push(seed);
      return;
    }
    const { families, ...job } = jobOf(this.#work.subject, seed);
    const result = crashedResult(job, `WorkerLost: ${losses} workers were lost while they ran it`, '');
    const mode = job.probes?.mode ?? 'shared';
    this.take({ rows: [rowOf({ seed, families, mode }, { result, wallMs: 0 })] });
  }

  /** Takes back what nobody has begun. */
  async withdraw(): Promise<void> {
    for (const id of this.#handed.keys()) await this.#seeds.remove(id).catch(() => 0);
  }
}

/**
 * Resolves when all seeds are written, or the signal was aborted.
 * @throws {QueueError} when Redis cannot be reached at the start. @throws {StoreError} when rows cannot be written.
 */
export async function sweepByQueue(work: QueuedWork): Promise<void> {
  const { url, code, id, onNews, subject } = work;
  const ending = { isOver: false };
  const redis = await connectRedis(url, ending, onNews);
  const { bullmq } = await loadQueue();
  const connection = connectionOf(url, ending);
  const seeds = new bullmq.Queue(seedsQueue(code), { connection });
  const rows = new bullmq.Queue(rowsQueue(id), { connection });
  const sweep = new QueuedSweep(work, seeds, rows);
  let failure: StoreError | undefined;
  const writer = new bullmq.Worker(
    rowsQueue(id),
    async ({ data }) => {
      try {
        sweep.take(data);
      } catch (error) {
        if (error instanceof StoreError) failure ??= error;
        throw error;
      }
    },
    { connection, concurrency: 1 },
  );
  // The connection of our own tells what is wrong.
  for (const queue of [seeds, rows]) queue.on('error', () => {});
  writer.on('error', () => {});
  const keeper = keepNote(
    redis,
    { side: 'sweep', id, note: { code, name: subject.name, jobs: 0 } },
    newsOfWorkers(code, onNews, (workers) => sweep.setThreads(workers)),
  );
  // What waits for a Redis that is away must not keep Ctrl-C from ending it.
  const aborted = new Promise<void>((resolve) => {
    if (work.signal.aborted) resolve();
    work.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    for (let tick = 1; failure === undefined && !sweep.isOver; tick++) {
      if (redis.status === 'ready') await Promise.race([sweep.tick(tick % LOST_TICKS === 0), aborted]);
      await Promise.race([sleep(TICK_MS), aborted]);
    }
  } finally {
    await shutDown({ sweep, redis, ending, keeper, seeds, rows, writer });
  }
  if (failure !== undefined) throw failure;
}

/** Tells of workers when what is to be told changes. */
function newsOfWorkers(
  code: string,
  onNews: (text: string) => void,
  onWorkers: (workers: ReadonlyMap<string, Note>) => void,
): (workers: ReadonlyMap<string, Note>) => void {
  let told: string | undefined;
  return (workers) => {
    onWorkers(workers);
    const text = workersText(code, workers);
    if (text !== undefined && text !== told) onNews(text);
    told = text;
  };
}

/** Where Redis is away nothing is waited for: a sweep that is resumed finds the rest. */
async function shutDown(parts: {
  readonly sweep: QueuedSweep;
  readonly redis: Redis;
  readonly ending: Ending;
  readonly keeper: NoteKeeper;
  readonly seeds: Queue;
  readonly rows: Queue;
  readonly writer: Worker;
}): Promise<void> {
  const { sweep, redis, ending, keeper, seeds, rows, writer } = parts;
  ending.isOver = true;
  if (redis.status === 'ready') {
    await sweep.withdraw();
    await keeper.stop();
    await writer.close();
    // Of a sweep that is whole nothing stays behind.
    if (sweep.isWhole) await rows.obliterate({ force: true });
    await Promise.all([seeds.close(), rows.close()]);
  } else {
    await keeper.stop();
    await giveUp([() => writer.close(true), () => seeds.disconnect(), () => rows.disconnect()]);
  }
  redis.disconnect();
}
