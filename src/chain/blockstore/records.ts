/** Records on disk: their keys, and the checksum over key and value that finds rot, stale keys and misdirected writes. */
import type { KeyRange } from '../../env/storage.ts';
import type { Sha256 } from '../crypto/sha256.ts';
import { TAG } from '../crypto/tags.ts';
import { NAMESPACE, type Namespace } from '../state/state.ts';
import type { RecordKind } from '../types/event.ts';
import { IN_HEAP_MAX_BYTES, roomFor } from '../types/layout/room.ts';

/** Layout of everything below. A folder with a newer one is not opened. */
export const STORE_FORMAT = 1;

/** First byte of every key: whose record it is. `engine` and `peers` belong to the node, in the same checked form. */
export const PREFIX = {
  account: 0x61, // a ‖ address ‖ height ‖ index → transaction id
  block: 0x62, // b ‖ height ‖ id → encoded block
  certificate: 0x63, // c ‖ height ‖ id → certificate
  engine: 0x65, // e ‖ … → the engine's own
  height: 0x69, // i ‖ id → height, main chain up to the base
  meta: 0x6d, // m ‖ name → format, base, head hint, and what else META names
  header: 0x6e, // n ‖ height → encoded header, main chain up to the base
  peers: 0x70, // p ‖ … → the node's own
  state: 0x73, // s ‖ namespace ‖ id → leaf at the base
  transaction: 0x74, // t ‖ id → place and receipt, main chain up to the base
  undo: 0x75, // u ‖ height → how to go back from the base at that height
  checkpoint: 0x76, // v ‖ height → base record of that height
  snapshot: 0x79, // y ‖ height ‖ item → manifest (0) or a chunk (from 1) of the snapshot at that height
} as const;

/** Names of the meta records: the second byte of their keys. */
export const META = { format: 0, base: 1, head: 2, install: 3, origin: 4, pruned: 5, restored: 6 } as const;

/** SHA-256 cut to 64 bits: against rot, not against somebody who writes to the disk. */
export const CHECKSUM_BYTES = 8;

/** Of a height in keys and records. */
export const HEIGHT_BYTES = 6;
const ID_BYTES = 32;
const INDEX_BYTES = 4;

const NAMESPACE_NAMES = Object.keys(NAMESPACE).filter(isNamespace);

function isNamespace(name: string): name is Namespace {
  return Object.hasOwn(NAMESPACE, name);
}

function writeHex(into: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i += 2) {
    into[at + i / 2] = (nibble(text.charCodeAt(i)) << 4) | nibble(text.charCodeAt(i + 1));
  }
}

function nibble(code: number): number {
  return code <= 57 ? code - 48 : code - 87;
}

function writeUint32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

/** A big-endian integer of so many bytes. */
export function readUint(from: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + (from[at + i] as number);
  return value;
}

/** Big-endian, so that keys sort by height; 48 bits last 8.9 million years at one block a second. */
export function writeHeight(into: Uint8Array, at: number, height: number): void {
  writeUint32(into, at + 2, height % 0x1_0000_0000);
  const high = Math.floor(height / 0x1_0000_0000);
  into[at] = high >>> 8;
  into[at + 1] = high & 0xff;
}

/** Reads what writeHeight wrote. */
export function readHeight(from: Uint8Array, at: number): number {
  return readUint(from, at, HEIGHT_BYTES);
}

/** m ‖ name. */
export function metaKey(name: number): Uint8Array {
  return Uint8Array.of(PREFIX.meta, name);
}

function heightKey(prefix: number, height: number): Uint8Array {
  const key = new Uint8Array(1 + HEIGHT_BYTES);
  key[0] = prefix;
  writeHeight(key, 1, height);
  return key;
}

function heightIdKey(prefix: number, height: number, id: string): Uint8Array {
  const key = new Uint8Array(1 + HEIGHT_BYTES + ID_BYTES);
  key[0] = prefix;
  writeHeight(key, 1, height);
  writeHex(key, 1 + HEIGHT_BYTES, id);
  return key;
}

function idKey(prefix: number, id: string): Uint8Array {
  const key = new Uint8Array(1 + ID_BYTES);
  key[0] = prefix;
  writeHex(key, 1, id);
  return key;
}

/** y ‖ height ‖ item: a snapshot's manifest is item 0, its chunks follow. */
export function snapshotKey(height: number, item: number): Uint8Array {
  const key = new Uint8Array(1 + HEIGHT_BYTES + INDEX_BYTES);
  key[0] = PREFIX.snapshot;
  writeHeight(key, 1, height);
  writeUint32(key, 1 + HEIGHT_BYTES, item);
  return key;
}

/** Height and item of a snapshot key; undefined for a key of another length. */
export function placeOfSnapshotKey(
  key: Uint8Array,
): { readonly height: number; readonly item: number } | undefined {
  const at = 1 + HEIGHT_BYTES;
  if (key.length !== at + INDEX_BYTES) return undefined;
  return { height: readHeight(key, 1), item: readUint(key, at, INDEX_BYTES) };
}

/** b ‖ height ‖ id: blocks of all branches in the order in which they can be executed. */
export function blockKey(height: number, id: string): Uint8Array {
  return heightIdKey(PREFIX.block, height, id);
}

/** c ‖ height ‖ id. */
export function certificateKey(height: number, id: string): Uint8Array {
  return heightIdKey(PREFIX.certificate, height, id);
}

/** n ‖ height. */
export function headerKey(height: number): Uint8Array {
  return heightKey(PREFIX.header, height);
}

/** i ‖ id. */
export function heightOfKey(id: string): Uint8Array {
  return idKey(PREFIX.height, id);
}

/** u ‖ height. */
export function undoKey(height: number): Uint8Array {
  return heightKey(PREFIX.undo, height);
}

/** v ‖ height. */
export function checkpointKey(height: number): Uint8Array {
  return heightKey(PREFIX.checkpoint, height);
}

/** t ‖ id. */
export function transactionKey(id: string): Uint8Array {
  return idKey(PREFIX.transaction, id);
}

/** a ‖ address ‖ height: one record for all transactions of a block that concern the account. */
export function accountKey(address: string, height: number): Uint8Array {
  const key = new Uint8Array(1 + ID_BYTES + HEIGHT_BYTES);
  key[0] = PREFIX.account;
  writeHex(key, 1, address);
  writeHeight(key, 1 + ID_BYTES, height);
  return key;
}

/** The height of an account key; undefined for a key of another length. */
export function heightOfAccountKey(key: Uint8Array): number | undefined {
  const at = 1 + ID_BYTES;
  return key.length === at + HEIGHT_BYTES ? readHeight(key, at) : undefined;
}

/** The keys of one account below a height. */
export function accountRange(address: string, below: number): KeyRange {
  return { start: accountKey(address, 0), end: accountKey(address, below) };
}

/** s ‖ namespace ‖ id. */
export function stateKey(namespace: Namespace, id: string): Uint8Array {
  const key = new Uint8Array(2 + id.length / 2);
  key[0] = PREFIX.state;
  key[1] = NAMESPACE[namespace];
  writeHex(key, 2, id);
  return key;
}

/** The namespace of that number; undefined when there is none. */
export function namespaceOf(number: number): Namespace | undefined {
  return NAMESPACE_NAMES.find((name) => NAMESPACE[name] === number);
}

/** The least key above. */
export function keyAfter(key: Uint8Array): Uint8Array {
  const after = new Uint8Array(key.length + 1);
  after.set(key);
  return after;
}

/** All keys with this first byte. */
export function prefixRange(prefix: number): KeyRange {
  return { start: Uint8Array.of(prefix), end: Uint8Array.of(prefix + 1) };
}

/** Keys of the prefix with from <= height < to; `to` undefined: no end. */
export function heightRange(prefix: number, from: number, to: number | undefined): KeyRange {
  return {
    start: heightKey(prefix, from),
    end: to === undefined ? Uint8Array.of(prefix + 1) : heightKey(prefix, to),
  };
}

/** Height and id of a block or certificate key; undefined for a key of another length. */
export function heightIdOf(
  key: Uint8Array,
): { readonly height: number; readonly id: Uint8Array } | undefined {
  if (key.length !== 1 + HEIGHT_BYTES + ID_BYTES) return undefined;
  // A copy: a view of so short an array makes the engine move it out of its heap.
  return { height: readHeight(key, 1), id: key.slice(1 + HEIGHT_BYTES) };
}

/** What the key says of its record, as events name it. */
export function recordKindOf(key: Uint8Array): RecordKind {
  switch (key[0]) {
    case PREFIX.meta:
    case PREFIX.checkpoint:
      return 'meta';
    case PREFIX.block:
      return 'block';
    case PREFIX.certificate:
      return 'certificate';
    case PREFIX.state:
      return 'state';
    case PREFIX.undo:
      return 'undo';
    case PREFIX.header:
    case PREFIX.height:
    case PREFIX.transaction:
    case PREFIX.account:
      return 'index';
    case PREFIX.snapshot:
      return 'snapshot';
    case PREFIX.engine:
      return 'engine';
    default:
      return 'unknown';
  }
}

/** Records up to here are hashed from one buffer, as layouts are: blocks of some hundred transactions too. */
const SCRATCH_BYTES = 65_536;
const scratch = new Uint8Array(SCRATCH_BYTES);

/** tag ‖ length of the key ‖ key ‖ payload, as the checksum covers it. */
function checksum(sha256: Sha256, key: Uint8Array, payload: Uint8Array): Uint8Array {
  const length = 3 + key.length + payload.length;
  const input = length <= SCRATCH_BYTES ? scratch.subarray(0, length) : new Uint8Array(length);
  input[0] = TAG.record;
  input[1] = key.length >>> 8;
  input[2] = key.length & 0xff;
  input.set(key, 3);
  input.set(payload, 3 + key.length);
  return sha256(input);
}

/** The value to store under `key`: checksum ‖ payload. */
export function sealRecord(sha256: Sha256, key: Uint8Array, payload: Uint8Array): Uint8Array {
  const value = roomFor(CHECKSUM_BYTES + payload.length);
  const digest = checksum(sha256, key, payload);
  // One by one: a view of so short an array makes the engine move it out of its heap.
  for (let i = 0; i < CHECKSUM_BYTES; i++) value[i] = digest[i] as number;
  value.set(payload, CHECKSUM_BYTES);
  return value;
}

/** A record that passed its check. */
export interface OpenedRecord {
  readonly payload: Uint8Array;
  /** SHA-256 over key and payload, computed from the bytes that were read: names their content. */
  readonly digest: Uint8Array;
}

/** The record stored under `key`, or `corrupt`: computed each time, since what a disk answers is shared with nobody. */
export function openRecordWithDigest(
  sha256: Sha256,
  key: Uint8Array,
  value: Uint8Array,
): OpenedRecord | 'corrupt' {
  if (value.length < CHECKSUM_BYTES) return 'corrupt';
  const payload =
    value.length <= IN_HEAP_MAX_BYTES ? value.slice(CHECKSUM_BYTES) : value.subarray(CHECKSUM_BYTES);
  const digest = checksum(sha256, key, payload);
  for (let i = 0; i < CHECKSUM_BYTES; i++) if (value[i] !== digest[i]) return 'corrupt';
  return { payload, digest };
}

/** The payload stored under `key`, or `corrupt`. */
export function openRecord(sha256: Sha256, key: Uint8Array, value: Uint8Array): Uint8Array | 'corrupt' {
  const opened = openRecordWithDigest(sha256, key, value);
  return opened === 'corrupt' ? 'corrupt' : opened.payload;
}
