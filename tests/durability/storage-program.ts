/**
 * A program of its own that keeps numbered batches in the node's storage, and says what it has seen and what is durable; and one that
 * reads what a power cut has left. What a batch holds follows from its number.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteOp } from '../../src/env/storage.ts';
import { type LmdbStorage, openLmdbStorage } from '../../src/node/storage/lmdb-storage.ts';
import { drawsOf } from './cuts.ts';

/** Key of the number of the newest batch. */
const NEWEST = Uint8Array.of(1);
const KEYS = 60;
const OPS = 12;
/** Values are small, or have up to two pages. */
const SMALL_MAX_BYTES = 200;
const VALUE_MAX_BYTES = 6_000;
const ALL_MAX = 1_000;

/** A value: one byte, repeated. */
interface Value {
  readonly length: number;
  readonly fill: number;
}

/** What the batch with this number does to keys; undefined: deletes. */
function changesOf(number: number): readonly (readonly [key: number, value: Value | undefined])[] {
  const below = drawsOf(`batch ${number}`);
  return Array.from({ length: OPS }, () => {
    const key = below(KEYS);
    const length = 1 + below(below(2) === 0 ? SMALL_MAX_BYTES : VALUE_MAX_BYTES);
    return [key, below(4) === 0 ? undefined : { length, fill: number % 251 }];
  });
}

function batchOf(number: number): readonly WriteOp[] {
  const ops = changesOf(number).map(([id, value]): WriteOp => {
    const key = Uint8Array.of(2, id);
    return value === undefined
      ? { kind: 'delete', key }
      : { kind: 'put', key, value: new Uint8Array(value.length).fill(value.fill) };
  });
  return [...ops, { kind: 'put', key: NEWEST, value: numberBytes(number) }];
}

function numberBytes(number: number): Uint8Array {
  return Uint8Array.of(number >>> 8, number & 0xff);
}

function newestIn(storage: LmdbStorage): number {
  const [high = 0, low = 0] = storage.get(NEWEST) ?? [];
  return high * 256 + low;
}

/** Undefined: all is as so many batches leave it. */
function flawOf(storage: LmdbStorage): string | undefined {
  const newest = newestIn(storage);
  const expected = new Map<number, Value>();
  for (let i = 1; i <= newest; i++)
    for (const [key, value] of changesOf(i)) {
      if (value === undefined) expected.delete(key);
      else expected.set(key, value);
    }
  const found = storage.scan({ start: Uint8Array.of(2), end: Uint8Array.of(3) }, ALL_MAX);
  const wrong = found.filter(({ key, value }) => {
    const { length, fill } = expected.get(key[1] ?? -1) ?? { length: -1, fill: 0 };
    return value.length !== length || value.some((byte) => byte !== fill);
  }).length;
  if (wrong === 0 && found.length === expected.size) return undefined;
  return `of batch ${newest}: ${wrong} wrong values, ${found.length} of ${expected.size} keys`;
}

/** Writes until it is killed. What it sees at its start it says at once, as a node says its votes again. */
async function write(folder: string): Promise<void> {
  const storage = openLmdbStorage(folder, (run) => run());
  let number = newestIn(storage);
  process.stdout.write(`seen ${number}\n`);
  for (;;) {
    const batch = ++number;
    storage.write(batchOf(batch));
    storage.flush((fault) => process.stdout.write(fault === undefined ? `durable ${batch}\n` : 'fault\n'));
    await sleep(batch % 3 === 0 ? 12 : 3);
  }
}

/** Reads, writes one batch more, and reads again: one line of JSON a folder. */
async function check(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    const storage = openLmdbStorage(folder, (run) => run());
    const newest = newestIn(storage);
    let flaw = flawOf(storage);
    storage.write(batchOf(newest + 1));
    await new Promise<void>((resolve) => storage.flush(() => resolve()));
    await storage.close();
    const again = openLmdbStorage(folder, (run) => run());
    flaw ??= flawOf(again);
    if (newestIn(again) !== newest + 1) flaw ??= `a batch after batch ${newest} is not there`;
    await again.close();
    process.stdout.write(`${JSON.stringify({ folder, newest, flaw })}\n`);
  }
}

const [, , mode, ...folders] = process.argv;
if (mode === 'write') await write(folders[0] ?? '');
else if (mode === 'check') await check(folders);
