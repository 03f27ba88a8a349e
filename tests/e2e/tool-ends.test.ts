/** The tools that start nodes leave neither processes nor folders behind, however they end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { node, root } from './cli-runner.ts';

/** The bench measures the machine before it starts a node: many seconds where that is busy. */
const PATIENCE = { timeout: 250_000, interval: 50 };
const TIMEOUT_MS = 300_000;
/** Its script and words, and how many nodes it starts at once. */
interface Tool {
  readonly words: readonly [script: string, ...string[]];
  readonly nodes: number;
}

const BAD_INPUT: Tool = { words: ['tests/bad-input/main.ts'], nodes: 1 };
const BENCH: Tool = { words: ['bench/main.ts', 'million'], nodes: 1 };
/** Two peers of a validator, and the validator below its tracer. */
const DURABILITY: Tool = { words: ['tests/durability/main.ts', '--cuts', '1'], nodes: 3 };
const isThere = spawnSync('strace', ['-V']).status === 0;

describe.skipIf(process.platform !== 'linux')('a tool that starts nodes', { timeout: TIMEOUT_MS }, () => {
  let folder: string;
  let tool: ChildProcess;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aureon-tools-'));
  });
  afterEach(() => {
    tool.kill('SIGKILL');
    for (const pid of processes()) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** Processes that were given a path of this test, its tool aside. */
  function processes(): readonly number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== tool.pid)
      .filter((name) => {
        try {
          return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(`${folder}/`);
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  const nodes = (): readonly number[] =>
    processes().filter((pid) => {
      try {
        const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return !program.endsWith('strace');
      } catch {
        return false;
      }
    });
  /** Nodes that live: each has its door open. */
  const doors = (): number =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('node.door'))
      .length;
  const left = (): readonly string[] => readdirSync(folder).filter((name) => name.startsWith('aureon-'));

  async function start({ words, nodes: count }: Tool): Promise<void> {
    tool = spawn(node, words, { cwd: root, stdio: 'ignore', env: { ...process.env, TMPDIR: folder } });
    await expect.poll(doors, PATIENCE).toBe(count);
    expect([nodes().length, left().length]).toEqual([count, 1]);
  }

  it.each([
    { signal: 'SIGINT', code: 130, each: BAD_INPUT },
    { signal: 'SIGTERM', code: 143, each: BAD_INPUT },
    { signal: 'SIGINT', code: 130, each: BENCH },
    ...(isThere ? [{ signal: 'SIGINT', code: 130, each: DURABILITY } as const] : []),
  ] as const)(
    '$each.words.0 stops them and removes its folder at $signal',
    async ({ each, signal, code }) => {
      await start(each);
      const ended = once(tool, 'exit');
      tool.kill(signal);
      expect(await ended).toEqual([code, null]);
      expect([processes(), left()]).toEqual([[], []]);
    },
  );

  it('does so where it meets an error', async () => {
    await start(BAD_INPUT);
    const ended = once(tool, 'exit');
    for (const pid of nodes()) process.kill(pid, 'SIGKILL');
    expect(await ended).toEqual([1, null]);
    expect([processes(), left()]).toEqual([[], []]);
  });

  it('leaves no process where it is killed itself', async () => {
    await start(BAD_INPUT);
    tool.kill('SIGKILL');
    await expect.poll(processes, PATIENCE).toEqual([]);
  });
});
