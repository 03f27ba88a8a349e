/**
 * Driver of one height: offers the round state machine every condition that holds of the message log, until nothing more
 * follows. Sends, signs and stores nothing; time-outs are told to it.
 */
import type { UnixMs } from '../../../env/units.ts';
import type { BlockHash, PublicKey } from '../../types/units.ts';
import type { CommitVote } from './commit.ts';
import type { Proposal } from './proposal.ts';
import { proposerOf } from './proposer-priority.ts';
import { isQuorum } from './quorum.ts';
import {
  INITIAL_ROUND_STATE,
  type RoundInput,
  type RoundOutput,
  type RoundState,
  stepRound,
  type TimedStep,
} from './round-state.ts';
import { placeOf, type ValidatorSet } from './validator-set.ts';
import { ROUND_MAX, type Vote } from './vote.ts';
import { ROUNDS_AHEAD, ROUNDS_KEPT, VoteKeeper, type VoteOutcome } from './vote-keeper.ts';

/** What a driver asks for: `startRound` it has done already. */
export type DriverOutput = Exclude<RoundOutput, { readonly kind: 'startRound' }>;

/** What became of a proposal. */
export type ProposalOutcome =
  | { readonly kind: 'accepted' }
  /** The proposer has signed `first` for the same round: both together accuse it. */
  | { readonly kind: 'conflict'; readonly first: Proposal }
  | { readonly kind: 'ignored' };

/** What is known of a block that was judged. */
interface Judged {
  readonly isValid: boolean;
  readonly timestampMs: UnixMs;
}

/** Two proposals accuse; of a third nobody learns anything. */
const PROPOSALS_OF_ROUND_MAX = 2;

export class HeightDriver {
  readonly set: ValidatorSet;
  readonly keeper: VoteKeeper;
  readonly #self: PublicKey | undefined;
  /** By round: the first counts. */
  readonly #proposals = new Map<number, readonly Proposal[]>();
  readonly #judged = new Map<BlockHash, Judged>();
  #state: RoundState;

  /** @param state where a process goes on that has signed in this height before. @param self whose turn it may be to propose. */
  constructor(set: ValidatorSet, self: PublicKey | undefined, state: RoundState = INITIAL_ROUND_STATE) {
    this.set = set;
    this.keeper = new VoteKeeper(set);
    this.#self = self;
    this.#state = state;
    this.keeper.moveTo(state.round);
    if (state.valid !== undefined) this.keeper.pin(state.valid.round);
  }

  get state(): RoundState {
    return this.#state;
  }

  /** Line 10: the height begins; harmless when it has. */
  start(): readonly DriverOutput[] {
    const outputs: DriverOutput[] = [];
    if (this.#state.step === 'waiting') this.#startRound(this.#state.round + 1, outputs);
    return this.advance(outputs);
  }

  /** Lines 57 to 67. */
  onTimeout(step: TimedStep, round: number): readonly DriverOutput[] {
    const outputs: DriverOutput[] = [];
    this.#step({ kind: 'timeout', step, round }, outputs);
    return this.advance(outputs);
  }

  /** A vote whose signature is valid; `advance` follows. */
  addVote(vote: Vote): VoteOutcome {
    return this.keeper.add(vote);
  }

  /** A proposal whose signature is valid, of the round's proposer; `advance` follows. */
  addProposal(proposal: Proposal): ProposalOutcome {
    if (!this.wantsProposal(proposal)) return { kind: 'ignored' };
    const { round, block, validRound } = proposal;
    const place = placeOf(this.set, proposal.proposer);
    if (place !== undefined) this.keeper.hear(place, round);
    if (round > this.#state.round + ROUNDS_AHEAD) return { kind: 'ignored' };
    const before = this.#proposals.get(round) ?? [];
    this.#proposals.set(round, [...before, proposal]);
    this.keeper.propose(block);
    if (validRound !== undefined) this.keeper.pin(validRound);
    const [first] = before;
    return first === undefined ? { kind: 'accepted' } : { kind: 'conflict', first };
  }

  /** True when `addProposal` would take it: asked before its signature is checked. */
  wantsProposal({ round, block }: Proposal): boolean {
    if (round < this.#state.round - ROUNDS_KEPT) return false;
    const before = this.#proposals.get(round) ?? [];
    return before.length < PROPOSALS_OF_ROUND_MAX && before.every((known) => known.block !== block);
  }

  /** The proposal that counts in this round. */
  proposal(round: number): Proposal | undefined {
    return this.#proposals.get(round)?.[0];
  }

  /** valid(v) of the paper: a block was executed, or came out of `build`; `advance` follows. */
  judge(block: BlockHash, isValid: boolean, timestampMs: UnixMs): void {
    if (!this.#judged.has(block)) this.#judged.set(block, { isValid, timestampMs });
  }

  /** The body of a block is not kept any more: it is judged anew when it is needed. */
  forget(block: BlockHash): void {
    this.#judged.delete(block);
  }

  /** A block that the next rule may ask for: of a commit, a polka, the lock, the valid value, or the proposal of this round. */
  isNeeded(block: BlockHash): boolean {
    const { round, locked, valid } = this.#state;
    return (
      this.keeper.commit?.block === block ||
      this.keeper.polka(round) === block ||
      locked?.block === block ||
      valid?.block === block ||
      this.proposal(round)?.block === block
    );
  }

  /** A block that somebody signed for in this height, so that its body is worth having. */
  isWanted(block: BlockHash): boolean {
    if (this.isNeeded(block)) return true;
    for (const proposals of this.#proposals.values())
      if (proposals.some((proposal) => proposal.block === block)) return true;
    return false;
  }

  /**
   * Blocks that lines 22 to 49 wait for. The paper takes v from the proposal; here also 2f + 1 votes for id(v) make it wanted: f + 1
   * correct processes have had its proposal and found it valid.
   */
  missing(): readonly BlockHash[] {
    const { round, valid } = this.#state;
    const wanted = [
      this.keeper.commit?.block,
      this.keeper.polka(round),
      this.proposal(round)?.block,
      valid?.block,
    ];
    return wanted.filter(
      (block, at): block is BlockHash =>
        block !== undefined && !this.#judged.has(block) && wanted.indexOf(block) === at,
    );
  }

  /** The votes of a certificate: precommits later than the block, as the rules demand them; undefined: they are no quorum. */
  commitVotes(round: number, block: BlockHash): readonly CommitVote[] | undefined {
    const after = this.#judged.get(block)?.timestampMs ?? 0;
    const votes: CommitVote[] = [];
    let power = 0n;
    for (const [validator, vote] of this.keeper.votes('precommit', round, block).entries()) {
      if (vote === undefined || vote.timestampMs <= after) continue;
      votes.push({ validator, timestampMs: vote.timestampMs, signature: vote.signature });
      power += this.set.validators[validator]?.power ?? 0n;
    }
    return isQuorum(power, this.set.totalPower) ? votes : undefined;
  }

  /** Applies the rules until none does anything more. @param outputs what was asked for before. */
  advance(outputs: DriverOutput[] = []): readonly DriverOutput[] {
    while (this.#applyOne(outputs));
    return outputs;
  }

  /** The first rule whose condition holds, in an order in which no time-out is set that the next rule makes needless. */
  #applyOne(outputs: DriverOutput[]): boolean {
    const { round, step } = this.#state;
    if (step === 'decided') return false;
    const { keeper } = this;
    const { commit } = keeper;
    if (commit !== undefined && this.#isDecidable(commit.round, commit.block))
      return this.#step({ kind: 'commit', ...commit }, outputs);
    const later = keeper.skipRound();
    if (later !== undefined) return this.#step({ kind: 'skip', round: later }, outputs);
    if (step === 'waiting') return false;
    if (step === 'propose' && this.#offerProposal(round, outputs)) return true;
    const polka = keeper.polka(round);
    if (polka !== undefined && this.#judged.get(polka)?.isValid === true) {
      if (this.#step({ kind: 'polka', block: polka }, outputs)) {
        keeper.pin(round);
        return true;
      }
    }
    if (keeper.hasQuorum('prevote', round, undefined) && this.#step({ kind: 'polkaNil' }, outputs))
      return true;
    if (keeper.hasAny('prevote', round) && this.#step({ kind: 'prevotes' }, outputs)) return true;
    return keeper.hasAny('precommit', round) && this.#step({ kind: 'precommits' }, outputs);
  }

  #offerProposal(round: number, outputs: DriverOutput[]): boolean {
    const proposal = this.proposal(round);
    if (proposal === undefined) return false;
    const { block, validRound } = proposal;
    const judged = this.#judged.get(block);
    if (judged === undefined) return false;
    const hasPolka = validRound !== undefined && this.keeper.hasQuorum('prevote', validRound, block);
    return this.#step({ kind: 'proposal', block, validRound, isValid: judged.isValid, hasPolka }, outputs);
  }

  #isDecidable(round: number, block: BlockHash): boolean {
    return this.#judged.get(block)?.isValid === true && this.commitVotes(round, block) !== undefined;
  }

  #step(input: RoundInput, outputs: DriverOutput[]): boolean {
    const { state, outputs: asked } = stepRound(this.#state, input);
    const hasActed = state !== this.#state || asked.length > 0;
    this.#state = state;
    for (const output of asked) {
      if (output.kind === 'startRound') this.#startRound(output.round, outputs);
      else outputs.push(output);
    }
    return hasActed;
  }

  /** After the last round there is none: a chain that came so far needs an operator. */
  #startRound(round: number, outputs: DriverOutput[]): void {
    if (round > ROUND_MAX) return;
    this.keeper.moveTo(round);
    for (const kept of this.#proposals.keys()) if (kept < round - ROUNDS_KEPT) this.#proposals.delete(kept);
    const isProposer = this.#self !== undefined && proposerOf(this.set, round).key === this.#self;
    this.#step({ kind: 'start', round, isProposer }, outputs);
  }
}
