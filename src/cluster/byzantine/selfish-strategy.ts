/** SM1, the strategy of a selfish miner: when he keeps a block and when he publishes. Eyal and Sirer, arXiv:1311.0243, algorithm 1. */

/** What he does with his branch: nothing, publish all of it, or publish a branch as long as the public one: a race. */
export type SelfishMove = 'keep' | 'publish' | 'race';

/** Heights are those of blocks; a branch is counted from the last block that both have. */
export class SelfishStrategy {
  /** Height of the last block that both branches share, and the lengths of the branches since. */
  #base = 0;
  #private = 0;
  #public = 0;
  #isRacing = false;

  /** Two branches of one length are public, one of them his. */
  get isRacing(): boolean {
    return this.#isRacing;
  }

  /** He has blocks that nobody else knows. */
  get isHiding(): boolean {
    return this.#private > 0;
  }

  /** He found a block of that height. */
  onOwn(height: number): SelfishMove {
    if (this.#isRacing) {
      // His branch is longer now: the others follow.
      this.#isRacing = false;
      this.#private = 0;
      return 'publish';
    }
    if (this.#private === 0) {
      this.#base = height - 1;
      this.#public = 0;
    }
    this.#private++;
    return 'keep';
  }

  /** He heard of a block of the others. */
  onHeard(height: number): SelfishMove {
    if (this.#isRacing && height > this.#base + 1) {
      this.#isRacing = false;
      return 'keep';
    }
    if (this.#private === 0) return 'keep';
    // Two honest blocks of one height lengthen their branch once.
    if (height <= this.#base + this.#public) return 'keep';
    const lead = this.#private - this.#public;
    this.#public = height - this.#base;
    if (lead > 2) return 'keep';
    this.#private = 0;
    if (lead !== 1) return 'publish';
    this.#isRacing = true;
    return 'race';
  }
}
