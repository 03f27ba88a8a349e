/** What fills a disk in the tests, and is looked for afterwards. */

/** Of each record. */
export const VALUE: Uint8Array = new Uint8Array(60_000).fill(7);

/** Of the i-th. */
export function keyOf(i: number): Uint8Array {
  return Uint8Array.of(1, i >>> 8, i & 0xff);
}

/** How the program that fills it ends. */
export const FILLED_CODE = 6;
