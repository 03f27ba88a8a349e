/** A database for whoever only looks at it, where no node writes it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { type Storage, StorageCrash } from '../../env/storage.ts';
import type { FileProblem } from '../file-problem.ts';
import { DATABASE_FILE, entriesIn, openLmdbStorage, optionsOf, plain } from './lmdb-storage.ts';

/** Reads see what was committed. */
export interface LmdbReader extends Pick<Storage, 'get' | 'scan'> {
  /** Records in it. */
  readonly count: number;
  /** Of the file as far as it was ever used: pages that are free again among them. */
  readonly fileBytes: number;
  /** Writes what stands in it into a folder that is there, without the free pages. */
  copyTo(folder: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Of a node that does not run, and whose folder the caller has for itself. What its last boot had committed and not synced is dropped
 * first, as the next boot would: a power cut may have left half of it.
 */
export async function openSettledReader(folder: string): Promise<LmdbReader | FileProblem> {
  if (existsSync(join(folder, DATABASE_FILE))) {
    try {
      await openLmdbStorage(folder, (run) => run()).close();
    } catch (error) {
      return unreadable(folder, error);
    }
  }
  return openLmdbReader(folder);
}

/**
 * Of a backup, or of another database that was closed in order. Nothing is made or changed, but for LMDB's own file of locks.
 * Never beside a process that writes: LMDB, when it opens, sets the number of the newest commit for all processes back to the one
 * that it has just read, and a commit in between is lost to its writer.
 */
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
    return unreadable(folder, error);
  }
}

function unreadable(folder: string, error: unknown): FileProblem {
  return {
    code: 'UNREADABLE',
    what: `${folder}: no database that can be opened (${error instanceof Error ? error.message : String(error)})`,
    advice: 'the folder as a node left it, and a user who may read it',
  };
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
      limit === 0 ? [] : read(() => entriesIn(db, optionsOf(range, limit, reverse))),
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
