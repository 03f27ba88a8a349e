/** Small disks of real nodes: a data folder gets a file system of its own in memory, whose room ends where it is told to. Root on Linux may mount one. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, renameSync, rmdirSync, statfsSync } from 'node:fs';
import { createReaper, type Reaper } from './reaper.ts';

/** Room of one that is not full; memory is taken for what is written alone. */
const ROOM = '2g';
/** A node may write between the look at what is taken and the new limit, which is then refused: each further try leaves one block more. */
const FILL_TRIES = 100;

/** The small disks of one run; `end` unmounts them, and a process of its own does where the runner is killed. */
export class SmallDisks {
  readonly #folders = new Set<string>();
  #reaper: Reaper | undefined;

  /** Makes the folder, which must not be there. False: this process may not mount, and nothing was done. */
  mount(folder: string): boolean {
    mkdirSync(folder, { mode: 0o700 });
    if (
      process.platform !== 'linux' ||
      !isDone(['-t', 'tmpfs', '-o', `size=${ROOM},mode=700`, 'tmpfs', folder])
    ) {
      rmdirSync(folder);
      return false;
    }
    this.#reaper ??= createReaper();
    this.#reaper.addMount(folder);
    this.#folders.add(folder);
    return true;
  }

  has(folder: string): boolean {
    return this.#folders.has(folder);
  }

  /** There is no room but for what is on it, or for a few blocks more where it is written to meanwhile. @throws {Error} where the system refuses. */
  fill(folder: string): void {
    for (let tries = 0; tries < FILL_TRIES; tries++) {
      const { bsize, blocks, bfree } = statfsSync(folder);
      // A limit of 0 would be none.
      const limit = Math.max(1, blocks - bfree + tries) * bsize;
      if (isDone(['-o', `remount,size=${limit}`, folder])) return;
    }
    throw new Error(`${folder}: the file system cannot be filled, as it is written to without end`);
  }

  /** There is room again. */
  free(folder: string): void {
    isDone(['-o', `remount,size=${ROOM}`, folder]);
  }

  /** Unmounts all. @param isKept what is on them stays, in plain folders. */
  end(isKept: boolean): void {
    for (const folder of this.#folders) {
      const copy = `${folder}.copy`;
      if (isKept) cpSync(folder, copy, { recursive: true });
      spawnSync('umount', ['--lazy', folder]);
      if (!isKept) continue;
      rmdirSync(folder);
      renameSync(copy, folder);
    }
    this.#folders.clear();
    this.#reaper?.close();
  }
}

function isDone(words: readonly string[]): boolean {
  return spawnSync('mount', words, { stdio: 'ignore' }).status === 0;
}
