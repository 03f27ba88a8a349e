/** A database for whoever only looks at it: beside the node that writes it, or where none runs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { type Storage, StorageCrash } from '../../env/storage.ts';
import type { FileProblem } from '../file-problem.ts';
import { DATABASE_FILE, optionsOf, plain } from './lmdb-storage.ts';

/** Reads see what was committed, at one moment within one turn of the loop. */
export interface LmdbReader extends Pick<Storage, 'get' | 'scan'> {
  /** Records in it. */
  readonly count: number;
  /** Of the file as far as it was ever used: pages that are free again among them. */
  readonly fileBytes: number;
  /** Writes what stands at this moment into a folder that is there, without the free pages; whoever writes goes on. */
  copyTo(folder: string): Promise<void>;
  close(): Promise<void>;
}

/** Nothing is made or changed, but for LMDB's own file of locks. */
export function openLmdbReader(folder: string): LmdbReader | FileProblem {
  if (!existsSync(join(folder, DATABASE_FILE)))
    return {
      code: 'ABSENT',
      what: `${folder}: there is no database`,
      advice: 'the data folder of a node (node.data), or a backup',
    };
  try {
    const db = open<Uint8Array, Uint8Array>({
      path: folder,
      noSubdir: false,
      readOnly: true,
      keyEncoding: 'binary',
      encoding: 'binary',
    });
    return readerOf(db);
  } catch (error) {
    return {
      code: 'UNREADABLE',
      what: `${folder}: no database that can be opened (${error instanceof Error ? error.message : String(error)})`,
      advice: 'the folder as a node left it, and a user who may read it',
    };
  }
}

function readerOf(db: RootDatabase<Uint8Array, Uint8Array>): LmdbReader {
  return {
    get count() {
      return statOf(db, 'entryCount');
    },
    get fileBytes() {
      return (statOf(db, 'lastPageNumber') + 1) * statOf(db, 'pageSize');
    },
    get: (key) =>
      read(() => {
        const value = db.get(key);
        return value === undefined ? undefined : plain(value);
      }),
    scan: (range, limit, reverse = false) =>
      limit === 0
        ? []
        : read(() =>
            Array.from(db.getRange(optionsOf(range, limit, reverse)), ({ key, value }) => ({
              key: plain(key),
              value: plain(value),
            })),
          ),
    copyTo: (folder) => db.backup(folder, true),
    close: () => db.close(),
  };
}

/** @throws {StorageCrash} when LMDB does not find its own pages. */
function read<T>(run: () => T): T {
  try {
    return run();
  } catch {
    throw new StorageCrash({ kind: 'IO' });
  }
}

/** Its types say nothing of what is in there. */
function statOf(db: RootDatabase<Uint8Array, Uint8Array>, name: string): number {
  const found = Object.entries(db.getStats()).find(([key]) => key === name)?.[1];
  return typeof found === 'number' ? found : 0;
}
