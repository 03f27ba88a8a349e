/** The main thread's side of one simulation worker: one question at a time, a watchdog on its silence. */
import { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker } from './job.ts';

/** A worker that says nothing for so long is ended; the seed is printed. Slices take tens of milliseconds. */
const WATCHDOG_MS = 600_000;

/** The worker ended, or fell silent, while it owed an answer. */
export class WorkerLostError extends Error {
  readonly code = 'WORKER_LOST';
  override readonly name = 'WorkerLostError';
}

/** What a worker says before it answers. */
export type Interim = Extract<FromWorker, { kind: 'progress' | 'lines' }>;

interface Waiting {
  readonly resolve: (message: FromWorker) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((message: Interim) => void) | undefined;
}

/** Somebody who simulates and is asked one thing at a time: a thread, or a process. */
export interface Asked {
  ask(message: ToWorker, onProgress?: (message: Interim) => void): Promise<FromWorker>;
  stop(): Promise<void>;
}

export interface WorkerOptions {
  readonly watchdogMs?: number;
  /** What the thread runs: something that speaks as `worker.ts` does. */
  readonly script?: URL;
}

function defaultScript(): URL {
  return new URL(`./worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
}

/** Starts lazily; after a loss the next question starts a new thread. */
export class WorkerHandle implements Asked {
  #worker: Worker | undefined;
  #waiting: Waiting | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  readonly #watchdogMs: number;
  readonly #script: URL;

  constructor(options: WorkerOptions = {}) {
    this.#watchdogMs = options.watchdogMs ?? WATCHDOG_MS;
    this.#script = options.script ?? defaultScript();
  }

  /** Asks and waits for the answer; progress in between goes to `onProgress`. */
  ask(message: ToWorker, onProgress?: Waiting['onProgress']): Promise<FromWorker> {
    if (this.#waiting !== undefined) throw new Error('a worker answers one question at a time');
    const worker = this.#start();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, onProgress };
      this.#feed();
      worker.postMessage(message);
    });
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#settle((waiting) => waiting.reject(new WorkerLostError('the worker was stopped')));
    await worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#script, { stdout: false, stderr: false });
    worker.on('message', (message: FromWorker) => this.#onMessage(message));
    worker.on('error', (error) => this.#lose(worker, `the worker failed: ${String(error)}`));
    worker.on('exit', (code) => this.#lose(worker, `the worker ended with code ${code}`));
    this.#worker = worker;
    return worker;
  }

  #onMessage(message: FromWorker): void {
    if (message.kind === 'progress' || message.kind === 'lines') {
      this.#feed();
      this.#waiting?.onProgress?.(message);
      return;
    }
    this.#settle((waiting) => waiting.resolve(message));
  }

  #lose(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#settle((waiting) => waiting.reject(new WorkerLostError(why)));
  }

  #feed(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      const worker = this.#worker;
      if (worker === undefined) return;
      this.#lose(worker, `the worker said nothing for ${this.#watchdogMs / 1000} s and was ended`);
      void worker.terminate();
    }, this.#watchdogMs);
  }

  #settle(how: (waiting: Waiting) => void): void {
    clearTimeout(this.#watchdog);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) how(waiting);
  }
}
