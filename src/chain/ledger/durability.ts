/** Durability: asks for flushes, one in flight at a time, and knows up to which height the main chain is durable. */
import type { Storage, StorageFault } from '../../env/storage.ts';

export class Durability {
  readonly #storage: Storage;
  readonly #everyWrites: number;
  readonly #onDurable: () => void;
  readonly #onFault: (fault: StorageFault) => void;
  #inFlight = false;
  #faulted = false;
  #writes = 0;
  /** Height of the head when the flush in flight was asked for, lowered by reorganisations since. */
  #asked = 0;
  #durable = 0;
  #latest = 0;

  /** @param everyWrites so many imports may be volatile before a flush is asked for. */
  constructor(
    storage: Storage,
    everyWrites: number,
    onDurable: () => void,
    onFault: (fault: StorageFault) => void,
  ) {
    this.#storage = storage;
    this.#everyWrites = everyWrites;
    this.#onDurable = onDurable;
    this.#onFault = onFault;
  }

  /** Up to this height the main chain survives a power loss. */
  get height(): number {
    return this.#durable;
  }

  /** The chain as it was found: it may not be durable yet. */
  onOpened(head: number): void {
    this.#flush(head);
  }

  /** An import was written, and the main chain now ends at `head`. */
  onWritten(head: number): void {
    this.#writes++;
    this.#latest = head;
    if (!this.#inFlight && this.#writes >= this.#everyWrites) this.#flush(head);
  }

  /** The main chain changed above `ancestor`: what was durable there is another branch. */
  onReorg(ancestor: number): void {
    this.#asked = Math.min(this.#asked, ancestor);
    this.#durable = Math.min(this.#durable, ancestor);
  }

  /** Asks for a flush of everything, whatever is in flight. */
  flushed(then: () => void): void {
    this.#storage.flush((fault) => {
      if (fault === undefined) then();
      else this.#fail(fault);
    });
  }

  #flush(head: number): void {
    this.#inFlight = true;
    this.#writes = 0;
    this.#asked = head;
    this.#storage.flush((fault) => {
      this.#inFlight = false;
      if (fault !== undefined) return this.#fail(fault);
      this.#durable = this.#asked;
      this.#onDurable();
      if (this.#writes >= this.#everyWrites) this.#flush(this.#latest);
    });
  }

  #fail(fault: StorageFault): void {
    if (this.#faulted) return;
    this.#faulted = true;
    this.#onFault(fault);
  }
}
