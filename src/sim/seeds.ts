/** From a seed, which is any text, to run keys and named streams. */
import alea from 'seedrandom/lib/alea.js';
import { assert } from '../env/assert.ts';
import { type RunKey, scaleWord } from './draws.ts';

/** Random integers in a row, for what is drawn before or beside a run: plans and workloads. */
export interface Stream {
  /** An unsigned 32-bit integer. */
  readonly word: () => number;
  /** Uniform over 0 <= x < n; n from 1 to 2^32. */
  readonly below: (n: number) => number;
  /** Uniform over from <= x <= to, safe integers at most 2^52 apart. */
  readonly between: (from: number, to: number) => number;
  /** One of the items. */
  readonly pick: <T>(items: readonly T[]) => T;
  /** A new array in a random order (Fisher and Yates). */
  readonly shuffled: <T>(items: readonly T[]) => T[];
}

/** The run key of that name. */
export function createRunKey(seed: string, name: string): RunKey {
  const next = alea(streamSeed(seed, name));
  return { low: next.int32(), high: next.int32() };
}

/** A stream whose seed may be changed on the way. */
export interface RekeyableStream extends Stream {
  /** From here on it is the stream of that seed and its own name, from its beginning. */
  readonly rekey: (seed: string) => void;
}

/** Depends on the seed and the name alone: other streams may be longer or missing. */
export function createStream(seed: string, name: string): Stream {
  const next = alea(streamSeed(seed, name));
  return streamOf(() => next.int32() >>> 0);
}

/** As `createStream`. */
export function createRekeyableStream(seed: string, name: string): RekeyableStream {
  let next = alea(streamSeed(seed, name));
  return {
    ...streamOf(() => next.int32() >>> 0),
    rekey(other) {
      next = alea(streamSeed(other, name));
    },
  };
}

function streamOf(word: () => number): Stream {
  const between = (from: number, to: number): number => {
    assert(Number.isSafeInteger(from) && Number.isSafeInteger(to), 'a range of a stream has integer ends');
    const count = to - from + 1;
    assert(count >= 1 && count <= 4_503_599_627_370_496, 'a range of a stream holds 1 to 2^52 integers');
    if (count <= 4_294_967_296) return from + scaleWord(count, word());
    return from + (((word() >>> 11) * 4_294_967_296 + word()) % count);
  };
  const below = (n: number): number => between(0, n - 1);
  return {
    word,
    below,
    between,
    pick<T>(items: readonly T[]): T {
      assert(items.length > 0, 'a stream picks from at least one item');
      return items[below(items.length)] as T;
    },
    shuffled<T>(items: readonly T[]): T[] {
      const order = [...items];
      for (let i = order.length - 1; i > 0; i--) {
        const j = below(i + 1);
        const item = order[i] as T;
        order[i] = order[j] as T;
        order[j] = item;
      }
      return order;
    },
  };
}

/** The length keeps ('ab', 'c') and ('a', 'bc') apart. */
function streamSeed(seed: string, name: string): string {
  return `${seed.length}:${seed}:${name}`;
}
