/** Paths of leaves in the state tree, and the hashes of its nodes. PROTOCOL.md, State and receipts. */
import { assert } from '../../env/assert.ts';
import type { Sha256 } from '../crypto/sha256.ts';
import { TAG } from '../crypto/tags.ts';
import { writeHexBytes } from '../types/layout/hex.ts';
import { NAMESPACE, type Namespace } from './state.ts';

/** Longest id of a leaf: an address, key or hash, and as much again. */
export const STATE_ID_MAX_BYTES = 64;
/** Bits of a path, and so the greatest depth of the tree and of every recursion over it. */
export const PATH_BITS = 256;
/** Bytes of a path, and of every hash. */
export const PATH_BYTES = 32;

/**
 * 32 bytes as text of 32 characters 0 to 255: 56 bytes of memory where a Uint8Array takes three times as much, and
 * its order is the order of the bytes.
 */
export type Packed = string;

/** The root of nothing. */
export const EMPTY_ROOT: Packed = '\0'.repeat(PATH_BYTES);

/** Packs 32 bytes. Written out, since arguments were measured to be three times as fast as an array of them. */
export function pack(b: Uint8Array, i = 0): Packed {
  // biome-ignore format: a table
  return String.fromCharCode(
    b[i] as number, b[i + 1] as number, b[i + 2] as number, b[i + 3] as number, b[i + 4] as number, b[i + 5] as number, b[i + 6] as number, b[i + 7] as number,
    b[i + 8] as number, b[i + 9] as number, b[i + 10] as number, b[i + 11] as number, b[i + 12] as number, b[i + 13] as number, b[i + 14] as number, b[i + 15] as number,
    b[i + 16] as number, b[i + 17] as number, b[i + 18] as number, b[i + 19] as number, b[i + 20] as number, b[i + 21] as number, b[i + 22] as number, b[i + 23] as number,
    b[i + 24] as number, b[i + 25] as number, b[i + 26] as number, b[i + 27] as number, b[i + 28] as number, b[i + 29] as number, b[i + 30] as number, b[i + 31] as number,
  );
}

/** Writes the 32 bytes of `packed` at `at`. */
function unpackInto(into: Uint8Array, at: number, packed: Packed): void {
  for (let i = 0; i < PATH_BYTES; i++) into[at + i] = packed.charCodeAt(i);
}

/** The 32 bytes of `packed`. */
export function unpack(packed: Packed): Uint8Array {
  const bytes = new Uint8Array(PATH_BYTES);
  unpackInto(bytes, 0, packed);
  return bytes;
}

/** Bit `depth` of a path, the most significant first: 0 is left, 1 is right. */
export function bitAt(path: Packed, depth: number): number {
  return (path.charCodeAt(depth >>> 3) >>> (7 - (depth & 7))) & 1;
}

/** SHA-256(tag ‖ namespace ‖ id): the path of a leaf. */
export function pathOf(hasher: Sha256, namespace: Namespace, id: string): Packed {
  assert(
    id.length <= 2 * STATE_ID_MAX_BYTES && id.length % 2 === 0,
    'the id of a leaf is whole bytes within its limit',
  );
  const input = new Uint8Array(2 + id.length / 2);
  input[0] = TAG.stateKey;
  input[1] = NAMESPACE[namespace];
  assert(writeHexBytes(input, 2, id), 'the id of a leaf is lower-case hexadecimal text');
  return pack(hasher(input));
}

/** Values up to here are hashed from one buffer: accounts, and what engines keep of validators. */
const VALUE_SCRATCH_BYTES = 4_096;
const valueScratch = new Uint8Array(VALUE_SCRATCH_BYTES);

/** SHA-256(tag ‖ value). */
export function valueHash(hasher: Sha256, value: Uint8Array): Packed {
  const length = 1 + value.length;
  const input = length <= VALUE_SCRATCH_BYTES ? valueScratch.subarray(0, length) : new Uint8Array(length);
  input[0] = TAG.stateValue;
  input.set(value, 1);
  return pack(hasher(input));
}

/** SHA-256(tag ‖ path ‖ value hash). */
export function leafHash(hasher: Sha256, path: Packed, hashOfValue: Packed): Packed {
  return hashPair(hasher, TAG.stateLeaf, path, hashOfValue);
}

/** SHA-256(tag ‖ left ‖ right); an empty side is 32 zero bytes. */
export function nodeHash(hasher: Sha256, left: Packed, right: Packed): Packed {
  return hashPair(hasher, TAG.stateNode, left, right);
}

/** tag ‖ two hashes: one buffer, since allocating 65 bytes was measured to cost as much as hashing them. */
const pairInput = new Uint8Array(1 + 2 * PATH_BYTES);

function hashPair(hasher: Sha256, tag: number, first: Packed, second: Packed): Packed {
  pairInput[0] = tag;
  unpackInto(pairInput, 1, first);
  unpackInto(pairInput, 1 + PATH_BYTES, second);
  return pack(hasher(pairInput));
}
