/** A binary heap whose items know their place, so that any of them can be moved or taken out. */
import { assert } from '../../env/assert.ts';

/** An item of at most one heap. The heap writes `slot`; -1: in no heap. */
export interface Slotted {
  slot: number;
}

/** The first by `isBefore`, a strict total order over the items, in O(1); changes in O(log n). */
export class Heap<T extends Slotted> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    assert(item.slot === -1, 'an item is in one heap at a time');
    item.slot = this.#items.length;
    this.#items.push(item);
    this.#up(item.slot);
  }

  /** Puts the item to its place after what it is ordered by has changed. */
  move(item: T): void {
    this.#up(item.slot);
    this.#down(item.slot);
  }

  remove(item: T): void {
    const { slot } = item;
    assert(this.#items[slot] === item, 'only what is in the heap is taken out');
    const last = this.#items.pop() as T;
    item.slot = -1;
    if (last === item) return;
    this.#put(last, slot);
    this.move(last);
  }

  #put(item: T, slot: number): void {
    this.#items[slot] = item;
    item.slot = slot;
  }

  #up(from: number): void {
    const item = this.#items[from] as T;
    let slot = from;
    while (slot > 0) {
      const above = (slot - 1) >>> 1;
      const parent = this.#items[above] as T;
      if (!this.#isBefore(item, parent)) break;
      this.#put(parent, slot);
      slot = above;
    }
    this.#put(item, slot);
  }

  #down(from: number): void {
    const item = this.#items[from] as T;
    let slot = from;
    for (;;) {
      let below = 2 * slot + 1;
      let child = this.#items[below];
      if (child === undefined) break;
      const right = this.#items[below + 1];
      if (right !== undefined && this.#isBefore(right, child)) {
        child = right;
        below++;
      }
      if (!this.#isBefore(child, item)) break;
      this.#put(child, slot);
      slot = below;
    }
    this.#put(item, slot);
  }
}
