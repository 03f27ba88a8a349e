/** Bitsets over the places of a validator set: who has voted, and whose votes a peer has. */
import { bytesToHex, hexToBytes } from '../../../env/bytes.ts';

/** A set of places from 0 on. */
export class Bitset {
  readonly #bytes: Uint8Array;
  #count = 0;

  /** @param size places are below it. */
  constructor(size: number) {
    this.#bytes = new Uint8Array((size + 7) >>> 3);
  }

  /** How many places are in it. */
  get count(): number {
    return this.#count;
  }

  has(place: number): boolean {
    return (((this.#bytes[place >>> 3] ?? 0) >>> (place & 7)) & 1) === 1;
  }

  /** False: it was there already. */
  add(place: number): boolean {
    if (this.has(place)) return false;
    this.#bytes[place >>> 3] = (this.#bytes[place >>> 3] ?? 0) | (1 << (place & 7));
    this.#count++;
    return true;
  }

  /** One bit a place, eight to a byte, the lowest first; lower-case hexadecimal. */
  toText(): string {
    return bytesToHex(this.#bytes);
  }

  /** The set of that text; places from `size` on, which nobody has, are left out. */
  static of(text: string, size: number): Bitset {
    const set = new Bitset(size);
    const bytes = hexToBytes(text) ?? new Uint8Array(0);
    for (let place = 0; place < size; place++) {
      if ((((bytes[place >>> 3] ?? 0) >>> (place & 7)) & 1) === 1) set.add(place);
    }
    return set;
  }
}
