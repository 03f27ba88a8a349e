/** A file system that is really full: a small tmpfs, where this process may mount one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { faultOf, openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';
import { node } from '../e2e/cli-runner.ts';
import { FILLED_CODE, keyOf, VALUE } from './filling-records.ts';

const program = fileURLToPath(new URL('./filling-storage.ts', import.meta.url));
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
    const { status, stdout } = spawnSync(node, [program, path], { encoding: 'utf8' });
    const { durable, fault } = JSON.parse(stdout) as { readonly durable: number; readonly fault: unknown };
    expect([status, fault]).toEqual([FILLED_CODE, { kind: 'FULL' }]);
    expect(durable).toBeGreaterThan(10);
    execFileSync('mount', ['-o', 'remount,size=64m', folder]);
    const again = openLmdbStorage(path, (run) => run());
    for (let i = 0; i < durable; i++) expect(again.get(keyOf(i)), `record ${i}`).toEqual(VALUE);
    again.write([{ kind: 'put', key: keyOf(durable), value: VALUE }]);
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
