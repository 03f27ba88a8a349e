/** Signature checks on threads of their own, so that the node goes on meanwhile. Answers come in the order of the questions. */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { assert } from '../../env/assert.ts';
import type { SignedItem, VerifyOrder } from '../../env/crypto.ts';
import { type PackedItems, packItems } from './packed-items.ts';

/** What a thread begins with: where it is told what goes ahead of all that it was told before. */
export interface VerifierStart {
  readonly ahead: MessagePort;
}

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
  /** Answers each item in order, as a later event. @param order absent: `ahead`. */
  verify(
    items: readonly SignedItem[],
    onResult: (valid: readonly boolean[]) => void,
    order?: VerifyOrder,
  ): void;
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

/** Calls of one order, answered as they came. */
interface Lane {
  readonly order: VerifyOrder;
  /** Asked, in order, and not yet answered. */
  readonly calls: Call[];
  /** The first of them that no thread was given yet. */
  unsent: number;
}

/** Where the answer to each item of a chunk belongs. */
interface Chunk {
  readonly lane: Lane;
  readonly places: readonly (readonly [call: Call, index: number])[];
}

interface Thread {
  readonly worker: Worker;
  readonly ahead: MessagePort;
}

/** @param threads at least 1. @param onFailed told when a thread ended by itself: nothing is answered any more. */
export function createVerifier(threads: number, onFailed: (error: Error) => void): Verifier {
  return new Verifiers(threads, onFailed);
}

class Verifiers implements Verifier {
  readonly #threads: readonly Thread[];
  readonly #lanes: Readonly<Record<VerifyOrder, Lane>> = {
    ahead: { order: 'ahead', calls: [], unsent: 0 },
    behind: { order: 'behind', calls: [], unsent: 0 },
  };
  readonly #chunks = new Map<number, Chunk>();
  #isSending = false;
  #lastId = 0;
  #isStopped = false;

  constructor(threads: number, onFailed: (error: Error) => void) {
    assert(Number.isInteger(threads) && threads >= 1, 'a verifier has at least one thread');
    this.#threads = Array.from({ length: threads }, () => {
      const thread = startThread();
      thread.worker.on('error', onFailed);
      thread.worker.on('message', (answer: FromVerifier) => this.#onAnswer(answer));
      return thread;
    });
  }

  verify(
    items: readonly SignedItem[],
    onResult: (valid: readonly boolean[]) => void,
    order: VerifyOrder = 'ahead',
  ): void {
    this.#lanes[order].calls.push({ items, valid: [], missing: items.length, onResult });
    if (this.#isSending) return;
    this.#isSending = true;
    // What is asked within one turn of the loop travels together.
    setImmediate(() => this.#send());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { ahead } of this.#threads) ahead.close();
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #send(): void {
    this.#isSending = false;
    for (const lane of [this.#lanes.ahead, this.#lanes.behind]) {
      const waiting = lane.calls
        .slice(lane.unsent)
        .flatMap((call) => call.items.map((_, index) => [call, index] as const));
      lane.unsent = lane.calls.length;
      const share = Math.min(CHUNK_ITEMS_MAX, Math.ceil(waiting.length / this.#threads.length));
      for (let at = 0; at < waiting.length; at += share)
        this.#give({ lane, places: waiting.slice(at, at + share) });
      this.#answer(lane);
    }
  }

  #give(chunk: Chunk): void {
    const id = ++this.#lastId;
    const thread = this.#threads[id % this.#threads.length];
    assert(thread !== undefined, 'there is a thread for every number');
    this.#chunks.set(id, chunk);
    const items = packItems(chunk.places.map(([call, index]) => call.items[index] as SignedItem));
    const told: ToVerifier = { id, items };
    const port = chunk.lane.order === 'ahead' ? thread.ahead : thread.worker;
    port.postMessage(told, [items.bytes.buffer]);
  }

  #onAnswer({ id, valid }: FromVerifier): void {
    const chunk = this.#chunks.get(id);
    if (chunk === undefined) return;
    this.#chunks.delete(id);
    for (const [i, [call, index]] of chunk.places.entries()) {
      call.valid[index] = valid[i] === 1;
      call.missing--;
    }
    this.#answer(chunk.lane);
  }

  #answer(lane: Lane): void {
    let count = 0;
    while (count < lane.unsent && lane.calls[count]?.missing === 0) count++;
    lane.unsent -= count;
    for (const { valid, onResult } of lane.calls.splice(0, count)) if (!this.#isStopped) onResult(valid);
  }
}

/** Keeps no process alive. */
function startThread(): Thread {
  const suffix = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const { port1, port2 } = new MessageChannel();
  const start: VerifierStart = { ahead: port2 };
  const worker = new Worker(new URL(`./verifier-worker${suffix}`, import.meta.url), {
    workerData: start,
    transferList: [port2],
  });
  worker.unref();
  port1.unref();
  return { worker, ahead: port1 };
}
