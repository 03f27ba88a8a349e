/** Mining for real: nonces are searched on threads of their own, so that the node answers meanwhile. */
import { Worker } from 'node:worker_threads';
import type { SealJob, SealSearch } from '../../chain/consensus/consensus.ts';
import { assert } from '../../env/assert.ts';
import type { Random } from '../../env/random.ts';

/** What a thread is told. */
export type ToMiner =
  | {
      readonly kind: 'search';
      readonly id: number;
      readonly headerBytes: Uint8Array;
      readonly checkTarget: bigint;
      readonly startNonce: bigint;
    }
  | { readonly kind: 'rest' };

/** What a thread tells after each run of tries. */
export interface FromMiner {
  readonly id: number;
  readonly tries: number;
  readonly seal: Uint8Array | undefined;
}

/** Threads that search one seal at a time. */
export interface Miner {
  /** Hashes since the start. */
  readonly tries: number;
  /** @param enter runs a callback as one handler of the boot. */
  search(enter: (run: () => void) => void): SealSearch;
  stop(): Promise<void>;
}

/** @param threads at least 1. @param onFailed told when a thread ended by itself: nothing is found any more. */
export function createMiner(threads: number, random: Random, onFailed: (error: Error) => void): Miner {
  assert(Number.isInteger(threads) && threads >= 1, 'a miner has at least one thread');
  const workers = Array.from(
    { length: threads },
    () =>
      new Worker(
        new URL(`./miner-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
      ),
  );
  let tries = 0;
  let lastId = 0;
  let onSeal: ((seal: Uint8Array) => void) | undefined;

  for (const worker of workers) {
    worker.unref();
    worker.on('error', onFailed);
    worker.on('message', (told: FromMiner) => {
      tries += told.tries;
      if (told.id === lastId && told.seal !== undefined) onSeal?.(told.seal);
    });
  }

  function tell(make: (index: number) => ToMiner): void {
    for (const [index, worker] of workers.entries()) worker.postMessage(make(index));
  }

  function rest(): void {
    if (onSeal === undefined) return;
    onSeal = undefined;
    tell(() => ({ kind: 'rest' }));
  }

  function begin(job: SealJob, enter: (run: () => void) => void, onFound: (seal: Uint8Array) => void): void {
    const headerBytes = job.headerBytes();
    if (headerBytes === undefined) return;
    const id = ++lastId;
    const { checkTarget } = job;
    onSeal = (seal) => {
      rest();
      enter(() => onFound(seal));
    };
    tell(() => {
      const startNonce = (BigInt(random.below(0x1_0000_0000)) << 32n) | BigInt(random.below(0x1_0000_0000));
      return { kind: 'search', id, headerBytes, checkTarget, startNonce };
    });
  }

  return {
    get tries() {
      return tries;
    },
    search: (enter) => (job, onFound) => {
      begin(job, enter, onFound);
      const mine = lastId;
      return () => {
        if (mine === lastId) rest();
      };
    },
    async stop() {
      onSeal = undefined;
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
