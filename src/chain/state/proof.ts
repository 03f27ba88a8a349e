/** Proofs that a leaf is in a state, or that it is not, against a state root alone. */
import { assert } from '../../env/assert.ts';
import { equalBytes, hexToBytes } from '../../env/bytes.ts';
import { type Sha256, sha256 } from '../crypto/sha256.ts';
import { ByteReader, ByteWriter } from '../types/layout/buffers.ts';
import type { Hash } from '../types/units.ts';
import type { Namespace, State } from './state.ts';
import {
  bitAt,
  EMPTY_ROOT,
  leafHash,
  nodeHash,
  PATH_BITS,
  PATH_BYTES,
  type Packed,
  pack,
  pathOf,
  unpack,
  valueHash,
} from './state-key.ts';
import { STATE_VALUE_MAX_BYTES, StateTree } from './state-tree.ts';

/** Where the way to a path ends; the first byte of a proof. */
const END = { empty: 0, otherLeaf: 1, leaf: 2 } as const;

/**
 * end ‖ depth (u16) ‖ bit map of the siblings that are not empty, top first, in whole bytes ‖ those siblings ‖
 * the end: nothing, path and value hash of the other leaf, or the value (u32 length).
 */
export function proveState(state: State, namespace: Namespace, id: string): Uint8Array {
  assert(state instanceof StateTree, 'a state that is proven is a state tree');
  const { siblings, end } = state.walk(namespace, id);
  const present = siblings.filter((sibling) => sibling !== EMPTY_ROOT);
  const isFound = end !== undefined && end.namespace === namespace && end.id === id;
  const tail = end === undefined ? 0 : isFound ? 4 + end.value.length : 2 * PATH_BYTES;
  const into = new ByteWriter(3 + bitMapBytes(siblings.length) + present.length * PATH_BYTES + tail);
  into.u8(end === undefined ? END.empty : isFound ? END.leaf : END.otherLeaf);
  into.u16(siblings.length);
  into.raw(bitMapOf(siblings));
  for (const sibling of present) into.raw(unpack(sibling));
  if (end !== undefined && isFound) {
    into.u32(end.value.length);
    into.raw(end.value);
  } else if (end !== undefined) {
    into.raw(unpack(end.path));
    into.raw(unpack(valueHash(sha256, end.value)));
  }
  return into.bytes;
}

function bitMapBytes(depth: number): number {
  return (depth + 7) >>> 3;
}

function bitMapOf(siblings: readonly Packed[]): Uint8Array {
  const bits = new Uint8Array(bitMapBytes(siblings.length));
  for (const [depth, sibling] of siblings.entries()) {
    if (sibling !== EMPTY_ROOT) bits[depth >>> 3] = (bits[depth >>> 3] ?? 0) | (0x80 >>> (depth & 7));
  }
  return bits;
}

/**
 * The value of the leaf under `root`; undefined when the proof shows that there is none; 'invalid' for bytes that
 * show neither. Never throws. Every proof has one spelling: a changed byte makes it invalid.
 */
export function verifyStateProof(
  root: Hash,
  namespace: Namespace,
  id: string,
  proof: Uint8Array,
  hasher: Sha256 = sha256,
): Uint8Array | undefined | 'invalid' {
  const path = pathOf(hasher, namespace, id);
  const from = new ByteReader(proof);
  const kind = from.u8();
  const siblings = readSiblings(from);
  if (siblings === undefined) return 'invalid';
  const end = readEnd(kind, path, siblings.length, from, hasher);
  if (end === undefined || from.failure !== undefined || from.left > 0) return 'invalid';
  let hash = end.hash;
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth] as Packed;
    hash = bitAt(path, depth) === 0 ? nodeHash(hasher, hash, sibling) : nodeHash(hasher, sibling, hash);
  }
  const stated = hexToBytes(root);
  return stated !== undefined && equalBytes(stated, unpack(hash)) ? end.value : 'invalid';
}

function readSiblings(from: ByteReader): readonly Packed[] | undefined {
  const depth = from.u16();
  if (depth > PATH_BITS) return undefined;
  const bits = from.take(bitMapBytes(depth));
  if (bits < 0) return undefined;
  const siblings: Packed[] = [];
  for (let i = 0; i < 8 * bitMapBytes(depth); i++) {
    const isPresent = (((from.bytes[bits + (i >>> 3)] as number) >>> (7 - (i & 7))) & 1) === 1;
    if (i >= depth && isPresent) return undefined;
    if (i >= depth) continue;
    const at = isPresent ? from.take(PATH_BYTES) : 0;
    if (at < 0) return undefined;
    const sibling = isPresent ? pack(from.bytes, at) : EMPTY_ROOT;
    if (isPresent && sibling === EMPTY_ROOT) return undefined;
    siblings.push(sibling);
  }
  return siblings;
}

interface End {
  readonly hash: Packed;
  readonly value: Uint8Array | undefined;
}

function readEnd(
  kind: number,
  path: Packed,
  depth: number,
  from: ByteReader,
  hasher: Sha256,
): End | undefined {
  switch (kind) {
    case END.empty:
      return { hash: EMPTY_ROOT, value: undefined };
    case END.otherLeaf:
      return readOtherLeaf(path, depth, from, hasher);
    case END.leaf: {
      const length = from.u32();
      const at = length > STATE_VALUE_MAX_BYTES ? -1 : from.take(length);
      if (at < 0) return undefined;
      const value = from.bytes.slice(at, at + length);
      return { hash: leafHash(hasher, path, valueHash(hasher, value)), value };
    }
    default:
      return undefined;
  }
}

/** Another leaf stands alone where the way ends: it shares the way, and is not the one asked for. */
function readOtherLeaf(path: Packed, depth: number, from: ByteReader, hasher: Sha256): End | undefined {
  const at = from.take(2 * PATH_BYTES);
  if (at < 0) return undefined;
  const other = pack(from.bytes, at);
  if (other === path) return undefined;
  for (let i = 0; i < depth; i++) if (bitAt(other, i) !== bitAt(path, i)) return undefined;
  return { hash: leafHash(hasher, other, pack(from.bytes, at + PATH_BYTES)), value: undefined };
}
