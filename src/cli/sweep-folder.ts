/** The folder of a sweep: opened, locked, and compared with what is asked for, before anything runs. */
import { randomUUID } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SeedRange } from '../lab/sweep/drive.ts';
import { lockFolder } from '../lab/sweep/lock.ts';
import { databasePath, type Identity, StoreError, SweepStore } from '../lab/sweep/store.ts';
import type { Subject } from '../lab/sweep/subject.ts';
import { makeFolder } from './report-folder.ts';
import { systemCode, UsageError } from './usage.ts';

/** Failures of each kind as files. */
export const CAPSULES = 'capsules';

const ANOTHER = 'give another --out, or --restart to delete what is there and begin anew';

/** What a sweep may not change on the way, and how it is told. */
const MUST_AGREE: readonly (readonly [key: string, what: string])[] = [
  ['source', 'the content of the file'],
  ['code', 'the code that simulates'],
];

export interface SweepFolder {
  readonly store: SweepStore;
  /** Names the sweep for ever. */
  readonly id: string;
  /** Seeds of the range that are there already. */
  readonly done: number;
  close(): void;
}

/** @throws {UsageError} instead of a StoreError, with what to do. */
function forUser<T>(advice: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof StoreError) throw new UsageError(`${error.message}\n${advice}`);
    throw error;
  }
}

function prepareFolder(folder: string): void {
  try {
    makeFolder(folder);
    if (!statSync(folder).isDirectory())
      throw new UsageError(`--out ${folder}: a file; a folder was expected`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--out ${folder}: the folder cannot be made (${systemCode(error)})`);
  }
}

function deleteOld(folder: string): void {
  try {
    for (const ending of ['', '-wal', '-shm']) rmSync(`${databasePath(folder)}${ending}`, { force: true });
    rmSync(join(folder, CAPSULES), { recursive: true, force: true });
  } catch (error) {
    throw new UsageError(`--restart: ${folder} cannot be emptied (${systemCode(error)})`);
  }
}

/** What differs between the sweep in the folder and the one that is asked for, in words. */
function differences(was: Identity, now: Identity): readonly string[] {
  return MUST_AGREE.filter(([key]) => was[key] !== now[key]).map(([key, what]) =>
    key === 'code'
      ? `${what} (then ${was[key]}, now ${now[key]})`
      : `${what} (then ${was['file']}, now ${now['file']})`,
  );
}

/** Seeds outside of the range that have been run; undefined: none. */
function outside(store: SweepStore, { from, to }: SeedRange): string | undefined {
  const ends = store.ends();
  if (ends === undefined || (ends.from >= from && ends.to <= to)) return undefined;
  return `${ends.from}..${ends.to}`;
}

/**
 * Opens the folder of a sweep, new or to be resumed.
 * @throws {UsageError} when it holds another sweep, is damaged, at work elsewhere, or cannot be written.
 */
export function openFolder(
  folder: string,
  subject: Subject,
  seeds: SeedRange,
  more: { readonly code: string; readonly version: string; readonly restart: boolean },
): SweepFolder {
  prepareFolder(folder);
  const lock = forUser('give another --out', () => lockFolder(folder));
  try {
    if (more.restart) deleteOld(folder);
    const store = forUser(`it is left as it is: ${ANOTHER}`, () => new SweepStore(folder));
    try {
      const id = begin(folder, store, { subject, seeds, ...more });
      const done = store.count(seeds);
      return {
        store,
        id,
        done,
        close() {
          store.close();
          lock.release();
        },
      };
    } catch (error) {
      store.close();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Compares, keeps what the sweep is of, and answers its id. */
function begin(
  folder: string,
  store: SweepStore,
  wanted: {
    readonly subject: Subject;
    readonly seeds: SeedRange;
    readonly code: string;
    readonly version: string;
  },
): string {
  const { kind, name, file, source } = wanted.subject;
  const { code, version } = wanted;
  const was = store.identity();
  const id = was?.['id'] ?? randomUUID();
  const identity = { id, kind, name, file, source, code, version };
  const wrong = was === undefined ? [] : differences(was, identity);
  if (wrong.length > 0)
    throw new UsageError(
      `--out ${folder}: a sweep of something else is there; what differs: ${wrong.join('; ')}\n${ANOTHER}`,
    );
  const kept = outside(store, wanted.seeds);
  if (kept !== undefined)
    throw new UsageError(
      `--out ${folder}: seeds ${kept} were run there, and --seeds ${wanted.seeds.from}..${wanted.seeds.to} leaves some out\na sweep may grow: give a range that holds them; or ${ANOTHER}`,
    );
  forUser(ANOTHER, () => store.identify(identity));
  return id;
}
