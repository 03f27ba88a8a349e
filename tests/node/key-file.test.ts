import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPortableSuite } from '../../src/cluster/portable-suite.ts';
import { isFileProblem } from '../../src/node/file-problem.ts';
import { nodeKeyOf, readKeyFile, writeKeyFile } from '../../src/node/key-file.ts';
import { RFC8032_KEYS } from '../contract/probe-keys.ts';

const SUITE = createPortableSuite();
const KEY = nodeKeyOf(RFC8032_KEYS[0]?.secret ?? new Uint8Array(32), SUITE);

describe('the file of a key', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-key-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function written(name: string, change: (text: string) => string = (text) => text): string {
    const path = join(folder, name);
    expect(writeKeyFile(path, KEY)).toBeUndefined();
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    return path;
  }

  function problem(path: string): readonly string[] {
    const found = readKeyFile(path, SUITE);
    return isFileProblem(found)
      ? [found.code, found.what.replace(`${folder}/`, ''), found.advice.replace(`${folder}/`, '')]
      : [];
  }

  it('is for its owner alone, and read as it was written', () => {
    const path = written('good.key');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readKeyFile(path, SUITE)).toEqual(KEY);
  });

  it('is never written over', () => {
    const path = written('old.key');
    const before = readFileSync(path, 'utf8');
    expect(writeKeyFile(path, KEY)).toMatchObject({ code: 'EXISTS' });
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('is not used while others may use it', () => {
    const path = written('open.key');
    chmodSync(path, 0o640);
    expect(problem(path)).toEqual([
      'OPEN_TO_OTHERS',
      'open.key: others than its owner may use it (mode 640)',
      'chmod 600 open.key',
    ]);
  });

  it('says how to make one where there is none', () => {
    expect(problem(join(folder, 'none.key'))).toEqual([
      'ABSENT',
      'none.key: there is no such file or folder',
      'make one: aureon keys new --out none.key',
    ]);
    expect(writeKeyFile(join(folder, 'no', 'folder.key'), KEY)).toMatchObject({ code: 'ABSENT' });
  });

  it.each([
    ['empty', () => '', 'it is no JSON'],
    ['a number', () => '1', 'it is no JSON object'],
    ['cut', (text: string) => text.slice(0, 50), 'it is no JSON'],
    [
      'of another version',
      (text: string) => text.replace('"version": 1', '"version": 2'),
      'version 1 and algorithm ed25519',
    ],
    ['with a short secret', (text: string) => text.replace(/("secret": ")../, '$1'), 'secret: 64 lower-case'],
    [
      'with another public key',
      (text: string) => text.replace(/("public": ").{4}/, '$10000'),
      'public: it is not the key',
    ],
    ['huge', () => ' '.repeat(5_000), 'it is too long'],
  ])('is refused when it is %s', (name, change, why) => {
    expect(problem(written(`${name.replaceAll(' ', '-')}.key`, change))).toEqual([
      'MALFORMED',
      expect.stringContaining(why),
      'a file as aureon keys new writes it',
    ]);
  });
});
