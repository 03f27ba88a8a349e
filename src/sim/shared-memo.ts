/** The memo of all hosts: what is a pure function of immutable data is computed once for everybody. */
import { assert } from '../env/assert.ts';
import type { Memo } from '../env/memo.ts';

/** Entries of the younger half: some hundred thousand block hashes or signatures, and a few hundred states. */
export const MEMO_HALF_MAX = 65_536;

/**
 * Bounded in two generations: when the younger half is full, the older one goes. Each variant of a program has its own
 * entries, so that different code never heals each other.
 */
export class SharedMemo {
  #young = new Map<string, unknown>();
  #old = new Map<string, unknown>();
  readonly #isOn: boolean;
  #depth = 0;
  hits = 0;
  misses = 0;

  /** @param isOn false: every host computes for itself. */
  constructor(isOn: boolean) {
    this.#isOn = isOn;
  }

  /** True while a value is computed: a time without effects, draws or clocks. */
  get isComputing(): boolean {
    return this.#depth > 0;
  }

  for(variant: string): Memo {
    const prefix = `${variant.length}:${variant}:`;
    return {
      get: <T>(kind: string, key: string, compute: () => T): T =>
        this.#isOn ? this.#get(`${prefix}${kind.length}:${kind}:${key}`, compute) : this.#compute(compute),
    };
  }

  #get<T>(key: string, compute: () => T): T {
    const young = this.#young.get(key);
    if (young !== undefined || this.#young.has(key)) {
      this.hits++;
      return young as T;
    }
    const old = this.#old.get(key);
    const isOld = old !== undefined || this.#old.has(key);
    const value = isOld ? (old as T) : this.#compute(compute);
    if (isOld) this.hits++;
    else this.misses++;
    if (this.#young.size >= MEMO_HALF_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
    return value;
  }

  #compute<T>(compute: () => T): T {
    assert(this.#depth < 64, 'values that need values nest at most 64 deep');
    this.#depth++;
    try {
      return compute();
    } finally {
      this.#depth--;
    }
  }
}
