/**
 * The event queue: a binary heap of (time, tie, sequence, slot) in typed arrays; what an event carries stays in its slot.
 *
 * Heap entry i is 16 bytes: time as a double, then tie and slot as 32-bit words. It moves as two doubles; a tie has 30
 * bits, so that no pair of words is a NaN, whose bits need not survive a move. Sequences are read only on equal ties.
 */
import { assert } from '../env/assert.ts';

/** 2^24 events at once: past it the program under test has lost control, and 2 GB are gone. */
export const QUEUE_MAX = 16_777_216;
/** Ties are below 2^30. */
export const TIE_MAX = 0x3fff_ffff;
/** Handles leave 2^29 generations for a slot. */
const GENERATION_MAX = 536_870_911;
const FIRST_CAPACITY = 1024;

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

  #doubles = new Float64Array(2 * FIRST_CAPACITY);
  #words = new Int32Array(this.#doubles.buffer);

  #sequenceOf = new Float64Array(FIRST_CAPACITY);
  /** 0: free; -1: cancelled, still in the heap; otherwise pending. */
  #stateOf = new Int8Array(FIRST_CAPACITY);
  #generationOf = new Int32Array(FIRST_CAPACITY).fill(1);

  /** What the popped event carries; valid until the next call of `pop`. */
  timeUs = 0;
  slot = -1;
  hosts = new Int32Array(FIRST_CAPACITY);
  codes = new Int32Array(FIRST_CAPACITY);
  as = new Int32Array(FIRST_CAPACITY);
  bs = new Int32Array(FIRST_CAPACITY);
  /** The number of the event in which this one was scheduled. */
  parents = new Float64Array(FIRST_CAPACITY);
  readonly payloads: unknown[] = [];

  /** How many events are pending. */
  get size(): number {
    return this.#size - this.#cancelled;
  }

  /** Adds an event. `tie` is an integer from 0 to TIE_MAX; answers the handle for `cancel`. */
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
    const slot = this.#freeCount > 0 ? (this.#freeSlots[--this.#freeCount] as number) : this.#slotCount++;
    this.#sequenceOf[slot] = this.#sequence++;
    this.#stateOf[slot] = 1;
    this.hosts[slot] = host;
    this.codes[slot] = code;
    this.as[slot] = a;
    this.bs[slot] = b;
    this.parents[slot] = parent;
    this.payloads[slot] = payload;
    this.#siftUp(this.#size++, timeUs, tie, slot);
    return (this.#generationOf[slot] as number) * QUEUE_MAX + slot;
  }

  /** The time of the first event; Infinity when there is none. */
  peekTimeUs(): number {
    while (this.#size > 0 && this.#stateOf[this.#words[3] as number] === -1) this.#drop();
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#doubles[0] as number);
  }

  /** Takes the first event: `timeUs` and `slot` name it, the arrays hold it. False when there is none. */
  pop(): boolean {
    while (this.#size > 0) {
      const slot = this.#words[3] as number;
      if (this.#stateOf[slot] === 1) {
        this.timeUs = this.#doubles[0] as number;
        this.slot = slot;
        this.#removeFirst();
        this.#free(slot);
        return true;
      }
      this.#drop();
    }
    return false;
  }

  /** Takes the payload of the popped event out of its slot. */
  takePayload(): unknown {
    const payload = this.payloads[this.slot];
    this.payloads[this.slot] = undefined;
    return payload;
  }

  /** True when the event was pending; it never comes out. A handle that is not pending any more is ignored. */
  cancel(handle: number): boolean {
    const slot = handle % QUEUE_MAX;
    const generation = (handle - slot) / QUEUE_MAX;
    if (slot >= this.#slotCount || this.#generationOf[slot] !== generation) return false;
    if (this.#stateOf[slot] !== 1) return false;
    this.#stateOf[slot] = -1;
    this.payloads[slot] = undefined;
    this.#cancelled++;
    if (this.#cancelled > 1024 && this.#cancelled * 2 > this.#size) this.#compact();
    return true;
  }

  #drop(): void {
    const slot = this.#words[3] as number;
    this.#removeFirst();
    this.#cancelled--;
    this.#free(slot);
  }

  #free(slot: number): void {
    this.#stateOf[slot] = 0;
    const generation = this.#generationOf[slot] as number;
    this.#generationOf[slot] = generation === GENERATION_MAX ? 1 : generation + 1;
    this.#freeSlots[this.#freeCount++] = slot;
  }

  #siftUp(from: number, timeUs: number, tie: number, slot: number): void {
    const doubles = this.#doubles;
    const words = this.#words;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const parentTime = doubles[2 * parent] as number;
      if (parentTime < timeUs) break;
      if (parentTime === timeUs) {
        const parentTie = words[4 * parent + 2] as number;
        if (parentTie < tie) break;
        if (parentTie === tie && this.#before(words[4 * parent + 3] as number, slot)) break;
      }
      doubles[2 * at] = parentTime;
      doubles[2 * at + 1] = doubles[2 * parent + 1] as number;
      at = parent;
    }
    doubles[2 * at] = timeUs;
    words[4 * at + 2] = tie;
    words[4 * at + 3] = slot;
  }

  #before(slot: number, other: number): boolean {
    return (this.#sequenceOf[slot] as number) < (this.#sequenceOf[other] as number);
  }

  /** The hole goes down to a leaf along the smaller children; then the last entry rises from there. */
  #removeFirst(): void {
    const doubles = this.#doubles;
    const words = this.#words;
    const size = --this.#size;
    let hole = 0;
    let child = 1;
    while (child < size) {
      const right = child + 1;
      if (right < size && this.#isBefore(right, child)) child = right;
      doubles[2 * hole] = doubles[2 * child] as number;
      doubles[2 * hole + 1] = doubles[2 * child + 1] as number;
      hole = child;
      child = 2 * hole + 1;
    }
    if (hole < size) {
      this.#siftUp(
        hole,
        doubles[2 * size] as number,
        words[4 * size + 2] as number,
        words[4 * size + 3] as number,
      );
    }
  }

  #isBefore(i: number, j: number): boolean {
    const doubles = this.#doubles;
    const timeI = doubles[2 * i] as number;
    const timeJ = doubles[2 * j] as number;
    if (timeI !== timeJ) return timeI < timeJ;
    const words = this.#words;
    const tieI = words[4 * i + 2] as number;
    const tieJ = words[4 * j + 2] as number;
    if (tieI !== tieJ) return tieI < tieJ;
    return this.#before(words[4 * i + 3] as number, words[4 * j + 3] as number);
  }

  /** Takes the cancelled entries out, when they are more than half: memory follows what is pending. */
  #compact(): void {
    const doubles = this.#doubles;
    const words = this.#words;
    const size = this.#size;
    this.#size = 0;
    for (let i = 0; i < size; i++) {
      const slot = words[4 * i + 3] as number;
      if (this.#stateOf[slot] === -1) this.#free(slot);
      else this.#siftUp(this.#size++, doubles[2 * i] as number, words[4 * i + 2] as number, slot);
    }
    this.#cancelled = 0;
  }

  #grow(): void {
    assert(this.#capacity < QUEUE_MAX, 'at most 2^24 events are pending');
    const capacity = this.#capacity * 2;
    const doubles = new Float64Array(2 * capacity);
    doubles.set(this.#doubles);
    this.#doubles = doubles;
    this.#words = new Int32Array(doubles.buffer);
    this.#sequenceOf = copied(new Float64Array(capacity), this.#sequenceOf);
    this.#stateOf = copied(new Int8Array(capacity), this.#stateOf);
    this.#generationOf = copied(new Int32Array(capacity).fill(1), this.#generationOf);
    this.#freeSlots = copied(new Int32Array(capacity), this.#freeSlots);
    this.hosts = copied(new Int32Array(capacity), this.hosts);
    this.codes = copied(new Int32Array(capacity), this.codes);
    this.as = copied(new Int32Array(capacity), this.as);
    this.bs = copied(new Int32Array(capacity), this.bs);
    this.parents = copied(new Float64Array(capacity), this.parents);
    this.#capacity = capacity;
  }
}

function copied<T extends Float64Array | Int32Array | Int8Array>(larger: T, old: T): T {
  larger.set(old);
  return larger;
}
