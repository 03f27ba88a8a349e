/** Keys as text, one character a byte: strings compare as unsigned bytes do, and a Map takes them. */

/** How many keys a pool remembers; past it the pool forgets all and begins anew. 2^20 keys are about 60 MB. */
const POOLED_KEYS_MAX = 1_048_576;

/** One string for equal keys of all hosts: most hosts of a cluster hold the same keys. */
export interface KeyPool {
  /** A string equal to `text`, the same one for equal texts unless the pool began anew in between. */
  share(text: string): string;
}

/** Built once for a run and given to its disks. Has no effect but memory. */
export function createKeyPool(): KeyPool {
  const known = new Map<string, string>();
  return {
    share(text) {
      const pooled = known.get(text);
      if (pooled !== undefined) return pooled;
      if (known.size >= POOLED_KEYS_MAX) known.clear();
      known.set(text, text);
      return text;
    },
  };
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
