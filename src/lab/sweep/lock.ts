/** One sweep a folder at a time: a lock that the system lets go when its process dies, however it dies. */
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openSqlite, sqliteText } from './sqlite.ts';
import { StoreError } from './store.ts';

const LOCK_NAME = 'sweep.lock';

/**
 * An empty database in an exclusive transaction: Node has no file locks of its own, SQLite takes the system's.
 * @throws {StoreError} when another process has it, or the folder cannot be written.
 */
export function lockFolder(folder: string): { release(): void } {
  const path = join(folder, LOCK_NAME);
  let database: DatabaseSync | undefined;
  try {
    database = openSqlite(path);
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const text = sqliteText(error);
    if (text === undefined) throw error;
    if (text.includes('locked'))
      throw new StoreError(
        `${folder}: another sweep is at work in this folder; wait for it, or choose another --out`,
        {
          cause: error,
        },
      );
    throw new StoreError(`${path}: cannot be written: ${text}`, { cause: error });
  }
  const held = database;
  return { release: () => held.close() };
}
