/** Payloads of the ledger's own records: base, undo journal, places and hints, in a fixed big-endian layout. */
import { assert } from '../../env/assert.ts';
import { type UnixMs, unixMs } from '../../env/units.ts';
import { NAMESPACE, type StateChange } from '../state/state.ts';
import { readHexText, writeHexBytes } from '../types/layout/hex.ts';
import { roomFor } from '../types/layout/room.ts';
import {
  type BlockHash,
  blockHash,
  type Hash,
  type Height,
  hash,
  height,
  type Weight,
  weight,
} from '../types/units.ts';
import { HEIGHT_BYTES, namespaceOf, readHeight, readUint, writeHeight } from './records.ts';

/** Everything that continues the chain from a block, its state's leaves aside. */
export interface BaseRecord {
  readonly id: BlockHash;
  /** Canonical bytes of the header. */
  readonly header: Uint8Array;
  readonly weight: Weight;
  /** Peaks of the history range over all ids up to and including this one, and how many ids those are. */
  readonly peaks: readonly Hash[];
  readonly historyCount: number;
  /** The engine's view after this block's execution. */
  readonly view: Uint8Array;
}

/** How to go back from a base to its parent. */
export interface UndoRecord {
  /** The base that is left. */
  readonly id: BlockHash;
  /** The payload of the parent's base record. */
  readonly parent: Uint8Array;
  /** The leaves as the parent's state has them. */
  readonly leaves: readonly StateChange[];
}

/** Where a transaction stands, with its encoded receipt. */
export interface PlaceRecord {
  readonly height: Height;
  readonly index: number;
  readonly receipt: Uint8Array;
}

/** Short payloads are put together in one buffer: at most one writer is at work at a time. */
const SCRATCH_BYTES = 65_536;
const scratch = new Uint8Array(SCRATCH_BYTES);

/** Writes one value behind the other. */
class Writer {
  #into = scratch;
  #at = 0;

  bytes(part: Uint8Array): this {
    const at = this.#take(part.length);
    this.#into.set(part, at);
    return this;
  }

  hex(text: string): this {
    const at = this.#take(text.length / 2);
    assert(writeHexBytes(this.#into, at, text), 'ids in records are lower-case hexadecimal text');
    return this;
  }

  uint(value: number, width: 1 | 2 | 4): this {
    const at = this.#take(width);
    for (let i = width - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256))
      this.#into[at + i] = rest & 0xff;
    return this;
  }

  height(value: number): this {
    const at = this.#take(HEIGHT_BYTES);
    writeHeight(this.#into, at, value);
    return this;
  }

  sized(part: Uint8Array): this {
    return this.uint(part.length, 4).bytes(part);
  }

  done(): Uint8Array {
    const joined = roomFor(this.#at);
    joined.set(this.#into.subarray(0, this.#at));
    return joined;
  }

  /** Where the next `length` bytes go. It may exchange the buffer: whoever writes takes first. */
  #take(length: number): number {
    const at = this.#at;
    this.#at = at + length;
    if (this.#at > this.#into.length) {
      const longer = new Uint8Array(Math.max(2 * this.#into.length, this.#at));
      longer.set(this.#into.subarray(0, at));
      this.#into = longer;
    }
    return at;
  }
}

/** Reads in order; past the end it fails once and for all, and answers zeros. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return at < 0 ? new Uint8Array(0) : this.#bytes.subarray(at, at + length);
  }

  /** Lower-case hexadecimal, without a view: one of a short array makes the engine move it out of its heap. */
  hex(length: number): string {
    const at = this.#take(length);
    return at < 0 ? '' : readHexText(this.#bytes, at, at + length);
  }

  uint(width: 1 | 2 | 4): number {
    const at = this.#take(width);
    return at < 0 ? 0 : readUint(this.#bytes, at, width);
  }

  height(): Height {
    const at = this.#take(HEIGHT_BYTES);
    return height(at < 0 ? 0 : readHeight(this.#bytes, at));
  }

  sized(): Uint8Array {
    return this.bytes(this.uint(4));
  }

  hash32(): string {
    const text = this.hex(32);
    return text === '' ? '0'.repeat(64) : text;
  }

  fail(): void {
    this.#failed = true;
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** True when everything was there and nothing is left over. */
  whole(): boolean {
    return !this.#failed && this.#at === this.#bytes.length;
  }

  /** Where the next `length` bytes begin; -1 when there are fewer. */
  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) {
      this.#failed = true;
      return -1;
    }
    this.#at = at + length;
    return at;
  }
}

/** id ‖ header ‖ weight ‖ count ‖ peaks ‖ view. */
export function encodeBase(base: BaseRecord): Uint8Array {
  const writer = new Writer()
    .hex(base.id)
    .sized(base.header)
    .uint(base.weight.length / 2, 2)
    .hex(base.weight);
  writer.height(base.historyCount).uint(base.peaks.length, 1);
  for (const peak of base.peaks) writer.hex(peak);
  return writer.sized(base.view).done();
}

/** What encodeBase wrote; undefined for anything else. */
export function decodeBase(payload: Uint8Array): BaseRecord | undefined {
  const reader = new Reader(payload);
  const id = blockHash(reader.hash32());
  const header = reader.sized();
  const stated = weight(reader.hex(reader.uint(2)));
  const historyCount = reader.height();
  const peaks: Hash[] = [];
  for (let left = reader.uint(1); left > 0; left--) peaks.push(hash(reader.hash32()));
  const view = reader.sized();
  return reader.whole() ? { id, header, weight: stated, peaks, historyCount, view } : undefined;
}

/** id ‖ parent ‖ count ‖ (namespace ‖ id ‖ present ‖ value) each. */
export function encodeUndo(undo: UndoRecord): Uint8Array {
  const writer = new Writer().hex(undo.id).sized(undo.parent).uint(undo.leaves.length, 4);
  for (const leaf of undo.leaves) {
    writer
      .uint(NAMESPACE[leaf.namespace], 1)
      .uint(leaf.id.length / 2, 1)
      .hex(leaf.id);
    writer.uint(leaf.value === undefined ? 0 : 1, 1).sized(leaf.value ?? new Uint8Array(0));
  }
  return writer.done();
}

/** What encodeUndo wrote; undefined for anything else. */
export function decodeUndo(payload: Uint8Array): UndoRecord | undefined {
  const reader = new Reader(payload);
  const id = blockHash(reader.hash32());
  const parent = reader.sized();
  const leaves: StateChange[] = [];
  for (let left = reader.uint(4); left > 0 && !reader.failed; left--) {
    const namespace = namespaceOf(reader.uint(1));
    const leafId = reader.hex(reader.uint(1));
    const present = reader.uint(1);
    const value = reader.sized();
    const isAbsent = present === 0;
    if (namespace === undefined || present > 1 || (isAbsent && value.length > 0)) reader.fail();
    else leaves.push({ namespace, id: leafId, value: isAbsent ? undefined : value });
  }
  return reader.whole() ? { id, parent, leaves } : undefined;
}

/** height ‖ index ‖ receipt. */
export function encodePlace(place: PlaceRecord): Uint8Array {
  return new Writer().height(place.height).uint(place.index, 4).sized(place.receipt).done();
}

/** What encodePlace wrote; undefined for anything else. */
export function decodePlace(payload: Uint8Array): PlaceRecord | undefined {
  const reader = new Reader(payload);
  const place = { height: reader.height(), index: reader.uint(4), receipt: reader.sized() };
  return reader.whole() ? place : undefined;
}

/** Where the transactions of an account stand in a block: indexes, rising, four bytes each. */
export function encodeIndexes(indexes: readonly number[]): Uint8Array {
  const writer = new Writer();
  for (const index of indexes) writer.uint(index, 4);
  return writer.done();
}

/** What encodeIndexes wrote of at least one; undefined for anything else. */
export function decodeIndexes(payload: Uint8Array): readonly number[] | undefined {
  if (payload.length === 0 || payload.length % 4 !== 0) return undefined;
  const indexes: number[] = [];
  for (let at = 0; at < payload.length; at += 4) {
    const index = readUint(payload, at, 4);
    if (index <= (indexes.at(-1) ?? -1)) return undefined;
    indexes.push(index);
  }
  return indexes;
}

/** format ‖ genesis id. */
export function encodeFormat(format: number, genesisId: BlockHash): Uint8Array {
  return new Writer().uint(format, 2).hex(genesisId).done();
}

/** What encodeFormat wrote, or a later one wrote with more behind it; undefined when too short. */
export function decodeFormat(
  payload: Uint8Array,
): { readonly format: number; readonly genesisId: BlockHash } | undefined {
  const reader = new Reader(payload);
  const found = { format: reader.uint(2), genesisId: blockHash(reader.hash32()) };
  return reader.failed ? undefined : found;
}

/** A height alone. */
export function encodeHeightOf(value: Height): Uint8Array {
  return new Writer().height(value).done();
}

/** What encodeHeightOf wrote; undefined for anything else. */
export function decodeHeightOf(payload: Uint8Array): Height | undefined {
  const reader = new Reader(payload);
  const value = reader.height();
  return reader.whole() ? value : undefined;
}

/** Milliseconds of Unix time in six bytes, which last as long as heights do. */
export function encodeTime(at: UnixMs): Uint8Array {
  return new Writer().height(at).done();
}

/** What encodeTime wrote; undefined for anything else. */
export function decodeTime(payload: Uint8Array): UnixMs | undefined {
  const reader = new Reader(payload);
  const at = unixMs(reader.height());
  return reader.whole() ? at : undefined;
}

/** height ‖ id. */
export function encodeHead(at: Height, id: BlockHash): Uint8Array {
  return new Writer().height(at).hex(id).done();
}

/** What encodeHead wrote; undefined for anything else. */
export function decodeHead(
  payload: Uint8Array,
): { readonly height: Height; readonly id: BlockHash } | undefined {
  const reader = new Reader(payload);
  const head = { height: reader.height(), id: blockHash(reader.hash32()) };
  return reader.whole() ? head : undefined;
}

/** An id alone. */
export function encodeId(id: string): Uint8Array {
  return new Writer().hex(id).done();
}

/** What encodeId wrote; undefined for anything else. */
export function decodeId(payload: Uint8Array): string | undefined {
  const reader = new Reader(payload);
  const id = reader.hash32();
  return reader.whole() ? id : undefined;
}
