/** A file system that is really full: a small tmpfs, where this process may mount one. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { StorageCrash, type StorageFault } from '../../src/env/storage.ts';
import { faultOf, openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';

const folder = mkdtempSync(join(tmpdir(), 'aureon-full-'));

function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const isMounted = mount();

afterAll(() => {
  if (isMounted) execFileSync('umount', ['--lazy', folder]);
  rmSync(folder, { recursive: true });
});

describe('a disk without room', () => {
  it.runIf(isMounted)('is called full, and has after more room what was flushed before', async () => {
    const path = join(folder, 'chain');
    const value = new Uint8Array(60_000).fill(7);
    const key = (i: number): Uint8Array => Uint8Array.of(1, i >>> 8, i & 0xff);
    const storage = openLmdbStorage(path, (run) => run());
    let durable = 0;
    const write = async (): Promise<StorageFault | undefined> => {
      try {
        storage.write([{ kind: 'put', key: key(durable), value }]);
      } catch (error) {
        if (error instanceof StorageCrash) return error.fault;
        throw error;
      }
      return new Promise((resolve) => storage.flush(resolve));
    };
    let fault = await write();
    for (; fault === undefined && durable < 1_000; fault = await write()) durable++;
    expect(fault).toEqual({ kind: 'FULL' });
    expect(durable).toBeGreaterThan(10);
    await storage.close();
    execFileSync('mount', ['-o', 'remount,size=64m', folder]);
    const again = openLmdbStorage(path, (run) => run());
    for (let i = 0; i < durable; i++) expect(again.get(key(i)), `record ${i}`).toEqual(value);
    again.write([{ kind: 'put', key: key(durable), value }]);
    expect(await new Promise((resolve) => again.flush(resolve))).toBeUndefined();
    await again.close();
  });

  it.each([
    ['ENOSPC', 1e9, 'FULL'],
    [28, 1e9, 'FULL'],
    [-30_792, 1e9, 'FULL'],
    [5, 8_192, 'FULL'],
    [5, 1e9, 'IO'],
    ['EIO', Number.POSITIVE_INFINITY, 'IO'],
  ])('is told from one that fails: %s, with %d bytes free', (code, freeBytes, kind) => {
    expect(faultOf({ code }, freeBytes)).toEqual({ kind });
  });
});
