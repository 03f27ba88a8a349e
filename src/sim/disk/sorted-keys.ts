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
   * Keys with `start` <= key < `end` in order, ascending unless `reverse`; some of them may be gone (`has` tells).
   * `end` undefined: no end. Nothing may be set or deleted while it is read.
   */
  order(start: string, end: string | undefined, reverse: boolean): Iterable<string>;
  /** A copy, in no order that means anything. */
  toMap(): Map<string, Uint8Array>;
}

/** @param initial is copied. */
export function createSortedMap(initial: ReadonlyMap<string, Uint8Array>): SortedMap {
  const map = new MapByFirstByte();
  for (const [key, value] of initial) map.set(key, value);
  return map;
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

/**
 * One part for each first byte of a key: programs name the kind of a record there and scan within one, so that only keys
 * of the kinds that are scanned are ever sorted.
 */
class MapByFirstByte implements SortedMap {
  /** By the first byte + 1; 0 is the part of the empty key. */
  readonly #parts: (LazilySortedMap | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): Uint8Array | undefined {
    return this.#parts[partOf(key)]?.entries.get(key);
  }

  has(key: string): boolean {
    return this.#parts[partOf(key)]?.entries.has(key) ?? false;
  }

  set(key: string, value: Uint8Array): Uint8Array | undefined {
    const at = partOf(key);
    while (this.#parts.length <= at) this.#parts.push(undefined);
    let part = this.#parts[at];
    if (part === undefined) {
      part = new LazilySortedMap();
      this.#parts[at] = part;
    }
    const before = part.set(key, value);
    if (before === undefined) this.#size++;
    return before;
  }

  delete(key: string): Uint8Array | undefined {
    const before = this.#parts[partOf(key)]?.delete(key);
    if (before !== undefined) this.#size--;
    return before;
  }

  *order(start: string, end: string | undefined, reverse: boolean): Generator<string> {
    const first = partOf(start);
    const last = end === undefined ? this.#parts.length - 1 : Math.min(partOf(end), this.#parts.length - 1);
    for (let i = 0; i <= last - first; i++) {
      const order = this.#parts[reverse ? last - i : first + i]?.order() ?? [];
      const low = lowerBound(order, start);
      const high = end === undefined ? order.length : lowerBound(order, end);
      if (reverse) for (let at = high - 1; at >= low; at--) yield order[at] as string;
      else for (let at = low; at < high; at++) yield order[at] as string;
    }
  }

  toMap(): Map<string, Uint8Array> {
    const all = new Map<string, Uint8Array>();
    for (const part of this.#parts) for (const [key, value] of part?.entries ?? []) all.set(key, value);
    return all;
  }
}

function partOf(key: string): number {
  return key.length === 0 ? 0 : key.charCodeAt(0) + 1;
}

class LazilySortedMap {
  readonly entries = new Map<string, Uint8Array>();
  /** Ascending, without doubles, every key of `entries` that is not fresh, and some that are gone. */
  #order: string[] | undefined;
  /** Keys that were added since: some of them may stand in the order already, may be double, or be gone. */
  #fresh: string[] = [];
  #deletions = 0;

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

  /** All keys ascending, some of which may be gone. Valid until the next `set` or `delete`. */
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
