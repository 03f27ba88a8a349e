/** Randomness of one host; a seed makes it repeatable in simulation. Not for keys. */
export interface Random {
  /** Uniform over 0 <= x < n. `n` is an integer from 1 to 2^32. */
  below(n: number): number;
  /** `n` uniform bytes, at most 65,536. */
  bytes(n: number): Uint8Array;
}
