/** Records a validator of a real network: what it writes, syncs, says to its peers and calls final, through kills and restarts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodePosMessage } from '../../src/chain/consensus/pos/messages.ts';
import type { Promised } from '../../src/chain/consensus/pos/promises.ts';
import { createMessageCodec } from '../../src/chain/types/message-codec.ts';
import type { PublicKey } from '../../src/chain/types/units.ts';
import { hexToBytes } from '../../src/env/bytes.ts';
import { isDecodeRejection } from '../../src/env/network.ts';
import { NodeClient } from '../../src/node/client/client.ts';
import {
  ended,
  eventsOf,
  type NodeProcess,
  PATIENCE_MS,
  startNodeProcess,
  until,
} from '../support/node-process.ts';
import { type BootCalls, type DiskRecord, diskRecordOf, type Output } from './disk-record.ts';
import { Load, type Network, RUNNING } from './network.ts';
import { parseSystemCalls } from './system-calls.ts';
import { straceWords, thatHappened, tracedOf } from './trace.ts';

/** A vote or proposal of the validator's own, and when it may have left. */
export interface Said {
  readonly at: number;
  readonly message: Promised;
}

/** The validator called this block final. */
export interface Told {
  readonly at: number;
  readonly height: number;
  readonly id: string;
}

/** A whole recording. */
export interface Recording {
  readonly disk: DiskRecord;
  readonly said: readonly Said[];
  readonly told: readonly Told[];
  /** Place before the first call of each boot. */
  readonly boots: readonly number[];
  /** Place after the last call. */
  readonly end: number;
  /** Transfers that the network accepted meanwhile. */
  readonly transfers: number;
}

/** How each boot of the validator ends. */
const BOOTS = ['SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGKILL'] as const;
/** A disk that takes its time: what is not synced yet is there to be lost. */
const SYNC_US = 30_000;
/** From the news of a block to its write, and less than a sync takes. */
const WRITTEN_MS = 10;
/** What is in the folder before the first boot. */
const OWN_FILES = ['aureon.toml', 'node.key'];
const codec = createMessageCodec();

/** The validator n0 of the network, for so many blocks in each boot; its peers have stopped in order afterwards. */
export async function recordValidator(network: Network, blocks: number): Promise<Recording> {
  const { folder, apiPort, keys } = network;
  const path = (i: number, ...names: readonly string[]): string => join(folder, `n${i}`, ...names);
  const others = Array.from({ length: RUNNING - 1 }, (_, i) =>
    startNodeProcess({
      settings: path(i + 1, 'aureon.toml'),
      log: join(folder, `n${i + 1}.log`),
      flags: ['--vouch'],
    }),
  );
  const load = new Load(new NodeClient(`http://127.0.0.1:${apiPort + 1}`), network);
  const boots: BootCalls[] = [];
  const starts: number[] = [];
  let end = 0;
  let height = 0;
  let running: NodeProcess | undefined;
  try {
    for (const [boot, signal] of BOOTS.entries()) {
      starts.push(end);
      const trace = join(folder, `trace-${boot}`);
      const wrapper = straceWords(trace, SYNC_US);
      const flags = boot === 0 ? ['--vouch'] : [];
      const node = startNodeProcess({
        settings: path(0, 'aureon.toml'),
        log: join(folder, 'n0.log'),
        flags,
        wrapper,
      });
      running = node;
      const goal = height + blocks;
      height = await until('the validator: blocks', PATIENCE_MS, async () => {
        if (node.child.exitCode !== null)
          throw new Error(`the validator has ended: ${readFileSync(node.log, 'utf8').slice(-2_000)}`);
        const heights = eventsOf(node.log).map((event) =>
          event['msg'] === 'HeadChanged' ? event['height'] : 0,
        );
        const newest = Math.max(...heights.map(Number));
        return newest >= goal ? newest : undefined;
      });
      // The block is written by then, and its sync is on its way.
      await sleep(WRITTEN_MS);
      process.kill(tracedOf(node.child.pid ?? 0), signal);
      await ended(node);
      running = undefined;
      const calls = parseSystemCalls(readFileSync(trace, 'latin1'), end);
      end = Math.max(end, ...calls.map(({ at, done }) => done ?? at)) + 1;
      boots.push({ calls: thatHappened(path(0), OWN_FILES, boots, calls, end), end });
    }
  } finally {
    const transfers = load.end();
    if (running !== undefined && running.child.exitCode === null) {
      process.kill(tracedOf(running.child.pid ?? 0), 'SIGKILL');
      await ended(running);
    }
    for (const { child } of others) child.kill('SIGTERM');
    for (const other of others) await ended(other);
    await transfers;
  }
  const disk = diskRecordOf(path(0), OWN_FILES, boots);
  const said = saidIn(disk.outputs, keys[0]);
  return { disk, said, told: toldIn(disk.outputs), boots: starts, end, transfers: await load.end() };
}

/** The lines of each stream, and when each may have left whole. */
function* linesOf(outputs: readonly Output[]): Generator<{ readonly line: Uint8Array; readonly at: number }> {
  const rests = new Map<string, Buffer>();
  for (const { stream, bytes, at } of outputs) {
    let rest = Buffer.concat([rests.get(stream) ?? Buffer.alloc(0), bytes]);
    for (let cut = rest.indexOf(10); cut >= 0; cut = rest.indexOf(10)) {
      yield { line: new Uint8Array(rest.subarray(0, cut)), at };
      rest = rest.subarray(cut + 1);
    }
    rests.set(stream, rest);
  }
}

function saidIn(outputs: readonly Output[], key: PublicKey | undefined): readonly Said[] {
  const said: Said[] = [];
  for (const { line, at } of linesOf(outputs)) {
    const message = codec.decode(line);
    if (isDecodeRejection(message) || message.kind !== 'Consensus') continue;
    const own = decodePosMessage(hexToBytes(message.body) ?? new Uint8Array(0));
    if (isDecodeRejection(own) || (own.kind !== 'vote' && own.kind !== 'proposal')) continue;
    const by = own.kind === 'vote' ? own.vote.validator : own.proposal.proposer;
    if (by === key) said.push({ at, message: own });
  }
  return said;
}

function toldIn(outputs: readonly Output[]): readonly Told[] {
  const told: Told[] = [];
  for (const { line, at } of linesOf(outputs)) {
    const text = Buffer.from(line).toString('utf8');
    if (!text.startsWith('{"level"') || !text.includes('"FinalityAdvanced"')) continue;
    const { finality, finalId } = JSON.parse(text);
    told.push({ at, height: finality.final, id: finalId });
  }
  return told;
}
