/** Chunks of a snapshot: consecutive leaves of a state in the order of their paths, with the proof that there are no others. */
import { assert } from '../../env/assert.ts';
import type { Sha256 } from '../crypto/sha256.ts';
import {
  type PathRange,
  proveRange,
  RANGE_PROOF_MAX_BYTES,
  type RangeLeaf,
  type RangeRejection,
  verifyRange,
} from '../state/range-proof.ts';
import { NAMESPACE, type Namespace, type State, type StateLeaf } from '../state/state.ts';
import { STATE_ID_MAX_BYTES } from '../state/state-key.ts';
import { STATE_VALUE_MAX_BYTES } from '../state/state-tree.ts';
import { ByteReader, ByteWriter } from '../types/layout/buffers.ts';
import { type Hash, hash } from '../types/units.ts';

/** The encoded leaves of one chunk: 1 MiB, two of the largest leaf. */
export const CHUNK_LEAVES_MAX_BYTES = 1_048_576;
/** No encoded chunk is longer: its leaves, a count, a length and a proof. */
export const CHUNK_MAX_BYTES = CHUNK_LEAVES_MAX_BYTES + 8 + RANGE_PROOF_MAX_BYTES;
/** Namespace, length of the id, length of the value. */
const LEAF_OVERHEAD_BYTES = 6;
/** Leaves looked at in one step while a chunk is filled. */
const PAGE_LEAVES = 1_024;

/** Why bytes are not the chunk of that range of that state. */
export type ChunkRejection =
  | { readonly code: 'CHUNK_MALFORMED'; readonly fact: string }
  | { readonly code: 'CHUNK_REJECTED'; readonly why: RangeRejection };

/** A chunk as it travels, and where the next one begins. */
export interface CutChunk {
  readonly bytes: Uint8Array;
  readonly leafCount: number;
  /** The path of its last leaf: the next chunk begins behind it. Undefined: it is the last chunk. */
  readonly upTo: Hash | undefined;
}

/**
 * The chunk of `state` behind the path `after`: as many leaves as `leavesMaxBytes` hold, at least one where there is one.
 * A function of its arguments, so that all nodes cut alike. @param leavesMaxBytes at most CHUNK_LEAVES_MAX_BYTES.
 */
export function cutChunk(state: State, after: Hash | undefined, leavesMaxBytes: number): CutChunk {
  const leaves: StateLeaf[] = [];
  let bytes = 0;
  let isLast = false;
  for (let from: string | undefined = after; ; ) {
    const page = state.leaves(from, PAGE_LEAVES);
    const next = page.find((leaf) => {
      const size = LEAF_OVERHEAD_BYTES + leaf.id.length / 2 + leaf.value.length;
      if (leaves.length > 0 && bytes + size > leavesMaxBytes) return true;
      bytes += size;
      leaves.push(leaf);
      return false;
    });
    if (next !== undefined) break;
    from = page.at(-1)?.key;
    isLast = page.length < PAGE_LEAVES;
    if (isLast) break;
  }
  const last = leaves.at(-1);
  const upTo = isLast || last === undefined ? undefined : hash(last.key);
  return {
    bytes: encodeChunk(leaves, bytes, proveRange(state, { after, upTo })),
    leafCount: leaves.length,
    upTo,
  };
}

/** count u32 ‖ leaves: namespace u8 ‖ id bytes8 ‖ value bytes32 ‖ proof bytes32. */
function encodeChunk(leaves: readonly StateLeaf[], leavesBytes: number, proof: Uint8Array): Uint8Array {
  const into = new ByteWriter(8 + leavesBytes + proof.length);
  into.u32(leaves.length);
  for (const { namespace, id, value } of leaves) {
    into.u8(NAMESPACE[namespace]);
    into.u8(id.length / 2);
    into.hex(id);
    into.u32(value.length);
    into.raw(value);
  }
  into.u32(proof.length);
  into.raw(proof);
  assert(into.bytes.length <= CHUNK_MAX_BYTES, 'a chunk that is cut is within its limit');
  return into.bytes;
}

interface DecodedChunk {
  readonly leaves: readonly RangeLeaf[];
  readonly proof: Uint8Array;
}

const NAMESPACES = new Map<number, Namespace>(
  Object.keys(NAMESPACE)
    .filter((name): name is Namespace => Object.hasOwn(NAMESPACE, name))
    .map((name) => [NAMESPACE[name], name]),
);

/** The leaves and the proof of exactly these bytes, which may be wrong: see verifyChunk. Never throws. */
export function decodeChunk(bytes: Uint8Array): DecodedChunk | ChunkRejection {
  if (bytes.length > CHUNK_MAX_BYTES) return malformed(`${bytes.length} bytes, at most ${CHUNK_MAX_BYTES}`);
  const from = new ByteReader(bytes);
  const leaves: RangeLeaf[] = [];
  let fact: string | undefined;
  for (let left = from.u32(); left > 0 && fact === undefined && from.failure === undefined; left--) {
    const number = from.u8();
    const namespace = NAMESPACES.get(number);
    const idLength = from.u8();
    const id = idLength > STATE_ID_MAX_BYTES ? '' : from.hex(idLength);
    const valueLength = from.u32();
    const at = valueLength > STATE_VALUE_MAX_BYTES ? -1 : from.take(valueLength);
    if (namespace === undefined) fact = `there is no namespace ${number}`;
    else if (idLength > STATE_ID_MAX_BYTES) fact = `an id of ${idLength} bytes`;
    else if (at < 0) fact = `a value of ${valueLength} bytes`;
    else leaves.push({ namespace, id, value: bytes.slice(at, at + valueLength) });
  }
  const proofLength = from.u32();
  const at = from.take(proofLength);
  if (proofLength > RANGE_PROOF_MAX_BYTES) fact ??= `a proof of ${proofLength} bytes`;
  const wrong = fact ?? from.failure?.detail ?? (from.left > 0 ? `${from.left} bytes left over` : undefined);
  return wrong === undefined ? { leaves, proof: bytes.subarray(at, at + proofLength) } : malformed(wrong);
}

/** The leaves, when under `root` they are all of the range. Never throws for what a peer can send. */
export function verifyChunk(
  root: Hash,
  range: PathRange,
  bytes: Uint8Array,
  hasher: Sha256,
): readonly RangeLeaf[] | ChunkRejection {
  const chunk = decodeChunk(bytes);
  if ('code' in chunk) return chunk;
  const why = verifyRange(root, range, chunk.leaves, chunk.proof, hasher);
  return why === undefined ? chunk.leaves : { code: 'CHUNK_REJECTED', why };
}

function malformed(fact: string): ChunkRejection {
  return { code: 'CHUNK_MALFORMED', fact };
}
