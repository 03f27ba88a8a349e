/** Makes names of a folder durable: a file that was synced is lost all the same while the folder that names it was not (fsync(2)). */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../file-problem.ts';

/** Systems and file systems that know no sync of folders keep names by themselves, or not at all. */
const NOT_KNOWN = new Set<unknown>(['EINVAL', 'EISDIR', 'EPERM', 'ENOTSUP']);

/** Every name in the folder outlives a power cut when it returns. @throws {NodeJS.ErrnoException} such as EIO. */
export function syncFolder(folder: string): void {
  let handle: number | undefined;
  try {
    handle = openSync(folder, 'r');
    fsyncSync(handle);
  } catch (error) {
    if (!NOT_KNOWN.has(codeOf(error))) throw error;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** The same for the names of a folder and of those above it, up to `first`, the highest that was made just now. */
export function syncNamesUpTo(folder: string, first: string): void {
  for (let at = folder; ; at = dirname(at)) {
    const parent = dirname(at);
    syncFolder(parent);
    if (at === first || parent === at) return;
  }
}
