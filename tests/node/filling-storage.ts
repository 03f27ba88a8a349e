/** Writes records to a database, each flushed, until its disk fails; prints how many are durable, and how it failed. */
import { leaveAtOnce } from '../../src/cli/leave-at-once.ts';
import { StorageCrash, type StorageFault } from '../../src/env/storage.ts';
import { openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';
import { FILLED_CODE, keyOf, VALUE } from './filling-records.ts';

const RECORDS_MAX = 1_000;

const [path = ''] = process.argv.slice(2);
const storage = openLmdbStorage(path, (run) => run());

async function writeOne(i: number): Promise<StorageFault | undefined> {
  try {
    storage.write([{ kind: 'put', key: keyOf(i), value: VALUE }]);
  } catch (error) {
    if (error instanceof StorageCrash) return error.fault;
    throw error;
  }
  return new Promise((resolve) => storage.flush(resolve));
}

let durable = 0;
let fault = await writeOne(durable);
for (; fault === undefined && durable < RECORDS_MAX; fault = await writeOne(durable)) durable++;
await storage.close();
process.stdout.write(JSON.stringify({ durable, fault }));
leaveAtOnce(FILLED_CODE);
