/** Checked access to the ledger's records: every byte read is verified, what fails is reported and never trusted. */
import { bytesToHex, hexToBytes } from '../../env/bytes.ts';
import type { Env } from '../../env/program.ts';
import type { KeyRange, WriteOp } from '../../env/storage.ts';
import type { Sha256 } from '../crypto/sha256.ts';
import type { Block, Header } from '../types/block.ts';
import { decodeBlock } from '../types/block-codec.ts';
import type { ChainWorld } from '../types/command.ts';
import type { RecordKind } from '../types/event.ts';
import { blockId, decodeHeader } from '../types/header-codec.ts';
import { isRejection } from '../types/rejection.ts';
import type { BlockHash, Height } from '../types/units.ts';
import { Lru } from './lru.ts';
import { decodeHeightOf, decodeUndo, type UndoRecord } from './record-codecs.ts';
import {
  blockKey,
  certificateKey,
  headerKey,
  heightIdOf,
  heightOfKey,
  heightRange,
  keyAfter,
  type OpenedRecord,
  openRecord,
  openRecordWithDigest,
  PREFIX,
  prefixRange,
  recordKindOf,
  sealRecord,
  undoKey,
} from './records.ts';

/** What the store asks of the world. */
export type StoreEnv = Pick<Env<ChainWorld>, 'storage' | 'crypto' | 'memo' | 'emit' | 'spend'>;

/** Operations that are written together, with their size. */
export interface Batch {
  readonly ops: readonly WriteOp[];
  readonly bytes: number;
}

/** Decoded blocks kept for sync and queries: a few seconds of one peer's requests, at most 16 MiB encoded. */
export const BLOCK_CACHE_MAX = 16;
/** Records known to be corrupt and not yet repaired, so that each is reported once; a disk with more is lost. */
export const CORRUPT_RECORDS_MAX = 4_096;

/** A batch of these operations. */
export function batchOf(ops: readonly WriteOp[]): Batch {
  let bytes = 0;
  for (const op of ops) bytes += op.key.length + (op.kind === 'put' ? op.value.length : 0);
  return { ops, bytes };
}

export class BlockStore {
  readonly #env: StoreEnv;
  readonly #blocks = new Lru<BlockHash, Block>(BLOCK_CACHE_MAX);
  readonly #corrupt = new Map<string, RecordKind>();
  /** Fast where the machine has one. */
  readonly sha256: Sha256 = (bytes) => this.#env.crypto.sha256(bytes);

  constructor(env: StoreEnv) {
    this.#env = env;
  }

  get cachedBlocks(): number {
    return this.#blocks.size;
  }

  /** Reported and not repaired, in the order found. */
  corrupt(): readonly { readonly key: string; readonly record: RecordKind }[] {
    return [...this.#corrupt].map(([key, record]) => ({ key, record }));
  }

  get corruptCount(): number {
    return this.#corrupt.size;
  }

  write(batch: Batch): void {
    this.#env.spend('storage', batch.bytes);
    this.#env.spend('hash', Math.ceil(batch.bytes / 64));
    this.#env.storage.write(batch.ops);
  }

  put(key: Uint8Array, payload: Uint8Array): WriteOp {
    return { kind: 'put', key, value: sealRecord(this.sha256, key, payload) };
  }

  /** The payload under the key; `corrupt` after reporting it. */
  read(key: Uint8Array): Uint8Array | undefined | 'corrupt' {
    const value = this.#env.storage.get(key);
    return value === undefined ? undefined : this.check(key, value);
  }

  /** A whole record stands there; one that is damaged is reported. */
  has(key: Uint8Array): boolean {
    const value = this.#env.storage.get(key);
    return value !== undefined && this.check(key, value) !== 'corrupt';
  }

  /** Nothing stands in the range. */
  isEmpty(range: KeyRange): boolean {
    return this.#checked(range, 1).length === 0;
  }

  /** Up to so many keys of the range; whatever is read on the way is verified, and reported when it is damaged. */
  #checked(range: KeyRange, limit: number): readonly Uint8Array[] {
    const found = this.#env.storage.scan(range, limit);
    for (const { key, value } of found) this.check(key, value);
    return found.map(({ key }) => key);
  }

  /** Whether the value is whole under that key; says nothing of one that is not. */
  isIntact(key: Uint8Array, value: Uint8Array): boolean {
    this.#env.spend('hash', Math.ceil((key.length + value.length) / 64));
    return openRecord(this.sha256, key, value) !== 'corrupt';
  }

  /** Verifies what a scan answered. */
  check(key: Uint8Array, value: Uint8Array): Uint8Array | 'corrupt' {
    const opened = this.open(key, value);
    return opened === 'corrupt' ? 'corrupt' : opened.payload;
  }

  /** Verifies what a scan answered, for `decoded`. */
  open(key: Uint8Array, value: Uint8Array): OpenedRecord | 'corrupt' {
    this.#env.spend('hash', Math.ceil((key.length + value.length) / 64));
    const opened = openRecordWithDigest(this.sha256, key, value);
    if (opened === 'corrupt') this.report(key);
    return opened;
  }

  /**
   * What a record says: shared, since the name is the hash of the bytes that this host has read and verified. What the
   * disk holds is never taken from the memo, only what those bytes mean.
   */
  decoded<T>(kind: string, record: OpenedRecord, decode: (payload: Uint8Array) => T): T {
    return this.#env.memo.get(kind, bytesToHex(record.digest), () => decode(record.payload));
  }

  #readOpened(key: Uint8Array): OpenedRecord | undefined | 'corrupt' {
    const value = this.#env.storage.get(key);
    return value === undefined ? undefined : this.open(key, value);
  }

  /** Entries of the range as they are on the disk, unchecked. */
  scan(
    range: KeyRange,
    limit: number,
    reverse = false,
  ): readonly { readonly key: Uint8Array; readonly value: Uint8Array }[] {
    return this.#env.storage.scan(range, limit, reverse);
  }

  /** Says once that the record is not what was written. */
  report(key: Uint8Array): void {
    const text = bytesToHex(key);
    if (this.#corrupt.has(text)) return;
    const record = recordKindOf(key);
    if (this.#corrupt.size < CORRUPT_RECORDS_MAX) this.#corrupt.set(text, record);
    this.#env.emit({ kind: 'CorruptionDetected', key: text, record });
  }

  isReported(key: Uint8Array): boolean {
    return this.#corrupt.size > 0 && this.#corrupt.has(bytesToHex(key));
  }

  /** Says that a reported record was written anew, or is needed no more. */
  repaired(key: Uint8Array): void {
    if (this.#corrupt.size === 0) return;
    const text = bytesToHex(key);
    const record = this.#corrupt.get(text);
    if (record === undefined) return;
    this.#corrupt.delete(text);
    this.#env.emit({ kind: 'CorruptionRepaired', key: text, record });
  }

  /** Everything reported so far was thrown away or written anew. */
  repairedAll(): void {
    for (const { key } of this.corrupt()) {
      const bytes = hexToBytes(key);
      if (bytes !== undefined) this.repaired(bytes);
    }
  }

  remember(id: BlockHash, block: Block): void {
    this.#blocks.set(id, block);
  }

  forget(id: BlockHash): void {
    this.#blocks.delete(id);
  }

  /** A stored block; undefined when it is not there, `corrupt` after reporting it. */
  block(height: number, id: BlockHash): Block | undefined | 'corrupt' {
    const cached = this.#blocks.get(id);
    if (cached !== undefined) return cached;
    const key = blockKey(height, id);
    const record = this.#readOpened(key);
    if (record === undefined || record === 'corrupt') return record;
    const block = this.decodeBlock(key, record);
    if (block === 'corrupt') return 'corrupt';
    if (blockId(block.header, this.sha256) !== id) {
      this.report(key);
      return 'corrupt';
    }
    this.#blocks.set(id, block);
    return block;
  }

  decodeBlock(key: Uint8Array, record: OpenedRecord): Block | 'corrupt' {
    this.#env.spend('decode', record.payload.length);
    const block = this.decoded('store.block', record, decodeBlock);
    if (!isRejection(block)) return block;
    this.report(key);
    return 'corrupt';
  }

  /** Hexadecimal; '' when there is none, `corrupt` after reporting it. */
  certificate(height: number, id: BlockHash): string {
    const payload = this.read(certificateKey(height, id));
    return payload === undefined ? '' : payload === 'corrupt' ? 'corrupt' : bytesToHex(payload);
  }

  /** The main chain's header at a height up to the base. */
  headerAt(height: number): Header | undefined | 'corrupt' {
    const key = headerKey(height);
    const record = this.#readOpened(key);
    if (record === undefined || record === 'corrupt') return record;
    const header = this.decoded('store.header', record, decodeHeader);
    if (!isRejection(header) && header.height === height) return header;
    this.report(key);
    return 'corrupt';
  }

  /** The height of a block of the main chain up to the base. */
  heightOf(id: BlockHash): Height | undefined | 'corrupt' {
    const key = heightOfKey(id);
    const payload = this.read(key);
    if (payload === undefined || payload === 'corrupt') return payload;
    const found = decodeHeightOf(payload);
    if (found !== undefined) return found;
    this.report(key);
    return 'corrupt';
  }

  /** How to go back from the base at this height. */
  undo(height: number): UndoRecord | undefined | 'corrupt' {
    return this.undoAs(height, 'store.undo', '', (undo) => undo);
  }

  /** The same as `view` sees it: shared by kind, by `inputs`, which names what `view` depends on, and by the bytes read. */
  undoAs<T extends object>(
    height: number,
    kind: string,
    inputs: string,
    view: (undo: UndoRecord) => T,
  ): T | undefined | 'corrupt' {
    const key = undoKey(height);
    const record = this.#readOpened(key);
    if (record === undefined || record === 'corrupt') return record;
    const seen = this.#env.memo.get(kind, inputs + bytesToHex(record.digest), () => {
      const undo = decodeUndo(record.payload);
      return undo === undefined ? undefined : view(undo);
    });
    if (seen !== undefined) return seen;
    this.report(key);
    return 'corrupt';
  }

  /** The lowest height at or above `from` at which a block is stored. */
  lowestBlock(from: number): number | undefined {
    const [key] = this.#checked(heightRange(PREFIX.block, from, undefined), 1);
    return key === undefined ? undefined : heightIdOf(key)?.height;
  }

  /** Deletes the blocks of one height, on all branches; their certificates stay. */
  deleteBlocksAt(height: number): void {
    const found = this.#checked(heightRange(PREFIX.block, height, height + 1), BRANCHES_MAX);
    if (found.length === 0) return;
    for (const key of found) this.repaired(key);
    this.write(batchOf(found.map((key) => ({ kind: 'delete', key }))));
  }

  /** Deletes every record of the prefix, in batches that a crash may cut anywhere. */
  deleteAll(prefix: number): void {
    let range = prefixRange(prefix);
    for (;;) {
      const page = this.#checked(range, DELETE_PAGE);
      const last = page.at(-1);
      if (last === undefined) return;
      // On from there, and not from the start again: a bad disk may go on answering what was deleted.
      range = { ...range, start: keyAfter(last) };
      this.write(batchOf(page.map((key) => ({ kind: 'delete', key }))));
    }
  }
}

/** Blocks of one height deleted with one step; more are left for nobody to read. */
const BRANCHES_MAX = 256;
/** Records of one batch of deletions. */
const DELETE_PAGE = 1_024;
