/**
 * The far events of the queue, unsorted, in buckets that get narrower as their time comes near.
 *
 * A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990) whose digits are the seven bytes of the time: a bucket is named by the
 * highest byte in which its times differ from the base, and by that byte. So the first bucket is the lowest that is not empty;
 * the base goes to where it begins, and its events, which then differ in a lower byte only, go to lower buckets, or into the
 * heap when they are few. No width is guessed: an event moves at most once a byte, whatever the distribution.
 */
import type { EventHeap } from './event-heap.ts';
import type { EventSlots } from './event-slots.ts';

const { clz32 } = Math;

/** Values of a byte. */
const DIGITS = 256;
/** The bytes of the low word; above 2^32 microseconds, 72 minutes, come three more, up to 2^53 and past it. */
const LOW_LEVELS = 4;
const LEVELS = 7;
const WORD_SPAN = 4_294_967_296;
const BUCKETS = LEVELS * DIGITS;
/** Entries of a chunk, 512 bytes: enough to be read in a stream, so few that 256 begun ones stay in the second cache. */
const CHUNK = 32;
const FIRST_CHUNKS = 64;
/** So many events, with their slots and messages, stay in the first caches until they come out. */
const LOAD_MAX = 256;
const NONE = -1;

/** Events that are not before the base. */
export class FarEvents {
  /** Entries, cancelled ones among them. */
  size = 0;
  #baseLow = 0;
  #baseHigh = 0;
  /** One bit a bucket: it is not empty. */
  readonly #occupied = new Int32Array(BUCKETS / 32);
  readonly #counts = new Int32Array(BUCKETS);
  /** The chunk of each bucket that is being filled; those before it are full, and linked by `#previous`. */
  readonly #lastChunk = new Int32Array(BUCKETS).fill(NONE);
  #previous = new Int32Array(FIRST_CHUNKS);
  #freeChunk = NONE;
  #chunkCount = 0;
  /** Entries as in the heap. */
  #doubles = new Float64Array(2 * CHUNK * FIRST_CHUNKS);
  #words = new Int32Array(this.#doubles.buffer);
  readonly #slots: EventSlots;
  readonly #heap: EventHeap;

  constructor(slots: EventSlots, heap: EventHeap) {
    this.#slots = slots;
    this.#heap = heap;
  }

  /** No far event is before it. */
  get baseUs(): number {
    return this.#baseHigh * WORD_SPAN + (this.#baseLow >>> 0);
  }

  /** Buckets are relative to the base: it is set only while there are none. */
  setBase(timeUs: number): void {
    this.#baseLow = timeUs | 0;
    this.#baseHigh = (timeUs - (timeUs >>> 0)) / WORD_SPAN;
  }

  /** Adds a copy of an entry, whose time is not before the base. */
  addCopy(from: Float64Array, index: number): void {
    const timeUs = from[2 * index] as number;
    const low = timeUs | 0;
    const high = ((timeUs - (timeUs >>> 0)) / WORD_SPAN) | 0;
    let level = 0;
    let digit = 0;
    if (high === this.#baseHigh) {
      level = (31 - clz32((low ^ this.#baseLow) | 1)) >> 3;
      digit = (low >>> (8 * level)) & 255;
    } else {
      level = (31 - clz32(high ^ this.#baseHigh)) >> 3;
      digit = (high >>> (8 * level)) & 255;
      level += LOW_LEVELS;
    }
    const bucket = level * DIGITS + digit;
    const count = this.#counts[bucket] as number;
    if (count % CHUNK === 0) this.#beginChunk(bucket);
    this.#counts[bucket] = count + 1;
    this.size++;
    const at = (this.#lastChunk[bucket] as number) * CHUNK + (count % CHUNK);
    this.#doubles[2 * at] = timeUs;
    this.#doubles[2 * at + 1] = from[2 * index + 1] as number;
  }

  /** Moves the first events into the heap; answers up to which time it then has all. There must be far events. */
  load(): number {
    for (;;) {
      let word = 0;
      while (this.#occupied[word] === 0) word++;
      const bits = this.#occupied[word] as number;
      const bucket = word * 32 + 31 - clz32(bits & -bits);
      const endUs = this.#advance(bucket);
      const count = this.#counts[bucket] as number;
      // Events of one microsecond cannot be told apart by time any more.
      if (bucket >= DIGITS && count > LOAD_MAX) {
        this.#empty(bucket, this.#toLowerBuckets);
      } else {
        this.#heap.reserve(this.#heap.size + count);
        this.#empty(bucket, this.#toHeap);
        return endUs;
      }
    }
  }

  /** Takes the cancelled events out. */
  compact(): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      if ((this.#counts[bucket] as number) > 0) this.#empty(bucket, this.#backIfPending);
    }
  }

  /** The base goes to where the bucket begins; answers where it ends. */
  #advance(bucket: number): number {
    const level = bucket >> 8;
    const digit = bucket & 255;
    const shift = 8 * (level % LOW_LEVELS);
    const above = -256 << shift;
    if (level < LOW_LEVELS) {
      this.#baseLow = (this.#baseLow & above) | (digit << shift);
      return this.baseUs + (1 << shift);
    }
    this.#baseLow = 0;
    this.#baseHigh = (this.#baseHigh & above) | (digit << shift);
    return this.baseUs + (1 << shift) * WORD_SPAN;
  }

  /** Hands what is in the bucket to `move`, a chunk at a time. */
  #empty(bucket: number, move: (from: number, end: number) => void): void {
    const count = this.#counts[bucket] as number;
    let chunk = this.#lastChunk[bucket] as number;
    this.size -= count;
    this.#counts[bucket] = 0;
    this.#lastChunk[bucket] = NONE;
    this.#occupied[bucket >> 5] = (this.#occupied[bucket >> 5] as number) & ~(1 << (bucket & 31));
    let length = ((count - 1) % CHUNK) + 1;
    while (chunk !== NONE) {
      move(chunk * CHUNK, chunk * CHUNK + length);
      const previous = this.#previous[chunk] as number;
      this.#previous[chunk] = this.#freeChunk;
      this.#freeChunk = chunk;
      chunk = previous;
      length = CHUNK;
    }
  }

  readonly #toLowerBuckets = (from: number, end: number): void => {
    for (let i = from; i < end; i++) this.addCopy(this.#doubles, i);
  };

  readonly #toHeap = (from: number, end: number): void => {
    const slots = this.#slots;
    for (let i = from; i < end; i++) {
      const slot = this.#words[4 * i + 3] as number;
      slots.touch(slot);
      if (slots.isPending(slot)) this.#heap.addCopy(this.#doubles, i);
      else slots.releaseCancelled(slot);
    }
  };

  readonly #backIfPending = (from: number, end: number): void => {
    for (let i = from; i < end; i++) {
      const slot = this.#words[4 * i + 3] as number;
      if (this.#slots.isPending(slot)) this.addCopy(this.#doubles, i);
      else this.#slots.releaseCancelled(slot);
    }
  };

  #beginChunk(bucket: number): void {
    this.#occupied[bucket >> 5] = (this.#occupied[bucket >> 5] as number) | (1 << (bucket & 31));
    let chunk = this.#freeChunk;
    if (chunk === NONE) {
      if (this.#chunkCount === this.#previous.length) this.#grow();
      chunk = this.#chunkCount++;
    } else {
      this.#freeChunk = this.#previous[chunk] as number;
    }
    this.#previous[chunk] = this.#lastChunk[bucket] as number;
    this.#lastChunk[bucket] = chunk;
  }

  #grow(): void {
    const chunks = 2 * this.#previous.length;
    const doubles = new Float64Array(2 * CHUNK * chunks);
    doubles.set(this.#doubles);
    this.#doubles = doubles;
    this.#words = new Int32Array(doubles.buffer);
    const previous = new Int32Array(chunks);
    previous.set(this.#previous);
    this.#previous = previous;
  }
}
