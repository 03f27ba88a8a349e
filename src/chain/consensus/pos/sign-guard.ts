/**
 * Sign guard: from which height on this key may sign. A key whose records are not complete may have signed anything that it
 * could have signed; it waits until the chain has left that behind. PROTOCOL.md, PoS.
 */
import type { PublicKey } from '../../types/units.ts';
import { hasCorrect } from './quorum.ts';
import { placeOf, type ValidatorSet } from './validator-set.ts';

/** What is known of the key when the process starts. */
export interface GuardStart {
  /** The first height that is not decided here. */
  readonly height: number;
  /** Complete unless `hasCorrupt`: there is a marker, or somebody vouches. */
  readonly isComplete: boolean;
  readonly hasCorrupt: boolean;
  /** The highest height with a record; 0: none. */
  readonly highest: number;
  /** PosConfig.safeHeights. */
  readonly safeHeights: number;
}

export class SignGuard {
  readonly #start: GuardStart;
  readonly #claims = new Map<PublicKey, number>();
  /** Undefined: not known yet how far the key may have signed. */
  #from: number | undefined;

  constructor(start: GuardStart) {
    this.#start = start;
    const { isComplete, hasCorrupt, height, highest } = start;
    // A damaged record is of the newest height at most: the next is safe. Below the newest record nothing is signed anew.
    if (isComplete) this.#from = hasCorrupt ? Math.max(height, highest) + 1 : highest;
  }

  /** True: signing in this height contradicts nothing. */
  maySign(height: number): boolean {
    return this.#from !== undefined && height >= this.#from;
  }

  /** A validator says where its head is. */
  onClaim(by: PublicKey, head: number): void {
    if (this.#from === undefined) this.#claims.set(by, Math.max(head, this.#claims.get(by) ?? 0));
  }

  /**
   * The process saw the votes that decide a height: the network is there, or where more than 1/3 of the power claim to be. The
   * key may have signed one height more. @param set of that height.
   */
  onDecided(height: number, set: ValidatorSet): void {
    if (this.#from !== undefined) return;
    const newest = Math.max(height, this.#start.height, this.#start.highest, this.#claimed(set));
    this.#from = newest + 1 + this.#start.safeHeights + 1;
    this.#claims.clear();
  }

  /** The highest height that validators with more than 1/3 of the power claim: one of them is correct. */
  #claimed(set: ValidatorSet): number {
    let power = 0n;
    for (const [key, head] of [...this.#claims].sort(([, a], [, b]) => b - a)) {
      power += set.validators[placeOf(set, key) ?? -1]?.power ?? 0n;
      if (hasCorrect(power, set.totalPower)) return head;
    }
    return 0;
  }
}
