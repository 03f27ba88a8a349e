/** A process in one height: does what the driver asks for, by clock, disk and network of its host. */
import { assertNever } from '../../../env/assert.ts';
import { TIMER_DELAY_MAX_MS, type Timer } from '../../../env/clock.ts';
import { ms } from '../../../env/units.ts';
import type { Block } from '../../types/block.ts';
import { blockId } from '../../types/header-codec.ts';
import { type BlockHash, type Height, height, type PeerId } from '../../types/units.ts';
import type { Candidate, ConsensusHost, Engine, PeerVerdict } from '../consensus.ts';
import { BODIES_MAX, Candidates } from './candidates.ts';
import { encodeCommit } from './commit.ts';
import { POS_NAME, type PosConfig } from './config.ts';
import { type DriverOutput, HeightDriver } from './driver.ts';
import { duplicateProposal, duplicateVote, type PosEvidence } from './evidence.ts';
import type { LastCommit } from './last-commit.ts';
import { bareProposalBytes, proposalBytes, signedItemOf } from './messages.ts';
import type { Recovered } from './promises.ts';
import type { Proposal } from './proposal.ts';
import { proposerOf } from './proposer-priority.ts';
import type { RoundBlock, TimedStep } from './round-state.ts';
import { type SharedBySigners, Signer } from './signer.ts';
import { placeOf } from './validator-set.ts';
import type { PosView } from './view.ts';
import { VOTE, type Vote } from './vote.ts';
import { ROUNDS_AHEAD } from './vote-keeper.ts';

/** Signatures of one height that are being checked: what passes it is asked for again. Two rounds of the largest set. */
const CHECKING_MAX = 2_048;
/** A signature or a sender that no correct process sends: as a malformed message. */
export const FAULT_PENALTY = 10;
const OK: PeerVerdict = { kind: 'ok' };

/** What heights share. */
export interface ProcessContext extends SharedBySigners {
  /** Two signed messages that accuse their signer. */
  onEvidence(evidence: PosEvidence): void;
  /** More is missing than time-outs will bring: the peer has it. */
  ask(peer: PeerId): void;
  /** Round 0 has begun, or the round where an earlier boot ended. */
  onStarted(): void;
  onDecided(process: HeightProcess): void;
  /** A child of the head executes, and the signatures of its last commit are valid. */
  onValid(block: Block): void;
}

/** Where a height starts. */
export interface HeightStart {
  readonly head: Candidate;
  /** Of the head. */
  readonly view: PosView;
  /** Undefined: none is known, so that nothing can be proposed; at height 1 there is none. */
  readonly lastCommit: LastCommit | undefined;
}

export class HeightProcess {
  readonly height: Height;
  readonly head: Candidate;
  readonly view: PosView;
  readonly driver: HeightDriver;
  readonly lastCommit: LastCommit | undefined;
  readonly #context: ProcessContext;
  readonly #host: ConsensusHost<PosView>;
  readonly #candidates: Candidates;
  readonly #signer: Signer;
  readonly #timers = new Map<TimedStep | 'commit', Timer>();
  readonly #outputs: DriverOutput[] = [];
  /** By content: whether two hosts share an object must decide nothing. */
  readonly #checking = new Set<string>();
  /** Who sent the proposal of the current round. */
  #proposalFrom: PeerId | undefined;
  /** Who sent the last message that counted: votes for a block come from who has it, and is there. */
  #heardFrom: PeerId | undefined;
  /** Round for whose proposal the polka was asked for. */
  #askedRound = -1;
  #seenRound = -1;
  #announcedLock: RoundBlock | undefined;
  #isPumping = false;
  #isOver = false;
  #isStarted = false;

  constructor(context: ProcessContext, start: HeightStart, recovered: Recovered | undefined) {
    const { head, view, lastCommit } = start;
    this.#context = context;
    this.#host = context.host;
    this.head = head;
    this.view = view;
    this.lastCommit = lastCommit;
    this.height = height(head.header.height + 1);
    const { identity } = this.#host;
    const isMember = identity !== undefined && placeOf(view.current, identity) !== undefined;
    this.driver = new HeightDriver(view.current, isMember ? identity : undefined, recovered?.state);
    this.#announcedLock = this.driver.state.locked;
    this.#candidates = new Candidates({
      fetch: (id, from) => this.#host.fetch(id, from),
      peers: () => this.#host.peers(),
      validate: (id, block) => this.#validate(id, block),
      isWanted: (id) => this.driver.isWanted(id),
      isNeeded: (id) => this.driver.isNeeded(id),
      onDropped: (id) => this.driver.forget(id),
    });
    this.#signer = this.#signs(context);
  }

  #signs(context: ProcessContext): Signer {
    const { head, view, lastCommit, driver } = this;
    return new Signer({ ...context, head, view, lastCommit }, driver, {
      bodyOf: (id) => this.#candidates.get(id),
      onBuilt: (id, block) => {
        this.#candidates.keep(id, block);
        driver.judge(id, true, block.header.timestampMs);
      },
      onSaid: () => this.#pump(),
    });
  }

  /** Begins after a while; earlier when f + 1 have begun. */
  beginAfter(delayMs: number): void {
    this.#setTimer('commit', 'pos.commit', delayMs, () => this.#pump(this.driver.start()));
  }

  /** Goes on where an earlier boot ended: says again what it has signed. */
  resume({ blocks, polka }: Recovered): void {
    for (const block of blocks) {
      const id = blockId(block.header);
      this.#candidates.keep(id, block);
      this.#validate(id, block);
    }
    for (const vote of polka?.votes ?? []) this.driver.addVote(vote);
    this.#signer.sayAgain();
    this.#start();
    this.#pump(this.driver.start());
  }

  /** The records of this key are complete from now on. */
  onMaySign(): void {
    this.#signer.voteKept();
  }

  /** The height is over: nothing that comes back is of interest. */
  stop(): void {
    this.#isOver = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  blockOf(id: BlockHash): Block | undefined {
    return this.#candidates.get(id);
  }

  bounds(): ReturnType<Engine['bounds']> {
    return [
      { name: 'pos.bodies', size: this.#candidates.size, max: BODIES_MAX },
      { name: 'pos.checking', size: this.#checking.size, max: CHECKING_MAX },
    ];
  }

  onVote(from: PeerId, vote: Vote): PeerVerdict {
    const place = placeOf(this.view.current, vote.validator);
    if (place === undefined) return fault('vote of no validator');
    this.#context.gossip.onVote(from, vote, place);
    if (!this.driver.keeper.wants(vote, place) || this.#isChecking(vote)) return OK;
    this.#check(from, vote, () => {
      const outcome = this.driver.addVote(vote);
      if (outcome.kind === 'ignored') return;
      this.#context.gossip.passVote(vote, place);
      this.#showProposal(from, vote);
      if (outcome.kind === 'conflict') this.#accuse(duplicateVote(outcome.first, vote));
      this.#pump();
    });
    return OK;
  }

  onProposal(from: PeerId, proposal: Proposal, block: Block | undefined): PeerVerdict {
    const { round } = proposal;
    this.#context.gossip.onProposal(from, round);
    // Whose turn it is in a round far ahead nobody computes for a message: votes tell of such rounds.
    if (round > this.driver.state.round + ROUNDS_AHEAD + 1) return OK;
    if (proposerOf(this.view.current, round).key !== proposal.proposer) return fault('not the proposer');
    if (!this.driver.wantsProposal(proposal) || this.#isChecking(proposal)) return OK;
    this.#check(from, proposal, () => {
      const outcome = this.driver.addProposal(proposal);
      if (outcome.kind === 'ignored') return;
      this.#context.gossip.passProposal(round, proposalBytes(proposal, block));
      if (outcome.kind === 'conflict') this.#accuse(duplicateProposal(outcome.first, proposal));
      else this.#proposalFrom = from;
      if (block !== undefined) this.#candidates.onBody(proposal.block, block);
      this.#pump();
    });
    return OK;
  }

  /** A body that was fetched. */
  onBlock(block: Block): void {
    this.#candidates.onBody(blockId(block.header), block);
  }

  /** Time for repairs: what did not come is asked of somebody else. */
  onTick(): void {
    this.#candidates.fetch(this.driver.missing(), undefined, true);
  }

  #isChecking(message: Vote | Proposal): boolean {
    return this.#checking.has(textOf(message)) || this.#checking.size >= CHECKING_MAX;
  }

  /** Nothing counts before its signature was found valid. */
  #check(from: PeerId, message: Vote | Proposal, then: () => void): void {
    const text = textOf(message);
    this.#checking.add(text);
    this.#host.verify([signedItemOf(this.view.chain, message)], ([isValid]) => {
      this.#checking.delete(text);
      if (isValid !== true) this.#host.fault(from, 'wrong signature', FAULT_PENALTY);
      else if (!this.#isOver) {
        this.#heardFrom = from;
        then();
      }
    });
  }

  /** Who prevotes another block than the one that was proposed here was told of another proposal: together the two are evidence. */
  #showProposal(from: PeerId, { type, round, block }: Vote): void {
    const proposal = this.driver.proposal(round);
    if (type !== VOTE.prevote || block === undefined || proposal === undefined) return;
    if (proposal.block !== block) this.#host.send(from, bareProposalBytes(proposal));
  }

  #accuse(evidence: PosEvidence | undefined): void {
    if (evidence !== undefined) this.#context.onEvidence(evidence);
  }

  /** valid(v): a child of the head that executes. */
  #validate(id: BlockHash, block: Block): void {
    const { header } = block;
    if (header.parent !== this.head.id || header.height !== this.height) {
      this.driver.judge(id, false, header.timestampMs);
      return;
    }
    this.#host.validate(block, (rejection) => {
      if (this.#isOver) return;
      if (rejection === undefined) this.#context.onValid(block);
      this.driver.judge(id, rejection === undefined, header.timestampMs);
      this.#pump();
    });
  }

  /** Runs the driver until it asks for nothing more. */
  #pump(outputs: readonly DriverOutput[] = []): void {
    this.#outputs.push(...outputs);
    if (this.#isPumping || this.#isOver) return;
    this.#isPumping = true;
    for (;;) {
      const output = this.#outputs.shift();
      if (output !== undefined) this.#execute(output);
      else if (this.driver.advance(this.#outputs).length === 0) break;
    }
    this.#isPumping = false;
    this.#settle();
  }

  #execute(output: DriverOutput): void {
    this.#onRound();
    switch (output.kind) {
      case 'propose':
        // Who cannot propose waits like the others.
        if (!this.#signer.propose(output.round, output.valid)) this.#schedule('propose', output.round);
        return;
      case 'vote':
        return this.#onVoteDue(output);
      case 'schedule':
        return this.#schedule(output.step, output.round);
      case 'decide':
        return this.#decide(output.round, output.block);
      default:
        return assertNever(output);
    }
  }

  #onVoteDue({ type, round, block }: Extract<DriverOutput, { readonly kind: 'vote' }>): void {
    const { locked } = this.driver.state;
    if (type === 'prevote' && block !== undefined && locked !== undefined && locked.block !== block)
      this.#emit('unlock');
    this.#signer.vote(type, round, block);
  }

  /** A round has begun: time-outs of the one before are of no use. */
  #onRound(): void {
    const { round, locked } = this.driver.state;
    if (round === this.#seenRound) return;
    this.#seenRound = round;
    this.#start();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    if (round <= 0) return;
    this.#emit('round');
    if (locked !== undefined && locked !== this.#announcedLock) this.#emit('lock');
    this.#announcedLock = locked;
  }

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#context.onStarted();
  }

  /** After all rules were applied. */
  #settle(): void {
    const { driver } = this;
    const { step, round, valid } = driver.state;
    if (this.#timers.size > 0) {
      if (step !== 'propose') this.#cancel('propose');
      if (step !== 'prevote') this.#cancel('prevote');
    }
    if (valid !== undefined) this.#signer.keepValid(valid);
    if (step === 'decided') return;
    const missing = driver.missing();
    if (missing.length > 0) this.#candidates.fetch(missing, this.#proposalFrom ?? this.#heardFrom, false);
    const proposal = driver.proposal(round);
    if (step !== 'propose' || proposal?.validRound === undefined || this.#askedRound === round) return;
    if (driver.keeper.hasQuorum('prevote', proposal.validRound, proposal.block)) return;
    this.#askedRound = round;
    if (this.#proposalFrom !== undefined) this.#context.ask(this.#proposalFrom);
  }

  #schedule(step: TimedStep, round: number): void {
    const { config } = this.view;
    const delayMs = timeoutMs(config, step, round);
    this.#setTimer(step, TIMER_NAME[step], delayMs, () => this.#pump(this.driver.onTimeout(step, round)));
  }

  #setTimer(step: TimedStep | 'commit', name: string, delayMs: number, run: () => void): void {
    this.#cancel(step);
    const timer = this.#host.clock.setTimer(name, ms(Math.min(delayMs, TIMER_DELAY_MAX_MS)), () => {
      this.#timers.delete(step);
      run();
    });
    this.#timers.set(step, timer);
  }

  #cancel(step: TimedStep | 'commit'): void {
    this.#timers.get(step)?.cancel();
    this.#timers.delete(step);
  }

  /** Line 51: the node imports, and tells of its new head. */
  #decide(round: number, block: BlockHash): void {
    const body = this.#candidates.get(block);
    const votes = this.driver.commitVotes(round, block);
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    if (body === undefined || votes === undefined) return;
    this.#context.onDecided(this);
    this.#emit('decided', round);
    this.#host.submit(body, encodeCommit({ height: this.height, round, block, votes }));
  }

  #emit(what: string, round = this.driver.state.round): void {
    this.#host.emit({ kind: 'Engine', engine: POS_NAME, what, height: this.height, round });
  }
}

const TIMER_NAME: Readonly<Record<TimedStep, string>> = {
  propose: 'pos.propose',
  prevote: 'pos.prevote',
  precommit: 'pos.precommit',
};

/** timeoutPropose, timeoutPrevote, timeoutPrecommit: they grow with the round, so that one is long enough. §III-A. */
export function timeoutMs(config: PosConfig, step: TimedStep, round: number): number {
  switch (step) {
    case 'propose':
      return config.proposeMs + round * config.proposeDeltaMs;
    case 'prevote':
      return config.prevoteMs + round * config.prevoteDeltaMs;
    case 'precommit':
      return config.precommitMs + round * config.precommitDeltaMs;
    default:
      return assertNever(step);
  }
}

/** In a simulation one object reaches many. */
const texts = new WeakMap<Vote | Proposal, string>();

/** Every field: what differs in any is another message. */
function textOf(message: Vote | Proposal): string {
  const known = texts.get(message);
  if (known !== undefined) return known;
  const text = Object.values(message).join(' ');
  texts.set(message, text);
  return text;
}

function fault(what: string): PeerVerdict {
  return { kind: 'fault', fault: what, penalty: FAULT_PENALTY };
}
