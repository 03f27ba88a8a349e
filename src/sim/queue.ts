/**
 * The event queue: what comes before a horizon is in a heap, in exact order; what comes later waits unsorted in buckets.
 *
 * While few events are pending there is no horizon, and the heap has them all. The heap never has more than fit the cache,
 * except where more of them have one time.
 */
import { EventHeap } from './event-heap.ts';
import { EventSlots } from './event-slots.ts';
import { FarEvents } from './far-events.ts';

/** Ties are below 2^30. */
export const TIE_MAX = 0x3fff_ffff;
/** Hosts are -1 (nobody's) to 65,534: a host and a code share one word of a slot. */
export const QUEUE_HOST_MAX = 65_534;
/** Up to 64 KiB of entries a heap is as fast as buckets; beyond, each level costs a miss of the first cache. */
const NEAR_MAX = 4096;
/** Fewer cancelled events than these are not worth a walk through all. */
const CANCELLED_MIN = 1024;

/** Pending events, first by time, then by tie, then in the order in which they were added. */
export class EventQueue {
  readonly #slots = new EventSlots();
  /** All events before the horizon, and none else. */
  readonly #near = new EventHeap(this.#slots);
  readonly #far = new FarEvents(this.#slots, this.#near);
  #horizonUs = Number.POSITIVE_INFINITY;
  /** Where the heap is too large: NEAR_MAX, or twice what it had to take at once. */
  #nearMax = 0;

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

  constructor() {
    this.#setNearMax();
  }

  /** How many events are pending. */
  get size(): number {
    return this.#near.size + this.#far.size - this.#slots.cancelled;
  }

  /**
   * Adds an event. `timeUs` is an integer from 0 to 2^53 - 1, before that of events that came out or not; `tie` one from 0 to
   * TIE_MAX, `code` below 65,536. Answers the handle for `cancel`.
   */
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
    const slot = this.#slots.take(host, code, a, b, payload, parent);
    const near = this.#near;
    const at = near.size + 1;
    near.doubles[2 * at] = timeUs;
    near.words[4 * at + 2] = tie;
    near.words[4 * at + 3] = slot;
    if (timeUs >= this.#horizonUs) {
      this.#far.addCopy(near.doubles, at);
    } else {
      near.add();
      if (at > this.#nearMax) this.#spread();
    }
    return this.#slots.handle(slot);
  }

  /** The time of the first event; Infinity when there is none. */
  peekTimeUs(): number {
    return this.#settle() ? (this.#near.doubles[2] as number) : Number.POSITIVE_INFINITY;
  }

  /** Host of the first event, after `peekTimeUs` has found that there is one. */
  peekHost(): number {
    return this.#slots.host(this.#near.words[7] as number);
  }

  /** Its code, likewise. */
  peekCode(): number {
    return this.#slots.code(this.#near.words[7] as number);
  }

  /** Takes the first event out and lays what it carries into the fields. False when there is none. */
  pop(): boolean {
    const near = this.#near;
    const slots = this.#slots;
    if (near.size === 0 || !slots.isPending(near.words[7] as number)) {
      if (!this.#settle()) return false;
    }
    const slot = near.words[7] as number;
    this.timeUs = near.doubles[2] as number;
    this.host = slots.host(slot);
    this.code = slots.code(slot);
    this.a = slots.a(slot);
    this.b = slots.b(slot);
    this.parent = slots.parent(slot);
    this.payload = slots.takePayload(slot);
    slots.release(slot);
    near.removeFirst();
    return true;
  }

  /** True when the event was pending; it never comes out. A handle that is not pending any more is ignored. */
  cancel(handle: number): boolean {
    if (!this.#slots.cancel(handle)) return false;
    const cancelled = this.#slots.cancelled;
    if (cancelled > CANCELLED_MIN && cancelled > this.size) this.#compact();
    return true;
  }

  /** Brings the first pending event to the root of the heap. False when there is none. */
  #settle(): boolean {
    const near = this.#near;
    for (;;) {
      while (near.size > 0) {
        const slot = near.words[7] as number;
        if (this.#slots.isPending(slot)) return true;
        near.removeFirst();
        this.#slots.releaseCancelled(slot);
      }
      if (this.#far.size === 0) {
        this.#horizonUs = Number.POSITIVE_INFINITY;
        return false;
      }
      this.#horizonUs = this.#far.load();
      this.#setNearMax();
    }
  }

  /** The heap is too large: it keeps what is before the base, which is little, and the rest become far events. */
  #spread(): void {
    const near = this.#near;
    const far = this.#far;
    // Now, which later events are not before; the first event might be a timer, and messages come before it.
    if (far.size === 0) far.setBase(Math.min(this.timeUs, near.doubles[2] as number));
    const baseUs = far.baseUs;
    const { doubles, size } = near;
    near.size = 0;
    for (let i = 1; i <= size; i++) {
      if ((doubles[2 * i] as number) < baseUs) near.addCopy(doubles, i);
      else far.addCopy(doubles, i);
    }
    this.#horizonUs = baseUs;
    this.#setNearMax();
  }

  #setNearMax(): void {
    this.#nearMax = Math.max(NEAR_MAX, 2 * this.#near.size);
    this.#near.reserve(this.#nearMax + 1);
  }

  /** Takes the cancelled events out when they are more than half, so that memory follows what is pending. */
  #compact(): void {
    const near = this.#near;
    const { doubles, words, size } = near;
    near.size = 0;
    for (let i = 1; i <= size; i++) {
      const slot = words[4 * i + 3] as number;
      if (this.#slots.isPending(slot)) near.addCopy(doubles, i);
      else this.#slots.releaseCancelled(slot);
    }
    this.#far.compact();
  }
}
