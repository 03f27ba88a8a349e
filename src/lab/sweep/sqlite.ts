/** SQLite as Node brings it, loaded when it is needed, without the word that old versions have for it on standard error. */
import type { DatabaseSync } from 'node:sqlite';

type Sqlite = typeof import('node:sqlite');

let loaded: Sqlite | undefined;

/** Node 22 warns at the first use that this module is experimental; every other warning is passed on. */
function load(): Sqlite {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (...args: readonly unknown[]): void => {
    if (args[1] === 'ExperimentalWarning' && String(args[0]).startsWith('SQLite')) return;
    Reflect.apply(emitWarning, undefined, args);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** @throws what SQLite says: see `sqliteText`. */
export function openSqlite(path: string): DatabaseSync {
  loaded ??= load();
  return new loaded.DatabaseSync(path, { timeout: 0 });
}

/** SQLite's own words; undefined: the error is not of SQLite. */
export function sqliteText(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_SQLITE_ERROR') return undefined;
  return 'errstr' in error && typeof error.errstr === 'string' && error.errstr !== error.message
    ? `${error.message} (${error.errstr})`
    : error.message;
}
