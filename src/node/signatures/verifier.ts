/** Signature checks on threads of their own, so that the node goes on meanwhile. Answers come in the order of the questions. */
import { Worker } from 'node:worker_threads';
import { assert } from '../../env/assert.ts';
import type { SignedItem } from '../../env/crypto.ts';
import { type PackedItems, packItems } from './packed-items.ts';

/** What a thread is told. */
export interface ToVerifier {
  readonly id: number;
  readonly items: PackedItems;
}

/** What it answers: a byte for each item, 1 for a valid one. */
export interface FromVerifier {
  readonly id: number;
  readonly valid: Uint8Array;
}

/** Threads that check signatures. */
export interface Verifier {
  /** Answers each item in order, as a later event. */
  verify(items: readonly SignedItem[], onResult: (valid: readonly boolean[]) => void): void;
  stop(): Promise<void>;
}

/** A thread is given at most so many at once: 16 ms of work, after which others may have some too. */
const CHUNK_ITEMS_MAX = 256;

interface Call {
  readonly items: readonly SignedItem[];
  readonly valid: boolean[];
  /** Items without an answer. */
  missing: number;
  readonly onResult: (valid: readonly boolean[]) => void;
}

/** Where the answer to each item of a chunk belongs. */
type Chunk = readonly (readonly [call: Call, index: number])[];

/** @param threads at least 1. @param onFailed told when a thread ended by itself: nothing is answered any more. */
export function createVerifier(threads: number, onFailed: (error: Error) => void): Verifier {
  return new Verifiers(threads, onFailed);
}

class Verifiers implements Verifier {
  readonly #workers: readonly Worker[];
  /** Asked, in order, and not yet answered. */
  readonly #calls: Call[] = [];
  /** The first of them that no thread was given yet. */
  #unsent = 0;
  readonly #chunks = new Map<number, Chunk>();
  #isSending = false;
  #lastId = 0;
  #isStopped = false;

  constructor(threads: number, onFailed: (error: Error) => void) {
    assert(Number.isInteger(threads) && threads >= 1, 'a verifier has at least one thread');
    const suffix = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
    this.#workers = Array.from(
      { length: threads },
      () => new Worker(new URL(`./verifier-worker${suffix}`, import.meta.url)),
    );
    for (const worker of this.#workers) {
      worker.unref();
      worker.on('error', onFailed);
      worker.on('message', (answer: FromVerifier) => this.#onAnswer(answer));
    }
  }

  verify(items: readonly SignedItem[], onResult: (valid: readonly boolean[]) => void): void {
    this.#calls.push({ items, valid: [], missing: items.length, onResult });
    if (this.#isSending) return;
    this.#isSending = true;
    // What is asked within one turn of the loop travels together.
    setImmediate(() => this.#send());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #send(): void {
    this.#isSending = false;
    const waiting = this.#calls
      .slice(this.#unsent)
      .flatMap((call) => call.items.map((_, index) => [call, index] as const));
    this.#unsent = this.#calls.length;
    const share = Math.min(CHUNK_ITEMS_MAX, Math.ceil(waiting.length / this.#workers.length));
    for (let at = 0; at < waiting.length; at += share) this.#give(waiting.slice(at, at + share));
    this.#answer();
  }

  #give(chunk: Chunk): void {
    const id = ++this.#lastId;
    const worker = this.#workers[id % this.#workers.length];
    assert(worker !== undefined, 'there is a thread for every number');
    this.#chunks.set(id, chunk);
    const items = packItems(chunk.map(([call, index]) => call.items[index] as SignedItem));
    const told: ToVerifier = { id, items };
    worker.postMessage(told, [items.bytes.buffer]);
  }

  #onAnswer({ id, valid }: FromVerifier): void {
    const chunk = this.#chunks.get(id);
    if (chunk === undefined) return;
    this.#chunks.delete(id);
    for (const [i, [call, index]] of chunk.entries()) {
      call.valid[index] = valid[i] === 1;
      call.missing--;
    }
    this.#answer();
  }

  #answer(): void {
    let count = 0;
    while (count < this.#unsent && this.#calls[count]?.missing === 0) count++;
    this.#unsent -= count;
    for (const { valid, onResult } of this.#calls.splice(0, count)) if (!this.#isStopped) onResult(valid);
  }
}
