/** `aureon shrink` as a process: the least that still fails, as a capsule that replays and a scenario that fails alike. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createWorkshop } from './cli-runner.ts';

/** Three crashes and a partition that do no harm, and a clock an hour behind for good, which does. */
const FAILS = `
name: behind
shows: A clock an hour behind for good, among faults that do no harm.
duration: 80s
quiet: 40s
nodes: 3
signatures: modelled
chain: { engine: poa, blockInterval: 3s }
network: { jitter: 20ms }
load: [{ kind: transfers, perSecond: 1 }]
faults:
  - { kind: crash, at: 3s..9s, every: 12s, hosts: { random: 1 }, how: kill, down: 1s..2s }
  - { kind: loss, at: 5s, for: 10s, link: { from: all, to: all }, percent: 10 }
  - { kind: clockStep, at: 20s, hosts: [1], by: -1h }
expect: pass
`;

const shop = createWorkshop();
shop.write('behind.yaml', FAILS);
afterAll(() => shop.remove());

interface Sizes {
  readonly faults: number;
  readonly loads: number;
}

describe('aureon shrink', () => {
  it('leaves the one fault that it takes, and names the run without it as the nearest that passes.', async () => {
    const { code, stdout } = await shop.aureon(['shrink', 'behind.yaml', '--seed', '4', '--json']);
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as {
      original: Sizes;
      shrunk: Sizes;
      isMinimal: boolean;
      needed: readonly { part: string; passes: boolean }[];
      files: readonly string[];
    };
    expect(result.original.faults).toBeGreaterThan(4);
    expect(result).toMatchObject({ shrunk: { faults: 1, loads: 0 }, isMinimal: true });
    expect(result.needed).toEqual([{ part: expect.stringContaining('clockStep n1 by -1h'), passes: true }]);
    const stem = 'behind.shrunk';
    expect(result.files).toEqual([`${stem}.json`, `${stem}.yaml`, `${stem}.passing.yaml`]);
    const passing = await shop.aureon(['run', `${stem}.passing.yaml`, '--quiet']);
    expect(passing.code).toBe(0);
  });

  it('writes a capsule that replays to the same failure, and a scenario that fails alike.', async () => {
    const replayed = await shop.aureon(['replay', 'behind.shrunk.json']);
    expect(replayed.code).toBe(3);
    expect(replayed.stdout).toContain('it fails in the same way');
    const scenario = readFileSync(shop.path('behind.shrunk.yaml'), 'utf8');
    expect(scenario).toMatch(
      /^# yaml-language-server: .*\n# Found by aureon .*: poa convergence\/no-common-head at:end\n/,
    );
    const run = await shop.aureon(['run', 'behind.shrunk.yaml', '--json']);
    expect(run.code).toBe(3);
    const capsule = JSON.parse(readFileSync(shop.path('behind.shrunk.json'), 'utf8')) as {
      traceHash: string;
    };
    expect(JSON.parse(run.stdout)).toMatchObject({ traceHash: capsule.traceHash });
    const without = await shop.aureon(['run', 'behind.shrunk.yaml', '--set', 'plan=[]', '--quiet']);
    expect(without.code).toBe(0);
  });

  it('comes to the same from a capsule, on whichever number of threads.', async () => {
    await shop.aureon(['run', 'behind.yaml', '--seed', '4', '--report', 'out', '--quiet']);
    const args = ['shrink', 'out/capsule-behind-4.json', '--jobs', '1', '--out', 'again'];
    const { code, stdout } = await shop.aureon(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^original +\d+ faults · 3 hosts · 1 load · 80s/m);
    expect(stdout).toMatch(/^shrunk +1 fault · \d hosts? · 0 loads/m);
    const plain = (name: string): string => readFileSync(shop.path(name), 'utf8');
    expect(plain('again.yaml')).toBe(plain('behind.shrunk.yaml'));
  });

  it.each([
    ['a run that passes', ['behind.yaml', '--set', 'faults=[]'], 'the run passes: there is no failure'],
    ['a budget of nothing', ['behind.yaml', '--budget', '0'], '--budget 0: a whole number from 1'],
    [
      'a folder that is not there',
      ['behind.yaml', '--seed', '4', '--out', 'no/where'],
      'cannot be written (ENOENT)',
    ],
  ])('refuses %s.', async (_, args, message) => {
    const { code, stderr } = await shop.aureon(['shrink', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
