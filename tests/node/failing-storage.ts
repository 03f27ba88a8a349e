/** Writes to a database whose disk then fails, and prints what it was told: a process of its own, since only a whole process has other calls of the system. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { leaveAtOnce } from '../../src/cli/leave-at-once.ts';
import { StorageCrash } from '../../src/env/storage.ts';
import { breakDisk, type DiskFailure, healDisk } from '../../src/lab/real/disk-shim.ts';
import { openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';

/** Of one key each: the disk fails for the first, and is well again for those behind it. */
const BATCHES = 12;
/** Enough for LMDB's thread to try, on a busy machine too. */
const MOMENT_MS = 1_000;
/** Turns of the loop until LMDB's thread has what was written. */
const HANDED_OVER = 2;
/** What a busy node writes: LMDB has long numbers to tell of when it fails. */
const BUSY = { rounds: 10, keys: 100, bytes: 3_000 };
const EXIT_CODE = 6;

const [folder = '', control = '', how = '', story = ''] = process.argv.slice(2);
const told: unknown[] = [];
const storage = openLmdbStorage(folder, (run) => run());

function put(byte: number): void {
  const bytes = Uint8Array.of(byte);
  try {
    storage.write([{ kind: 'put', key: bytes, value: bytes }]);
    told.push('written');
  } catch (error) {
    told.push(error instanceof StorageCrash ? error.fault.kind : 'another error');
  }
}

function putMany(round: number): void {
  const value = new Uint8Array(BUSY.bytes).fill(round);
  const key = (i: number): Uint8Array => Uint8Array.of(round, i);
  storage.write(Array.from({ length: BUSY.keys }, (_, i) => ({ kind: 'put', key: key(i), value })));
}

function flushed(): Promise<void> {
  return new Promise((resolve) => {
    storage.flush((fault) => {
      told.push(fault?.kind ?? 'durable');
      resolve();
    });
  });
}

put(1);
await flushed();
if (story === 'busy') {
  for (let round = 0; round < BUSY.rounds; round++) {
    putMany(round);
    await new Promise<unknown>((resolve) => storage.flush(resolve));
  }
  breakDisk(control, how as DiskFailure);
  putMany(BUSY.rounds);
  await flushed();
} else if (story === 'moment') {
  breakDisk(control, how as DiskFailure);
  put(2);
  for (let turns = 0; turns < HANDED_OVER; turns++) await nextTurn();
  // LMDB's own thread fails meanwhile, and nobody can be told of it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MOMENT_MS);
  healDisk(control);
  for (let i = 1; i < BATCHES; i++) {
    put(2 + i);
    await nextTurn();
  }
  await flushed();
} else {
  breakDisk(control, how as DiskFailure);
  put(2);
  await flushed();
  put(3);
  await flushed();
}
await storage.close();
told.push('closed');
process.stdout.write(`${JSON.stringify(told)}\n`);
leaveAtOnce(EXIT_CODE);
