/** A map from text to bytes that sorts its keys only when they are asked for in order: disks write much and scan rarely. */
import { compareText } from './key-text.ts';

/** New keys up to here are put in their place one by one; more are sorted and merged. */
const INSERTED_ONE_BY_ONE_MAX = 16;
/** New or deleted keys that are remembered beyond the size of the order itself; past it the order is dropped. */
const DISORDER_MIN = 1_024;

/** An ordered map. Values are kept by reference. */
export interface SortedMap {
  readonly size: number;
  get(key: string): Uint8Array | undefined;
  has(key: string): boolean;
  /** Answers the value that it replaces. */
  set(key: string, value: Uint8Array): Uint8Array | undefined;
  /** Answers the value that it removes. */
  delete(key: string): Uint8Array | undefined;
  /**
   * All keys ascending, some of which may be gone (`has` tells). Valid until the next `set` or `delete`.
   */
  order(): readonly string[];
  /** In no order that means anything. */
  readonly entries: ReadonlyMap<string, Uint8Array>;
}

/** @param initial is copied. */
export function createSortedMap(initial: ReadonlyMap<string, Uint8Array>): SortedMap {
  return new LazilySortedMap(initial);
}

/** The first index whose key is not less than `key`. */
export function lowerBound(order: readonly string[], key: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((order[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

class LazilySortedMap implements SortedMap {
  readonly entries: Map<string, Uint8Array>;
  /** Ascending, without doubles, every key of `entries` that is not fresh, and some that are gone. */
  #order: string[] | undefined;
  /** Keys that were added since: some of them may stand in the order already, may be double, or be gone. */
  #fresh: string[] = [];
  #deletions = 0;

  constructor(initial: ReadonlyMap<string, Uint8Array>) {
    this.entries = new Map(initial);
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): Uint8Array | undefined {
    return this.entries.get(key);
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  set(key: string, value: Uint8Array): Uint8Array | undefined {
    const before = this.entries.get(key);
    this.entries.set(key, value);
    if (before === undefined && this.#order !== undefined) {
      this.#fresh.push(key);
      this.#forgetWhenWorthless(this.#order.length, this.#fresh.length);
    }
    return before;
  }

  delete(key: string): Uint8Array | undefined {
    const before = this.entries.get(key);
    if (before === undefined) return undefined;
    this.entries.delete(key);
    if (this.#order !== undefined) {
      this.#deletions++;
      this.#forgetWhenWorthless(this.entries.size, this.#deletions);
    }
    return before;
  }

  order(): readonly string[] {
    if (this.#order === undefined) {
      this.#order = [...this.entries.keys()].sort(compareText);
    } else if (this.#fresh.length > 0) {
      this.#order = merged(this.#order, this.#fresh);
      this.#fresh = [];
    }
    return this.#order;
  }

  #forgetWhenWorthless(ordered: number, disorder: number): void {
    if (disorder <= ordered + DISORDER_MIN) return;
    this.#order = undefined;
    this.#fresh = [];
    this.#deletions = 0;
  }
}

/** The order with the fresh keys in it, without doubles. May change and answer `order` itself. */
function merged(order: string[], fresh: string[]): string[] {
  if (fresh.length <= INSERTED_ONE_BY_ONE_MAX) {
    for (const key of fresh) insert(order, key);
    return order;
  }
  fresh.sort(compareText);
  const last = order[order.length - 1];
  if (last === undefined || (fresh[0] as string) > last) {
    for (const key of fresh) if (order[order.length - 1] !== key) order.push(key);
    return order;
  }
  const result: string[] = [];
  let i = 0;
  for (const key of fresh) {
    while (i < order.length && (order[i] as string) < key) result.push(order[i++] as string);
    if (order[i] !== key && result[result.length - 1] !== key) result.push(key);
  }
  while (i < order.length) result.push(order[i++] as string);
  return result;
}

function insert(order: string[], key: string): void {
  const last = order[order.length - 1];
  if (last === undefined || last < key) {
    order.push(key);
    return;
  }
  const at = lowerBound(order, key);
  if (order[at] !== key) order.splice(at, 0, key);
}
