/** Merkle lists: roots, inclusion proofs, and roots that grow. RFC 6962 §2.1; nothing duplicates a last leaf. */
import { assert } from '../../env/assert.ts';
import { hexToBytes } from '../../env/bytes.ts';
import { bytesToHash, type Hash } from '../types/units.ts';
import { type Sha256, sha256 } from './sha256.ts';
import { TAG } from './tags.ts';

const HASH_BYTES = 32;

/** tag ‖ left ‖ right: one buffer, since allocating 65 bytes was measured to cost as much as hashing them. */
const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES);
nodeInput[0] = TAG.merkleNode;

/** MTH of one leaf: SHA-256(0x00 ‖ leaf). RFC 6962 §2.1. */
export function merkleLeafHash(leaf: Uint8Array, hasher: Sha256 = sha256): Uint8Array {
  const input = new Uint8Array(1 + leaf.length);
  input[0] = TAG.merkleLeaf;
  input.set(leaf, 1);
  return hasher(input);
}

/** SHA-256(0x01 ‖ left ‖ right). RFC 6962 §2.1. */
export function merkleNodeHash(left: Uint8Array, right: Uint8Array, hasher: Sha256 = sha256): Uint8Array {
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return hasher(nodeInput);
}

/**
 * Joins the peaks of a list from the right: the largest power of two below the count always stands on the left, so
 * the root of RFC 6962 is what the peaks of a Merkle mountain range give. The empty list has the hash of no bytes.
 */
function joinPeaks(peaks: readonly Uint8Array[], hasher: Sha256): Uint8Array {
  let root: Uint8Array | undefined;
  for (let i = peaks.length - 1; i >= 0; i--) {
    const peak = peaks[i] as Uint8Array;
    root = root === undefined ? peak : merkleNodeHash(peak, root, hasher);
  }
  return root ?? hasher(new Uint8Array(0));
}

/** Adds one leaf hash to the peaks of `count` leaves: one join for each trailing one bit of the count. */
function pushPeak(peaks: Uint8Array[], count: number, leafHash: Uint8Array, hasher: Sha256): void {
  let top = leafHash;
  for (let rest = count; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    top = merkleNodeHash(peaks.pop() as Uint8Array, top, hasher);
  }
  peaks.push(top);
}

/** Peaks of a list of leaf hashes, from the largest to the smallest. */
function peaksOf(leafHashes: readonly Uint8Array[], hasher: Sha256): Uint8Array[] {
  const peaks: Uint8Array[] = [];
  for (let i = 0; i < leafHashes.length; i++) pushPeak(peaks, i, leafHashes[i] as Uint8Array, hasher);
  return peaks;
}

/** The root over `leaves`, 32 bytes. RFC 6962 §2.1. */
export function merkleRootBytes(leaves: readonly Uint8Array[], hasher: Sha256 = sha256): Uint8Array {
  return merkleRootOfHashes(
    leaves.map((leaf) => merkleLeafHash(leaf, hasher)),
    hasher,
  );
}

/** The root over leaves whose hashes under TAG.merkleLeaf are given. */
export function merkleRootOfHashes(leafHashes: readonly Uint8Array[], hasher: Sha256 = sha256): Uint8Array {
  return joinPeaks(peaksOf(leafHashes, hasher), hasher);
}

/** The root over `leaves`. RFC 6962 §2.1. */
export function merkleRoot(leaves: readonly Uint8Array[], hasher: Sha256 = sha256): Hash {
  return bytesToHash(merkleRootBytes(leaves, hasher));
}

/** The hashes that join leaf `index` to the root, from its sibling up. RFC 6962 §2.1.1. `index` is below the count. */
export function merkleProof(
  leaves: readonly Uint8Array[],
  index: number,
  hasher: Sha256 = sha256,
): readonly Hash[] {
  assert(index >= 0 && index < leaves.length, 'a proof is of a leaf that is there');
  let level = leaves.map((leaf) => merkleLeafHash(leaf, hasher));
  const proof: Hash[] = [];
  for (let at = index; level.length > 1; at >>>= 1) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) proof.push(bytesToHash(sibling));
    level = joinLevel(level, hasher);
  }
  return proof;
}

/** Pairs joined; a last one without a partner goes up as it is. The same tree as RFC 6962's recursive definition. */
function joinLevel(level: readonly Uint8Array[], hasher: Sha256): Uint8Array[] {
  const joined: Uint8Array[] = [];
  for (let i = 0; i + 1 < level.length; i += 2) {
    joined.push(merkleNodeHash(level[i] as Uint8Array, level[i + 1] as Uint8Array, hasher));
  }
  if (level.length % 2 === 1) joined.push(level[level.length - 1] as Uint8Array);
  return joined;
}

/** No list of safe-integer length needs more. */
const PROOF_LENGTH_MAX = 53;

/** True when `leaf` is item `index` of the `count` items under `root`. RFC 9162 §2.1.3.2. */
export function verifyMerkleProof(
  root: Hash,
  count: number,
  index: number,
  leaf: Uint8Array,
  proof: readonly Hash[],
  hasher: Sha256 = sha256,
): boolean {
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(index) || index < 0 || index >= count)
    return false;
  if (proof.length > PROOF_LENGTH_MAX) return false;
  let at = index;
  let last = count - 1;
  let hash = merkleLeafHash(leaf, hasher);
  for (const text of proof) {
    const sibling = hexToBytes(text);
    if (sibling?.length !== HASH_BYTES || last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = merkleNodeHash(sibling, hash, hasher);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      hash = merkleNodeHash(hash, sibling, hasher);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && bytesToHash(hash) === root;
}

/** The peaks with one more leaf behind the `count` that they hold; O(log count). */
export function appendPeak(
  peaks: readonly Uint8Array[],
  count: number,
  leaf: Uint8Array,
  hasher: Sha256 = sha256,
): readonly Uint8Array[] {
  const grown = [...peaks];
  pushPeak(grown, count, merkleLeafHash(leaf, hasher), hasher);
  return grown;
}

/** The root of a list whose peaks these are. */
export function rootOfPeaks(peaks: readonly Uint8Array[], hasher: Sha256 = sha256): Uint8Array {
  return joinPeaks(peaks, hasher);
}
