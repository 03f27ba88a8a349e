/**
 * The near events of the queue: a binary heap of (time, tie, sequence, slot) in typed arrays.
 *
 * Entry i is 16 bytes: time as a double (double 2i), then tie and slot as words (4i + 2, 4i + 3). It moves as two doubles; a
 * tie has 30 bits and a slot 24, so that no pair of words is a NaN, whose bits need not survive a move. The root is entry 1,
 * so that the children of one parent share a cache line. Sequences stay in the slots: they are read only on equal ties.
 */
import type { EventSlots } from './event-slots.ts';

const FIRST_CAPACITY = 1024;

/** Entries, the first of them at the root. The arrays are there for who writes and reads entries; `reserve` replaces them. */
export class EventHeap {
  /** Entries, cancelled ones among them. */
  size = 0;
  doubles = new Float64Array(2 * FIRST_CAPACITY);
  words = new Int32Array(this.doubles.buffer);
  #capacity = FIRST_CAPACITY;
  readonly #slots: EventSlots;

  constructor(slots: EventSlots) {
    this.#slots = slots;
  }

  /** Makes room for that many entries and one behind the last. */
  reserve(size: number): void {
    if (size + 2 <= this.#capacity) return;
    while (size + 2 > this.#capacity) this.#capacity *= 2;
    const doubles = new Float64Array(2 * this.#capacity);
    doubles.set(this.doubles);
    this.doubles = doubles;
    this.words = new Int32Array(doubles.buffer);
  }

  /** Adds the entry that was written behind the last one. */
  add(): void {
    const last = ++this.size;
    this.#siftUp(last, last);
  }

  /** Adds a copy of an entry, where there is room for it. */
  addCopy(from: Float64Array, index: number): void {
    const at = this.size + 1;
    this.doubles[2 * at] = from[2 * index] as number;
    this.doubles[2 * at + 1] = from[2 * index + 1] as number;
    this.add();
  }

  /** The hole goes down to a leaf along the smaller children; then the last entry rises from there. */
  removeFirst(): void {
    const heap = this.doubles;
    const last = this.size--;
    let hole = 1;
    let child = 2;
    // Entries that are in the cache: a wrongly guessed branch would cost more than the load that it hides.
    while (child + 1 < last) {
      const left = heap[2 * child] as number;
      const right = heap[2 * child + 2] as number;
      if (left === right) child += Number(this.#rightIsFirst(child));
      else child += Number(right < left);
      heap[2 * hole] = heap[2 * child] as number;
      heap[2 * hole + 1] = heap[2 * child + 1] as number;
      hole = child;
      child = 2 * hole;
    }
    if (child < last) {
      heap[2 * hole] = heap[2 * child] as number;
      heap[2 * hole + 1] = heap[2 * child + 1] as number;
      hole = child;
    }
    this.#siftUp(last, hole);
  }

  /** The entry `from` goes to the hole, or above it. It is read from the array: a double as an argument may be allocated. */
  #siftUp(from: number, hole: number): void {
    const heap = this.doubles;
    const words = this.words;
    const timeUs = heap[2 * from] as number;
    const tie = words[4 * from + 2] as number;
    const slot = words[4 * from + 3] as number;
    let at = hole;
    while (at > 1) {
      const parent = at >> 1;
      const parentTime = heap[2 * parent] as number;
      if (parentTime < timeUs) break;
      if (parentTime === timeUs) {
        const parentTie = words[4 * parent + 2] as number;
        if (parentTie < tie) break;
        if (parentTie === tie && this.#slots.wasAddedBefore(words[4 * parent + 3] as number, slot)) break;
      }
      heap[2 * at] = parentTime;
      heap[2 * at + 1] = heap[2 * parent + 1] as number;
      at = parent;
    }
    heap[2 * at] = timeUs;
    words[4 * at + 2] = tie;
    words[4 * at + 3] = slot;
  }

  #rightIsFirst(left: number): boolean {
    const words = this.words;
    const tie = words[4 * left + 2] as number;
    const rightTie = words[4 * left + 6] as number;
    if (tie !== rightTie) return rightTie < tie;
    return this.#slots.wasAddedBefore(words[4 * left + 7] as number, words[4 * left + 3] as number);
  }
}
