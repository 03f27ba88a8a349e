import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syncFolder, syncNamesUpTo } from './sync-folder.ts';

// That names outlive a power cut, tests/durability shows.
describe('the sync of folders', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-sync-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('takes a folder, every folder above it up to the first that was made, and the root', () => {
    const deep = join(folder, 'a', 'b');
    const first = mkdirSync(deep, { recursive: true });
    expect(first).toBe(join(folder, 'a'));
    expect(() => syncFolder(deep)).not.toThrow();
    expect(() => syncNamesUpTo(deep, join(folder, 'a'))).not.toThrow();
    expect(() => syncNamesUpTo('/', '/nowhere')).not.toThrow();
  });

  it('tells that a folder is not there: what was to be durable is not', () => {
    expect(() => syncFolder(join(folder, 'absent'))).toThrow(/ENOENT/);
    expect(() => syncNamesUpTo(join(folder, 'absent', 'b'), join(folder, 'absent'))).toThrow(/ENOENT/);
  });
});
