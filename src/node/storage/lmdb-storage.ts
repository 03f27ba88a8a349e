/**
 * LMDB behind env/storage.ts. A batch is committed in the background, in its order; until then reads see it as a layer over
 * the database. docs/decisions/017-real-adapters.md has what was measured.
 */
import { existsSync, readdirSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { open, type RangeOptions, type RootDatabase } from 'lmdb';
import { assert } from '../../env/assert.ts';
import { compareBytes } from '../../env/bytes.ts';
import {
  type Entry,
  type KeyRange,
  type Storage,
  StorageCrash,
  type StorageFault,
  UNFLUSHED_MAX_BYTES,
  type WriteOp,
} from '../../env/storage.ts';
import { assertBatch, assertKey, assertScan } from '../../env/storage-limits.ts';
import { codeOf } from '../file-problem.ts';
import { makeDurable } from './file-sums.ts';
import { type PendingBatch, PendingBatches, type PendingOp } from './pending-batches.ts';
import { syncFolder } from './sync-folder.ts';

/** LMDB's own name for its file. */
export const DATABASE_FILE = 'data.mdb';
/** And for the one with which processes agree who reads what: it says nothing once all are gone. */
export const LOCK_FILE = 'lock.mdb';
/** Ends the name of a database that is being made: a power cut leaves one that is whole, or none. */
const ASIDE = '.new';
/** Written and deleted, so that a new database has a first flush. */
const FIRST_KEY = Uint8Array.of(0xff);

/** What was committed at one moment: its pages are not used again while it is held. */
export interface LmdbSnapshot {
  /** About: of the moment when it is asked. */
  readonly count: number;
  /** True when all of it outlives a power cut; false: the disk failed first. */
  readonly durable: Promise<boolean>;
  /** From that key on, the start among them, in order. @throws {Error} when it is closed, or LMDB does not find its own pages. */
  scan(start: Uint8Array, limit: number): readonly Entry[];
  /** Harmless when repeated; the end of the storage closes it too. */
  close(): void;
}

/** A storage, and its end. */
export interface LmdbStorage extends Storage {
  /** Entries that are committed. */
  readonly keyCount: number;
  snapshot(): LmdbSnapshot;
  /** Commits what was written, and closes. After a fault the process has to end before the database is opened again. */
  close(): Promise<void>;
}

/** @param enter runs a callback as one handler, unless the boot has ended. @throws {Error} when the folder cannot be opened. */
export function openLmdbStorage(path: string, enter: (run: () => void) => void): LmdbStorage {
  const isNew = !existsSync(join(path, DATABASE_FILE));
  // Windows renames no folder in which something is open, and no system renames one over files.
  const isAside = isNew && process.platform !== 'win32' && isFree(path);
  const place = isAside ? path + ASIDE : path;
  if (isAside) rmSync(place, { recursive: true, force: true });
  const options = {
    path: place,
    // A folder, whatever its name ends with.
    noSubdir: false,
    keyEncoding: 'binary',
    encoding: 'binary',
    // With this a turn of the loop has a promise that nobody is given: its rejection, when a commit fails, ends the process.
    eventTurnBatching: false,
    overlappingSync: true,
    // What a killed boot had written and not synced must not be seen: LMDB would call it durable, and write over what is. The types
    // of lmdb do not know this option, its README does.
    safeRestore: true,
  } as const;
  const db = open<Uint8Array, Uint8Array>(options);
  if (!isNew) syncNames(path);
  return new OpenStorage(
    path,
    db,
    enter,
    isNew
      ? () => {
          if (isAside) giveName(place, path);
          syncNames(path);
        }
      : undefined,
  );
}

/** Nothing is there, or what a database that is gone has left. */
function isFree(path: string): boolean {
  if (!existsSync(path)) return true;
  return statSync(path).isDirectory() && readdirSync(path).every((name) => name === LOCK_FILE);
}

/** What is open stays so: a process has its files, and not their names. */
function giveName(place: string, path: string): void {
  makeDurable(join(place, DATABASE_FILE));
  syncFolder(place);
  rmSync(join(path, LOCK_FILE), { force: true });
  renameSync(place, path);
}

/** LMDB syncs what is in its file, and not that there is one. */
function syncNames(path: string): void {
  syncFolder(path);
  syncFolder(dirname(path));
}

class OpenStorage implements LmdbStorage {
  readonly #path: string;
  readonly #db: RootDatabase<Uint8Array, Uint8Array>;
  readonly #enter: (run: () => void) => void;
  readonly #pending = new PendingBatches();
  /** Batches that no transaction has taken. */
  #waiting: PendingBatch[] = [];
  #unflushedBytes = 0;
  #fault: StorageFault | undefined;
  /** Resolves when every batch so far is committed, or one has failed. */
  #committed: Promise<void> = Promise.resolve();
  /** Resolves when the database is one that outlives a power cut. */
  readonly #founded: Promise<void>;
  #flushes: Promise<void>;
  /** Closes each that is open. */
  readonly #snapshots = new Set<() => void>();

  /** @param onWhole of a new database: called once it is whole on the disk, before anything in it is called durable. */
  constructor(
    path: string,
    db: RootDatabase<Uint8Array, Uint8Array>,
    enter: (run: () => void) => void,
    onWhole: (() => void) | undefined,
  ) {
    this.#path = path;
    this.#db = db;
    this.#enter = enter;
    this.#founded = onWhole === undefined ? Promise.resolve() : this.#found(onWhole);
    this.#flushes = this.#founded;
  }

  /**
   * LMDB notes up to where its file is synced from the first flush on. Before that it takes what a power cut has left of it for whole:
   * the tests of durability saw batches that were half there, and later ones that were gone at the next opening.
   */
  async #found(onWhole: () => void): Promise<void> {
    try {
      await this.#db.batch(() => {
        this.#db.put(FIRST_KEY, FIRST_KEY).catch(ignored);
        this.#db.remove(FIRST_KEY).catch(ignored);
      });
      await this.#db.flushed;
      onWhole();
    } catch (error) {
      const cause = await causeOf(error);
      this.#onFault(cause);
    }
  }

  get keyCount(): number {
    // Asked of the root page: counting would walk the tree.
    const stats: { readonly entryCount?: number } = this.#db.getStats();
    return stats.entryCount ?? 0;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    assertKey(key);
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending.value;
    const value = this.#read(() => this.#db.get(key));
    return value === undefined ? undefined : plain(value);
  }

  scan(range: KeyRange, limit: number, reverse = false): readonly Entry[] {
    assertScan(range, limit);
    if (limit === 0 || range.end?.length === 0) return [];
    const over = this.#pending.within(range, reverse);
    // Of what is stored so many entries may lie under deletions and newer values.
    const stored = this.#read(() => entriesIn(this.#db, optionsOf(range, limit + over.length, reverse)));
    return over.length === 0 ? stored : merged(stored, over, limit, reverse);
  }

  write(ops: readonly WriteOp[]): void {
    const bytes = assertBatch(ops);
    assert(this.#unflushedBytes + bytes <= UNFLUSHED_MAX_BYTES, 'unflushed writes stay within 256 MiB');
    if (this.#fault !== undefined) throw new StorageCrash(this.#fault);
    if (ops.length === 0) return;
    this.#unflushedBytes += bytes;
    if (this.#waiting.length === 0) this.#committed = this.#committed.then(() => this.#commitWaiting());
    this.#waiting.push(this.#pending.add(ops));
  }

  /**
   * In one transaction, when the one before it is over: LMDB goes on after one that failed, and a batch that it already had would be there
   * without those before it.
   */
  async #commitWaiting(): Promise<void> {
    const batches = this.#waiting;
    this.#waiting = [];
    if (this.#fault !== undefined) return;
    try {
      await this.#db.batch(() => {
        let before: Promise<unknown> | undefined;
        for (const { ops } of batches)
          for (const op of ops) {
            const done = op.kind === 'put' ? this.#db.put(op.key, op.value) : this.#db.remove(op.key);
            // It fails with its transaction, which tells. Most answer one promise.
            if (done !== before) done.catch(ignored);
            before = done;
          }
      });
      for (const batch of batches) this.#pending.drop(batch);
    } catch (error) {
      const cause = await causeOf(error);
      this.#onFault(cause);
    }
  }

  flush(onDurable: (fault?: StorageFault) => void): void {
    const covered = this.#unflushedBytes;
    const committed = this.#committed;
    this.#flushes = this.#flushes
      .then(() => committed)
      .then(() => (this.#fault === undefined ? this.#db.flushed : undefined))
      .catch((error: unknown) => {
        this.#onFault(error);
      })
      .then(() => {
        this.#unflushedBytes = Math.max(0, this.#unflushedBytes - covered);
        this.#enter(() => onDurable(this.#fault));
      });
  }

  snapshot(): LmdbSnapshot {
    const transaction = this.#db.useReadTransaction();
    let isOpen = true;
    const close = (): void => {
      if (isOpen) transaction.done();
      isOpen = false;
      this.#snapshots.delete(close);
    };
    this.#snapshots.add(close);
    const durable = this.#founded
      .then(() => this.#db.flushed)
      .then(
        () => this.#fault === undefined,
        () => false,
      );
    return {
      count: this.keyCount,
      durable,
      scan: (start, limit) => {
        assert(isOpen, 'nobody reads a snapshot that is closed');
        return entriesIn(this.#db, { ...optionsOf({ start }, limit, false), transaction });
      },
      close,
    };
  }

  async close(): Promise<void> {
    await this.#founded;
    await this.#committed;
    // LMDB takes its map away from under who reads.
    for (const close of this.#snapshots) close();
    // After a failed commit nothing is left to be written, LMDB waits for a flush that never comes, and what it frees may end the process.
    if (this.#fault === undefined) await this.#db.close();
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw new StorageCrash(this.#onFault(error));
    }
  }

  /** The first one is the fault of this boot. */
  #onFault(error: unknown): StorageFault {
    this.#fault ??= faultOf(error, freeBytesAt(this.#path));
    return this.#fault;
  }
}

/** A range as LMDB takes it. */
export function optionsOf({ start, end }: KeyRange, limit: number, reverse: boolean): RangeOptions {
  const lower = start.length === 0 ? {} : { [reverse ? 'end' : 'start']: start };
  const upper = end === undefined ? {} : { [reverse ? 'start' : 'end']: end };
  const sides = reverse ? { reverse, exclusiveStart: true, inclusiveEnd: true } : {};
  return { ...lower, ...upper, ...sides, limit };
}

/** @throws {Error} when LMDB does not find its own pages. */
export function entriesIn(db: RootDatabase<Uint8Array, Uint8Array>, options: RangeOptions): readonly Entry[] {
  return Array.from(db.getRange(options), ({ key, value }) => ({ key: plain(key), value: plain(value) }));
}

/** Both are in the order of the scan; what lies over wins, and deletes. */
function merged(
  stored: readonly Entry[],
  over: readonly PendingOp[],
  limit: number,
  reverse: boolean,
): readonly Entry[] {
  const entries: Entry[] = [];
  let at = 0;
  const takeStoredBefore = (key: Uint8Array | undefined): void => {
    for (let next = stored[at]; next !== undefined && entries.length < limit; next = stored[at]) {
      const order = key === undefined ? -1 : compareBytes(next.key, key) * (reverse ? -1 : 1);
      if (order > 0) return;
      at++;
      if (order === 0) return;
      entries.push(next);
    }
  };
  for (const { key, value } of over) {
    takeStoredBefore(key);
    if (entries.length >= limit) return entries;
    if (value !== undefined) entries.push({ key, value });
  }
  takeStoredBefore(undefined);
  return entries;
}

/** A plain array over the same bytes: LMDB answers Buffers, whose `slice` and `toString` mean something else. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function ignored(): void {}

/** A batch fails with an error that holds another promise, which is rejected with what the system said, at once or never. */
async function causeOf(error: unknown): Promise<unknown> {
  if (typeof error !== 'object' || error === null || !('commitError' in error)) return error;
  const told = Promise.resolve(error.commitError).then(
    () => error,
    (cause: unknown) => cause,
  );
  return await Promise.race([told, new Promise((resolve) => setImmediate(resolve, error))]);
}

const FULL_CODES = new Set<unknown>(['ENOSPC', 'EDQUOT', 28, 122, -30_792]);

/** Less than LMDB writes at once: of a write that ends in the middle it tells EIO, as it does of a disk that fails. */
const FREE_MIN_BYTES = 1 << 20;

/** LMDB tells the system's number, or one of its own: MDB_MAP_FULL. @param freeBytes of the file system, now. */
export function faultOf(error: unknown, freeBytes: number): StorageFault {
  return { kind: FULL_CODES.has(codeOf(error)) || freeBytes < FREE_MIN_BYTES ? 'FULL' : 'IO' };
}

/** Infinity where the system does not say. */
function freeBytesAt(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
