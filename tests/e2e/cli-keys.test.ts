/** `aureon keys` as users meet it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorkshop, main, node, type Workshop } from './cli-runner.ts';

/** RFC 8032 §7.1, test 1. */
const SECRET = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const PUBLIC = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

describe('aureon keys', () => {
  let shop: Workshop;
  beforeAll(() => {
    shop = createWorkshop();
  });
  afterAll(() => shop.remove());

  function importing(input: string, ...args: readonly string[]) {
    return spawnSync(node, [main, 'keys', 'import', ...args], { cwd: shop.folder, encoding: 'utf8', input });
  }

  it('makes a key for its owner alone, shows all of it but the secret, and never writes over it', async () => {
    const made = await shop.aureon(['keys', 'new', '--out', 'a.key', '--json']);
    expect([made.code, made.stderr]).toEqual([0, '']);
    const { public: key, address } = JSON.parse(made.stdout);
    expect(address).toMatch(/^aur1[02-9ac-hj-np-z]{58}$/);
    expect(statSync(shop.path('a.key')).mode & 0o777).toBe(0o600);
    const before = readFileSync(shop.path('a.key'), 'utf8');
    const { secret } = JSON.parse(before);
    const shown = await shop.aureon(['keys', 'show', 'a.key']);
    expect(shown.stdout).toBe(`file     a.key\npublic   ${key}\naddress  ${address}\n`);
    expect(made.stdout + shown.stdout).not.toContain(secret);
    const again = await shop.aureon(['keys', 'new', '--out', 'a.key']);
    expect([again.code, again.stdout, again.stderr]).toEqual([
      2,
      '',
      'a.key: this file is there already\n  expected: a new path, or move the old file away\n',
    ]);
    expect(readFileSync(shop.path('a.key'), 'utf8')).toBe(before);
    const other = await shop.aureon(['keys', 'new', '--out', 'b.key', '--json']);
    expect(JSON.parse(other.stdout).public).not.toBe(key);
  });

  it('imports the secret of RFC 8032, with or without a line feed', () => {
    for (const [i, input] of [SECRET, `${SECRET.toUpperCase()}\n`].entries()) {
      const { status, stdout } = importing(input, '--out', `rfc-${i}.key`, '--json');
      expect([status, JSON.parse(stdout).public]).toEqual([0, PUBLIC]);
    }
  });

  it.each(['', 'secret', SECRET.slice(1), `${SECRET}00`])('refuses to import %j', (input) => {
    const { status, stdout, stderr } = importing(input, '--out', 'none.key');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`standard input had ${input.length} characters that are no secret`);
    expect(stderr).toContain('expected: 64 hexadecimal digits');
  });

  it('says what is wrong with a file, and what to do', async () => {
    expect((await shop.aureon(['keys', 'show', 'none.key'])).stderr).toBe(
      'none.key: there is no such file or folder\n  expected: make one: aureon keys new --out none.key\n',
    );
    shop.write('open.key', '{}');
    chmodSync(shop.path('open.key'), 0o644);
    const open = await shop.aureon(['keys', 'show', 'open.key']);
    expect([open.code, open.stderr]).toEqual([
      2,
      'open.key: others than its owner may use it (mode 644)\n  expected: chmod 600 open.key\n',
    ]);
  });
});
