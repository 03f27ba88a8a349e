import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileDiskShim, type DiskShim, healDisk } from '../../src/lab/real/disk-shim.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { openLmdbReader } from '../../src/node/storage/lmdb-reader.ts';
import { node } from '../e2e/cli-runner.ts';

const program = fileURLToPath(new URL('./failing-storage.ts', import.meta.url));

describe('the database on a disk that fails', () => {
  let folder: string;
  let shim: DiskShim;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-faults-'));
    shim = compileDiskShim(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['flush', 'IO'],
    ['write', 'IO'],
    ['full', 'FULL'],
  ])('tells of it, takes nothing more, and ends in order: %s', async (how, fault) => {
    const own = join(folder, how);
    const control = join(folder, `${how}-fails`);
    mkdirSync(own);
    const { status, stdout } = spawnSync(node, [program, join(own, 'chain'), control, how], {
      encoding: 'utf8',
      env: { ...process.env, ...shim.environment(own, control) },
    });
    expect([status, JSON.parse(stdout)]).toEqual([
      0,
      ['written', 'durable', 'written', fault, fault, fault, 'closed'],
    ]);
    healDisk(control);
    const reader = openLmdbReader(join(own, 'chain'));
    if (isFileProblem(reader)) throw new Error(reader.what);
    expect(reader.get(Uint8Array.of(1))).toEqual(Uint8Array.of(1));
    expect(reader.get(Uint8Array.of(3))).toBeUndefined();
    await reader.close();
  });

  it('in another folder is as it was', () => {
    const control = join(folder, 'other-fails');
    const { status, stdout } = spawnSync(node, [program, join(folder, 'other'), control, 'full'], {
      encoding: 'utf8',
      env: { ...process.env, ...shim.environment(join(folder, 'nowhere'), control) },
    });
    const durable = ['written', 'durable'];
    expect([status, JSON.parse(stdout)]).toEqual([0, [...durable, ...durable, ...durable, 'closed']]);
  });
});
