/** The commit of the head, for the last commit of the next block: what decided it, and precommits that came later. */
import type { UnixMs } from '../../../env/units.ts';
import type { Commit, CommitVote } from './commit.ts';
import { VOTE, type Vote } from './vote.ts';

export class LastCommit {
  readonly #commit: Commit;
  readonly #blockMs: UnixMs;
  readonly #votes: Map<number, CommitVote>;

  /** @param blockMs time of the block: votes are later. */
  constructor(commit: Commit, blockMs: UnixMs) {
    this.#commit = commit;
    this.#blockMs = blockMs;
    this.#votes = new Map(commit.votes.map((vote) => [vote.validator, vote]));
  }

  /** True when it is one more precommit for this block in this round. @param place in the set of the head's height. */
  wants({ type, height, round, block, timestampMs }: Vote, place: number): boolean {
    const { height: at, round: of, block: id } = this.#commit;
    if (type !== VOTE.precommit || height !== at || round !== of || block !== id) return false;
    return timestampMs > this.#blockMs && !this.#votes.has(place);
  }

  /** A precommit that it wants and whose signature is valid. */
  add({ timestampMs, signature }: Vote, place: number): void {
    this.#votes.set(place, { validator: place, timestampMs, signature });
  }

  /** All of them, by place. */
  commit(): Commit {
    const votes = [...this.#votes.values()].sort((a, b) => a.validator - b.validator);
    return { ...this.#commit, votes };
  }
}
