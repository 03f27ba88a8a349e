/** Nodes of the state tree and how they change: immutable, shared between versions. Recursion ends at depth 256, the bits of a path. */
import { equalBytes } from '../../env/bytes.ts';
import type { Sha256 } from '../crypto/sha256.ts';
import type { Namespace } from './state.ts';
import { bitAt, EMPTY_ROOT, leafHash, nodeHash, type Packed, valueHash } from './state-key.ts';

/** One leaf, at whatever depth it is alone. */
export class Leaf {
  readonly path: Packed;
  readonly namespace: Namespace;
  readonly id: string;
  readonly value: Uint8Array;
  /** Computed on first use. */
  hash: Packed | undefined = undefined;

  constructor(path: Packed, namespace: Namespace, id: string, value: Uint8Array) {
    this.path = path;
    this.namespace = namespace;
    this.id = id;
    this.value = value;
  }
}

/** Two subtrees with two leaves or more between them; one of them may be empty. */
export class Branch {
  readonly left: Node;
  readonly right: Node;
  /** Computed on first use. */
  hash: Packed | undefined = undefined;

  constructor(left: Node, right: Node) {
    this.left = left;
    this.right = right;
  }
}

/** A subtree; undefined is the empty one. */
export type Node = Leaf | Branch | undefined;

/** What becomes of one path; `leaf` undefined deletes. */
export interface Edit {
  readonly path: Packed;
  readonly leaf: Leaf | undefined;
}

/** 32 zero bytes, the leaf's hash, or the hash of both sides. */
export function hashOf(node: Node, hasher: Sha256): Packed {
  if (node === undefined) return EMPTY_ROOT;
  if (node.hash !== undefined) return node.hash;
  const hash =
    node instanceof Leaf
      ? leafHash(hasher, node.path, valueHash(hasher, node.value))
      : nodeHash(hasher, hashOf(node.left, hasher), hashOf(node.right, hasher));
  node.hash = hash;
  return hash;
}

/** The leaf of that path. */
export function find(root: Node, path: Packed): Leaf | undefined {
  let node = root;
  for (let depth = 0; node instanceof Branch; depth++)
    node = bitAt(path, depth) === 0 ? node.left : node.right;
  return node?.path === path ? node : undefined;
}

/** Of two subtrees their parent: a subtree of one leaf is that leaf. */
function join(left: Node, right: Node): Node {
  if (left === undefined && !(right instanceof Branch)) return right;
  if (right === undefined && !(left instanceof Branch)) return left;
  return new Branch(left, right);
}

/** First of edits[from, to) whose bit at `depth` is 1: they are sorted, and agree in all bits before. */
function splitAt(edits: readonly Edit[], from: number, to: number, depth: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bitAt((edits[middle] as Edit).path, depth) === 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The subtree at `depth` after edits[from, to), sorted by path, each path once. What does not change is shared. */
export function edit(node: Node, edits: readonly Edit[], from: number, to: number, depth: number): Node {
  if (from === to) return node;
  if (!(node instanceof Branch)) return editLeaf(node, edits, from, to, depth);
  const middle = splitAt(edits, from, to, depth);
  const left = edit(node.left, edits, from, middle, depth + 1);
  const right = edit(node.right, edits, middle, to, depth + 1);
  return left === node.left && right === node.right ? node : join(left, right);
}

/** Edits in a subtree that holds one leaf or none. */
function editLeaf(
  old: Leaf | undefined,
  edits: readonly Edit[],
  from: number,
  to: number,
  depth: number,
): Node {
  if (to - from === 1) {
    const { path, leaf } = edits[from] as Edit;
    if (old === undefined) return leaf;
    if (old.path === path) return leaf !== undefined && equalBytes(leaf.value, old.value) ? old : leaf;
    if (leaf === undefined) return old;
  }
  const middle = splitAt(edits, from, to, depth);
  const oldIsLeft = old !== undefined && bitAt(old.path, depth) === 0;
  const left = edit(oldIsLeft ? old : undefined, edits, from, middle, depth + 1);
  const right = edit(oldIsLeft ? undefined : old, edits, middle, to, depth + 1);
  return join(left, right);
}

/** Appends up to `limit` leaves in the order of their paths, those behind `after` only. */
export function collect(
  node: Node,
  depth: number,
  after: Packed | undefined,
  limit: number,
  into: Leaf[],
): void {
  if (node === undefined || into.length >= limit) return;
  if (node instanceof Leaf) {
    if (after === undefined || node.path > after) into.push(node);
    return;
  }
  const isRight = after !== undefined && bitAt(after, depth) === 1;
  if (!isRight) collect(node.left, depth + 1, after, limit, into);
  collect(node.right, depth + 1, isRight ? after : undefined, limit, into);
}
