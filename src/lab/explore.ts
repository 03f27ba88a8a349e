/** Drives an exploration on worker threads: runs of a strategy until one fails, a whole search, or the replay of a schedule. */
import { Worker } from 'node:worker_threads';
import type { ExploreJob, ExploreRan, FromExplorer, SearchState, ToExplorer } from './explore-job.ts';

/** Runs that a worker is given at once: half a second of them or so. */
const CHUNK_RUNS = 25;

/** A run could not be explored: its scenario, or the simulator itself. */
export class ExploreError extends Error {
  readonly code = 'EXPLORE_FAILED';
  override readonly name = 'ExploreError';
}

/** What a strategy came to. */
export interface Strategy {
  /** Runs up to the first that failed, in their order, whatever the number of threads; all of them when none did. */
  readonly ran: ExploreRan;
  readonly wallMs: number;
  /** Of a search. */
  readonly state?: SearchState;
}

export interface ExploreOptions {
  /** Worker threads, at least 1. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (text: { readonly runs: number } | SearchState) => void;
}

class Handle {
  readonly #worker = new Worker(
    new URL(`./explore-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
  );

  /** Asks and waits; what comes before the answer goes to `onProgress`. */
  ask(message: ToExplorer, onProgress: (state: SearchState) => void = () => {}): Promise<FromExplorer> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        worker.off('message', onMessage);
        worker.off('error', onError);
        worker.off('exit', onExit);
      };
      const onMessage = (answer: FromExplorer): void => {
        if (answer.kind === 'searching') return onProgress(answer.state);
        end();
        if (answer.kind === 'failed') reject(new ExploreError(answer.error));
        else resolve(answer);
      };
      const onError = (error: unknown): void => {
        end();
        reject(new ExploreError(`the worker failed: ${String(error)}`));
      };
      const onExit = (): void => onError('it ended');
      worker.on('message', onMessage);
      worker.on('error', onError);
      worker.on('exit', onExit);
      worker.postMessage(message);
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Gives one thread to `use`. Undefined: the signal was aborted before it was done. @throws {ExploreError} */
async function withHandles<T>(
  count: number,
  signal: AbortSignal,
  use: (handles: readonly Handle[]) => Promise<T>,
): Promise<T | undefined> {
  if (signal.aborted) return undefined;
  const handles = Array.from({ length: count }, () => new Handle());
  const stop = (): void => {
    for (const handle of handles) void handle.stop();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await use(handles);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    await Promise.all(handles.map((handle) => handle.stop()));
  }
}

function ranOf(answer: FromExplorer): ExploreRan {
  if (answer.kind !== 'ran') throw new ExploreError(`the worker answered ${answer.kind}`);
  return answer.ran;
}

/** The length of orders and the number of their chains, by a few runs. @throws {ExploreError} */
export function probe(explore: ExploreJob, signal: AbortSignal): Promise<ExploreRan | undefined> {
  return withHandles(1, signal, async ([handle]) => {
    if (handle === undefined) throw new ExploreError('no thread');
    return ranOf(await handle.ask({ kind: 'probe', explore }));
  });
}

/** Runs 0 to `runs - 1` of a strategy, until one fails. Undefined: interrupted. @throws {ExploreError} */
export async function exploreRuns(
  explore: ExploreJob,
  runs: number,
  options: ExploreOptions,
): Promise<Strategy | undefined> {
  const startedMs = performance.now();
  const chunks = Math.ceil(runs / CHUNK_RUNS);
  const done: ExploreRan[] = [];
  let next = 0;
  /** No chunk behind the first one with a failure is begun. */
  let last = chunks;
  const work = async (handle: Handle): Promise<void> => {
    while (next < last) {
      const chunk = next++;
      const from = chunk * CHUNK_RUNS;
      const count = Math.min(CHUNK_RUNS, runs - from);
      const ran = ranOf(await handle.ask({ kind: 'runs', explore, from, count }));
      done[chunk] = ran;
      if (ran.failures.length > 0) last = Math.min(last, chunk + 1);
      options.onProgress({ runs: done.reduce((sum, part) => sum + part.runs, 0) });
    }
  };
  const ended = await withHandles(Math.max(1, Math.min(options.jobs, chunks)), options.signal, (handles) =>
    Promise.all(handles.map(work)),
  );
  if (ended === undefined) return undefined;
  return { ran: together(done.slice(0, last)), wallMs: performance.now() - startedMs };
}

/** Every order up to commutation, on one thread; until one fails, or all of them. Undefined: interrupted. @throws {ExploreError} */
export function exploreAll(
  explore: ExploreJob,
  all: boolean,
  options: ExploreOptions,
): Promise<Strategy | undefined> {
  const startedMs = performance.now();
  return withHandles(1, options.signal, async ([handle]) => {
    const answer = await handle?.ask({ kind: 'search', explore, all }, options.onProgress);
    if (answer?.kind !== 'searched') throw new ExploreError(`the worker answered ${answer?.kind}`);
    return { ran: answer.ran, state: answer.state, wallMs: performance.now() - startedMs };
  });
}

/** One run with that schedule. Undefined: interrupted. @throws {ExploreError} also for a text that is no schedule. */
export function replaySchedule(explore: ExploreJob, schedule: string, signal: AbortSignal) {
  return withHandles(1, signal, async ([handle]) => {
    const answer = await handle?.ask({ kind: 'replay', explore, schedule });
    if (answer?.kind !== 'replayed') throw new ExploreError(`the worker answered ${answer?.kind}`);
    return answer.result;
  });
}

function together(parts: readonly ExploreRan[]): ExploreRan {
  return {
    runs: parts.reduce((sum, { runs }) => sum + runs, 0),
    failures: parts.flatMap(({ failures }) => failures),
    steps: Math.max(0, ...parts.map(({ steps }) => steps)),
    chains: Math.max(0, ...parts.map(({ chains }) => chains)),
  };
}
