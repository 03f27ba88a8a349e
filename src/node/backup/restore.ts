/**
 * Restore: a backup becomes the data folder of a node. Verified whole before it is put in place, into an empty place only, and
 * marked: what the key has signed since the backup its records do not tell. docs/decisions/019-storage-at-rest.md.
 */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { unixMs } from '../../env/units.ts';
import { codeOf, type FileProblem, isFileProblem } from '../file-problem.ts';
import { DATABASE_NAME } from '../storage/data-folder.ts';
import { makeDurable, nativeSha256, sumFile } from '../storage/file-sums.ts';
import { openLmdbReader } from '../storage/lmdb-reader.ts';
import { DATABASE_FILE, LOCK_FILE } from '../storage/lmdb-storage.ts';
import { markRestored, systemProblem } from './backup.ts';
import { type BackupManifest, readManifest } from './backup-manifest.ts';
import { type CopyWatch, INTERRUPTED } from './copy-watch.ts';
import { factsOf } from './folder-facts.ts';

/** What is restored, and where to. */
export interface RestoreOrder {
  readonly backup: string;
  /** The data folder: not there, or empty. */
  readonly folder: string;
  /** The chain that it has to be of; undefined: whichever. */
  readonly chain: string | undefined;
  /** Somebody who knows says that the key has signed nothing since the backup was made. */
  readonly isVouched: boolean;
}

/** Answers what was restored. */
export async function restoreBackup(
  order: RestoreOrder,
  watch: CopyWatch,
): Promise<BackupManifest | FileProblem | typeof INTERRUPTED> {
  const { backup, folder, chain } = order;
  const manifest = readManifest(backup);
  if (isFileProblem(manifest)) return manifest;
  if (chain !== undefined && chain !== manifest.chain)
    return {
      code: 'MALFORMED',
      what: `${backup}: this backup is of chain ${manifest.chain}, the genesis file of chain ${chain}`,
      advice: 'a backup of that chain, or its genesis file (node.genesis)',
    };
  const taken = takenProblem(folder);
  if (taken !== undefined) return taken;
  let partial: string | undefined;
  try {
    partial = mkdtempSync(`${resolve(folder)}.restoring-`);
    const problem = await fill(partial, order, manifest, watch);
    if (problem !== undefined) return problem;
    // Takes the place of an empty folder, and of nothing else.
    renameSync(partial, folder);
    partial = undefined;
    makeDurable(dirname(resolve(folder)));
    return manifest;
  } catch (error) {
    return systemProblem(folder, error);
  } finally {
    if (partial !== undefined) rmSync(partial, { recursive: true, force: true });
  }
}

async function fill(
  partial: string,
  { backup, isVouched }: RestoreOrder,
  manifest: BackupManifest,
  { onProgress, signal }: CopyWatch,
): Promise<FileProblem | typeof INTERRUPTED | undefined> {
  const database = join(partial, DATABASE_NAME);
  mkdirSync(database, { mode: 0o700 });
  const from = join(backup, DATABASE_FILE);
  const copy = join(database, DATABASE_FILE);
  const { bytes, sha256, chain, head } = manifest;
  const onBytes = (done: number): void => onProgress({ step: 'copying', done, of: bytes });
  const sum = await sumFile(from, { copy, onBytes, signal });
  if (sum === undefined) return INTERRUPTED;
  const advice = 'another backup: this one is damaged';
  if (sum.bytes !== bytes || sum.sha256 !== sha256)
    return {
      code: 'DAMAGED',
      what: `${from}: it is not what its manifest says: ${sum.bytes} bytes of ${bytes}, SHA-256 ${sum.sha256} and not ${sha256}`,
      advice,
    };
  const restoredMs = manifest.restoredMs === null ? undefined : unixMs(manifest.restoredMs);
  await markRestored(database, isVouched ? restoredMs : unixMs(Date.now()));
  const reader = openLmdbReader(database);
  if (isFileProblem(reader)) return reader;
  const facts = factsOf(reader, nativeSha256, backup);
  await reader.close();
  if (isFileProblem(facts)) return facts;
  if (facts.chain !== chain || facts.head.id !== head.id)
    return {
      code: 'MALFORMED',
      what: `${backup}: its database is of chain ${facts.chain} at height ${facts.head.height}, which its manifest does not say`,
      advice,
    };
  rmSync(join(database, LOCK_FILE), { force: true });
  for (const path of [copy, database, partial]) makeDurable(path);
  return undefined;
}

/** Undefined: there is nothing, or an empty folder. */
function takenProblem(folder: string): FileProblem | undefined {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? undefined : systemProblem(folder, error);
  }
  if (names.length === 0) return undefined;
  return {
    code: 'EXISTS',
    what: `${folder}: this folder is not empty`,
    advice: 'an empty folder, or a path where nothing is (node.data)',
  };
}
