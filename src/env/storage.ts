/** A host's durable ordered map from bytes to bytes. */

/** Longest key: 512 bytes, what the smallest of the embedded databases takes. The shortest is one byte: no empty key. */
export const KEY_MAX_BYTES = 512;
/** Longest value: 16 MiB. */
export const VALUE_MAX_BYTES = 16 * 1024 * 1024;
/** Keys and values of one batch together: 64 MiB. */
export const BATCH_MAX_BYTES = 64 * 1024 * 1024;
/** What may be written and not yet durable: 256 MiB. */
export const UNFLUSHED_MAX_BYTES = 256 * 1024 * 1024;

/**
 * Keys k with start <= k < end, in the order of unsigned bytes. An empty start means: from the first key; a missing end:
 * to the last. Neither is longer than a key may be.
 */
export interface KeyRange {
  readonly start: Uint8Array;
  readonly end?: Uint8Array;
}

export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** One operation of a batch. Both arrays belong to the storage from the call on: nobody mutates them. */
export type WriteOp =
  | { readonly kind: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly key: Uint8Array };

/** Terminal for this boot: a failed flush is never retried, since what it covered may be gone. */
export type StorageFault = { readonly kind: 'IO' | 'FULL' };

/**
 * Thrown by `get`, `scan` and `write` when the disk fails. Nothing in a program catches it: the host ends the boot.
 * Bit rot is not a fault: wrong bytes come back, and the program's own checksum over (key, value) finds them.
 */
export class StorageCrash extends Error {
  readonly code = 'STORAGE_CRASH';
  override readonly name = 'StorageCrash';
  readonly fault: StorageFault;
  constructor(fault: StorageFault) {
    super(`the storage failed: ${fault.kind}`);
    this.fault = fault;
  }
}

/** Passing a limit above is an assertion of the caller, in both worlds alike. */
export interface Storage {
  /**
   * The value last written, flushed or not. The caller keeps it, nobody mutates it.
   * @throws {StorageCrash} when the disk fails.
   */
  get(key: Uint8Array): Uint8Array | undefined;
  /**
   * Up to `limit` entries of the range in key order, or from its end when `reverse`. Materialised: no iterator lives
   * across a write. `limit` is an integer >= 0.
   * @throws {StorageCrash} when the disk fails.
   */
  scan(range: KeyRange, limit: number, reverse?: boolean): readonly Entry[];
  /**
   * One atomic batch: visible at once, all of it durable or none; the last operation on a key wins. Batches become
   * durable in order: after a power loss the disk holds a prefix of them that includes every flushed one. One
   * unacknowledged batch more may be there.
   * @throws {StorageCrash} when the disk fails.
   */
  write(ops: readonly WriteOp[]): void;
  /**
   * Calls back, as a later event, when every earlier write is durable. Flushes complete in the order asked. With a
   * fault nothing is promised, and every later flush of this boot fails too. Never throws.
   */
  flush(onDurable: (fault?: StorageFault) => void): void;
}
