/** What a tool starts and makes is gone when the tool is, however it ends: by itself, by an error, by Ctrl-C, or by SIGKILL. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReaper, type Reaper } from '../../src/lab/real/reaper.ts';

/** Exit codes, as shells have them. */
const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Of this process. */
const children = new Set<ChildProcess>();
const folders = new Set<string>();
let reaper: Reaper | undefined;
let isEnding = false;

/**
 * Starts a process that leads a group of its own: a Ctrl-C of the terminal is for the tool, and what it starts in its turn, as strace
 * does, ends with it. @throws {Error} when the tool is ending.
 */
export function spawnOwned(command: string, words: readonly string[], options: SpawnOptions): ChildProcess {
  if (isEnding) throw new Error('a tool that ends starts nothing');
  reaper ??= createReaper();
  const child = spawn(command, words, { ...options, detached: true });
  const { pid } = child;
  children.add(child);
  if (pid !== undefined) reaper.add(-pid);
  const forget = (): void => {
    children.delete(child);
    if (pid !== undefined) reaper?.forget(-pid);
  };
  child.once('exit', forget);
  child.once('error', forget);
  return child;
}

/** A new folder under the system's temporary one. @param isKept it stays when the tool ends. */
export function ownedFolder(prefix: string, isKept = false): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  if (!isKept) folders.add(folder);
  return folder;
}

/** Before the tool ends; it may be gone already. */
export function removeFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** Runs a tool to its end. What it answers is the exit code; an error is told, and ends it with 1. */
export async function runTool(main: () => Promise<number>): Promise<void> {
  const onSignal = (signal: keyof typeof CODES): void => {
    // A second one does not wait: the reaper ends the processes, and folders stay.
    if (isEnding) process.exit(CODES[signal]);
    isEnding = true;
    void endAll().then(() => process.exit(CODES[signal]));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    process.exitCode = await main();
    if (!isEnding) await endAll();
  } catch (error) {
    // What a signal stopped under it is no error.
    if (isEnding) return;
    console.error(error);
    await endAll();
    process.exit(1);
  }
  if (!isEnding) process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
}

async function endAll(): Promise<void> {
  await Promise.all(
    [...children].map(async (child) => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      killGroup(child.pid);
      await gone;
    }),
  );
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  folders.clear();
  reaper?.close();
  reaper = undefined;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
