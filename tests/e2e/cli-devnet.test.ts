/** `aureon devnet` as users meet it: real nodes in processes of their own. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-port.ts';
import { createWorkshop, finished, main, node, printed, type Workshop } from './cli-runner.ts';

/** A reorganisation goes past heights. */
function reaches(height: number): (seen: string) => boolean {
  return (seen) => [...seen.matchAll(/  height (\d+)  /g)].some(([, told]) => Number(told) >= height);
}

describe('aureon devnet', () => {
  let shop: Workshop;
  let port = 0;
  beforeAll(async () => {
    shop = createWorkshop();
    port = await freePorts(8);
  });
  afterAll(() => shop.remove());

  const start = (...args: readonly string[]) =>
    shop.start(node, [
      main,
      'devnet',
      '--port',
      String(port),
      '--api-port',
      String(port + 4),
      '--interval',
      '300ms',
      ...args,
    ]);

  it('runs real nodes with funded accounts, and ends with all of them and without a trace', async () => {
    const running = start('--nodes', '3');
    const ended = finished(running);
    await printed(running, reaches(3));
    running.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^chain {5}[0-9a-f]{64}\nengine {4}pos, 3 nodes, new\nfolder {4}(\S+), removed at the end: --dir keeps it\n/,
    );
    expect(stdout.match(/^account {3}aur1\S{58} {2}\S+account-\d\.key$/gm)).toHaveLength(3);
    expect(stdout.match(/^node {6}n\d, process \d+, \S+aureon\.toml$/gm)).toHaveLength(3);
    expect(stdout).toMatch(/stopping all nodes; once more to kill them\n(?:.*\n)*stopped at height \d+\n$/);
    expect(existsSync(/^folder {4}(\S+),/m.exec(stdout)?.[1] ?? '/')).toBe(false);
  });

  it.each(['poa', 'pow'])('keeps its chain of %s in a folder, and goes on with it', async (engine) => {
    const args = ['--nodes', '2', '--consensus', engine, '--dir', `net-${engine}`];
    const first = start(...args);
    const firstEnded = finished(first);
    await printed(first, reaches(2));
    first.kill('SIGTERM');
    const before = await firstEnded;
    const reached = Number(/^stopped at height (\d+)$/m.exec(before.stdout)?.[1]);
    const second = start(...args);
    const secondEnded = finished(second);
    await printed(second, reaches(reached + 2));
    second.kill('SIGTERM');
    const after = await secondEnded;
    expect([before.code, after.code]).toEqual([0, 0]);
    expect(after.stdout).toContain(`engine    ${engine}, 2 nodes, as it was\n`);
    const idOf = (text: string): string | undefined => /^chain {5}(\S+)$/m.exec(text)?.[1];
    expect(idOf(after.stdout)).toBe(idOf(before.stdout));
  });

  it('says which node has ended by itself, and how', async () => {
    const running = start('--nodes', '2', '--consensus', 'poa');
    let seen = '';
    running.stdout?.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    let complaints = '';
    running.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    const ended = finished(running);
    await printed(running, reaches(2));
    process.kill(Number(/n1, process (\d+)/.exec(seen)?.[1]), 'SIGKILL');
    await expect.poll(() => complaints).toBe('n1 has ended: SIGKILL\n');
    expect(running.exitCode).toBeNull();
    running.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(stderr).toBe('n1 has ended: SIGKILL\n');
    expect(code).toBe(4);
  });

  it.each([
    [['--nodes', '31'], '--nodes 31: a whole number from 1 to 30'],
    [['--consensus', 'luck'], '--consensus luck: one of pos, poa, pow was expected'],
    [['--interval', '1ms'], '--interval 1ms: a duration from 100ms to 1min was expected'],
    [
      ['--dir', '.'],
      '.: this folder is not empty, and no devnet\n  expected: an empty or a new folder (--dir)',
    ],
  ])('refuses %j', async (args, text) => {
    shop.write('something', 'else');
    const { code, stdout, stderr } = await shop.aureon(['devnet', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(text);
  });
});
