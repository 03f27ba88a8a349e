/** Tree of the blocks around the base: which header extends which, and how far each has come. Some 80 bytes a block. */
import { assert } from '../../env/assert.ts';
import type { BlockHash } from '../types/units.ts';

/** How far a block has come. Numbers, since thousands of hosts hold them in bytes. */
export const NODE = { header: 0, executed: 1, invalid: 2 } as const;
/** One of the numbers of NODE. */
export type NodeStatus = (typeof NODE)[keyof typeof NODE];

/** No slot: the parent of the root, the end of a list. */
export const NO_SLOT = -1;

const FREE = 255;
/** Fits a chain that keeps up, so that most hosts never grow. */
const SLOTS_INITIAL = 32;

/** What the tree knows of a payload: its id, and its height. */
export interface TreeItem {
  readonly id: BlockHash;
  readonly header: { readonly height: number };
}

/**
 * One root; every other node hangs below it. Slots are small integers, reused after removal; the item and the result of
 * a block are shared by reference between hosts.
 */
export class BlockTree<T extends TreeItem, R> {
  readonly #slots = new Map<BlockHash, number>();
  readonly #items: (T | undefined)[] = [];
  readonly #results: (R | undefined)[] = [];
  #resultCount = 0;
  #parent = new Int32Array(SLOTS_INITIAL);
  #firstChild = new Int32Array(SLOTS_INITIAL);
  #nextSibling = new Int32Array(SLOTS_INITIAL);
  #status = new Uint8Array(SLOTS_INITIAL).fill(FREE);
  #free = NO_SLOT;
  #used = 0;
  #root = NO_SLOT;

  get size(): number {
    return this.#slots.size;
  }

  get root(): number {
    return this.#root;
  }

  slotOf(id: BlockHash): number {
    return this.#slots.get(id) ?? NO_SLOT;
  }

  item(slot: number): T {
    const item = this.#items[slot];
    assert(item !== undefined, 'a slot that is in use has an item');
    return item;
  }

  /** Replaces the payload of a block by a richer one of the same block. */
  setItem(slot: number, item: T): void {
    assert(this.item(slot).id === item.id, 'a slot keeps its block');
    this.#items[slot] = item;
  }

  parentOf(slot: number): number {
    return this.#parent[slot] as number;
  }

  statusOf(slot: number): NodeStatus {
    return this.#status[slot] as NodeStatus;
  }

  setStatus(slot: number, status: NodeStatus): void {
    this.#status[slot] = status;
  }

  /** What executing the block gave, while that is kept. */
  resultOf(slot: number): R | undefined {
    return this.#results[slot];
  }

  setResult(slot: number, result: R | undefined): void {
    if (this.#results[slot] !== undefined) this.#resultCount--;
    if (result !== undefined) this.#resultCount++;
    this.#results[slot] = result;
  }

  get resultCount(): number {
    return this.#resultCount;
  }

  isLeaf(slot: number): boolean {
    return this.#firstChild[slot] === NO_SLOT;
  }

  /** Slots of the children, newest first. */
  childrenOf(slot: number): readonly number[] {
    const children: number[] = [];
    for (let c = this.#firstChild[slot] as number; c !== NO_SLOT; c = this.#nextSibling[c] as number) {
      children.push(c);
    }
    return children;
  }

  /** Adds a block below `parent`; NO_SLOT only for the root of an empty tree. */
  add(item: T, parent: number, status: NodeStatus): number {
    assert(!this.#slots.has(item.id), 'a block enters the tree once');
    const slot = this.#take();
    this.#slots.set(item.id, slot);
    this.#items[slot] = item;
    this.#results[slot] = undefined;
    this.#status[slot] = status;
    this.#parent[slot] = parent;
    this.#firstChild[slot] = NO_SLOT;
    this.#nextSibling[slot] = NO_SLOT;
    if (parent === NO_SLOT) {
      assert(this.#root === NO_SLOT, 'a tree has one root');
      this.#root = slot;
    } else {
      assert(
        this.item(parent).header.height + 1 === item.header.height,
        'a child stands one above its parent',
      );
      this.#nextSibling[slot] = this.#firstChild[parent] as number;
      this.#firstChild[parent] = slot;
    }
    return slot;
  }

  /** Every slot of the subtree, parents before children, `slot` first. */
  subtree(slot: number): readonly number[] {
    const found = [slot];
    for (let i = 0; i < found.length; i++) {
      const at = found[i] as number;
      for (let c = this.#firstChild[at] as number; c !== NO_SLOT; c = this.#nextSibling[c] as number) {
        found.push(c);
      }
    }
    return found;
  }

  /** Every slot in use, parents before children. */
  all(): readonly number[] {
    return this.#root === NO_SLOT ? [] : this.subtree(this.#root);
  }

  /** Removes a subtree that is not the whole tree. */
  removeSubtree(slot: number): void {
    assert(slot !== this.#root, 'the root is removed only by promoting one of its children');
    this.#unlink(slot);
    for (const gone of this.subtree(slot)) this.#release(gone);
  }

  /** Makes a child of the root the new root; its siblings must be gone. */
  promote(slot: number): void {
    const old = this.#root;
    assert(this.#parent[slot] === old, 'only a child of the root is promoted');
    assert(
      this.#firstChild[old] === slot && this.#nextSibling[slot] === NO_SLOT,
      'the siblings of a new root are gone',
    );
    this.#release(old);
    this.#parent[slot] = NO_SLOT;
    this.#root = slot;
  }

  /** The ancestor of `slot` at that height; NO_SLOT below the root. */
  ancestorAt(slot: number, height: number): number {
    let at = slot;
    while (at !== NO_SLOT && this.item(at).header.height > height) at = this.#parent[at] as number;
    return at;
  }

  /** The newest block that both branches hold. */
  commonAncestor(a: number, b: number): number {
    let x = this.ancestorAt(a, this.item(b).header.height);
    let y = this.ancestorAt(b, this.item(a).header.height);
    while (x !== y) {
      x = this.#parent[x] as number;
      y = this.#parent[y] as number;
    }
    return x;
  }

  #take(): number {
    if (this.#free !== NO_SLOT) {
      const slot = this.#free;
      this.#free = this.#nextSibling[slot] as number;
      return slot;
    }
    if (this.#used === this.#parent.length) this.#grow();
    return this.#used++;
  }

  #grow(): void {
    const length = this.#parent.length * 2;
    const grown = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const next = new Int32Array(length);
      next.set(old);
      return next;
    };
    this.#parent = grown(this.#parent);
    this.#firstChild = grown(this.#firstChild);
    this.#nextSibling = grown(this.#nextSibling);
    const status = new Uint8Array(length).fill(FREE);
    status.set(this.#status);
    this.#status = status;
  }

  #unlink(slot: number): void {
    const parent = this.#parent[slot] as number;
    let at = this.#firstChild[parent] as number;
    if (at === slot) {
      this.#firstChild[parent] = this.#nextSibling[slot] as number;
      return;
    }
    while (this.#nextSibling[at] !== slot) at = this.#nextSibling[at] as number;
    this.#nextSibling[at] = this.#nextSibling[slot] as number;
  }

  #release(slot: number): void {
    this.#slots.delete(this.item(slot).id);
    this.#items[slot] = undefined;
    this.setResult(slot, undefined);
    this.#status[slot] = FREE;
    this.#nextSibling[slot] = this.#free;
    this.#free = slot;
  }
}
