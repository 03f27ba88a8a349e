/** What a disk has written and not made durable: batches in order, each with what takes it back. */
import { assert } from '../../env/assert.ts';
import { UNFLUSHED_MAX_BYTES } from '../../env/storage.ts';

/** One change that can be taken back: the key and what stood there. */
export interface Undo {
  readonly key: string;
  readonly before: Uint8Array | undefined;
}

/** The operations of one batch, in its order. */
export type UndoBatch = readonly Undo[];

interface Batch {
  readonly undo: UndoBatch;
  /** What it counts against UNFLUSHED_MAX_BYTES in this boot. */
  bytes: number;
}

/** What the end of a boot takes. */
export interface LostWrites {
  /** The newest batch first: the order in which they are taken back. */
  readonly batches: readonly UndoBatch[];
  /** How many of them a flush had called durable. */
  readonly acknowledged: number;
}

/** Batches are numbered from 1; `durable` of `written` survive a power loss, whatever it draws. */
export class WriteJournal {
  /** Batches `durable` to `written`, oldest first. */
  #batches: Batch[] = [];
  #bytes = 0;
  #written = 0;
  /** Highest batch that a flush called durable, truly or not. */
  #acknowledged = 0;

  get written(): number {
    return this.#written;
  }

  get durable(): number {
    return this.#written - this.#batches.length;
  }

  /** Before anything of a batch is applied. @throws {AssertionError} when it passes UNFLUSHED_MAX_BYTES. */
  assertRoom(bytes: number): void {
    assert(this.#bytes + bytes <= UNFLUSHED_MAX_BYTES, 'unflushed writes stay within 256 MiB');
  }

  add(undo: UndoBatch, bytes: number): void {
    this.#batches.push({ undo, bytes });
    this.#bytes += bytes;
    this.#written++;
  }

  /** A flush calls the batches up to `batch` durable. `lies`: they are not. Answers how many it covered that were not. */
  acknowledge(batch: number, lies: boolean): number {
    const covered = Math.max(0, batch - this.durable);
    for (let i = Math.max(0, this.#acknowledged - this.durable); i < covered; i++) {
      this.#uncount(this.#batches[i] as Batch);
    }
    this.#acknowledged = Math.max(this.#acknowledged, batch);
    if (!lies) this.#batches.splice(0, covered);
    return covered;
  }

  /** True when a batch that is not durable wrote the key. */
  touches(key: string): boolean {
    return this.#batches.some(({ undo }) => undo.some((change) => change.key === key));
  }

  /** Ends a boot that keeps the batches up to `kept`. When it `settles`, they are durable; otherwise all are kept. */
  endBoot(kept: number, settles: boolean): LostWrites {
    assert(
      kept >= this.durable && kept <= this.#written,
      'what a boot leaves is a prefix with all durable batches',
    );
    const lost = this.#batches.slice(this.#batches.length - (this.#written - kept));
    const acknowledged = Math.max(0, this.#acknowledged - kept);
    if (settles) {
      this.#batches = [];
      this.#acknowledged = this.#written;
    }
    for (const batch of this.#batches) this.#uncount(batch);
    this.#bytes = 0;
    return { batches: lost.reverse().map(({ undo }) => undo), acknowledged };
  }

  #uncount(batch: Batch): void {
    this.#bytes -= batch.bytes;
    batch.bytes = 0;
  }
}
