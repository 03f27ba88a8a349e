/** `aureon diverge` as a process: what must be one run is, and where two part the first event is named. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createWorkshop, node, root } from './cli-runner.ts';

const shop = createWorkshop();
shop.write(
  'small.yaml',
  `
name: small
shows: A small run for a test of comparing two.
duration: 30s
nodes: 3
signatures: modelled
chain: { engine: pow, blockInterval: 2s }
load: [{ kind: transfers, perSecond: 1 }]
faults: [{ kind: crash, at: 9s, hosts: [1], how: kill, down: 2s }]
expect: pass
`,
);
afterAll(() => shop.remove());

describe('aureon diverge', () => {
  it('finds one run, shared or not, and in a process under a Node that is named.', async () => {
    const isolated = await shop.aureon(['diverge', 'small.yaml', '--isolate-b']);
    expect(isolated.code).toBe(0);
    expect(isolated.stdout).toMatch(/^one run: [\d,]+ events, trace [0-9a-f]{16} in both\n$/);
    const other = await shop.aureon(['diverge', 'small.yaml', '--node-b', node, '--json']);
    expect(other.code).toBe(0);
    expect(JSON.parse(other.stdout)).toMatchObject({
      same: true,
      traceHash: isolated.stdout.match(/[0-9a-f]{16}/)?.[0],
    });
  });

  it('names the first event in which other code does something else, with its causes.', async () => {
    const copy = shop.path('other');
    cpSync(`${root}src`, `${copy}/src`, { recursive: true });
    for (const name of ['node_modules', 'package.json']) symlinkSync(`${root}${name}`, `${copy}/${name}`);
    const path = `${copy}/src/chain/execution/assemble-block.ts`;
    const anchor = '  const at = height(parent.header.height + 1);';
    const source = readFileSync(path, 'utf8');
    expect(source.split(anchor)).toHaveLength(2);
    writeFileSync(path, source.replace(anchor, `${anchor}\n  if (at === 5) return undefined;`));
    const { code, stdout } = await shop.aureon(['diverge', 'small.yaml', '--code-b', 'other']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^event \d+ differs between the two runs\n {2}A #\d+ \d+\.\d+s n\d /);
    expect(stdout).toContain('caused, in both, by');
    expect(stdout).toContain('A, small.yaml, and B, of the code in other');
    expect(stdout).toContain(' ≠ ');
  });

  it('names it between two scenarios too.', async () => {
    shop.write('later.yaml', readFileSync(shop.path('small.yaml'), 'utf8').replace('at: 9s', 'at: 10s'));
    const { code, stdout } = await shop.aureon(['diverge', 'small.yaml', 'later.yaml']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/A #\d+ 9\.000000s n1 control\.crash/);
  });

  it.each([
    ['a folder without code', ['--code-b', '.'], '--code-b .: no code of aureon there'],
    ['a Node that is not there', ['--node-b', 'nowhere'], '--node-b nowhere: there is no such file'],
    ['a Node that is none', ['--node-b', '/bin/false'], 'a run could not be simulated'],
  ])('refuses %s.', async (_, args, message) => {
    const { code, stderr } = await shop.aureon(['diverge', 'small.yaml', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
