/** The manifest of a backup: whose chain it is, how far it goes, and the sum of its file. */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf, type FileProblem } from '../file-problem.ts';

/** Its name in the folder of a backup. */
export const MANIFEST_FILE = 'backup.json';
/** Of this layout; a later one has another number. */
const VERSION = 1;
/** It has some lines; anything much longer is another file. */
const FILE_MAX_BYTES = 16_384;

const id = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();
const place = z.strictObject({ height: count, id });
const form = z.strictObject({
  version: z.literal(VERSION),
  kind: z.literal('aureon-backup'),
  /** The version of aureon that made it. */
  madeBy: z.string().max(64),
  /** The wall clock of then, in ms. */
  madeAtMs: count,
  /** The id of block 0. */
  chain: id,
  /** Layout of the records. */
  format: count,
  head: place,
  base: place,
  /** When the folder that was backed up had itself been restored, in ms of the wall clock; null: never. */
  restoredMs: count.nullable(),
  /** Records in it. */
  records: count,
  bytes: count,
  /** Of the file of the database. */
  sha256: id,
});

/** What stands in it. */
export type BackupManifest = z.infer<typeof form>;

/** One of this layout. */
export function manifestOf(parts: Omit<BackupManifest, 'version' | 'kind'>): BackupManifest {
  return { version: VERSION, kind: 'aureon-backup', ...parts };
}

/** Writes it, durably. @throws {Error} of the system. */
export function writeManifest(folder: string, manifest: BackupManifest): void {
  const file = openSync(join(folder, MANIFEST_FILE), 'wx', 0o600);
  try {
    writeSync(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The manifest of the backup in that folder, or why there is none. */
export function readManifest(folder: string): BackupManifest | FileProblem {
  const path = join(folder, MANIFEST_FILE);
  const advice = 'the folder of a backup, as aureon backup wrote it';
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    const isAbsent = code === 'ENOENT' || code === 'ENOTDIR';
    return isAbsent
      ? { code: 'ABSENT', what: `${folder}: this is no backup: ${MANIFEST_FILE} is missing`, advice }
      : { code: 'UNREADABLE', what: `${path}: ${String(code ?? error)}`, advice };
  }
  let content: unknown;
  try {
    content = text.length > FILE_MAX_BYTES ? undefined : JSON.parse(text);
  } catch {
    content = undefined;
  }
  const found = form.safeParse(content);
  if (found.success) return found.data;
  const [first] = found.error.issues;
  const where = first === undefined || first.path.length === 0 ? '' : ` at ${first.path.join('.')}`;
  return { code: 'MALFORMED', what: `${path}: this is no manifest${where}: ${first?.message ?? ''}`, advice };
}
