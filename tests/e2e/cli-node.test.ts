/** `aureon node` and `aureon config` as users meet them. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChainSetup } from '../../src/cluster/chain-setup.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { formatChainFile } from '../../src/node/genesis-file.ts';
import { nodeKeyOf, writeKeyFile } from '../../src/node/key-file.ts';
import { withMetrics } from '../../tools/metrics-reference.ts';
import { withSettings } from '../../tools/settings-reference.ts';
import { SUITE, small } from '../cluster/support.ts';
import { freePort } from '../support/free-port.ts';
import { createWorkshop, finished, main, node, printed, root, type Workshop } from './cli-runner.ts';

describe('aureon node', () => {
  let shop: Workshop;
  beforeAll(async () => {
    shop = createWorkshop();
    const plan = resolveScenario(
      small({ nodes: 1, signatures: 'real', chain: { engine: 'poa', blockInterval: '300ms' }, load: [] }),
      '1',
    );
    const setup = createChainSetup(plan, { nativeSuite: SUITE, wallShiftMs: Date.now() - 1_700_000_000_000 });
    shop.write('genesis.json', formatChainFile(setup.context.genesis, []));
    writeKeyFile(shop.path('node.key'), nodeKeyOf(setup.hostKeys[0]?.secret ?? new Uint8Array(32), SUITE));
    shop.write('aureon.toml', `[p2p]\nlisten = "127.0.0.1:${await freePort()}"\n[http]\nlisten = ""\n`);
  });
  afterAll(() => shop.remove());

  function start(...args: readonly string[]): ChildProcess {
    return shop.start(node, [main, 'node', ...args]);
  }

  it('makes blocks until it is told to stop, and goes on where it was; a second one has to wait', async () => {
    const first = start('--vouch');
    const ended = finished(first);
    await printed(first, 'BlockProduced id=');
    const second = await shop.aureon(['node', '--p2p-listen', `127.0.0.1:${await freePort()}`]);
    expect([second.code, second.stdout]).toEqual([2, '']);
    expect(second.stderr).toContain(`${shop.path('data')}: another node has this data folder\n  expected: `);
    first.kill('SIGTERM');
    const { code, stdout, stderr } = await ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^\S+ info {2}node {6}NodeStarted head=[0-9a-f]{12} height=0 reexecuted=0\n/);
    expect(stdout).toMatch(/ info {2}node {6}NodeStopped reason=asked\n/);

    const again = start('--log-format', 'json');
    const endedAgain = finished(again);
    await printed(again, '"msg":"BlockProduced"');
    again.kill('SIGINT');
    const lines = (await endedAgain).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ level: 'info', part: 'node', msg: 'NodeStarted' });
    expect(lines[0].height).toBeGreaterThan(0);
    expect(again.exitCode).toBe(0);
  });

  it('does not go on in a folder of another chain, nor where the database is none', async () => {
    const other = await shop.aureon(['genesis', 'new', '--engine', 'pow', '--out', 'other.json']);
    expect(other.code).toBe(0);
    const listen = ['--p2p-listen', `127.0.0.1:${await freePort()}`];
    const mixed = await shop.aureon(['node', '--node-genesis', 'other.json', ...listen]);
    expect(mixed.code).toBe(2);
    expect(mixed.stdout).toContain(
      '/data: this data folder is of another chain: another folder (node.data), or',
    );
    shop.write('spoilt/chain', 'this is no database');
    const spoilt = await shop.aureon(['node', '--node-data', 'spoilt', ...listen]);
    expect([spoilt.code, spoilt.stdout]).toEqual([2, '']);
    expect(spoilt.stderr).toContain('spoilt/chain: no database that can be opened (');
  });

  it.each([
    [
      ['--node-genesis', 'none.json'],
      'none.json: there is no such file\n  expected: the genesis file that the other nodes',
    ],
    [
      ['--node-key', 'none.key'],
      'none.key: there is no such file or folder\n  expected: make one: aureon keys new',
    ],
    [['--config', 'none.toml'], 'none.toml: cannot be read (ENOENT)'],
    [['--p2p-listen', 'here'], '--p2p-listen: p2p.listen: found "here"\n  expected: host:port'],
    [['--p2p-tls-key', 'a.pem'], 'p2p.tls_cert, p2p.tls_ca: missing\n  expected: all of'],
    [['--p2p-listen', '192.0.2.1:6000', '--node-data', 'other'], 'p2p.listen 192.0.2.1:6000: EADDRNOTAVAIL'],
    [['--p2p-lisen', 'a:1'], "error: unknown option '--p2p-lisen'"],
  ])('does not start with %j, and says why', async (args, text) => {
    const { code, stdout, stderr } = await shop.aureon(['node', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(text);
  });

  it('shows settings that give the same settings again, and from where each is', async () => {
    const env = { AUREON_LOG_LEVEL: 'debug' };
    const shown = await shop.aureon(['config', 'show', '--origin', '--mining-threads', '2'], { env });
    expect(shown.code).toBe(0);
    for (const line of [
      /^listen = "127\.0\.0\.1:\d+" {2}# aureon\.toml:2$/m,
      /^threads = 2 {2}# --mining-threads$/m,
      /^level = "debug" {2}# environment AUREON_LOG_LEVEL$/m,
      /^# dial_timeout_ms = 5000 {2}# the default$/m,
    ])
      expect(shown.stdout).toMatch(line);
    shop.write('copy/aureon.toml', shown.stdout);
    const copied = await shop.aureon(['config', 'show'], { cwd: shop.path('copy') });
    const again = await shop.aureon(['config', 'show', '--mining-threads', '2'], { env });
    expect([copied.code, copied.stdout]).toEqual([0, again.stdout]);
  });

  it('checks settings, and names every one that is wrong at its line', async () => {
    const good = await shop.aureon(['config', 'check']);
    expect([good.code, good.stdout]).toEqual([
      0,
      expect.stringMatching(/^aureon\.toml: \d+ settings are good\n$/),
    ]);
    shop.write('bad.toml', '[p2p]\nlistn = "a:1"\n\n[log]\nlevel = "loud"\n');
    const bad = await shop.aureon(['config', 'check', '--config', 'bad.toml']);
    expect([bad.code, bad.stdout]).toEqual([2, '']);
    expect(bad.stderr).toContain(
      'bad.toml:2: unknown setting "p2p.listn"; did you mean p2p.listen?\n  expected: listen, ',
    );
    expect(bad.stderr).toContain(
      'bad.toml:5: log.level: found "loud"\n  expected: error, warn, info, debug, trace\n',
    );
  });

  it.each([
    ['settings', 'docs/node.md', withSettings],
    ['metrics', 'docs/metrics.md', withMetrics],
  ])('has a page with the %s of now', (_what, path, withTable) => {
    const page = readFileSync(join(root, path), 'utf8');
    expect(withTable(page)).toBe(page);
  });
});
