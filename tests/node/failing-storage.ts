/** Writes to a database whose disk then fails, and prints what it was told: a process of its own, since only a whole process has other calls of the system. */
import { StorageCrash } from '../../src/env/storage.ts';
import { breakDisk, type DiskFailure } from '../../src/lab/real/disk-shim.ts';
import { openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';

const [folder = '', control = '', how = ''] = process.argv.slice(2);
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
breakDisk(control, how as DiskFailure);
put(2);
await flushed();
put(3);
await flushed();
await storage.close();
told.push('closed');
process.stdout.write(`${JSON.stringify(told)}\n`);
