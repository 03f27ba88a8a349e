/**
 * Scrubber: looks at the whole disk, a little at a time and for ever, so that rot is found in records that nobody reads; and
 * at all of it at once where something was found by chance.
 */
import type { Timer } from '../../env/clock.ts';
import { ms } from '../../env/units.ts';
import { batchOf } from '../blockstore/block-store.ts';
import { stateKey } from '../blockstore/records.ts';
import type { StateLeaf } from '../state/state.ts';
import { type Height, height } from '../types/units.ts';
import type { Chain } from './chain.ts';
import { headerOf, scrubHeight, scrubHeights } from './scrub.ts';

/** Heights of one slice of a hurried scrub: some milliseconds, so that consensus does not wait. */
const HURRIED_HEIGHTS = 32;

/** Where the patrol stands: at a height of the main chain, going down, or behind a leaf of the state. */
type Place =
  | { readonly kind: 'height'; readonly at: number }
  | { readonly kind: 'leaf'; readonly after: string | undefined };

/** The timers that scrub, of one ledger. */
export class Scrubber<View> {
  readonly #chain: Chain<View>;
  readonly #onLost: () => void;
  #place: Place | undefined;
  #patrol: Timer | undefined;
  #hurry: Timer | undefined;
  /** A fault came up while a scrub was under way, perhaps where it had been. */
  #again = false;
  #isStopped = false;
  /** Records that the patrol may read now: below zero after a block that was larger than a step, which is paid for by standing still. */
  #allowance = 0;

  /** @param onLost blocks were found lost, and peers are to be asked; inside a timer. */
  constructor(chain: Chain<View>, onLost: () => void) {
    this.#chain = chain;
    this.#onLost = onLost;
  }

  /** Begins the patrol, where the configuration wants one. */
  start(): void {
    const { scrubIntervalMs } = this.#chain.config;
    if (scrubIntervalMs === 0) return;
    // The time of day moves the beginning on: a node that restarts often leaves nothing unread for ever.
    const turn = Math.floor(this.#chain.env.clock.wallMs() / scrubIntervalMs);
    this.#place = { kind: 'height', at: turn % (this.#chain.head.header.height + 1) };
    this.#schedule();
  }

  /** Looks at every height up to the base, as events of its own. */
  hurry(from: Height = height(0)): void {
    if (this.#isStopped) return;
    if (this.#hurry !== undefined) {
      this.#again = true;
      return;
    }
    this.#hurry = this.#chain.env.clock.setTimer('ledger.scrub', ms(0), () => {
      this.#hurry = undefined;
      const next = this.#watched(() => scrubHeights(this.#chain, from, HURRIED_HEIGHTS));
      if (next <= this.#chain.base.header.height) return this.hurry(next);
      if (this.#again) this.hurry();
      this.#again = false;
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#patrol?.cancel();
    this.#hurry?.cancel();
  }

  #schedule(): void {
    const { env, config } = this.#chain;
    this.#patrol = env.clock.setTimer('ledger.patrol', ms(config.scrubIntervalMs), () => {
      this.#watched(() => this.#step());
      if (!this.#isStopped) this.#schedule();
    });
  }

  #watched<T>(scrub: () => T): T {
    const before = this.#chain.missing.size;
    const result = scrub();
    if (this.#chain.missing.size > before) this.#onLost();
    return result;
  }

  /** As many records as one step may read on the average, and whole heights: a block is bounded by itself. */
  #step(): void {
    const { scrubRecords } = this.#chain.config;
    this.#allowance = Math.min(scrubRecords, this.#allowance + scrubRecords);
    while (this.#allowance > 0 && this.#place !== undefined) {
      this.#allowance -=
        this.#place.kind === 'height'
          ? this.#heights(this.#place.at, this.#allowance)
          : this.#leaves(this.#place.after, this.#allowance);
    }
    // A chain that is short is looked at once a step.
    this.#place ??= { kind: 'height', at: this.#chain.head.header.height };
  }

  /** Downwards from a height: a header names its parent, so that a lost one is known by id. Answers the records read. */
  #heights(from: number, limit: number): number {
    let at = Math.min(from, this.#chain.head.header.height);
    let child = headerOf(this.#chain, height(at + 1));
    let records = 0;
    const { lowest } = this.#chain;
    for (; at >= lowest && records < limit; at--) {
      const scrubbed = scrubHeight(this.#chain, height(at), child);
      child = scrubbed.header;
      records += scrubbed.records;
    }
    this.#place = at < lowest ? { kind: 'leaf', after: undefined } : { kind: 'height', at };
    return records;
  }

  /** Leaves at the base are in memory as well: what rotted on the disk is written from there. */
  #leaves(after: string | undefined, limit: number): number {
    const leaves = this.#chain.tree.resultOf(this.#chain.baseSlot)?.state.leaves(after, limit) ?? [];
    const lost = leaves.filter((leaf) => !this.#isWhole(leaf));
    const ops = lost.map(({ namespace, id, value }) => this.#chain.store.put(stateKey(namespace, id), value));
    if (ops.length > 0) this.#chain.store.write(batchOf(ops));
    for (const { key } of ops) this.#chain.store.repaired(key);
    const last = leaves.at(-1);
    const isEnd = last === undefined || leaves.length < limit;
    this.#place = isEnd ? undefined : { kind: 'leaf', after: last.key };
    return leaves.length;
  }

  #isWhole({ namespace, id, value }: StateLeaf): boolean {
    const key = stateKey(namespace, id);
    const stored = this.#chain.store.read(key);
    if (stored === 'corrupt') return false;
    const isSame = stored?.length === value.length && stored.every((byte, i) => byte === value[i]);
    if (!isSame) this.#chain.store.report(key);
    return isSame;
  }
}
