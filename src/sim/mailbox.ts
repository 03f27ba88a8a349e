/** What waits at a host that is busy or paused, in the order in which it came. */

/** Emptied places are given back when they are many. */
const COMPACT_AT = 1024;

/** A queue of calls, which counts the messages among them. */
export class Mailbox<T extends { readonly kind: string; readonly bytes?: number }> {
  #calls: T[] = [];
  #head = 0;
  messages = 0;
  messageBytes = 0;

  get size(): number {
    return this.#calls.length - this.#head;
  }

  add(call: T): void {
    this.#calls.push(call);
    if (call.bytes === undefined) return;
    this.messages++;
    this.messageBytes += call.bytes;
  }

  /** Undefined when nothing waits. */
  take(): T | undefined {
    const call = this.#calls[this.#head];
    if (call === undefined) return undefined;
    this.#head++;
    if (call.bytes !== undefined) {
      this.messages--;
      this.messageBytes -= call.bytes;
    }
    if (this.size === 0) this.clear();
    else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#calls.length) {
      this.#calls = this.#calls.slice(this.#head);
      this.#head = 0;
    }
    return call;
  }

  clear(): void {
    this.#calls = [];
    this.#head = 0;
    this.messages = 0;
    this.messageBytes = 0;
  }
}
