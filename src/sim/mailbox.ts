/** What waits at a host that is busy or paused, in the order in which it came. */

/** Emptied places are given back when they are many. */
const COMPACT_AT = 1024;

/** A queue of calls in parallel arrays. */
export class Mailbox {
  #kinds: number[] = [];
  #numbers: number[] = [];
  #payloads: unknown[] = [];
  #extras: unknown[] = [];
  #sizes: number[] = [];
  #head = 0;
  /** Messages among the calls, and their bytes. */
  messages = 0;
  messageBytes = 0;

  /** The call that `take` took. */
  kind = 0;
  number = 0;
  payload: unknown = undefined;
  extra: unknown = undefined;

  get size(): number {
    return this.#kinds.length - this.#head;
  }

  /** @param bytes of a message; -1 when it is none. */
  add(kind: number, number: number, payload: unknown, extra: unknown, bytes: number): void {
    this.#kinds.push(kind);
    this.#numbers.push(number);
    this.#payloads.push(payload);
    this.#extras.push(extra);
    this.#sizes.push(bytes);
    if (bytes < 0) return;
    this.messages++;
    this.messageBytes += bytes;
  }

  /** False when nothing waits. */
  take(): boolean {
    if (this.size === 0) return false;
    const head = this.#head++;
    this.kind = this.#kinds[head] as number;
    this.number = this.#numbers[head] as number;
    this.payload = this.#payloads[head];
    this.extra = this.#extras[head];
    const bytes = this.#sizes[head] as number;
    if (bytes >= 0) {
      this.messages--;
      this.messageBytes -= bytes;
    }
    this.#payloads[head] = undefined;
    this.#extras[head] = undefined;
    if (this.size === 0) this.clear();
    else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#kinds.length) this.#compact();
    return true;
  }

  clear(): void {
    this.#kinds.length = 0;
    this.#numbers.length = 0;
    this.#payloads.length = 0;
    this.#extras.length = 0;
    this.#sizes.length = 0;
    this.#head = 0;
    this.messages = 0;
    this.messageBytes = 0;
  }

  #compact(): void {
    const head = this.#head;
    this.#kinds = this.#kinds.slice(head);
    this.#numbers = this.#numbers.slice(head);
    this.#payloads = this.#payloads.slice(head);
    this.#extras = this.#extras.slice(head);
    this.#sizes = this.#sizes.slice(head);
    this.#head = 0;
  }
}
