/** The limits of env/storage.ts as assertions of the caller. */
import { assert } from './assert.ts';
import type { KeyRange, WriteOp } from './storage.ts';
import { BATCH_MAX_BYTES, KEY_MAX_BYTES, VALUE_MAX_BYTES } from './storage.ts';

/** @throws {AssertionError} for a key that no storage takes. */
export function assertKey(key: Uint8Array): void {
  assert(key.length > 0, 'a key has at least one byte');
  assert(key.length <= KEY_MAX_BYTES, 'a key has at most 512 bytes');
}

/** @throws {AssertionError} for bounds longer than a key, or a limit that is no count. */
export function assertScan(range: KeyRange, limit: number): void {
  assert(range.start.length <= KEY_MAX_BYTES, 'the start of a range is at most as long as a key');
  assert((range.end?.length ?? 0) <= KEY_MAX_BYTES, 'the end of a range is at most as long as a key');
  assert(Number.isSafeInteger(limit) && limit >= 0, 'the limit of a scan is an integer >= 0');
}

/**
 * Answers the bytes of keys and values together.
 * @throws {AssertionError} for a key, value or batch that no storage takes.
 */
export function assertBatch(ops: readonly WriteOp[]): number {
  let bytes = 0;
  for (const op of ops) {
    assertKey(op.key);
    bytes += op.key.length;
    if (op.kind === 'delete') continue;
    assert(op.value.length <= VALUE_MAX_BYTES, 'a value has at most 16 MiB');
    bytes += op.value.length;
  }
  assert(bytes <= BATCH_MAX_BYTES, 'a batch has at most 64 MiB');
  return bytes;
}
