/** Address book: where peers may be found, bounded in all and by source so that no peer can fill it. After Bitcoin's addrman. */
import type { Random } from '../../env/random.ts';
import type { Address } from '../../env/units.ts';

/** Addresses that one source may have in the book: 64 sources are needed to fill the default one. */
export const ADDRESSES_PER_SOURCE_MAX = 64;
/** First pause after a failed dial. */
const REDIAL_BASE_MS = 500;
/** Longest pause: a peer that was away for hours is found within half a minute of its return. */
export const REDIAL_MAX_MS = 32_000;
/** Random draws for a candidate before `pick` gives up: a list of which half can be dialed is missed once in 4,096. */
const PICK_DRAWS = 12;

/** Where an address was heard: the key of a peer, or '' for this node's own configuration, which has no limit of its own. */
export type AddressSource = string;

interface BookEntry {
  readonly address: Address;
  readonly source: AddressSource;
  /** Place in its list. */
  index: number;
  /** A handshake succeeded there: hearsay cannot push it out. */
  proven: boolean;
  failures: number;
  notBeforeMs: number;
}

/** Pause before dial number `failures + 1`: doubles with each failure, spread over 50 to 150 % so that nobody dials in step. */
export function redialDelayMs(failures: number, random: Random): number {
  const mean = Math.min(REDIAL_MAX_MS, REDIAL_BASE_MS << Math.min(failures, 16));
  return Math.floor(mean / 2) + random.below(mean + 1);
}

/** The addresses that one node knows. Times are of the monotonic clock. */
export class AddressBook {
  readonly max: number;
  readonly #random: Random;
  readonly #entries = new Map<Address, BookEntry>();
  readonly #bySource = new Map<AddressSource, number>();
  readonly #fresh: BookEntry[] = [];
  readonly #proven: BookEntry[] = [];

  constructor(random: Random, max: number) {
    this.#random = random;
    this.max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(address: Address): boolean {
    return this.#entries.has(address);
  }

  /** True when the pause after its last failure is over. */
  isDue(address: Address, nowMs: number): boolean {
    return (this.#entries.get(address)?.notBeforeMs ?? 0) <= nowMs;
  }

  /** Keeps an address. False when it is known, or its source has had its share. A full book forgets a random hearsay. */
  add(address: Address, source: AddressSource): boolean {
    if (this.#entries.has(address)) return false;
    const held = this.#bySource.get(source) ?? 0;
    if (source !== '' && held >= ADDRESSES_PER_SOURCE_MAX) return false;
    if (this.#entries.size >= this.max) {
      const victim = this.#fresh[this.#random.below(Math.max(1, this.#fresh.length))];
      if (victim === undefined) return false;
      this.remove(victim.address);
    }
    const entry: BookEntry = {
      address,
      source,
      index: this.#fresh.length,
      proven: false,
      failures: 0,
      notBeforeMs: 0,
    };
    this.#entries.set(address, entry);
    this.#bySource.set(source, held + 1);
    this.#fresh.push(entry);
    return true;
  }

  remove(address: Address): void {
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    this.#entries.delete(address);
    takeOut(entry.proven ? this.#proven : this.#fresh, entry);
    if (!entry.proven) this.#leaveSource(entry);
  }

  /** A handshake succeeded there. Proven addresses are at most half of the book: the rest stays open to new ones. */
  onProven(address: Address): void {
    const entry = this.#entries.get(address);
    if (entry === undefined || entry.proven) return;
    if (this.#proven.length >= Math.max(1, this.max >>> 1)) {
      const victim = this.#proven[this.#random.below(this.#proven.length)];
      if (victim !== undefined) this.remove(victim.address);
    }
    takeOut(this.#fresh, entry);
    this.#leaveSource(entry);
    entry.proven = true;
    entry.index = this.#proven.length;
    this.#proven.push(entry);
  }

  /** The connection lasted: the next dial needs no patience. */
  onStable(address: Address): void {
    const entry = this.#entries.get(address);
    if (entry !== undefined) entry.failures = 0;
  }

  /** Not to be dialed before that instant: its peer is banned. */
  defer(address: Address, untilMs: number): void {
    const entry = this.#entries.get(address);
    if (entry !== undefined) entry.notBeforeMs = Math.max(entry.notBeforeMs, untilMs);
  }

  /** A dial failed, or its connection ended: not again before a growing pause. Hearsay is dropped after eight. */
  onFailed(address: Address, nowMs: number): void {
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    entry.notBeforeMs = Math.max(entry.notBeforeMs, nowMs + redialDelayMs(entry.failures, this.#random));
    entry.failures++;
    if (entry.failures >= 8 && !entry.proven && entry.source !== '') this.remove(address);
  }

  /** An address to dial now: proven and fresh in turn by lot; undefined when none is due that `isFree` allows. */
  pick(nowMs: number, isFree: (address: Address) => boolean): Address | undefined {
    const provenFirst = this.#random.below(2) === 0;
    const first = provenFirst ? this.#proven : this.#fresh;
    const second = provenFirst ? this.#fresh : this.#proven;
    return this.#pickFrom(first, nowMs, isFree) ?? this.#pickFrom(second, nowMs, isFree);
  }

  /** A fresh address to try out. */
  pickFresh(nowMs: number, isFree: (address: Address) => boolean): Address | undefined {
    return this.#pickFrom(this.#fresh, nowMs, isFree);
  }

  /** The earliest instant at which `pick` may find something; undefined: not before the book changes. */
  nextDueMs(isFree: (address: Address) => boolean): number | undefined {
    let due: number | undefined;
    for (const entry of this.#entries.values()) {
      if ((due === undefined || entry.notBeforeMs < due) && isFree(entry.address)) due = entry.notBeforeMs;
    }
    return due;
  }

  /** Up to `count` random addresses to tell a peer, without repetition; at least half of them proven where they are. */
  sample(count: number): Address[] {
    const chosen = new Set<Address>();
    for (const list of [this.#proven, this.#fresh]) {
      const room = list === this.#proven ? Math.max(count >>> 1, count - this.#fresh.length) : count;
      const start = list.length === 0 ? 0 : this.#random.below(list.length);
      for (let i = 0; i < list.length && chosen.size < room; i++) {
        chosen.add((list[(start + i) % list.length] as BookEntry).address);
      }
    }
    return [...chosen];
  }

  #pickFrom(
    list: readonly BookEntry[],
    nowMs: number,
    isFree: (address: Address) => boolean,
  ): Address | undefined {
    if (list.length === 0) return undefined;
    const small = list.length <= PICK_DRAWS;
    const start = this.#random.below(list.length);
    for (let i = 0; i < Math.min(list.length, PICK_DRAWS); i++) {
      const at = small ? (start + i) % list.length : this.#random.below(list.length);
      const entry = list[at] as BookEntry;
      if (entry.notBeforeMs <= nowMs && isFree(entry.address)) return entry.address;
    }
    return undefined;
  }

  #leaveSource(entry: BookEntry): void {
    const held = this.#bySource.get(entry.source) ?? 0;
    if (held > 1) this.#bySource.set(entry.source, held - 1);
    else this.#bySource.delete(entry.source);
  }
}

function takeOut(list: BookEntry[], entry: BookEntry): void {
  const last = list.pop();
  if (last === undefined || last === entry) return;
  list[entry.index] = last;
  last.index = entry.index;
}
