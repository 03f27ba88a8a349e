/** The database of a sweep: one row a seed, written in batches, each whole or not at all. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SweepRow } from './row.ts';
import { APPLICATION_ID, SCHEMA_VERSION, TABLES } from './schema.ts';
import { openSqlite, sqliteText } from './sqlite.ts';

/** Rows that wait at most: a process that is killed runs so many seeds again, and those of the last moments. */
const BATCH_MAX = 256;
const DATABASE_NAME = 'sweep.db';

/** The file cannot be used; the message says which, what is wrong, and what to do. */
export class StoreError extends Error {
  readonly code = 'SWEEP_STORE';
  override readonly name = 'StoreError';
}

/** Where the database of a sweep is. */
export function databasePath(folder: string): string {
  return join(folder, DATABASE_NAME);
}

/** What a sweep is of: a resumed one must be of the same. */
export type Identity = Readonly<Record<string, string>>;

/** Runs SQL. @throws {StoreError} for what SQLite refuses. */
function guarded<T>(path: string, what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const text = sqliteText(error);
    if (text === undefined) throw error;
    throw new StoreError(`${path}: ${what}: ${text}`, { cause: error });
  }
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
}

interface Statements {
  readonly run: StatementSync;
  readonly fault: StatementSync;
  readonly byzantine: StatementSync;
  readonly assertionName: StatementSync;
  readonly assertion: StatementSync;
  readonly behaviour: StatementSync;
  readonly effect: StatementSync;
  readonly has: StatementSync;
}

function prepareAll(database: DatabaseSync): Statements {
  const insert = (table: string, columns: number): StatementSync =>
    database.prepare(`INSERT OR IGNORE INTO ${table} VALUES (${Array(columns).fill('?').join(', ')})`);
  return {
    run: insert('runs', 14),
    fault: insert('faults', 5),
    byzantine: insert('byzantine', 4),
    assertionName: database.prepare('INSERT OR IGNORE INTO assertion_names (name, kind) VALUES (?, ?)'),
    assertion: database.prepare(
      'INSERT INTO assertion_counts SELECT ?, id, ?, ?, ? FROM assertion_names WHERE name = ?',
    ),
    behaviour: database.prepare(
      `INSERT INTO behaviours VALUES (?, ?, 1) ON CONFLICT (behaviour)
       DO UPDATE SET first_seed = min(first_seed, excluded.first_seed), runs = runs + 1`,
    ),
    effect: insert('effects', 3),
    has: database.prepare('SELECT 1 FROM runs WHERE seed = ?'),
  };
}

export class SweepStore {
  readonly path: string;
  readonly database: DatabaseSync;
  readonly #statements: Statements;
  readonly #names = new Set<string>();
  #waiting: SweepRow[] = [];

  /** @throws {StoreError} when the file is damaged, not ours, or cannot be written. */
  constructor(folder: string) {
    this.path = databasePath(folder);
    const isNew = !existsSync(this.path);
    this.database = guarded(this.path, 'cannot be opened', () => openSqlite(this.path));
    try {
      this.#check(isNew);
      this.#statements = guarded(this.path, 'its tables are not as they should be', () =>
        prepareAll(this.database),
      );
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  #check(isNew: boolean): void {
    const { database, path } = this;
    guarded(path, 'cannot be read', () => {
      if (
        !isNew &&
        numberOf(database, 'application_id') !== APPLICATION_ID &&
        numberOf(database, 'page_count') > 0
      )
        throw new StoreError(`${path}: a database, but not one of a sweep`);
      const version = numberOf(database, 'user_version');
      if (version > SCHEMA_VERSION || (version < SCHEMA_VERSION && version !== 0))
        throw new StoreError(
          `${path}: tables of version ${version}; this version of Aureon reads version ${SCHEMA_VERSION}`,
        );
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
      if (version === 0)
        database.exec(
          `BEGIN; ${TABLES} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`,
        );
      else if (String(Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})[0]) !== 'ok')
        throw new StoreError(`${path}: damaged: its own check fails`);
    });
  }

  /** What the sweep is of; undefined: nothing was begun in this folder. */
  identity(): Identity | undefined {
    const rows = guarded(this.path, 'cannot be read', () =>
      this.database.prepare('SELECT key, value FROM sweep ORDER BY key').all(),
    );
    if (rows.length === 0) return undefined;
    return Object.fromEntries(rows.map(({ key, value }) => [String(key), String(value)]));
  }

  /** Keeps what the sweep is of; what it was before is replaced. */
  identify(identity: Identity): void {
    guarded(this.path, 'cannot be written', () => {
      const statement = this.database.prepare('INSERT OR REPLACE INTO sweep VALUES (?, ?)');
      this.database.exec('BEGIN');
      for (const [key, value] of Object.entries(identity)) statement.run(key, value);
      this.database.exec('COMMIT');
    });
  }

  /** Whether a seed is in the database. */
  has(seed: number): boolean {
    return guarded(this.path, 'cannot be read', () => this.#statements.has.get(seed)) !== undefined;
  }

  /** The lowest and the highest seed that are in the database; undefined: there is none. */
  ends(): { readonly from: number; readonly to: number } | undefined {
    const row = guarded(this.path, 'cannot be read', () =>
      this.database.prepare('SELECT min(seed) AS low, max(seed) AS high FROM runs').get(),
    );
    const low = row?.['low'];
    return typeof low === 'number' ? { from: low, to: Number(row?.['high']) } : undefined;
  }

  /** How many seeds of a range are in the database. */
  count({ from, to }: { readonly from: number; readonly to: number }): number {
    const statement = this.database.prepare('SELECT count(*) AS n FROM runs WHERE seed BETWEEN ? AND ?');
    return Number(guarded(this.path, 'cannot be read', () => statement.get(from, to))?.['n']);
  }

  /** Names of all behaviours that were seen. */
  behaviours(): readonly string[] {
    const statement = this.database.prepare('SELECT behaviour FROM behaviours');
    return guarded(this.path, 'cannot be read', () => statement.all()).map(({ behaviour }) =>
      String(behaviour),
    );
  }

  /** Takes a row; it is durable after the next `flush`. A seed that is there already is dropped. */
  add(row: SweepRow): void {
    this.#waiting.push(row);
    if (this.#waiting.length >= BATCH_MAX) this.flush();
  }

  /** Writes what waits, in one transaction. @throws {StoreError} when it cannot be written: nothing of it is. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const rows = this.#waiting;
    this.#waiting = [];
    guarded(this.path, 'cannot be written', () => {
      this.database.exec('BEGIN IMMEDIATE');
      try {
        for (const row of rows) this.#insert(row);
        this.database.exec('COMMIT');
      } catch (error) {
        this.#names.clear();
        if (this.database.isTransaction) this.database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  close(): void {
    this.database.close();
  }

  #insert(row: SweepRow): void {
    const { run, fault, byzantine, assertion, behaviour, effect } = this.#statements;
    const { seed } = row;
    const { changes } = run.run(
      seed,
      row.scenario,
      row.verdict,
      row.exitCode,
      row.fingerprint ?? null,
      row.failure ?? null,
      row.traceHash,
      row.events,
      row.simulatedUs,
      row.endedUs,
      row.blocks,
      row.mode,
      row.families.join(' '),
      row.wallMs,
    );
    if (Number(changes) === 0) return;
    for (const one of row.faults) fault.run(seed, one.kind, one.planned, one.injected, one.effective);
    for (const one of row.byzantine) byzantine.run(seed, one.behaviour, one.hosts, one.times);
    for (const { name, kind, isAsked, checked, held } of row.assertions) {
      this.#name(name, kind);
      assertion.run(seed, isAsked ? 1 : 0, checked, held, name);
    }
    for (const name of row.behaviours) behaviour.run(name, seed);
    if (row.effect !== undefined) effect.run(seed, row.effect.kind, row.effect.differs ? 1 : 0);
  }

  #name(name: string, kind: string): void {
    if (this.#names.has(name)) return;
    this.#statements.assertionName.run(name, kind);
    this.#names.add(name);
  }
}
