/** What `aureon check` looks at: the data folder of a node that does not run, or a backup. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ledgerConfigOf } from '../../chain/node.ts';
import { accountAddress } from '../../chain/types/units.ts';
import { StorageCrash } from '../../env/storage.ts';
import { isBackup, systemProblem } from '../backup/backup.ts';
import { readManifest } from '../backup/backup-manifest.ts';
import type { Settings } from '../config/settings.ts';
import { type FileProblem, isFileProblem } from '../file-problem.ts';
import type { ChainFile } from '../genesis-file.ts';
import { configOf } from '../node-process.ts';
import type { SignatureSuite } from '../signatures/system-crypto.ts';
import { DATABASE_NAME, openDataFolder } from '../storage/data-folder.ts';
import { sumFile } from '../storage/file-sums.ts';
import { type LmdbReader, openLmdbReader, openSettledReader } from '../storage/lmdb-reader.ts';
import { DATABASE_FILE, openLmdbStorage } from '../storage/lmdb-storage.ts';
import { type CheckOrder, type CheckReport, checkFolder } from './check-folder.ts';

/** Nobody's: a check builds no block. */
const NOBODY = accountAddress('0'.repeat(64));

/** What is wanted. */
export interface CheckRequest {
  readonly folder: string;
  readonly chain: ChainFile;
  readonly settings: Settings;
  readonly suite: SignatureSuite;
  readonly isRepairing: boolean;
  readonly onProgress: (text: string) => void;
}

/** Checks a data folder or a backup. */
export async function runCheck(request: CheckRequest): Promise<CheckReport | FileProblem> {
  const { folder } = request;
  try {
    return await (isBackup(folder) ? checkBackup(request) : checkData(request));
  } catch (error) {
    if (!(error instanceof StorageCrash)) throw error;
    return {
      code: 'DAMAGED',
      what: `${folder}: the database cannot be read to its end: the disk fails, or the inner structure of its file is damaged`,
      advice: 'a backup, or an empty folder that syncs',
    };
  }
}

async function checkBackup(request: CheckRequest): Promise<CheckReport | FileProblem> {
  const { folder, onProgress } = request;
  if (request.isRepairing)
    return {
      code: 'RESTORED',
      what: `${folder}: this is a backup, which stays as it is`,
      advice: 'aureon restore, and then a check of the restored folder with --repair',
    };
  const manifest = readManifest(folder);
  if (isFileProblem(manifest)) return manifest;
  const path = join(folder, DATABASE_FILE);
  try {
    const sum = await sumFile(path, {
      onBytes: (done) => onProgress(`summing: ${done} of ${manifest.bytes} bytes`),
      signal: new AbortController().signal,
    });
    if (sum?.bytes !== manifest.bytes || sum.sha256 !== manifest.sha256)
      return {
        code: 'DAMAGED',
        what: `${path}: it is not the file that the manifest describes`,
        advice: 'another backup',
      };
  } catch (error) {
    return systemProblem(path, error);
  }
  return checkReadOnly(request, openLmdbReader(folder));
}

async function checkData(request: CheckRequest): Promise<CheckReport | FileProblem> {
  const { folder } = request;
  const database = join(folder, DATABASE_NAME);
  if (!existsSync(join(database, DATABASE_FILE)))
    return {
      code: 'ABSENT',
      what: `${folder}: there is no database of a node`,
      advice: 'the data folder of a node (node.data), or a backup',
    };
  const opened = openDataFolder(folder);
  if (isFileProblem(opened)) return opened;
  try {
    return await (request.isRepairing
      ? repaired(request, database)
      : checkReadOnly(request, await openSettledReader(database)));
  } finally {
    opened.release();
  }
}

async function checkReadOnly(
  request: CheckRequest,
  reader: LmdbReader | FileProblem,
): Promise<CheckReport | FileProblem> {
  if (isFileProblem(reader)) return reader;
  try {
    return await checkFolder({ ...orderOf(request), storage: reader, repairs: undefined });
  } finally {
    await reader.close();
  }
}

async function repaired(request: CheckRequest, database: string): Promise<CheckReport | FileProblem> {
  const probe = await openSettledReader(database);
  if (isFileProblem(probe)) return probe;
  await probe.close();
  const storage = openLmdbStorage(database, (run) => run());
  try {
    return await checkFolder({ ...orderOf(request), storage, repairs: storage });
  } finally {
    await storage.close();
  }
}

function orderOf({
  folder,
  chain,
  settings,
  suite,
  onProgress,
}: CheckRequest): Pick<CheckOrder, 'folder' | 'config' | 'suite' | 'onProgress'> {
  const config = ledgerConfigOf(configOf({ settings, chain, key: { address: NOBODY }, isVouched: false }));
  return { folder, config, suite, onProgress };
}
