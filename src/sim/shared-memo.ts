/** The memo of all hosts: what is a pure function of immutable data is computed once for everybody. */
import { assert } from '../env/assert.ts';
import type { Memo } from '../env/memo.ts';

/** Entries of the younger half: some hundred thousand block hashes or signatures, and a few hundred states. */
export const MEMO_HALF_MAX = 65_536;

/** Values by the place that their key has. */
class Generation {
  /** By variant and kind, then by key as it is: text that is joined to be looked up is hashed anew each time. */
  readonly #places = new Map<string, Map<string, number>>();
  readonly values: unknown[] = [];

  placeOf(kind: string, key: string): number | undefined {
    return this.#places.get(kind)?.get(key);
  }

  add(kind: string, key: string, value: unknown): void {
    const place = this.values.push(value) - 1;
    const ofKind = this.#places.get(kind);
    if (ofKind === undefined) this.#places.set(kind, new Map([[key, place]]));
    else ofKind.set(key, place);
  }
}

/**
 * Bounded in two generations: when the younger half is full, the older one goes. Each variant of a program has its own
 * entries, so that different code never heals each other.
 */
export class SharedMemo {
  #young = new Generation();
  #old = new Generation();
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
        this.#isOn ? this.#get(prefix + kind, key, compute) : this.#compute(compute),
    };
  }

  #get<T>(kind: string, key: string, compute: () => T): T {
    const young = this.#young.placeOf(kind, key);
    if (young !== undefined) {
      this.hits++;
      return this.#young.values[young] as T;
    }
    const old = this.#old.placeOf(kind, key);
    const value = old === undefined ? this.#compute(compute) : (this.#old.values[old] as T);
    if (old === undefined) this.misses++;
    else this.hits++;
    if (this.#young.values.length >= MEMO_HALF_MAX) {
      this.#old = this.#young;
      this.#young = new Generation();
    }
    this.#young.add(kind, key, value);
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
