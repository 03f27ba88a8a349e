/**
 * The event queue: a binary heap of (time, tie, sequence, slot) in typed arrays; what an event carries stays in its slot.
 *
 * Heap entry i is 16 bytes: time as a double, then tie and slot as 32-bit words. It moves as two doubles; a tie has 30
 * bits, so that no pair of words is a NaN, whose bits need not survive a move. The root is entry 1, so that the children
 * of one parent share a cache line. Sequences are read only on equal ties. A slot is 32 bytes beside its payload.
 */
import { assert } from '../env/assert.ts';

/** 2^24 events at once: past it the program under test has lost control, and 2 GB are gone. */
const QUEUE_MAX = 16_777_216;
/** Ties are below 2^30. */
export const TIE_MAX = 0x3fff_ffff;
/** Hosts are -1 (nobody's) to 65,534: a host and a code share one word of a slot. */
export const QUEUE_HOST_MAX = 65_534;
/** Handles leave 2^29 generations for a slot. */
const GENERATION_MAX = 536_870_911;
const FIRST_CAPACITY = 1024;
/** Entries that are always in the cache, 64 KiB: chosen among without a branch, 1.5 times as fast; deeper it is slower. */
const NEAR = 4096;

/** Words of a slot; then come two doubles, DOUBLE_PARENT and DOUBLE_SEQUENCE. */
const WORD_OWNER = 0;
const WORD_A = 1;
const WORD_B = 2;
/** The generation while pending, its complement while cancelled and still in the heap. */
const WORD_GENERATION = 3;
const DOUBLE_PARENT = 2;
const DOUBLE_SEQUENCE = 3;

/** Pending events, first by time, then by tie, then in the order in which they were added. */
export class EventQueue {
  #capacity = FIRST_CAPACITY;
  /** Entries of the heap, cancelled ones among them. */
  #size = 0;
  #cancelled = 0;
  #sequence = 0;
  #freeSlots = new Int32Array(FIRST_CAPACITY);
  #freeCount = 0;
  #slotCount = 0;

  #heap = new Float64Array(2 * (FIRST_CAPACITY + 1));
  #heapWords = new Int32Array(this.#heap.buffer);
  #slots = new Float64Array(4 * FIRST_CAPACITY);
  #slotWords = new Int32Array(this.#slots.buffer);
  readonly #payloads: unknown[] = [];

  /** What the last popped event carries. */
  timeUs = 0;
  host = 0;
  /** `component * 256 + op`. */
  code = 0;
  a = 0;
  b = 0;
  /** The number of the event in which it was scheduled. */
  parent = 0;
  payload: unknown = undefined;

  /** How many events are pending. */
  get size(): number {
    return this.#size - this.#cancelled;
  }

  /** Adds an event. `tie` is an integer from 0 to TIE_MAX, `code` below 65,536; answers the handle for `cancel`. */
  push(
    timeUs: number,
    tie: number,
    host: number,
    code: number,
    a: number,
    b: number,
    payload: unknown,
    parent: number,
  ): number {
    if (this.#size === this.#capacity) this.#grow();
    const slot = this.#freeCount > 0 ? (this.#freeSlots[--this.#freeCount] as number) : this.#newSlot();
    const words = this.#slotWords;
    const word = slot * 8;
    words[word + WORD_OWNER] = (host << 16) | code;
    words[word + WORD_A] = a;
    words[word + WORD_B] = b;
    this.#slots[slot * 4 + DOUBLE_PARENT] = parent;
    this.#slots[slot * 4 + DOUBLE_SEQUENCE] = this.#sequence++;
    this.#payloads[slot] = payload;
    this.#siftUp(++this.#size, timeUs, tie, slot);
    return (words[word + WORD_GENERATION] as number) * QUEUE_MAX + slot;
  }

  /** The time of the first event; Infinity when there is none. */
  peekTimeUs(): number {
    while (this.#size > 0) {
      if (this.#isPending(this.#heapWords[7] as number)) return this.#heap[2] as number;
      this.#dropFirst();
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Takes the first event out and lays what it carries into the fields. False when there is none. */
  pop(): boolean {
    while (this.#size > 0) {
      const slot = this.#heapWords[7] as number;
      if (!this.#isPending(slot)) {
        this.#dropFirst();
        continue;
      }
      this.timeUs = this.#heap[2] as number;
      const words = this.#slotWords;
      const word = slot * 8;
      const owner = words[word + WORD_OWNER] as number;
      // -1 comes back from its 16 bits by the sign; host 65,535 does not exist.
      this.host = (((owner >>> 16) + 1) % 65_536) - 1;
      this.code = owner & 0xffff;
      this.a = words[word + WORD_A] as number;
      this.b = words[word + WORD_B] as number;
      this.parent = this.#slots[slot * 4 + DOUBLE_PARENT] as number;
      this.payload = this.#payloads[slot];
      this.#payloads[slot] = undefined;
      this.#removeFirst();
      this.#free(slot, words[word + WORD_GENERATION] as number);
      return true;
    }
    return false;
  }

  /** True when the event was pending; it never comes out. A handle that is not pending any more is ignored. */
  cancel(handle: number): boolean {
    const slot = handle % QUEUE_MAX;
    const generation = (handle - slot) / QUEUE_MAX;
    if (slot >= this.#slotCount) return false;
    if (this.#slotWords[slot * 8 + WORD_GENERATION] !== generation) return false;
    this.#slotWords[slot * 8 + WORD_GENERATION] = ~generation;
    this.#payloads[slot] = undefined;
    this.#cancelled++;
    if (this.#cancelled > 1024 && this.#cancelled * 2 > this.#size) this.#compact();
    return true;
  }

  #isPending(slot: number): boolean {
    return (this.#slotWords[slot * 8 + WORD_GENERATION] as number) > 0;
  }

  #newSlot(): number {
    this.#slotWords[this.#slotCount * 8 + WORD_GENERATION] = 1;
    return this.#slotCount++;
  }

  /** The next use of the slot has another generation, so that old handles name nothing. */
  #free(slot: number, generation: number): void {
    this.#slotWords[slot * 8 + WORD_GENERATION] = generation === GENERATION_MAX ? 1 : generation + 1;
    this.#freeSlots[this.#freeCount++] = slot;
  }

  #dropFirst(): void {
    const slot = this.#heapWords[7] as number;
    this.#removeFirst();
    this.#cancelled--;
    this.#free(slot, ~(this.#slotWords[slot * 8 + WORD_GENERATION] as number));
  }

  #siftUp(from: number, timeUs: number, tie: number, slot: number): void {
    const heap = this.#heap;
    const words = this.#heapWords;
    let at = from;
    while (at > 1) {
      const parent = at >> 1;
      const parentTime = heap[2 * parent] as number;
      if (parentTime < timeUs) break;
      if (parentTime === timeUs) {
        const parentTie = words[4 * parent + 2] as number;
        if (parentTie < tie) break;
        if (parentTie === tie && this.#wasAddedBefore(words[4 * parent + 3] as number, slot)) break;
      }
      heap[2 * at] = parentTime;
      heap[2 * at + 1] = heap[2 * parent + 1] as number;
      at = parent;
    }
    heap[2 * at] = timeUs;
    words[4 * at + 2] = tie;
    words[4 * at + 3] = slot;
  }

  #wasAddedBefore(slot: number, other: number): boolean {
    const slots = this.#slots;
    return (slots[slot * 4 + DOUBLE_SEQUENCE] as number) < (slots[other * 4 + DOUBLE_SEQUENCE] as number);
  }

  /** The hole goes down to a leaf along the smaller children; then the last entry rises from there. */
  #removeFirst(): void {
    const heap = this.#heap;
    const words = this.#heapWords;
    const last = this.#size--;
    let hole = 1;
    let child = 2;
    // The upper levels are in the cache: there a wrongly guessed branch costs more than the load it would hide.
    const near = last < NEAR ? last : NEAR;
    while (child + 1 < near) {
      const left = heap[2 * child] as number;
      const right = heap[2 * child + 2] as number;
      if (left === right) child += Number(this.#rightIsFirst(child));
      else child += Number(right < left);
      heap[2 * hole] = heap[2 * child] as number;
      heap[2 * hole + 1] = heap[2 * child + 1] as number;
      hole = child;
      child = 2 * hole;
    }
    while (child < last) {
      const left = heap[2 * child] as number;
      const right = heap[2 * child + 2] as number;
      if (child + 1 < last && (right < left || (right === left && this.#rightIsFirst(child)))) child++;
      heap[2 * hole] = heap[2 * child] as number;
      heap[2 * hole + 1] = heap[2 * child + 1] as number;
      hole = child;
      child = 2 * hole;
    }
    this.#siftUp(
      hole,
      heap[2 * last] as number,
      words[4 * last + 2] as number,
      words[4 * last + 3] as number,
    );
  }

  #rightIsFirst(left: number): boolean {
    const words = this.#heapWords;
    const tie = words[4 * left + 2] as number;
    const rightTie = words[4 * left + 6] as number;
    if (tie !== rightTie) return rightTie < tie;
    return this.#wasAddedBefore(words[4 * left + 7] as number, words[4 * left + 3] as number);
  }

  /** Takes the cancelled entries out when they are more than half, so that memory follows what is pending. */
  #compact(): void {
    const heap = this.#heap;
    const words = this.#heapWords;
    const size = this.#size;
    this.#size = 0;
    for (let i = 1; i <= size; i++) {
      const slot = words[4 * i + 3] as number;
      if (this.#isPending(slot)) {
        this.#siftUp(++this.#size, heap[2 * i] as number, words[4 * i + 2] as number, slot);
      } else {
        this.#free(slot, ~(this.#slotWords[slot * 8 + WORD_GENERATION] as number));
      }
    }
    this.#cancelled = 0;
  }

  #grow(): void {
    assert(this.#capacity < QUEUE_MAX, 'at most 2^24 events are pending');
    const capacity = this.#capacity * 2;
    const heap = new Float64Array(2 * (capacity + 1));
    heap.set(this.#heap);
    this.#heap = heap;
    this.#heapWords = new Int32Array(heap.buffer);
    const slots = new Float64Array(4 * capacity);
    // As words: a double that happens to be a NaN would not keep its bits.
    const slotWords = new Int32Array(slots.buffer);
    slotWords.set(this.#slotWords);
    this.#slots = slots;
    this.#slotWords = slotWords;
    const freeSlots = new Int32Array(capacity);
    freeSlots.set(this.#freeSlots);
    this.#freeSlots = freeSlots;
    this.#capacity = capacity;
  }
}
