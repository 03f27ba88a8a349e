/**
 * Vote keeper: the votes of one height by round, type and value, counted by power. arXiv:1807.04938: the message log, and its
 * conditions "2f + 1" and "f + 1".
 *
 * A validator that signs several values for one place counts for each of them, once. Safety does not need more: two values of
 * one (round, type) that both have more than 2/3 of the power share more than 1/3, which then has signed twice. Liveness needs
 * no less: a faulty validator may show each correct one another value, and what one correct process saw as a polka, every
 * other must be able to count too. So of each validator the first two values are taken, which is enough to accuse it,
 * and any further value only if it is wanted: proposed in this height, or shown by a peer as a polka.
 */
import type { BlockHash } from '../../types/units.ts';
import { Bitset } from './bitset.ts';
import { hasCorrect, isQuorum } from './quorum.ts';
import type { RoundBlock } from './round-state.ts';
import { placeOf, type ValidatorSet } from './validator-set.ts';
import { VOTE, type Vote, type VoteType } from './vote.ts';

/**
 * Rounds below the current one whose votes are kept, beside those of valid and proposed values: a round lasts a few latencies, so
 * that nobody's messages come from further back. 100 validators take about 60 kB a round.
 */
export const ROUNDS_KEPT = 16;
/** Rounds above the current one whose votes are kept: who is further behind asks again when it has skipped ahead. */
export const ROUNDS_AHEAD = 2;

/** A value as the log has it: nil is one. */
type Value = BlockHash | 'nil';

interface ValueTally {
  readonly votes: (Vote | undefined)[];
  readonly voters: Bitset;
  power: bigint;
  hasQuorum: boolean;
}

/** Votes of one round and type. */
interface Tally {
  readonly values: Map<Value, ValueTally>;
  /** First vote of each validator. */
  readonly first: (Vote | undefined)[];
  /** Who has signed two values. */
  readonly twice: Bitset;
  /** Of all that have voted, whatever for. */
  power: bigint;
  hasQuorum: boolean;
  /** The value with a quorum: with less than 1/3 faulty there is one at most. */
  decided: Value | undefined;
}

/** What became of a vote. */
export type VoteOutcome =
  | { readonly kind: 'counted' }
  /** Counted, and its validator had signed `first` before: both together accuse it. */
  | { readonly kind: 'conflict'; readonly first: Vote }
  /** Counted before, of a round that is not kept, or of a value that nobody wants. */
  | { readonly kind: 'ignored' };

const IGNORED: VoteOutcome = { kind: 'ignored' };
const COUNTED: VoteOutcome = { kind: 'counted' };

/** Votes for one value of one (round, type), for who repairs a peer. */
export interface ValueVotes {
  readonly block: BlockHash | undefined;
  readonly voters: Bitset;
  /** By place. */
  readonly votes: readonly (Vote | undefined)[];
  readonly hasQuorum: boolean;
}

export class VoteKeeper {
  readonly #set: ValidatorSet;
  readonly #rounds = new Map<number, Record<VoteType, Tally>>();
  /** Rounds whose votes stay, however old: of the valid value and of proposals with a validRound. */
  readonly #pinned = new Set<number>();
  readonly #proposed = new Set<BlockHash>();
  /** By who shows them. */
  readonly #shown = new Map<string, readonly BlockHash[]>();
  /** The highest round above the current one in which each validator was heard; -1: none. */
  readonly #heard: Int32Array;
  readonly #heardPower = new Map<number, bigint>();
  #round = -1;
  #commit: RoundBlock | undefined;

  /** @param set of the height. */
  constructor(set: ValidatorSet) {
    this.#set = set;
    this.#heard = new Int32Array(set.validators.length).fill(-1);
  }

  /** 2f + 1 precommits for this block in this round, whichever it is. Line 49. */
  get commit(): RoundBlock | undefined {
    return this.#commit;
  }

  /** Rounds of which votes are kept: at most ROUNDS_KEPT + ROUNDS_AHEAD + 1 and the pinned ones. */
  get roundCount(): number {
    return this.#rounds.size;
  }

  /** A new current round: what lies far below is forgotten. */
  moveTo(round: number): void {
    this.#round = round;
    for (const kept of this.#rounds.keys()) if (!this.#isKept(kept)) this.#rounds.delete(kept);
    for (const heard of this.#heardPower.keys()) if (heard <= round) this.#heardPower.delete(heard);
  }

  /** Votes of this round are kept for the height: at most one round for each round that was proposed in. */
  pin(round: number): void {
    this.#pinned.add(round);
  }

  /** Votes for a proposed block count, whoever has signed how many others. */
  propose(block: BlockHash): void {
    this.#proposed.add(block);
  }

  /** Blocks for which a peer says it has a polka: votes for them count. What it said before is replaced. @param by who says so. */
  show(by: string, blocks: readonly BlockHash[]): void {
    if (blocks.length === 0) this.#shown.delete(by);
    else this.#shown.set(by, blocks);
  }

  /** True when `add` would count it: asked before its signature is checked. @param vote of a member of the set. */
  wants(vote: Vote, place: number): boolean {
    if (this.#isAhead(vote.round)) return vote.round > (this.#heard[place] ?? -1);
    if (!this.#isKept(vote.round)) return false;
    const tally = this.#rounds.get(vote.round)?.[typeOf(vote)];
    if (tally === undefined || !this.#hasVoted(tally, place)) return true;
    const value = vote.block ?? 'nil';
    if (tally.values.get(value)?.voters.has(place) === true) return false;
    return !tally.twice.has(place) || this.#isWanted(vote.block);
  }

  /** Counts a vote whose signature was found valid. */
  add(vote: Vote): VoteOutcome {
    const place = placeOf(this.#set, vote.validator);
    if (place === undefined || !this.wants(vote, place)) return IGNORED;
    this.hear(place, vote.round);
    if (this.#isAhead(vote.round)) return IGNORED;
    const tally = this.#tallyOf(vote.round, typeOf(vote));
    const first = tally.first[place];
    if (first === undefined) {
      tally.first[place] = vote;
      tally.power += this.#powerOf(place);
      tally.hasQuorum ||= isQuorum(tally.power, this.#set.totalPower);
    }
    this.#count(tally, vote, place);
    if (first === undefined) return COUNTED;
    tally.twice.add(place);
    return { kind: 'conflict', first };
  }

  /** A validator has spoken of a round, by a vote or a proposal. Of rounds above the current one only the highest counts. */
  hear(place: number, round: number): void {
    const before = this.#heard[place] ?? -1;
    if (round <= this.#round || round <= before) return;
    this.#heard[place] = round;
    const power = this.#powerOf(place);
    const old = this.#heardPower.get(before);
    if (old !== undefined && old > power) this.#heardPower.set(before, old - power);
    else this.#heardPower.delete(before);
    this.#heardPower.set(round, (this.#heardPower.get(round) ?? 0n) + power);
  }

  /**
   * Line 55: the highest round above the current one that f + 1 speak of, or of a later one; one of them is correct, and has
   * been there. Undefined: none.
   */
  skipRound(): number | undefined {
    if (this.#heardPower.size === 0) return undefined;
    let power = 0n;
    const rounds = [...this.#heardPower].sort(([a], [b]) => b - a);
    for (const [round, heard] of rounds) {
      power += heard;
      if (hasCorrect(power, this.#set.totalPower)) return round;
    }
    return undefined;
  }

  /** 2f + 1 votes of that round and type, for whatever. Lines 34 and 47. */
  hasAny(type: VoteType, round: number): boolean {
    return this.#rounds.get(round)?.[type].hasQuorum === true;
  }

  /** 2f + 1 votes for this value. Lines 28, 36, 44 and 49. */
  hasQuorum(type: VoteType, round: number, block: BlockHash | undefined): boolean {
    return this.#valueOf(type, round, block)?.hasQuorum === true;
  }

  /** The block that 2f + 1 prevoted for in that round. */
  polka(round: number): BlockHash | undefined {
    const value = this.#rounds.get(round)?.prevote.decided;
    return value === 'nil' ? undefined : value;
  }

  /** Votes for a value by place; empty when there are none. */
  votes(type: VoteType, round: number, block: BlockHash | undefined): readonly (Vote | undefined)[] {
    return this.#valueOf(type, round, block)?.votes ?? [];
  }

  /** All that is kept of a (round, type), in the order in which values came. */
  values(type: VoteType, round: number): readonly ValueVotes[] {
    const tally = this.#rounds.get(round)?.[type];
    if (tally === undefined) return [];
    return [...tally.values].map(([value, { voters, votes, hasQuorum }]) => ({
      block: value === 'nil' ? undefined : value,
      voters,
      votes,
      hasQuorum,
    }));
  }

  #count(tally: Tally, vote: Vote, place: number): void {
    const value = vote.block ?? 'nil';
    let counted = tally.values.get(value);
    if (counted === undefined) {
      const size = this.#set.validators.length;
      counted = { votes: blanks(size), voters: new Bitset(size), power: 0n, hasQuorum: false };
      tally.values.set(value, counted);
    }
    counted.voters.add(place);
    counted.votes[place] = vote;
    counted.power += this.#powerOf(place);
    if (counted.hasQuorum || !isQuorum(counted.power, this.#set.totalPower)) return;
    counted.hasQuorum = true;
    tally.decided ??= value;
    if (vote.type === VOTE.precommit && vote.block !== undefined)
      this.#commit ??= { round: vote.round, block: vote.block };
  }

  #tallyOf(round: number, type: VoteType): Tally {
    let tallies = this.#rounds.get(round);
    if (tallies === undefined) {
      const size = this.#set.validators.length;
      tallies = { prevote: emptyTally(size), precommit: emptyTally(size) };
      this.#rounds.set(round, tallies);
    }
    return tallies[type];
  }

  #valueOf(type: VoteType, round: number, block: BlockHash | undefined): ValueTally | undefined {
    return this.#rounds.get(round)?.[type].values.get(block ?? 'nil');
  }

  #hasVoted(tally: Tally, place: number): boolean {
    return tally.first[place] !== undefined;
  }

  #powerOf(place: number): bigint {
    return this.#set.validators[place]?.power ?? 0n;
  }

  #isAhead(round: number): boolean {
    return round > this.#round + ROUNDS_AHEAD;
  }

  #isKept(round: number): boolean {
    return round >= this.#round - ROUNDS_KEPT || this.#pinned.has(round) || this.#commit?.round === round;
  }

  #isWanted(block: BlockHash | undefined): boolean {
    if (block === undefined || this.#proposed.has(block)) return true;
    for (const blocks of this.#shown.values()) if (blocks.includes(block)) return true;
    return false;
  }
}

/** The type that a vote's code stands for. */
function typeOf(vote: Vote): VoteType {
  return vote.type === VOTE.prevote ? 'prevote' : 'precommit';
}

function emptyTally(size: number): Tally {
  return {
    values: new Map(),
    first: blanks(size),
    twice: new Bitset(size),
    power: 0n,
    hasQuorum: false,
    decided: undefined,
  };
}

function blanks(size: number): (Vote | undefined)[] {
  const votes: (Vote | undefined)[] = [];
  for (let place = 0; place < size; place++) votes.push(undefined);
  return votes;
}
