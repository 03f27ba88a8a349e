/** LMDB behind env/storage.ts: every batch a synchronous transaction, which is visible and durable when it returns. */
import { open, type RangeOptions } from 'lmdb';
import { assert } from '../../src/env/assert.ts';
import type { Storage } from '../../src/env/storage.ts';
import { UNFLUSHED_MAX_BYTES } from '../../src/env/storage.ts';
import { assertBatch, assertKey, assertScan } from '../../src/sim/disk/limits.ts';

/** A storage, and its end. */
export interface RealStorage extends Storage {
  close(): Promise<void>;
}

/** Committed before it returns, not abortable. */
const SYNCHRONOUS_COMMIT = 2;

/** @param enter runs a callback as one handler, unless the boot has ended. */
export function openRealStorage(path: string, enter: (run: () => void) => void): RealStorage {
  const db = open<Uint8Array, Uint8Array>({ path, keyEncoding: 'binary', encoding: 'binary' });
  let unflushedBytes = 0;
  let flushes: Promise<void> = Promise.resolve();
  return {
    get(key) {
      assertKey(key);
      const value = db.get(key);
      return value === undefined ? undefined : plain(value);
    },
    scan(range, limit, reverse = false) {
      assertScan(range, limit);
      const { start, end } = range;
      if (limit === 0 || end?.length === 0) return [];
      const lower = start.length === 0 ? {} : { [reverse ? 'end' : 'start']: start };
      const upper = end === undefined ? {} : { [reverse ? 'start' : 'end']: end };
      const sides = reverse ? { reverse, exclusiveStart: true, inclusiveEnd: true } : {};
      const options: RangeOptions = { ...lower, ...upper, ...sides, limit };
      return Array.from(db.getRange(options), ({ key, value }) => ({ key: plain(key), value: plain(value) }));
    },
    write(ops) {
      const bytes = assertBatch(ops);
      assert(unflushedBytes + bytes <= UNFLUSHED_MAX_BYTES, 'unflushed writes stay within 256 MiB');
      unflushedBytes += bytes;
      db.transactionSync(() => {
        for (const op of ops) void (op.kind === 'put' ? db.put(op.key, op.value) : db.remove(op.key));
      }, SYNCHRONOUS_COMMIT);
    },
    flush(onDurable) {
      const covered = unflushedBytes;
      flushes = flushes
        .then(() => db.flushed)
        .then(() => {
          unflushedBytes = Math.max(0, unflushedBytes - covered);
          enter(() => onDurable());
        });
    },
    close: () => db.close(),
  };
}

/** A plain array over the same bytes: LMDB answers Buffers, whose `slice` and `toString` mean something else. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
