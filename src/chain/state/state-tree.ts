/** The state as a binary compact sparse Merkle tree: persistent, its shape a function of its leaves alone. PROTOCOL.md, State and receipts. */
import { assert } from '../../env/assert.ts';
import { bytesToHex, hexToBytes } from '../../env/bytes.ts';
import type { Sha256 } from '../crypto/sha256.ts';
import type { Hash } from '../types/units.ts';
import { hash } from '../types/units.ts';
import { collect, type Edit, edit, find, hashOf, Leaf, type Node } from './nodes.ts';
import type { Namespace, State, StateChange, StateLeaf } from './state.ts';
import { bitAt, PATH_BYTES, type Packed, pack, pathOf, unpack } from './state-key.ts';

/** The largest value of a leaf: half of the chunk in which snapshots carry leaves. */
export const STATE_VALUE_MAX_BYTES = 524_288;
/** Paths remembered by id, shared by all versions of one state: the accounts of two full blocks, about 1 MB. */
const PATHS_MAX = 4096;

/** Finds paths by namespace and id; remembers the latest. Bounded, and nothing but a cache of a pure function. */
class Paths {
  readonly #hasher: Sha256;
  /** By namespace, then id: text that was put together to ask would be hashed anew each time. */
  readonly #known = new Map<Namespace, Map<string, Packed>>();
  #count = 0;

  constructor(hasher: Sha256) {
    this.#hasher = hasher;
  }

  of(namespace: Namespace, id: string): Packed {
    const known = this.#known.get(namespace)?.get(id);
    if (known !== undefined) return known;
    const path = pathOf(this.#hasher, namespace, id);
    if (this.#count >= PATHS_MAX) {
      this.#known.clear();
      this.#count = 0;
    }
    const ofNamespace = this.#known.get(namespace) ?? new Map<string, Packed>();
    this.#known.set(namespace, ofNamespace.set(id, path));
    this.#count++;
    return path;
  }
}

/** One version of the state. */
export class StateTree implements State {
  readonly node: Node;
  readonly size: number;
  readonly accounts: number;
  readonly #hasher: Sha256;
  readonly #paths: Paths;
  #root: Hash | undefined;

  constructor(
    node: Node,
    counts: Pick<State, 'size' | 'accounts'>,
    hasher: Sha256,
    paths: Paths = new Paths(hasher),
  ) {
    this.node = node;
    this.size = counts.size;
    this.accounts = counts.accounts;
    this.#hasher = hasher;
    this.#paths = paths;
  }

  get root(): Hash {
    this.#root ??= hash(bytesToHex(unpack(hashOf(this.node, this.#hasher))));
    return this.#root;
  }

  get(namespace: Namespace, id: string): Uint8Array | undefined {
    return find(this.node, this.#paths.of(namespace, id))?.value;
  }

  update(changes: readonly StateChange[]): State {
    const byPath = new Map<Packed, StateChange>();
    for (const change of changes) byPath.set(this.#paths.of(change.namespace, change.id), change);
    const edits: Edit[] = [];
    let { size, accounts } = this;
    for (const [path, { namespace, id, value }] of byPath) {
      assert((value?.length ?? 0) <= STATE_VALUE_MAX_BYTES, 'the value of a leaf is within its limit');
      if (value === undefined) edits.push({ path, leaf: undefined });
      else edits.push({ path, leaf: new Leaf(path, namespace, id, value) });
      const had = find(this.node, path) !== undefined;
      if (had === (value !== undefined)) continue;
      const more = had ? -1 : 1;
      size += more;
      if (namespace === 'accounts') accounts += more;
    }
    edits.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    const node = edit(this.node, edits, 0, edits.length, 0);
    return node === this.node ? this : new StateTree(node, { size, accounts }, this.#hasher, this.#paths);
  }

  leaves(afterKey: string | undefined, limit: number): readonly StateLeaf[] {
    const after = afterKey === undefined ? undefined : hexToBytes(afterKey);
    assert(
      afterKey === undefined || after?.length === PATH_BYTES,
      'a page of leaves starts behind a tree key',
    );
    const found: Leaf[] = [];
    collect(this.node, 0, after === undefined ? undefined : pack(after), limit, found);
    return found.map(({ path, namespace, id, value }) => ({
      key: bytesToHex(unpack(path)),
      namespace,
      id,
      value,
    }));
  }

  /** The hashes of the subtrees beside the way to `path`, top first, and where the way ends. */
  walk(
    namespace: Namespace,
    id: string,
  ): { readonly siblings: readonly Packed[]; readonly end: Leaf | undefined } {
    const path = this.#paths.of(namespace, id);
    const siblings: Packed[] = [];
    let { node } = this;
    while (node !== undefined && !(node instanceof Leaf)) {
      const goesLeft = bitAt(path, siblings.length) === 0;
      siblings.push(hashOf(goesLeft ? node.right : node.left, this.#hasher));
      node = goesLeft ? node.left : node.right;
    }
    return { siblings, end: node };
  }
}

/** The state without leaves. Its root is 32 zero bytes. @param hasher SHA-256: `env.crypto.sha256`, or the portable one. */
export function emptyState(hasher: Sha256): State {
  return new StateTree(undefined, { size: 0, accounts: 0 }, hasher);
}
