/** Keys as text, one character a byte: strings compare as unsigned bytes do, and a Map takes them. */
import type { WriteOp } from '../../env/storage.ts';

/** How many keys a pool remembers; past it the pool forgets all and begins anew. 2^20 keys are about 60 MB. */
const POOLED_KEYS_MAX = 1_048_576;

/** One string for equal keys of all hosts: most hosts of a cluster hold the same keys. */
export interface KeyPool {
  /**
   * The texts of the keys of a batch, in its order; equal keys that are put share one string, unless the pool began anew
   * in between. Hosts that share the work of a block write the very same operations, whose texts are made once.
   */
  textsOf(ops: readonly WriteOp[]): readonly string[];
}

/** Shorter batches are not worth remembering. */
const REMEMBERED_OPS_MIN = 8;

interface KnownBatch {
  /** The operations themselves: each belongs to the storage from its write on, the array around them does not. */
  readonly ops: readonly WriteOp[];
  readonly texts: readonly string[];
}

/** Built once for a run and given to its disks. Has no effect but memory. */
export function createKeyPool(): KeyPool {
  const known = new Map<string, string>();
  const batches = new WeakMap<readonly WriteOp[], KnownBatch>();

  function share(text: string): string {
    const pooled = known.get(text);
    if (pooled !== undefined) return pooled;
    if (known.size >= POOLED_KEYS_MAX) known.clear();
    known.set(text, text);
    return text;
  }

  return {
    textsOf(ops) {
      const seen = ops.length < REMEMBERED_OPS_MIN ? undefined : batches.get(ops);
      if (seen !== undefined && isSameBatch(seen.ops, ops)) return seen.texts;
      const texts = ops.map(({ key, kind }) => (kind === 'put' ? share(keyToText(key)) : keyToText(key)));
      if (ops.length >= REMEMBERED_OPS_MIN) batches.set(ops, { ops: [...ops], texts });
      return texts;
    },
  };
}

function isSameBatch(a: readonly WriteOp[], b: readonly WriteOp[]): boolean {
  return a.length === b.length && a.every((op, i) => op === b[i]);
}

/**
 * Latin1 of the bytes. One flat string: joined characters would be kept as a tree of halves. Spreading takes four times
 * as long as applying.
 */
export function keyToText(key: Uint8Array): string {
  const text: string = Reflect.apply(String.fromCharCode, undefined, key);
  return text;
}

/** The bytes of `keyToText`. */
export function textToKey(text: string): Uint8Array {
  const key = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) key[i] = text.charCodeAt(i);
  return key;
}

/** Total order of texts, which is the order of their bytes. */
export function compareText(a: string, b: string): -1 | 0 | 1 {
  return a < b ? -1 : a === b ? 0 : 1;
}
