/** `aureon replay` as a process: the same run again, looked into, with other futures; and what it refuses. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createWorkshop, root } from './cli-runner.ts';

/** Two clocks an hour behind for good are two signers that cannot follow. */
const FAILS = `
name: behind
shows: Clocks an hour behind for good, among other faults.
duration: 90s
quiet: 40s
nodes: 4
signatures: modelled
chain: { engine: poa, blockInterval: 3s }
network: { jitter: 20ms }
load: [{ kind: transfers, perSecond: 1 }]
faults:
  - { kind: crash, at: 3s..9s, every: 9s, hosts: { random: 1 }, how: any, down: 1s..5s, effect: random }
  - { kind: loss, at: 5s, every: 20s, for: 10s, link: { from: all, to: all }, percent: 10 }
  - { kind: clockStep, at: 20s, hosts: [1, 2], by: -1h }
expect: pass
`;

const shop = createWorkshop();
shop.write('behind.yaml', FAILS);
afterAll(() => shop.remove());

const first = await shop.aureon(['run', 'behind.yaml', '--seed', '4', '--report', 'out', '--quiet']);
const FILE = 'out/capsule-behind-4.json';
const read = (): Record<string, unknown> =>
  JSON.parse(readFileSync(shop.path(FILE), 'utf8')) as Record<string, unknown>;

describe('aureon replay', () => {
  it('comes to the same trace hash and the same failure, and says so.', async () => {
    expect(first.code).toBe(3);
    const { code, stdout } = await shop.aureon(['replay', FILE]);
    expect(code).toBe(3);
    expect(stdout).toContain('liveness: convergence/no-common-head');
    expect(stdout).toContain(`the same run as when the capsule was made`);
    expect(stdout).toContain(String(read()['traceHash']));
    expect(stdout).toContain('it fails in the same way');
    expect(stdout).toContain(`replay ${FILE}`);
  });

  it('says on other code what became of the planned faults, and that it is another run.', async () => {
    const capsule = read();
    const madeBy = { ...(capsule['madeBy'] as object), code: '0123456789abcdef' };
    shop.write('older.json', JSON.stringify({ ...capsule, madeBy, traceHash: '00000000000000aa' }));
    const { code, stdout } = await shop.aureon(['replay', 'older.json']);
    expect(code).toBe(3);
    expect(stdout).toContain('another run than the capsule');
    expect(stdout).toMatch(/of \d+ planned faults \d+ took effect, \d+ then/);
    expect(stdout).toContain('it fails in the same way');
  });

  it('calls it nondeterminism when the code that made the capsule comes to another hash.', async () => {
    shop.write('broken.json', JSON.stringify({ ...read(), traceHash: '00000000000000aa' }));
    const { code, stdout } = await shop.aureon(['replay', 'broken.json']);
    expect(code).toBe(5);
    expect(stdout).toContain('NOT THE SAME RUN');
  });

  it('shows what a host holds at a moment, locks and peers included, as JSON.', async () => {
    const { code, stdout, stderr } = await shop.aureon([
      'replay',
      FILE,
      '--until',
      '19.5s',
      '--inspect',
      'n1',
      '--json',
    ]);
    expect(code).toBe(0);
    const { host, atUs, state } = JSON.parse(stdout) as {
      host: string;
      atUs: number;
      state: Record<string, unknown>;
    };
    expect([host, atUs]).toEqual(['n1', 19_500_000]);
    expect(Object.keys(state)).toEqual(
      expect.arrayContaining(['head', 'stateRoot', 'peers', 'mempool', 'sync', 'engine']),
    );
    expect(stderr).toBe('');
  });

  it('prints the events of chosen hosts and kinds, those of the simulator too.', async () => {
    const heads = await shop.aureon([
      'replay',
      FILE,
      '--until',
      '30s',
      '--trace',
      '--hosts',
      'n0',
      '--kinds',
      'HeadChanged',
    ]);
    expect(heads.code).toBe(0);
    const lines = heads.stdout.trim().split('\n');
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(line).toMatch(/^ *\d+\.\d{3}s {2}n0 {4}HeadChanged id=/);
    const timers = await shop.aureon([
      'replay',
      FILE,
      '--until',
      '2s',
      '--trace',
      '--kinds',
      'host.timer,HostUp',
    ]);
    expect(timers.stdout).toContain('HostUp starts');
    expect(timers.stdout).toMatch(/host\.timer #\d+ from #\d+/);
  });

  it('counts futures from moments, with an interval, and their past is that of the run.', async () => {
    const args = ['replay', FILE, '--branch', '10s..50s', '--every', '20s', '--seeds', '1..6'];
    const { code, stdout, stderr } = await shop.aureon(args);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout.match(/\d of 6 fail so, \d+\.\d % \(95 %: \d+\.\d to \d+\.\d\)/g)).toHaveLength(3);
    const kept = await shop.aureon([...args, '--keep-faults', '--json']);
    const last = JSON.parse(kept.stdout.trim().split('\n')[2] ?? '') as Record<string, unknown>;
    expect(last).toMatchObject({ atUs: 50_000_000, runs: 6, same: 6, share: 1, high: 1, hasOnePast: true });
  });

  it('writes a page of the run, with another one beside it.', async () => {
    const args = ['replay', FILE, '--report', 'page.html', '--beside', 'behind.yaml', '--json'];
    const { code, stdout } = await shop.aureon(args);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ sameHash: true, sameFailure: true });
    expect(readFileSync(shop.path('page.html'), 'utf8')).toMatch(/^<!doctype html>/i);
  });

  it('takes a scenario and a seed in place of a capsule.', async () => {
    const { code, stdout } = await shop.aureon([
      'replay',
      'behind.yaml',
      '--seed',
      '4',
      '--branch',
      '45s',
      '--seeds',
      '1..3',
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('3 of 3 fail so');
  });

  it.each([
    ['a file that is not there', ['nowhere.json'], 'nowhere.json: cannot be read (ENOENT)'],
    ['a file that is no capsule', ['package.json'], 'not a capsule: its format is not aureon-capsule-1'],
    ['a seed of a capsule', [FILE, '--seed', '3'], 'a capsule has its own seed and values'],
    [
      'a run that passes',
      ['behind.yaml', '--set', 'faults=[]'],
      'the run passes: there is no failure to work on',
    ],
    [
      'a host that is not there',
      [FILE, '--inspect', 'n9'],
      '--inspect n9: a host from n0 to n3 was expected',
    ],
    ['a time that is none', [FILE, '--until', '3'], '--until 3: a simulated time such as 90s'],
    ['a range that goes down', [FILE, '--branch', '9s..3s'], 'the earlier time first'],
    ['too many moments', [FILE, '--branch', '0s..90s', '--every', '1ms'], 'at most 200 were expected'],
    ['a branch with a look', [FILE, '--branch', '9s', '--trace'], '--branch: not together with'],
    ['a page of half a run', [FILE, '--report', 'x.html', '--until', '3s'], 'the page is of a whole run'],
    ['a page in no folder', [FILE, '--report', '/proc/x.html'], 'cannot be written'],
    ['kinds without a trace', [FILE, '--kinds', 'HeadChanged'], 'only with --trace'],
  ])('refuses %s.', async (_, args, message) => {
    shop.write('package.json', readFileSync(`${root}package.json`, 'utf8'));
    const { code, stderr } = await shop.aureon(['replay', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
