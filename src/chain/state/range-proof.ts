/** Proofs that some leaves are all that a state holds between two paths, against a state root alone. docs/protocol.md, Snapshots. */
import { assert } from '../../env/assert.ts';
import { hexToBytes } from '../../env/bytes.ts';
import { type Sha256, sha256 } from '../crypto/sha256.ts';
import { ByteReader, ByteWriter } from '../types/layout/buffers.ts';
import type { Hash } from '../types/units.ts';
import { Branch, hashOf, type Node } from './nodes.ts';
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
import { StateTree } from './state-tree.ts';

/** The paths p with after < p <= upTo; an end that is absent is the end of all paths. */
export interface PathRange {
  readonly after: Hash | undefined;
  readonly upTo: Hash | undefined;
}

/** A leaf as it is carried: its path follows from namespace and id. */
export interface RangeLeaf {
  readonly namespace: Namespace;
  readonly id: string;
  readonly value: Uint8Array;
}

/** Why leaves and proof are not those of the range. */
export type RangeRejection =
  /** The range holds no path. */
  | { readonly code: 'RANGE_EMPTY' }
  /** Leaf `index` does not stand behind the one before it. */
  | { readonly code: 'LEAF_ORDER'; readonly index: number }
  /** Leaf `index` stands outside the range. */
  | { readonly code: 'LEAF_OUTSIDE'; readonly index: number }
  /** The proof is none of this range, whatever the root. */
  | { readonly code: 'PROOF_MALFORMED'; readonly fact: string }
  /** Leaves and proof are those of another state, or not all of this one. */
  | { readonly code: 'ROOT_MISMATCH' };

/** What stands at a node on the way to an end of the range, or beside such a way; the first byte of each part of a proof. */
const PART = { empty: 0, hash: 1, branch: 2, leafInside: 3, leafOutside: 4 } as const;

/** Two ways of at most 256 branches, a hash beside each, and the leaf at the end of each: no proof is longer. */
export const RANGE_PROOF_MAX_BYTES = 2 * PATH_BITS * (2 + PATH_BYTES) + 2 * (1 + 2 * PATH_BYTES);

interface PackedRange {
  readonly after: Packed | undefined;
  readonly upTo: Packed | undefined;
}

function packEnd(end: Hash | undefined): Packed | undefined {
  const bytes = end === undefined ? undefined : hexToBytes(end);
  assert(end === undefined || bytes?.length === PATH_BYTES, 'an end of a range is a path');
  return bytes === undefined ? undefined : pack(bytes);
}

function packRange({ after, upTo }: PathRange): PackedRange {
  return { after: packEnd(after), upTo: packEnd(upTo) };
}

/** Packed text orders as its bytes. */
function isInside({ after, upTo }: PackedRange, path: Packed): boolean {
  return (after === undefined || path > after) && (upTo === undefined || path <= upTo);
}

/**
 * The proof for the leaves of `state` in the range: the tree along the ways to both ends, in the order top, left, right.
 * What lies wholly inside is left out, since it follows from the leaves; what lies wholly outside is a hash. The range
 * holds a path.
 */
export function proveRange(state: State, range: PathRange): Uint8Array {
  assert(state instanceof StateTree, 'a state that is proven is a state tree');
  const packed = packRange(range);
  const parts: Uint8Array[] = [];
  describeNode(state.node, 0, packed, parts);
  let length = 0;
  for (const part of parts) length += part.length;
  const into = new ByteWriter(length);
  for (const part of parts) into.raw(part);
  return into.bytes;
}

/** `after` and `upTo` only where the way to that end passes through the node. Ends at depth 256, the bits of a path. */
function describeNode(node: Node, depth: number, ways: PackedRange, parts: Uint8Array[]): void {
  if (ways.after === undefined && ways.upTo === undefined) return;
  if (node === undefined) {
    parts.push(Uint8Array.of(PART.empty));
  } else if (!(node instanceof Branch)) {
    if (isInside(ways, node.path)) parts.push(Uint8Array.of(PART.leafInside));
    else parts.push(outsidePart(node.path, valueHash(sha256, node.value)));
  } else {
    parts.push(Uint8Array.of(PART.branch));
    const { left, right } = sidesOf(ways, depth);
    if (left === 'outside') parts.push(hashPart(node.left));
    else describeNode(node.left, depth + 1, left, parts);
    if (right === 'outside') parts.push(hashPart(node.right));
    else describeNode(node.right, depth + 1, right, parts);
  }
}

type Side = PackedRange | 'outside';

/** Which ways go on into each side of a node at `depth`; a side that no path of the range passes through is outside. */
function sidesOf({ after, upTo }: PackedRange, depth: number): { readonly left: Side; readonly right: Side } {
  const afterIsRight = after !== undefined && bitAt(after, depth) === 1;
  const upToIsLeft = upTo !== undefined && bitAt(upTo, depth) === 0;
  return {
    left: afterIsRight ? 'outside' : { after, upTo: upToIsLeft ? upTo : undefined },
    right: upToIsLeft ? 'outside' : { after: afterIsRight ? after : undefined, upTo },
  };
}

function hashPart(node: Node): Uint8Array {
  if (node === undefined) return Uint8Array.of(PART.empty);
  const part = new Uint8Array(1 + PATH_BYTES);
  part[0] = PART.hash;
  part.set(unpack(hashOf(node, sha256)), 1);
  return part;
}

function outsidePart(path: Packed, hashOfValue: Packed): Uint8Array {
  const part = new Uint8Array(1 + 2 * PATH_BYTES);
  part[0] = PART.leafOutside;
  part.set(unpack(path), 1);
  part.set(unpack(hashOfValue), 1 + PATH_BYTES);
  return part;
}

/**
 * Undefined: under `root` these are all leaves of the range, in the order of their paths. Never throws for what a peer
 * can send. Sound because every part that is not a leaf of the list is hashed on the way to the root under its own tag.
 */
export function verifyRange(
  root: Hash,
  range: PathRange,
  leaves: readonly RangeLeaf[],
  proof: Uint8Array,
  hasher: Sha256 = sha256,
): RangeRejection | undefined {
  const packed = packRange(range);
  if (packed.after !== undefined && packed.upTo !== undefined && packed.after >= packed.upTo)
    return { code: 'RANGE_EMPTY' };
  const hashed: HashedLeaf[] = [];
  for (const [index, { namespace, id, value }] of leaves.entries()) {
    const path = pathOf(hasher, namespace, id);
    const before = hashed.at(-1);
    if (before !== undefined && path <= before.path) return { code: 'LEAF_ORDER', index };
    if (!isInside(packed, path)) return { code: 'LEAF_OUTSIDE', index };
    hashed.push({ path, hash: leafHash(hasher, path, valueHash(hasher, value)) });
  }
  const rebuild = new Rebuild(packed, hashed, proof, hasher);
  const computed = rebuild.node(0, hashed.length, 0, packed);
  const fact = rebuild.failure();
  if (fact !== undefined) return { code: 'PROOF_MALFORMED', fact };
  const stated = hexToBytes(root);
  return stated !== undefined && pack(stated) === computed ? undefined : { code: 'ROOT_MISMATCH' };
}

interface HashedLeaf {
  readonly path: Packed;
  readonly hash: Packed;
}

/** Reads a proof once, in its order, and computes what the leaves give with it. Recursion ends at depth 256. */
class Rebuild {
  readonly #range: PackedRange;
  readonly #leaves: readonly HashedLeaf[];
  readonly #from: ByteReader;
  readonly #hasher: Sha256;
  #fact: string | undefined;

  constructor(range: PackedRange, leaves: readonly HashedLeaf[], proof: Uint8Array, hasher: Sha256) {
    this.#range = range;
    this.#leaves = leaves;
    this.#from = new ByteReader(proof);
    this.#hasher = hasher;
  }

  /** What is wrong with the proof; undefined once all of it was read and made sense. */
  failure(): string | undefined {
    if (this.#from.failure !== undefined) return this.#from.failure.detail;
    if (this.#fact !== undefined) return this.#fact;
    return this.#from.left > 0 ? `${this.#from.left} bytes are left over` : undefined;
  }

  /** The hash of the node at `depth` that holds leaves[from, to) of the list. */
  node(from: number, to: number, depth: number, ways: PackedRange): Packed {
    if (ways.after === undefined && ways.upTo === undefined) return this.#inside(from, to, depth);
    if (this.#isBroken) return EMPTY_ROOT;
    const part = this.#from.u8();
    switch (part) {
      case PART.empty:
        return from === to ? EMPTY_ROOT : this.#fail('leaves in an empty subtree');
      case PART.branch:
        return this.#branch(from, to, depth, ways);
      case PART.leafInside:
        return to - from === 1 ? this.#leafAt(from).hash : this.#fail('one leaf was expected');
      case PART.leafOutside:
        return from === to ? this.#leafOutside(depth, ways) : this.#fail('leaves beside the only one');
      default:
        return this.#fail(`a part ${part} on the way`);
    }
  }

  #branch(from: number, to: number, depth: number, ways: PackedRange): Packed {
    if (depth >= PATH_BITS) return this.#fail('a branch below the last bit');
    const middle = this.#middle(from, to, depth);
    const sides = sidesOf(ways, depth);
    const left = sides.left === 'outside' ? this.#beside() : this.node(from, middle, depth + 1, sides.left);
    const right = sides.right === 'outside' ? this.#beside() : this.node(middle, to, depth + 1, sides.right);
    return nodeHash(this.#hasher, left, right);
  }

  /** A subtree outside the range: a hash. Paths inside the range cannot lead into it. */
  #beside(): Packed {
    if (this.#isBroken) return EMPTY_ROOT;
    const part = this.#from.u8();
    if (part === PART.empty) return EMPTY_ROOT;
    if (part !== PART.hash) return this.#fail(`a part ${part} beside the way`);
    const found = this.#hash();
    return found === EMPTY_ROOT ? this.#fail('an empty subtree written as a hash') : found;
  }

  /** A leaf that stands alone where the way ends: it shares the way, and is not in the range. */
  #leafOutside(depth: number, { after, upTo }: PackedRange): Packed {
    const path = this.#hash();
    const hashOfValue = this.#hash();
    const way = after ?? upTo;
    for (let i = 0; i < depth; i++) {
      if (way !== undefined && bitAt(path, i) !== bitAt(way, i)) return this.#fail('a leaf of another place');
    }
    if (isInside(this.#range, path)) return this.#fail('a leaf of the range that is not in the list');
    return leafHash(this.#hasher, path, hashOfValue);
  }

  /** The canonical subtree of leaves[from, to), which agree in the first `depth` bits. */
  #inside(from: number, to: number, depth: number): Packed {
    if (from === to) return EMPTY_ROOT;
    if (to - from === 1) return this.#leafAt(from).hash;
    const middle = this.#middle(from, to, depth);
    const left = this.#inside(from, middle, depth + 1);
    return nodeHash(this.#hasher, left, this.#inside(middle, to, depth + 1));
  }

  /** The first of leaves[from, to) whose bit at `depth` is 1: they are sorted, and agree in all bits before. */
  #middle(from: number, to: number, depth: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (bitAt(this.#leafAt(middle).path, depth) === 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #leafAt(index: number): HashedLeaf {
    const leaf = this.#leaves[index];
    assert(leaf !== undefined, 'a leaf is asked for by its place in the list');
    return leaf;
  }

  #hash(): Packed {
    const at = this.#from.take(PATH_BYTES);
    return at < 0 ? EMPTY_ROOT : pack(this.#from.bytes, at);
  }

  get #isBroken(): boolean {
    return this.#fact !== undefined || this.#from.failure !== undefined;
  }

  #fail(fact: string): Packed {
    this.#fact ??= fact;
    return EMPTY_ROOT;
  }
}
