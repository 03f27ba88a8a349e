/** What was written and is not committed yet: it lies over the database, and reads see it. */
import { compareBytes } from '../../env/bytes.ts';
import type { KeyRange, WriteOp } from '../../env/storage.ts';

/** The newest operation on a key. */
export interface PendingOp {
  readonly key: Uint8Array;
  /** Undefined: deleted. */
  readonly value: Uint8Array | undefined;
}

/** Names a batch until it is committed. */
export interface PendingBatch {
  readonly ops: readonly WriteOp[];
  /** Keys as text, once the batch is indexed. */
  texts: readonly string[] | undefined;
}

interface Indexed extends PendingOp {
  readonly batch: PendingBatch;
}

/** Batches in the order in which they were written. They are indexed when somebody reads: a busy node hardly does, and writes much. */
export class PendingBatches {
  readonly #batches = new Set<PendingBatch>();
  /** By the key as text, one character a byte. */
  readonly #index = new Map<string, Indexed>();
  #unindexed: PendingBatch[] = [];

  add(ops: readonly WriteOp[]): PendingBatch {
    const batch: PendingBatch = { ops, texts: undefined };
    this.#batches.add(batch);
    this.#unindexed.push(batch);
    return batch;
  }

  /** It is committed. */
  drop(batch: PendingBatch): void {
    this.#batches.delete(batch);
    if (batch.texts === undefined) this.#unindexed = this.#unindexed.filter((other) => other !== batch);
    for (const text of batch.texts ?? [])
      if (this.#index.get(text)?.batch === batch) this.#index.delete(text);
  }

  /** Undefined: nothing pending says anything of the key. */
  get(key: Uint8Array): PendingOp | undefined {
    if (this.#batches.size === 0) return undefined;
    this.#indexAll();
    return this.#index.get(textOf(key));
  }

  /** What is pending in the range, in its order. */
  within({ start, end }: KeyRange, reverse: boolean): readonly PendingOp[] {
    if (this.#batches.size === 0) return [];
    this.#indexAll();
    const found = [...this.#index.values()].filter(
      ({ key }) => compareBytes(key, start) >= 0 && (end === undefined || compareBytes(key, end) < 0),
    );
    found.sort((a, b) => compareBytes(a.key, b.key));
    return reverse ? found.reverse() : found;
  }

  #indexAll(): void {
    for (const batch of this.#unindexed) {
      const texts = batch.ops.map(({ key }) => textOf(key));
      for (const [i, op] of batch.ops.entries()) {
        const value = op.kind === 'put' ? op.value : undefined;
        this.#index.set(texts[i] as string, { key: op.key, value, batch });
      }
      batch.texts = texts;
    }
    if (this.#unindexed.length > 0) this.#unindexed = [];
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}
