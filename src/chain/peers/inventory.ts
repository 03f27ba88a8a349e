/** Inventory: which peer knows which transaction, as one bit for each over dense numbers of this node. */
import type { TxId } from '../types/units.ts';

/** Dense numbers of the ids that were seen last; the oldest number is given anew when all are taken. */
export class Inventory {
  readonly capacity: number;
  readonly #numbers = new Map<TxId, number>();
  readonly #ids: (TxId | undefined)[] = [];
  readonly #onReuse: (number: number) => void;
  #next = 0;

  /** @param onReuse is told that a number will mean another id: every peer forgets its bit. */
  constructor(capacity: number, onReuse: (number: number) => void) {
    this.capacity = capacity;
    this.#onReuse = onReuse;
  }

  get size(): number {
    return this.#numbers.size;
  }

  /** The number of an id; a new one when it has none. */
  numberOf(id: TxId): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const number = this.#next;
    const old = this.#ids[number];
    if (old !== undefined) {
      this.#numbers.delete(old);
      this.#onReuse(number);
    }
    this.#ids[number] = id;
    this.#numbers.set(id, number);
    this.#next = number + 1 === this.capacity ? 0 : number + 1;
    return number;
  }
}

/** Numbers below a capacity. Takes memory from the first one on, 1 bit each, up to the highest one added. */
export class NumberSet {
  #words = EMPTY;

  has(number: number): boolean {
    const word = number >>> 5;
    return word < this.#words.length && ((this.#words[word] as number) & (1 << (number & 31))) !== 0;
  }

  add(number: number): void {
    const word = number >>> 5;
    if (word >= this.#words.length) {
      const grown = new Uint32Array(Math.max(8, word + 1, this.#words.length * 2));
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[word] = (this.#words[word] as number) | (1 << (number & 31));
  }

  delete(number: number): void {
    const word = number >>> 5;
    if (word < this.#words.length) {
      this.#words[word] = (this.#words[word] as number) & ~(1 << (number & 31));
    }
  }
}

const EMPTY = new Uint32Array(0);
