/** What the pending events of the queue carry: 32 bytes in typed arrays and a payload each, in slots that are used again. */
import { assert } from '../env/assert.ts';

/** 2^24 events at once: past it the program under test has lost control, and 2 GB are gone. */
const QUEUE_MAX = 16_777_216;
/** Handles leave 2^29 generations for a slot. */
const GENERATION_MAX = 536_870_911;
const FIRST_CAPACITY = 1024;

/**
 * Words of a slot; then come two doubles, DOUBLE_PARENT and DOUBLE_SEQUENCE. No other file reads them: a constant that is
 * imported is loaded each time it is used.
 */
const WORD_OWNER = 0;
const WORD_A = 1;
const WORD_B = 2;
/** The generation while pending, its complement while cancelled and still in the queue. */
const WORD_GENERATION = 3;
const DOUBLE_PARENT = 2;
const DOUBLE_SEQUENCE = 3;

/** Slots by number. A slot is taken for an event and released when the event has come out, cancelled or not. */
export class EventSlots {
  /** Cancelled events whose entries are still in the queue. */
  cancelled = 0;
  /** What `touch` found; it is written so that the compiler does not leave the reading out. */
  touched = 0;
  #capacity = FIRST_CAPACITY;
  #count = 0;
  #sequence = 0;
  #doubles = new Float64Array(4 * FIRST_CAPACITY);
  #words = new Int32Array(this.#doubles.buffer);
  readonly #payloads: unknown[] = [];
  /** The slot that was released last is used first: it is in the cache. */
  #free = new Int32Array(FIRST_CAPACITY);
  #freeCount = 0;

  /** A slot with that content. `host` is below 65,535, `code` below 65,536: they share a word. */
  take(host: number, code: number, a: number, b: number, payload: unknown, parent: number): number {
    const slot = this.#freeCount > 0 ? (this.#free[--this.#freeCount] as number) : this.#newSlot();
    const words = this.#words;
    words[slot * 8 + WORD_OWNER] = (host << 16) | code;
    words[slot * 8 + WORD_A] = a;
    words[slot * 8 + WORD_B] = b;
    this.#doubles[slot * 4 + DOUBLE_PARENT] = parent;
    this.#doubles[slot * 4 + DOUBLE_SEQUENCE] = this.#sequence++;
    this.#payloads[slot] = payload;
    return slot;
  }

  /** Names this use of the slot, and no later one. */
  handle(slot: number): number {
    return (this.#words[slot * 8 + WORD_GENERATION] as number) * QUEUE_MAX + slot;
  }

  host(slot: number): number {
    // -1 comes back from its 16 bits by the sign; host 65,535 does not exist.
    return ((((this.#words[slot * 8 + WORD_OWNER] as number) >>> 16) + 1) % 65_536) - 1;
  }

  code(slot: number): number {
    return (this.#words[slot * 8 + WORD_OWNER] as number) & 0xffff;
  }

  a(slot: number): number {
    return this.#words[slot * 8 + WORD_A] as number;
  }

  b(slot: number): number {
    return this.#words[slot * 8 + WORD_B] as number;
  }

  parent(slot: number): number {
    return this.#doubles[slot * 4 + DOUBLE_PARENT] as number;
  }

  /** The payload, which the slot lets go. */
  takePayload(slot: number): unknown {
    const payload = this.#payloads[slot];
    this.#payloads[slot] = undefined;
    return payload;
  }

  isPending(slot: number): boolean {
    return (this.#words[slot * 8 + WORD_GENERATION] as number) > 0;
  }

  /** The order of events of one time and one tie. */
  wasAddedBefore(slot: number, other: number): boolean {
    const doubles = this.#doubles;
    return (doubles[slot * 4 + DOUBLE_SEQUENCE] as number) < (doubles[other * 4 + DOUBLE_SEQUENCE] as number);
  }

  /**
   * Reads the payload, down to the object. Of many slots in a row the processor waits for all misses of the cache at once;
   * at `pop` it would wait for each.
   */
  touch(slot: number): void {
    if (typeof this.#payloads[slot] === 'object') this.touched++;
  }

  /** True when the handle named a pending event; its slot stays taken until `releaseCancelled`. */
  cancel(handle: number): boolean {
    const slot = handle % QUEUE_MAX;
    const generation = (handle - slot) / QUEUE_MAX;
    if (slot >= this.#count) return false;
    if (this.#words[slot * 8 + WORD_GENERATION] !== generation) return false;
    this.#words[slot * 8 + WORD_GENERATION] = ~generation;
    this.#payloads[slot] = undefined;
    this.cancelled++;
    return true;
  }

  /** The next use of the slot has another generation, so that old handles name nothing. */
  release(slot: number): void {
    const generation = this.#words[slot * 8 + WORD_GENERATION] as number;
    this.#words[slot * 8 + WORD_GENERATION] = generation === GENERATION_MAX ? 1 : generation + 1;
    this.#free[this.#freeCount++] = slot;
  }

  releaseCancelled(slot: number): void {
    this.#words[slot * 8 + WORD_GENERATION] = ~(this.#words[slot * 8 + WORD_GENERATION] as number);
    this.cancelled--;
    this.release(slot);
  }

  #newSlot(): number {
    if (this.#count === this.#capacity) this.#grow();
    this.#words[this.#count * 8 + WORD_GENERATION] = 1;
    return this.#count++;
  }

  #grow(): void {
    assert(this.#capacity < QUEUE_MAX, 'at most 2^24 events are pending');
    const capacity = this.#capacity * 2;
    const doubles = new Float64Array(4 * capacity);
    // As words: a double that happens to be a NaN would not keep its bits.
    const words = new Int32Array(doubles.buffer);
    words.set(this.#words);
    this.#doubles = doubles;
    this.#words = words;
    const free = new Int32Array(capacity);
    free.set(this.#free);
    this.#free = free;
    this.#capacity = capacity;
  }
}
