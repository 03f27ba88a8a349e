/** A process that writes and flushes for ever, for a test that kills it; prints each number that is durable. */
import { openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('the path of the database is missing');
const storage = openLmdbStorage(path, (run) => run());

function writeNext(number: number): void {
  const value = new TextEncoder().encode(`${number}`);
  for (let half = 0; half < 2; half++) {
    storage.write([
      { kind: 'put', key: Uint8Array.of(1, half), value },
      { kind: 'put', key: Uint8Array.of(2, half), value },
    ]);
  }
  storage.flush(() => {
    process.stdout.write(`${number}\n`);
    writeNext(number + 1);
  });
}

writeNext(1);
