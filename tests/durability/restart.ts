/** Starts a real node on what a power cut left, asks what it has, lets it sign, and stops it in order. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NodeClient } from '../../src/node/client/client.ts';
import {
  asked,
  ended,
  eventsOf,
  type NodeProcess,
  PATIENCE_MS,
  startNodeProcess,
  until,
} from '../support/node-process.ts';
import type { Found, Started } from './judge.ts';
import type { Network } from './network.ts';
import type { Files } from './rebuild.ts';
import type { Recording } from './record-validator.ts';
import { readSignRecords } from './sign-records.ts';

/** LMDB notes in its head pages in which boot of the machine each was written. After a power cut it is another one. */
const BOOT_ID = { at: [160, 2_208, 4_256], bytes: 8 } as const;
const DATABASE = join('data', 'chain', 'data.mdb');

/** Writes the files; the machine has booted since. @param database path of LMDB's file. */
export function writeFiles(folder: string, files: Files, database: string = DATABASE): void {
  mkdirSync(folder, { recursive: true });
  for (const [path, content] of files) {
    if (content === undefined) mkdirSync(join(folder, path), { mode: 0o700 });
    else writeFileSync(join(folder, path), path === database ? afterReboot(content) : content);
  }
}

function afterReboot(content: Uint8Array): Uint8Array {
  const file = content.slice();
  for (const at of BOOT_ID.at)
    if (at + BOOT_ID.bytes <= file.length && file.subarray(at, at + BOOT_ID.bytes).some((byte) => byte !== 0))
      for (let i = at; i < at + BOOT_ID.bytes; i++) file[i] = (file[i] ?? 0) ^ 0x5a;
  return file;
}

/** How a start is tried. */
export interface RestartPlan {
  readonly network: Network;
  readonly recording: Recording;
  readonly files: Files;
  /** Where the cut was. */
  readonly at: number;
}

/** Two folders are made and removed: one to read, one for the node. The node dials its peers, whether they are there or not. */
export async function restart({ network, recording, files, at }: RestartPlan): Promise<Found> {
  const folder = mkdtempSync(join(network.folder, 'cut-'));
  try {
    const untouched = join(folder, 'untouched');
    const used = join(folder, 'n0');
    writeFiles(untouched, files);
    writeFiles(used, files);
    for (const name of ['aureon.toml', 'node.key'])
      copyFileSync(join(network.folder, 'n0', name), join(used, name));
    copyFileSync(join(network.folder, 'genesis.json'), join(folder, 'genesis.json'));
    const heights = recording.told.filter((told) => told.at < at).map(({ height }) => height);
    const started = await run(network, used, heights);
    const databaseOf = (of: string): string => join(of, dirname(DATABASE));
    const [before, after] = readSignRecords([
      ...(files.has(DATABASE) ? [databaseOf(untouched)] : [databaseOf(join(folder, 'none'))]),
      ...(started.kind === 'ran' ? [databaseOf(used)] : []),
    ]);
    return { started, before: before ?? 'no answer', after };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(network: Network, folder: string, heights: readonly number[]): Promise<Started> {
  const log = join(folder, 'log');
  const node = startNodeProcess({ settings: join(folder, 'aureon.toml'), log });
  const client = new NodeClient(`http://127.0.0.1:${network.apiPort}`);
  try {
    const ready = await until('an answer, or an end', PATIENCE_MS, async () =>
      node.child.exitCode !== null || node.child.signalCode !== null
        ? 'ended'
        : await asked(() => client.health()),
    );
    if (ready === 'ended') return endOf(node, readFileSync(log, 'utf8'));
    const blocks = new Map<number, string>();
    for (const height of heights) {
      const found = await asked(() => client.block(height));
      if (found !== undefined) blocks.set(height, found.id);
    }
    const isSilent = await until('a signature, or silence', PATIENCE_MS, () => hasSigned(client));
    node.child.kill('SIGTERM');
    const end = await ended(node);
    const events = eventsOf(log);
    if (end !== 0) return { kind: 'crashed', how: `stopped with ${end}: ${lastWords(log)}` };
    const start = events.find(({ msg }) => msg === 'NodeStarted');
    const damaged = events.filter(({ msg }) => msg === 'CorruptionDetected').length;
    return { kind: 'ran', head: Number(start?.['height']), blocks, damaged, isSilent };
  } catch (error) {
    return { kind: 'crashed', how: `${String(error)}: ${lastWords(log)}` };
  } finally {
    if (node.child.exitCode === null && node.child.signalCode === null) {
      node.child.kill('SIGKILL');
      await ended(node);
    }
  }
}

function endOf({ child }: NodeProcess, words: string): Started {
  if (child.exitCode === 2) return { kind: 'refused', code: 2, words: words.trim() };
  return { kind: 'crashed', how: `ended with ${child.exitCode ?? child.signalCode}: ${words.slice(-500)}` };
}

/** True: silent. It is past its first proposal, alone or not, so that a vote is recorded, unless it may not sign. */
async function hasSigned(client: NodeClient): Promise<boolean | undefined> {
  const doing = await asked(() => client.consensus());
  if (doing === undefined || doing.kind !== 'round') return undefined;
  if (doing['isPaused'] === true) return true;
  return doing['step'] === 'prevote' || doing['step'] === 'precommit' ? false : undefined;
}

function lastWords(log: string): string {
  return readFileSync(log, 'utf8').slice(-500);
}
