/** The memo of a real node: a block is executed once, and not again when it is voted for and when it is imported. */
import { Lru } from '../chain/blockstore/lru.ts';
import type { Memo } from '../env/memo.ts';

/** Values of each kind: what one height goes through, and one round more. A value may be all that a full block changed. */
export const MEMO_KIND_MAX = 4;

/** What a node alone asks for again; other values are shared between the hosts of a simulation. */
const KINDS = ['ledger.run', 'ledger.execute', 'ledger.advance'] as const;

/** One that remembers the newest values of some kinds. */
export function createRecentMemo(): Memo {
  const kinds = new Map<string, Lru<string, readonly [value: unknown]>>(
    KINDS.map((kind) => [kind, new Lru(MEMO_KIND_MAX)]),
  );
  return {
    get<T>(kind: string, key: string, compute: () => T): T {
      const values = kinds.get(kind);
      if (values === undefined) return compute();
      const found = values.get(key);
      // The port says that a kind and a key name one function and all its inputs.
      if (found !== undefined) return found[0] as T;
      const value = compute();
      values.set(key, [value]);
      return value;
    },
  };
}
