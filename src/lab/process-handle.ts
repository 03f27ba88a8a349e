/** A simulation worker in a process of its own: under another Node, or of other code. */
import { type ChildProcess, fork } from 'node:child_process';
import type { FromWorker, ToWorker } from './job.ts';
import { type Asked, type Interim, WorkerLostError } from './worker-handle.ts';

/** What the process prints before it ends is what went wrong; so much of it is kept. */
const PRINTED_MAX_CHARS = 4_000;

export interface ProcessOptions {
  /** The Node that runs it. */
  readonly node: string;
  /** `worker.ts` or `worker.js` of the code that is to simulate. */
  readonly script: string;
}

/** Starts at once. */
export class ProcessHandle implements Asked {
  readonly #child: ChildProcess;
  #waiting:
    | {
        resolve(message: FromWorker): void;
        reject(error: Error): void;
        onProgress: ((m: Interim) => void) | undefined;
      }
    | undefined;
  #printed = '';
  #ended: string | undefined;

  constructor({ node, script }: ProcessOptions) {
    this.#child = fork(script, [], {
      execPath: node,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#printed = (this.#printed + chunk.toString()).slice(-PRINTED_MAX_CHARS);
    });
    this.#child.on('error', (error) => this.#lose(`it cannot be started: ${error.message}`));
    this.#child.on('close', (code) => this.#lose(`it ended with code ${code}: ${this.#printed.trim()}`));
    const onMessage = (message: FromWorker): void => this.#onMessage(message);
    this.#child.on('message', onMessage);
  }

  ask(message: ToWorker, onProgress?: (message: Interim) => void): Promise<FromWorker> {
    if (this.#ended !== undefined) return Promise.reject(new WorkerLostError(this.#ended));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, onProgress };
      this.#child.send(message);
    });
  }

  async stop(): Promise<void> {
    if (this.#ended !== undefined) return;
    const over = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    this.#child.kill('SIGKILL');
    await over;
  }

  #onMessage(message: FromWorker): void {
    const waiting = this.#waiting;
    if (message.kind === 'progress' || message.kind === 'lines') return waiting?.onProgress?.(message);
    this.#waiting = undefined;
    waiting?.resolve(message);
  }

  #lose(why: string): void {
    this.#ended ??= why;
    this.#waiting?.reject(new WorkerLostError(this.#ended));
    this.#waiting = undefined;
  }
}
