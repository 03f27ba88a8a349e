/** The data folder of a node: made when it is not there, and used by one process at a time. */
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MANIFEST_FILE } from '../backup/backup-manifest.ts';
import { codeOf, type FileProblem } from '../file-problem.ts';
import { syncNamesUpTo } from './sync-folder.ts';

const LOCK_NAME = 'node.lock';
/** The folder of the database in it. */
export const DATABASE_NAME = 'chain';
const OWNER_ONLY = 0o700;

/** A folder that this process has for itself. */
export interface DataFolder {
  /** Of the database. */
  readonly database: string;
  /** Another process may have it. The system does the same when this one dies, however it dies. */
  release(): void;
}

/** An empty database in an exclusive transaction is the lock: Node has none of its own, SQLite takes the system's. */
export function openDataFolder(folder: string): DataFolder | FileProblem {
  for (const path of [folder, join(folder, DATABASE_NAME)])
    if (existsSync(join(path, MANIFEST_FILE)))
      return {
        code: 'RESTORED',
        what: `${path}: this is a backup, and no data folder of a node`,
        advice: `aureon restore ${path} --node-data with an empty folder`,
      };
  try {
    const first = mkdirSync(folder, { recursive: true, mode: OWNER_ONLY });
    // Where a boot was cut off between making it and syncing it, it is there and not durable.
    syncNamesUpTo(resolve(folder), resolve(first ?? folder));
  } catch (error) {
    return unusable(folder, error);
  }
  const path = join(folder, LOCK_NAME);
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path);
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    if (!(error instanceof Error) || !error.message.includes('locked')) return unusable(path, error);
    return {
      code: 'IN_USE',
      what: `${folder}: another node has this data folder`,
      advice: 'another folder (node.data), or that node stopped',
    };
  }
  const held = lock;
  return { database: join(folder, DATABASE_NAME), release: () => held.close() };
}

function unusable(path: string, error: unknown): FileProblem {
  const code = codeOf(error);
  const why = error instanceof Error ? error.message : String(error);
  return {
    code: 'UNREADABLE',
    what: `${path}: cannot be used (${typeof code === 'string' && code.startsWith('E') && !code.startsWith('ERR_') ? code : why})`,
    advice: 'a folder that this user may write',
  };
}
