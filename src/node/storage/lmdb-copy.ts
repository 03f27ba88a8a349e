/** A new database that is filled in the order of its keys: its pages are full, and next to none are free. */
import { open } from 'lmdb';
import type { Entry } from '../../env/storage.ts';

/** One that is being filled; whoever names it syncs its file first. */
export interface LmdbCopy {
  /** Keys come in ascending order. @throws {Error} when the disk is full or fails. */
  add(entries: readonly Entry[]): void;
  close(): Promise<void>;
}

/** In a folder that is there and empty. @throws {Error} of the system. */
export function createLmdbCopy(folder: string): LmdbCopy {
  const db = open<Uint8Array, Uint8Array>({
    path: folder,
    noSubdir: false,
    keyEncoding: 'binary',
    encoding: 'binary',
    noSync: true,
  });
  return {
    add: (entries) =>
      db.transactionSync(() => {
        for (const { key, value } of entries) db.putSync(key, value, { append: true });
      }),
    close: () => db.close(),
  };
}
