/**
 * Backup: the database of a node as it is at one moment, copied by another process beside the node that writes it. The copy
 * carries the mark of a restored folder, so that nothing that is made of it takes its records for the newest.
 */
import { existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { keyAfter, openRecord, recordKindOf } from '../../chain/blockstore/records.ts';
import { restoredOp } from '../../chain/blockstore/restored.ts';
import { bytesToHex } from '../../env/bytes.ts';
import { type UnixMs, unixMs } from '../../env/units.ts';
import { codeOf, type FileProblem, isFileProblem } from '../file-problem.ts';
import { DATABASE_NAME } from '../storage/data-folder.ts';
import { makeDurable, nativeSha256, sumFile } from '../storage/file-sums.ts';
import { type LmdbReader, openLmdbReader } from '../storage/lmdb-reader.ts';
import { DATABASE_FILE, LOCK_FILE, openLmdbStorage } from '../storage/lmdb-storage.ts';
import { type BackupManifest, MANIFEST_FILE, manifestOf, writeManifest } from './backup-manifest.ts';
import { factsOf } from './folder-facts.ts';

/** Records read at once while they are checked. */
const PAGE_RECORDS = 256;
/** Damaged records that are named; the rest is counted. */
const NAMED_MAX = 8;
/** How often the size of the growing copy is looked at. */
const LOOK_MS = 100;

/** How far it is. */
export interface CopyProgress {
  readonly step: 'copying' | 'checking' | 'summing';
  /** Bytes, or records while they are checked. */
  readonly done: number;
  readonly of: number;
}

/** What a backup or a restore is told beside its folders. */
export interface CopyWatch {
  readonly onProgress: (progress: CopyProgress) => void;
  /** Ends it early: what was begun is removed. */
  readonly signal: AbortSignal;
}

/** Ended early, and nothing is left of it. */
export const INTERRUPTED = 'interrupted';

/**
 * Makes a backup in a folder that is not there yet. The node may run, and goes on. @param folder of the node. @param version
 * of this code.
 */
export async function backUp(
  folder: string,
  target: string,
  version: string,
  watch: CopyWatch,
): Promise<BackupManifest | FileProblem | typeof INTERRUPTED> {
  if (existsSync(target))
    return { code: 'EXISTS', what: `${target}: this is there already`, advice: 'a new path for the backup' };
  const source = openLmdbReader(join(folder, DATABASE_NAME));
  if (isFileProblem(source)) return source;
  let partial: string | undefined;
  try {
    const facts = factsOf(source, nativeSha256, folder);
    if (isFileProblem(facts)) return facts;
    partial = mkdtempSync(`${resolve(target)}.partial-`);
    const made = await copyInto(source, partial, version, watch);
    if (made === INTERRUPTED || isFileProblem(made)) return made;
    renameSync(partial, target);
    partial = undefined;
    makeDurable(dirname(resolve(target)));
    return made;
  } catch (error) {
    return systemProblem(target, error);
  } finally {
    await source.close();
    if (partial !== undefined) rmSync(partial, { recursive: true, force: true });
  }
}

async function copyInto(
  source: LmdbReader,
  partial: string,
  version: string,
  watch: CopyWatch,
): Promise<BackupManifest | FileProblem | typeof INTERRUPTED> {
  const file = join(partial, DATABASE_FILE);
  const total = source.fileBytes;
  const looking = setInterval(() => {
    const done = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    watch.onProgress({ step: 'copying', done, of: Math.max(total, done) });
  }, LOOK_MS);
  await source.copyTo(partial).finally(() => clearInterval(looking));
  const copy = openLmdbReader(partial);
  if (isFileProblem(copy)) return copy;
  const facts = factsOf(copy, nativeSha256, partial);
  const records = copy.count;
  const damaged = isFileProblem(facts) ? undefined : await damagedRecords(copy, watch);
  await copy.close();
  // Those of what was copied were good a moment ago.
  if (isFileProblem(facts))
    return {
      code: 'DAMAGED',
      what: 'the database of the node could not be copied whole, so that no backup was made',
      advice: 'aureon check on the stopped node',
    };
  if (damaged === undefined) return INTERRUPTED;
  if (damaged.length > 0) return damagedProblem(damaged);
  const madeAtMs = unixMs(Date.now());
  await markRestored(partial, madeAtMs);
  rmSync(join(partial, LOCK_FILE), { force: true });
  makeDurable(file);
  const size = statSync(file).size;
  const sum = await sumFile(file, {
    signal: watch.signal,
    onBytes: (done) => watch.onProgress({ step: 'summing', done, of: size }),
  });
  if (sum === undefined) return INTERRUPTED;
  const { chain, format, head, base, restoredMs } = facts;
  const manifest = manifestOf({
    madeBy: version,
    madeAtMs,
    chain,
    format,
    head,
    base,
    restoredMs: restoredMs ?? null,
    records,
    ...sum,
  });
  writeManifest(partial, manifest);
  makeDurable(partial);
  return manifest;
}

/** Puts the mark, or takes it away, and commits. @throws {Error} when the disk fails. */
export async function markRestored(database: string, at: UnixMs | undefined): Promise<void> {
  const storage = openLmdbStorage(database, (run) => run());
  storage.write([restoredOp(nativeSha256, at)]);
  const fault = await new Promise((resolve) => storage.flush(resolve));
  await storage.close();
  if (fault !== undefined) throw new Error(`${database}: the mark of a restored folder could not be written`);
}

/** Keys of records that fail their checksum; undefined: ended early. */
async function damagedRecords(
  copy: LmdbReader,
  { onProgress, signal }: CopyWatch,
): Promise<readonly string[] | undefined> {
  const damaged: string[] = [];
  const of = copy.count;
  let done = 0;
  for (let start = new Uint8Array(0); ; ) {
    const page = copy.scan({ start }, PAGE_RECORDS);
    for (const { key, value } of page)
      if (openRecord(nativeSha256, key, value) === 'corrupt')
        damaged.push(`${recordKindOf(key)} ${bytesToHex(key)}`);
    const last = page.at(-1);
    if (last === undefined) return damaged;
    start = Uint8Array.from(keyAfter(last.key));
    done += page.length;
    onProgress({ step: 'checking', done, of });
    await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted) return undefined;
  }
}

function damagedProblem(damaged: readonly string[]): FileProblem {
  const named = damaged.slice(0, NAMED_MAX).join(', ');
  const more = damaged.length > NAMED_MAX ? ` and ${damaged.length - NAMED_MAX} more` : '';
  return {
    code: 'DAMAGED',
    what: `records of the node fail their checksum, so that no backup was made: ${named}${more}`,
    advice: 'aureon check --repair on the stopped node',
  };
}

/** In words, what the system said. */
export function systemProblem(path: string, error: unknown): FileProblem {
  const code = codeOf(error);
  const why = typeof code === 'string' ? code : error instanceof Error ? error.message : String(error);
  if (code === 'EEXIST' || code === 'ENOTEMPTY' || code === 'ENOTDIR')
    return { code: 'EXISTS', what: `${path}: something is there already (${why})`, advice: 'a new path' };
  return {
    code: 'UNREADABLE',
    what: `${path}: cannot be written (${why})`,
    advice: 'a path whose folder is there, that this user may write, and room on the disk',
  };
}

/** True for a folder that holds a backup. */
export function isBackup(folder: string): boolean {
  return existsSync(join(folder, MANIFEST_FILE));
}
