import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileDiskShim, type DiskShim, healDisk } from '../../src/lab/real/disk-shim.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { type LmdbReader, openLmdbReader } from '../../src/node/storage/lmdb-reader.ts';
import { node } from '../e2e/cli-runner.ts';

const program = fileURLToPath(new URL('./failing-storage.ts', import.meta.url));

/** One process of three was aborted. */
const ENDS = 6;

interface Written {
  readonly own: string;
  /** Exit code, or the signal that ended it. */
  readonly ending: unknown;
  readonly told: readonly unknown[];
}

function readerOf(own: string): LmdbReader {
  const reader = openLmdbReader(join(own, 'chain'));
  if (isFileProblem(reader)) throw new Error(reader.what);
  return reader;
}

describe('the database on a disk that fails', () => {
  let folder: string;
  let shim: DiskShim;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-faults-'));
    shim = compileDiskShim(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** @param story what is written, and when. */
  function write(name: string, how: string, story = ''): Written {
    const own = join(folder, name);
    const control = join(folder, `${name}-fails`);
    mkdirSync(own);
    const { status, signal, stdout } = spawnSync(node, [program, join(own, 'chain'), control, how, story], {
      encoding: 'utf8',
      env: { ...process.env, ...shim.environment(own, control) },
    });
    healDisk(control);
    return { own, ending: signal ?? status, told: JSON.parse(stdout) };
  }

  it.each([
    ['flush', 'IO'],
    ['write', 'IO'],
    ['full', 'FULL'],
  ])('tells of it, takes nothing more, and ends in order: %s', async (how, fault) => {
    const { own, ending, told } = write(how, how);
    expect([ending, told]).toEqual([6, ['written', 'durable', 'written', fault, fault, fault, 'closed']]);
    const reader = readerOf(own);
    expect(reader.get(Uint8Array.of(1))).toEqual(Uint8Array.of(1));
    expect(reader.get(Uint8Array.of(3))).toBeUndefined();
    await reader.close();
  });

  it('has nothing of what was written behind a batch that failed, though the disk is well again', async () => {
    const { own, ending, told } = write('moment', 'write', 'moment');
    expect([ending, told.slice(0, 3), told.slice(-2)]).toEqual([
      6,
      ['written', 'durable', 'written'],
      ['IO', 'closed'],
    ]);
    const reader = readerOf(own);
    const there = Array.from({ length: 13 }, (_, i) => reader.get(Uint8Array.of(1 + i)) !== undefined);
    expect(there).toEqual([true, ...Array<boolean>(12).fill(false)]);
    await reader.close();
  });

  it('ends with its exit code', () => {
    const endings = Array.from({ length: ENDS }, (_, i) => write(`busy-${i}`, 'write', 'busy').ending);
    expect(new Set(endings)).toEqual(new Set([6]));
  });

  it('in another folder is as it was', () => {
    const control = join(folder, 'other-fails');
    const { status, stdout } = spawnSync(node, [program, join(folder, 'other'), control, 'full'], {
      encoding: 'utf8',
      env: { ...process.env, ...shim.environment(join(folder, 'nowhere'), control) },
    });
    const durable = ['written', 'durable'];
    expect([status, JSON.parse(stdout)]).toEqual([6, [...durable, ...durable, ...durable, 'closed']]);
  });
});
