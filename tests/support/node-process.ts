/** Processes of `aureon node` for tests that look at them from outside. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ClientError } from '../../src/node/client/client.ts';
import { spawnOwned } from './tool.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NODE = join(ROOT, 'node_modules/.bin/node');
const MAIN = join(ROOT, 'src/cli/main.ts');
/** Processes of a busy machine start slowly. */
export const PATIENCE_MS = 300_000;

/** How a node is started. */
export interface StartPlan {
  readonly settings: string;
  /** The log goes here. */
  readonly log: string;
  readonly flags?: readonly string[];
  /** What runs it: strace. */
  readonly wrapper?: readonly string[];
}

/** A node process; its log is JSON, every level. */
export interface NodeProcess {
  readonly child: ChildProcess;
  readonly log: string;
}

export function startNodeProcess({ settings, log, flags = [], wrapper = [] }: StartPlan): NodeProcess {
  const out = openSync(log, 'a');
  const words = [
    ...wrapper,
    NODE,
    MAIN,
    'node',
    '--config',
    settings,
    '--log-format',
    'json',
    '--log-level',
    'debug',
    ...flags,
  ];
  const env = { ...process.env, NODE_COMPILE_CACHE: join(ROOT, '.cache', 'compile') };
  const child = spawnOwned(words[0] ?? NODE, words.slice(1), { stdio: ['ignore', out, out], env });
  closeSync(out);
  return { child, log };
}

/** How a process ended: a code, or a signal. */
export async function ended({ child }: NodeProcess): Promise<number | string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? child.signalCode ?? 'no code';
}

/** Looks until there is an answer. @throws {Error} after so long. */
export async function until<T>(
  what: string,
  withinMs: number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${withinMs} ms`);
    await sleep(20);
  }
}

/** What a client answers; undefined where nobody does, yet. */
export async function asked<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ClientError) return undefined;
    throw error;
  }
}

/** Events of a log, whatever else is in it. */
export function eventsOf(log: string): readonly Readonly<Record<string, unknown>>[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line));
}
