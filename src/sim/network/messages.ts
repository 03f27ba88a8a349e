/** Messages that are queued or under way: reused slots in typed arrays, in linked lists by slot number. */

/** No slot: the end of a list. */
export const NONE = -1;

/** What a slot carries. ACCEPT ends the handshake, FIN an orderly stream, RESET any. */
export const DATA = 0;
export const ACCEPT = 1;
export const FIN = 2;
export const RESET = 3;

/**
 * Bits of `flags`. RECEIVED: all its bytes are at the receiver. LOST: by a draw; DROPPED: by an exception, for good.
 * COMPACT: it travels in its compact form; REPAIR: so does what the compact form lacked.
 */
export const CORRUPT = 1;
export const RECEIVED = 2;
export const LOST = 4;
export const DROPPED = 8;
export const COMPACT = 16;
export const REPAIR = 32;

/** A pool of slots; fields are read and written in place. */
export class Messages {
  payload: unknown[] = [];
  /** The end that sent it. */
  end = new Int32Array(0);
  control = new Uint8Array(0);
  flags = new Uint8Array(0);
  bytes = new Int32Array(0);
  /** Index of its kind, and its ordinal among that kind on its link. */
  kind = new Uint16Array(0);
  ordinal = new Uint32Array(0);
  /** When it may leave, then when it left, its sender's wire. */
  leftUs = new Float64Array(0);
  /** Its place among all that were queued for a wire. */
  order = new Float64Array(0);
  next = new Int32Array(0);
  #queued = 0;
  #free = NONE;
  #live = 0;

  /** Slots in use. */
  get live(): number {
    return this.#live;
  }

  take(
    end: number,
    control: number,
    payload: unknown,
    bytes: number,
    kind: number,
    ordinal: number,
    leaveUs: number,
  ): number {
    if (this.#free === NONE) this.#grow();
    const slot = this.#free;
    this.#free = this.next[slot] as number;
    this.#live++;
    this.payload[slot] = payload;
    this.end[slot] = end;
    this.control[slot] = control;
    this.flags[slot] = 0;
    this.bytes[slot] = bytes;
    this.kind[slot] = kind;
    this.ordinal[slot] = ordinal;
    this.leftUs[slot] = leaveUs;
    this.next[slot] = NONE;
    return slot;
  }

  free(slot: number): void {
    this.payload[slot] = undefined;
    this.next[slot] = this.#free;
    this.#free = slot;
    this.#live--;
  }

  /** Gives the slot its place in the queues of wires. */
  enqueue(slot: number): void {
    this.order[slot] = this.#queued++;
  }

  has(slot: number, flag: number): boolean {
    return ((this.flags[slot] as number) & flag) !== 0;
  }

  mark(slot: number, flag: number): void {
    this.flags[slot] = (this.flags[slot] as number) | flag;
  }

  #grow(): void {
    const from = this.next.length;
    const count = Math.max(1024, from * 2);
    this.end = copied(new Int32Array(count), this.end);
    this.control = copied(new Uint8Array(count), this.control);
    this.flags = copied(new Uint8Array(count), this.flags);
    this.bytes = copied(new Int32Array(count), this.bytes);
    this.kind = copied(new Uint16Array(count), this.kind);
    this.ordinal = copied(new Uint32Array(count), this.ordinal);
    this.leftUs = copied(new Float64Array(count), this.leftUs);
    this.order = copied(new Float64Array(count), this.order);
    this.next = copied(new Int32Array(count), this.next);
    for (let slot = count - 1; slot >= from; slot--) {
      this.payload[slot] = undefined;
      this.next[slot] = this.#free;
      this.#free = slot;
    }
  }
}

/** `larger`, begun with what `old` holds. */
export function copied<T extends { set(from: T): void }>(larger: T, old: T): T {
  larger.set(old);
  return larger;
}
