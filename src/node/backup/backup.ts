/**
 * Backup: the database of a node as it is at one moment. A node that runs gives it; of one that does not it is copied. The copy
 * carries the mark of a restored folder, so that nothing that is made of it takes its records for the newest.
 */
import { existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { keyAfter, openRecord, recordKindOf } from '../../chain/blockstore/records.ts';
import { restoredOp } from '../../chain/blockstore/restored.ts';
import { bytesToHex } from '../../env/bytes.ts';
import { type UnixMs, unixMs } from '../../env/units.ts';
import { codeOf, type FileProblem, isFileProblem } from '../file-problem.ts';
import { DATABASE_NAME, openDataFolder } from '../storage/data-folder.ts';
import { makeDurable, nativeSha256, sumFile } from '../storage/file-sums.ts';
import { type LmdbReader, openLmdbReader, openSettledReader } from '../storage/lmdb-reader.ts';
import { DATABASE_FILE, LOCK_FILE, openLmdbStorage } from '../storage/lmdb-storage.ts';
import { type BackupManifest, MANIFEST_FILE, manifestOf, writeManifest } from './backup-manifest.ts';
import { type CopyWatch, INTERRUPTED } from './copy-watch.ts';
import { factsOf } from './folder-facts.ts';
import { receiveCopy } from './receive-copy.ts';

/** Records read at once while they are checked. */
const PAGE_RECORDS = 256;
/** Damaged records that are named; the rest is counted. */
const NAMED_MAX = 8;
/** How often the size of the growing copy is looked at. */
const LOOK_MS = 100;

/**
 * Makes a backup in a folder that is not there yet. The node may run, and goes on; where it does not, it does not start meanwhile.
 * @param folder of the node. @param version of this code.
 */
export async function backUp(
  folder: string,
  target: string,
  version: string,
  watch: CopyWatch,
): Promise<BackupManifest | FileProblem | typeof INTERRUPTED> {
  if (existsSync(target))
    return { code: 'EXISTS', what: `${target}: this is there already`, advice: 'a new path for the backup' };
  const database = join(folder, DATABASE_NAME);
  if (!existsSync(join(database, DATABASE_FILE)))
    return {
      code: 'ABSENT',
      what: `${database}: there is no database`,
      advice: 'the data folder of a node (node.data)',
    };
  const own = openDataFolder(folder);
  if (isFileProblem(own) && own.code !== 'IN_USE') return own;
  let partial: string | undefined;
  try {
    partial = mkdtempSync(`${resolve(target)}.partial-`);
    const failed = isFileProblem(own)
      ? await receiveCopy(folder, partial, watch)
      : await copyOwn(folder, database, partial, watch);
    if (failed !== undefined) return failed;
    const made = await finish(folder, partial, version, watch);
    if (made === INTERRUPTED || isFileProblem(made)) return made;
    renameSync(partial, target);
    partial = undefined;
    makeDurable(dirname(resolve(target)));
    return made;
  } catch (error) {
    return systemProblem(target, error);
  } finally {
    if (!isFileProblem(own)) own.release();
    if (partial !== undefined) rmSync(partial, { recursive: true, force: true });
  }
}

/** The database of a node that does not run; undefined: it is copied. */
async function copyOwn(
  folder: string,
  database: string,
  partial: string,
  watch: CopyWatch,
): Promise<FileProblem | undefined> {
  const source = await openSettledReader(database);
  if (isFileProblem(source)) return source;
  const file = join(partial, DATABASE_FILE);
  const total = source.fileBytes;
  const looking = setInterval(() => {
    const done = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    watch.onProgress({ step: 'copying', done, of: Math.max(total, done) });
  }, LOOK_MS);
  try {
    const facts = factsOf(source, nativeSha256, folder);
    if (isFileProblem(facts)) return facts;
    await source.copyTo(partial);
    return undefined;
  } finally {
    clearInterval(looking);
    await source.close();
  }
}

/** Checks what was copied, and makes a backup of it. */
async function finish(
  folder: string,
  partial: string,
  version: string,
  watch: CopyWatch,
): Promise<BackupManifest | FileProblem | typeof INTERRUPTED> {
  const file = join(partial, DATABASE_FILE);
  const copy = openLmdbReader(partial);
  if (isFileProblem(copy)) return copy;
  const facts = factsOf(copy, nativeSha256, folder);
  const records = copy.count;
  const damaged = isFileProblem(facts) ? undefined : await damagedRecords(copy, watch);
  await copy.close();
  if (isFileProblem(facts)) return facts;
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
