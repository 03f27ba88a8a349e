/** `aureon genesis` as users meet it: from an empty folder to a chain in three commands. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { createWorkshop, finished, main, node, printed, type Workshop } from './cli-runner.ts';

const KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

describe('aureon genesis', () => {
  let shop: Workshop;
  let account = '';
  beforeAll(async () => {
    shop = createWorkshop();
    const made = await shop.aureon(['keys', 'new', '--json']);
    account = JSON.parse(made.stdout).address;
  });
  afterAll(() => shop.remove());

  it.each([
    ['pos', ['--validator', 'node.key:5000'], []],
    ['poa', ['--validator', 'node.key'], []],
    ['pow', ['--work', '20000'], ['--mining-threads', '1']],
  ])('makes a chain with %s that a node makes blocks of', async (engine, deciding, mining) => {
    const file = `${engine}.json`;
    const flags = ['--engine', engine, '--interval', '300ms', '--out', file, '--fund', `${account}:7`];
    const made = await shop.aureon(['genesis', 'new', ...flags, ...deciding]);
    expect([made.code, made.stderr]).toEqual([0, '']);
    expect(made.stdout).toContain(`engine      ${engine}\n`);
    expect(made.stdout).toContain(`account     ${account}  7\n`);
    const listen = [
      '--p2p-listen',
      `127.0.0.1:${await freePort()}`,
      '--node-data',
      `data-${engine}`,
      '--http-listen',
      '',
    ];
    const running = shop.start(node, [main, 'node', '--node-genesis', file, '--vouch', ...listen, ...mining]);
    const ended = finished(running);
    await printed(running, 'BlockProduced id=');
    running.kill('SIGTERM');
    const { code, stdout, stderr } = await ended;
    expect([code, stderr]).toEqual([0, '']);
    const id = /^chain {7}([0-9a-f]{64})$/m.exec(made.stdout)?.[1];
    expect(stdout).toContain(`chain ${id}, engine ${engine}, account ${account}`);
  });

  it('shows what a file says, as JSON too', async () => {
    const flags = ['--name', 'my-chain', '--validator', `${KEY}:1234`, '--out', 'show.json'];
    const made = await shop.aureon(['genesis', 'new', ...flags]);
    const shown = await shop.aureon(['genesis', 'show', 'show.json']);
    expect([shown.code, shown.stdout]).toEqual([0, made.stdout]);
    expect(shown.stdout).toContain(`validator   ${KEY}  1234\n`);
    const json = await shop.aureon(['genesis', 'show', 'show.json', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      name: 'my-chain',
      engine: 'pos',
      validators: 1,
      accounts: 0,
    });
  });

  it('never writes over a file', async () => {
    const before = readFileSync(shop.path('pos.json'), 'utf8');
    const again = await shop.aureon(['genesis', 'new', '--validator', KEY, '--out', 'pos.json']);
    expect([again.code, again.stdout, again.stderr]).toEqual([
      2,
      '',
      'pos.json: this file is there already\n  expected: a new path (--out)\n',
    ]);
    expect(readFileSync(shop.path('pos.json'), 'utf8')).toBe(before);
  });

  it.each([
    [['--engine', 'luck'], '--engine luck: one of pos, poa, pow was expected'],
    [['--interval', '2h'], '--interval 2h: a duration from 1ms to 1h was expected'],
    [['--validator', 'none.key'], '--validator none.key: none.key: there is no such file'],
    [['--validator', `${'f'.repeat(64)}`], 'these 32 bytes are no public key of Ed25519'],
    [['--validator', `${KEY}:1`], 'genesis.validators[0].power\n  expected: a stake of at least 1000'],
    [['--validator', KEY, '--validator', KEY], 'genesis.validators'],
    [['--fund', 'aur1:5'], '--fund aur1:5: ADDRESS:AMOUNT was expected (no address: '],
    [['--fund', 'aur1x'], '--fund aur1x: ADDRESS:AMOUNT was expected, such as'],
    [['--validator', KEY, '--name', 'My Chain'], 'genesis.name'],
    [['--engine', 'pow', '--work', '0'], '--work: a whole number from 1'],
    [['--engine', 'poa'], 'genesis.validators\n  expected: 1 to 30'],
  ])('refuses %j, and says what was expected', async (flags, message) => {
    const { code, stdout, stderr } = await shop.aureon(['genesis', 'new', '--out', 'bad.json', ...flags]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
