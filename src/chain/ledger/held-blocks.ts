/** Blocks from the future: kept, within bounds, until the local clock lets them in. Never refused, never a fault. */
import type { Clock, Timer } from '../../env/clock.ts';
import { TIMER_DELAY_MAX_MS } from '../../env/clock.ts';
import { ms } from '../../env/units.ts';
import type { Block } from '../types/block.ts';
import type { BlockHash } from '../types/units.ts';

/** More would only wait for somebody's wrong clock; a block is 1 MiB at most. */
export const HELD_BLOCKS_MAX = 64;

/** A block with its certificate. */
export interface HeldBlock {
  readonly id: BlockHash;
  readonly block: Block;
  readonly certificate: string;
}

export class HeldBlocks {
  readonly #clock: Clock;
  readonly #release: (due: readonly HeldBlock[]) => void;
  readonly #held = new Map<BlockHash, HeldBlock>();
  #timer: Timer | undefined;
  #dueMs = 0;

  /** @param release is called from a timer with what came due, earliest first. */
  constructor(clock: Clock, release: (due: readonly HeldBlock[]) => void) {
    this.#clock = clock;
    this.#release = release;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Keeps the block for about `retryMs`; false when earlier ones fill all places. */
  hold(held: HeldBlock, retryMs: number): boolean {
    if (!this.#held.has(held.id) && this.#held.size >= HELD_BLOCKS_MAX) {
      const last = this.#sorted().at(-1);
      if (last === undefined || last.block.header.timestampMs <= held.block.header.timestampMs) return false;
      this.#held.delete(last.id);
    }
    this.#held.set(held.id, held);
    this.#arm(retryMs);
    return true;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #sorted(): readonly HeldBlock[] {
    return [...this.#held.values()].sort(
      (a, b) => a.block.header.timestampMs - b.block.header.timestampMs || (a.id < b.id ? -1 : 1),
    );
  }

  #arm(delayMs: number): void {
    const dueMs = this.#clock.monotonicMs() + delayMs;
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return;
    this.#timer?.cancel();
    this.#dueMs = dueMs;
    const bounded = Math.max(1, Math.min(delayMs, TIMER_DELAY_MAX_MS));
    this.#timer = this.#clock.setTimer('ledger.held', ms(bounded), () => this.#onTimer());
  }

  /** All are tried: the wall clock may have stepped; what is still early is held again by its import. */
  #onTimer(): void {
    this.#timer = undefined;
    const all = this.#sorted();
    this.#held.clear();
    this.#release(all);
  }
}
