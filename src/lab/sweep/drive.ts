/** Runs the seeds of a sweep that are not in its database yet, on threads of this machine. */
import type { Job } from '../job.ts';
import { runPool } from '../pool.ts';
import { probesOf } from './probe-plan.ts';
import { rowOf, type SweepRow } from './row.ts';
import { StoreError, type SweepStore } from './store.ts';
import type { Subject } from './subject.ts';

/** Wall time between two writes, at most: what a kill makes run again. */
const FLUSH_EVERY_MS = 500;

/** Whole numbers, both ends included. */
export interface SeedRange {
  readonly from: number;
  readonly to: number;
}

export interface SweepWork {
  readonly subject: Subject;
  readonly seeds: SeedRange;
  readonly store: SweepStore;
  /** Seeds that are not in the database. */
  readonly missing: number;
  readonly jobs: number;
  /** Ends after the first failure, in the order of the seeds. */
  readonly failFast: boolean;
  /** Aborted: what runs is given up, and what has ended is written. */
  readonly signal: AbortSignal;
  readonly onRow: (row: SweepRow) => void;
}

/** The seeds that are to be run, one after another: never all of them in memory. */
export function* missingSeeds({ seeds, store }: Pick<SweepWork, 'seeds' | 'store'>): Generator<number> {
  for (let seed = seeds.from; seed <= seeds.to; seed++) if (!store.has(seed)) yield seed;
}

/** A seed as a job, with the families that its draw has. */
export function jobOf(subject: Subject, seed: number): Job & { readonly families: readonly string[] } {
  const { source, families } = subject.draw(String(seed));
  const probes = probesOf(seed);
  return {
    file: subject.file,
    source,
    overrides: [],
    seed: String(seed),
    isolate: probes.mode === 'isolated',
    permuteTies: 0,
    probes,
    families,
  };
}

/** Keeps rows as they come, and writes them now and then. */
function keepRows(store: SweepStore, onFailure: (error: StoreError) => void): { stop(): void } {
  const timer = setInterval(() => {
    try {
      store.flush();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      onFailure(error);
    }
  }, FLUSH_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

/** @throws {StoreError} when the database cannot be written: what was written before stays. */
export async function sweepHere(work: SweepWork): Promise<void> {
  const { subject, store } = work;
  const stop = new AbortController();
  let failure: StoreError | undefined;
  const keeper = keepRows(store, (error) => {
    failure ??= error;
    stop.abort();
  });
  const families = new Map<string, readonly string[]>();
  function* jobs(): Generator<Job> {
    for (const seed of missingSeeds(work)) {
      const { families: drawn, ...job } = jobOf(subject, seed);
      families.set(job.seed, drawn);
      yield job;
    }
  }
  try {
    await runPool(jobs(), {
      jobs: work.jobs,
      total: work.missing,
      order: work.failFast ? 'asGiven' : 'asEnded',
      signal: AbortSignal.any([work.signal, stop.signal]),
      onProgress() {},
      onOutcome(job, outcome) {
        // Runs of other threads may have ended before they were stopped: which ones is a matter of luck.
        if (stop.signal.aborted) return;
        const mode = job.probes?.mode ?? 'shared';
        const row = rowOf({ seed: Number(job.seed), families: families.get(job.seed) ?? [], mode }, outcome);
        families.delete(job.seed);
        store.add(row);
        work.onRow(row);
        if (work.failFast && row.fingerprint !== undefined) stop.abort();
      },
    });
  } finally {
    keeper.stop();
  }
  if (failure !== undefined) throw failure;
  store.flush();
}
