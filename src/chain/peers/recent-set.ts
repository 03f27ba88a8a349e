/** A set that remembers what was added last and forgets the rest, at a constant cost. */

/** Holds at least the newest `max / 2` and at most `max` values: two generations, the older one forgotten at once. */
export class RecentSet<T> {
  readonly max: number;
  #young = new Set<T>();
  #old = new Set<T>();

  constructor(max: number) {
    this.max = max;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  has(value: T): boolean {
    return this.#young.has(value) || this.#old.has(value);
  }

  add(value: T): void {
    if (this.#young.has(value)) return;
    if (this.#young.size >= this.max >>> 1) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(value);
  }
}
