/** A process in one height: does what the driver asks for, by clock, disk and network of its host. */
import { assertNever } from '../../../env/assert.ts';
import { bytesToHex } from '../../../env/bytes.ts';
import { TIMER_DELAY_MAX_MS, type Timer } from '../../../env/clock.ts';
import type { SignedItem } from '../../../env/crypto.ts';
import { type Ms, ms, type UnixMs, unixMs } from '../../../env/units.ts';
import type { Block } from '../../types/block.ts';
import { blockId } from '../../types/header-codec.ts';
import { type BlockHash, type Height, height, type PeerId } from '../../types/units.ts';
import type { Candidate, ConsensusHost, PeerVerdict } from '../consensus.ts';
import { bftTime } from './bft-time.ts';
import { Candidates } from './candidates.ts';
import { encodeCommit } from './commit.ts';
import { POS_NAME, type PosConfig } from './config.ts';
import { type DriverOutput, HeightDriver } from './driver.ts';
import { duplicateProposal, duplicateVote, type PosEvidence } from './evidence.ts';
import type { Gossip } from './gossip.ts';
import type { LastCommit } from './last-commit.ts';
import { proposalBytes, voteBytes } from './messages.ts';
import type { Polka, PromiseRecord, Promises, Recovered } from './promises.ts';
import { type Proposal, proposalSignBytes, proposalSignedItem } from './proposal.ts';
import { proposerOf } from './proposer-priority.ts';
import { encodeRoundField } from './round.ts';
import type { RoundBlock, TimedStep } from './round-state.ts';
import { placeOf } from './validator-set.ts';
import { validatorsHash } from './validators-hash.ts';
import type { PosView } from './view.ts';
import { VOTE, type Vote, voteSignBytes, voteSignedItem } from './vote.ts';
import { ROUNDS_AHEAD } from './vote-keeper.ts';

/** Signatures of one height that are being checked: what passes it is asked for again. Two rounds of the largest set. */
const CHECKING_MAX = 2_048;
/** A signature or a sender that no correct process sends: as a malformed message. */
export const FAULT_PENALTY = 10;
const OK: PeerVerdict = { kind: 'ok' };

/** What heights share. */
export interface ProcessContext {
  readonly host: ConsensusHost<PosView>;
  readonly promises: Promises;
  readonly gossip: Gossip;
  /** True: the key may sign in this height. */
  maySign(at: Height): boolean;
  /** Encoded evidence for a block on this view. */
  evidenceFor(view: PosView): readonly string[];
  /** Two signed messages that accuse their signer. */
  onEvidence(evidence: PosEvidence): void;
  /** More is missing than its time-outs will bring: `peer` has it. */
  ask(peer: PeerId): void;
  onDecided(process: HeightProcess): void;
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
  readonly #timers = new Map<TimedStep | 'commit', Timer>();
  readonly #outputs: DriverOutput[] = [];
  readonly #checking = new Set<Vote | Proposal>();
  /** Who sent the proposal of the current round. */
  #proposalFrom: PeerId | undefined;
  /** Round for whose proposal the polka was asked for. */
  #askedRound = -1;
  #seenRound = -1;
  #announcedLock: RoundBlock | undefined;
  #recordedValid: RoundBlock | undefined;
  #isPumping = false;
  #isOver = false;
  #startedMs: Ms | undefined;

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
    this.#recordedValid = this.driver.state.valid;
    this.#announcedLock = this.driver.state.locked;
    this.#candidates = new Candidates({
      fetch: (id, from) => this.#host.fetch(id, from),
      peers: () => this.#host.peers(),
      validate: (id, block) => this.#validate(id, block),
      isWanted: (id) => this.driver.isWanted(id),
      isNeeded: (id) => this.driver.isNeeded(id),
      onDropped: (id) => this.driver.forget(id),
    });
  }

  /** How long the height has lasted since its round 0 began; undefined: it has not begun. */
  lastedMs(): number | undefined {
    return this.#startedMs === undefined ? undefined : this.#host.clock.monotonicMs() - this.#startedMs;
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
    for (const record of this.#context.promises.durable()) this.#say(record);
    this.#startedMs = this.#host.clock.monotonicMs();
    this.#pump(this.driver.start());
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

  onVote(from: PeerId, vote: Vote): PeerVerdict {
    const place = placeOf(this.view.current, vote.validator);
    if (place === undefined) return fault('vote of no validator');
    this.#context.gossip.onVote(from, vote, place);
    if (!this.driver.keeper.wants(vote, place) || this.#isChecking(vote)) return OK;
    this.#check(from, vote, voteSignedItem(this.view.chain, vote), () => {
      const outcome = this.driver.addVote(vote);
      if (outcome.kind === 'ignored') return;
      this.#context.gossip.passVote(vote, place);
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
    this.#check(from, proposal, proposalSignedItem(this.view.chain, proposal), () => {
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
    return this.#checking.has(message) || this.#checking.size >= CHECKING_MAX;
  }

  /** Nothing counts before its signature was found valid. */
  #check(from: PeerId, message: Vote | Proposal, item: SignedItem, then: () => void): void {
    this.#checking.add(message);
    this.#host.verify([item], ([isValid]) => {
      this.#checking.delete(message);
      if (isValid !== true) this.#host.fault(from, 'wrong signature', FAULT_PENALTY);
      else if (!this.#isOver) then();
    });
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
        return this.#propose(output.round, output.valid);
      case 'vote':
        return this.#vote(output.type, output.round, output.block);
      case 'schedule':
        return this.#schedule(output.step, output.round);
      case 'decide':
        return this.#decide(output.round, output.block);
      default:
        return assertNever(output);
    }
  }

  /** A round has begun: time-outs of the one before are of no use. */
  #onRound(): void {
    const { round, locked } = this.driver.state;
    if (round === this.#seenRound) return;
    this.#seenRound = round;
    this.#startedMs ??= this.#host.clock.monotonicMs();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    if (round <= 0) return;
    this.#emit('round');
    if (locked !== undefined && locked !== this.#announcedLock) this.#emit('lock');
    this.#announcedLock = locked;
  }

  /** After all rules were applied. */
  #settle(): void {
    const { driver } = this;
    const { step, round, valid } = driver.state;
    if (step !== 'propose') this.#cancel('propose');
    if (step !== 'prevote') this.#cancel('prevote');
    if (valid !== undefined && valid !== this.#recordedValid) this.#keepValid(valid);
    if (step === 'decided') return;
    const missing = driver.missing();
    if (missing.length > 0) this.#candidates.fetch(missing, this.#proposalFrom, false);
    const proposal = driver.proposal(round);
    if (step !== 'propose' || proposal?.validRound === undefined || this.#askedRound === round) return;
    if (driver.keeper.hasQuorum('prevote', proposal.validRound, proposal.block)) return;
    this.#askedRound = round;
    if (this.#proposalFrom !== undefined) this.#context.ask(this.#proposalFrom);
  }

  /** Lines 14 to 19. Who cannot propose waits like the others. */
  #propose(round: number, valid: RoundBlock | undefined): void {
    const { promises, maySign } = this.#context;
    const known = promises.find(round, 'proposal');
    if (known?.kind === 'proposal') {
      const record = promises.recorded(round, 'proposal');
      if (record !== undefined) this.#say(record);
      return this.#schedule('propose', round);
    }
    const block = valid === undefined ? this.#build(round) : this.#candidates.get(valid.block);
    if (block === undefined || !maySign(this.height)) return this.#schedule('propose', round);
    const id = blockId(block.header);
    const { identity } = this.#host;
    if (identity === undefined) return;
    const content = { height: this.height, round, validRound: valid?.round, block: id };
    const bytes = proposalSignBytes(this.view.chain, content);
    const proposal = {
      ...content,
      proposer: identity,
      signature: this.#host.sign({ tag: 'proposal', bytes }),
    };
    // The bytes that are recorded are those that leave: with the block, when it is small.
    const body = proposalBytes(proposal, block);
    promises.promise({ kind: 'proposal', proposal, block: undefined }, body, { block }, (record) =>
      this.#sayAndPump(record),
    );
  }

  /** getValue(), line 18. */
  #build(round: number): Block | undefined {
    const { head, view, lastCommit } = this;
    const { identity, beneficiary } = this.#host;
    const commit = lastCommit?.commit();
    if (identity === undefined || (commit === undefined) !== (view.last === undefined)) return undefined;
    const timestampMs =
      commit === undefined || view.last === undefined ? view.timestampMs : bftTime(commit, view.last);
    const block = this.#host.build({
      parent: head.id,
      timestampMs,
      beneficiary,
      consensus: encodeRoundField({
        round,
        proposer: identity,
        validatorsHash: validatorsHash(view.current),
        nextValidatorsHash: validatorsHash(view.next),
      }),
      system: {
        evidence: this.#context.evidenceFor(view),
        lastCommit: commit === undefined ? '' : bytesToHex(encodeCommit(commit)),
      },
    });
    if (block === undefined) return undefined;
    const id = blockId(block.header);
    this.#candidates.keep(id, block);
    this.driver.judge(id, true, timestampMs);
    return block;
  }

  #vote(type: 'prevote' | 'precommit', round: number, block: BlockHash | undefined): void {
    const { promises, maySign } = this.#context;
    const { identity } = this.#host;
    const { set, state, keeper } = this.driver;
    if (
      type === 'prevote' &&
      block !== undefined &&
      state.locked !== undefined &&
      state.locked.block !== block
    )
      this.#emit('unlock');
    if (identity === undefined || placeOf(set, identity) === undefined) return;
    const known = promises.find(round, type);
    if (known !== undefined) {
      const record = promises.recorded(round, type);
      if (record?.message.kind === 'vote' && record.message.vote.block === block) this.#say(record);
      return;
    }
    if (!maySign(this.height)) return;
    const body = block === undefined ? undefined : this.#candidates.get(block);
    // A lock whose block a crash could lose is no lock.
    if (type === 'precommit' && block !== undefined && body === undefined) return;
    const timestampMs = this.#voteTime(body);
    const content = { type: VOTE[type], height: this.height, round, block, timestampMs };
    const bytes = voteSignBytes(this.view.chain, content);
    const vote = { ...content, validator: identity, signature: this.#host.sign({ tag: 'vote', bytes }) };
    let proof: { readonly block?: Block; readonly polka?: Polka } = {};
    if (type === 'precommit' && block !== undefined && body !== undefined) {
      proof = { block: body, polka: { round, block, votes: present(keeper.votes('prevote', round, block)) } };
      if (state.valid?.round === round) this.#recordedValid = state.valid;
    }
    promises.promise({ kind: 'vote', vote }, voteBytes(vote), proof, (record) => this.#sayAndPump(record));
  }

  /** Later than the block: BFT time only grows. */
  #voteTime(block: Block | undefined): UnixMs {
    const { timestampMs } = block?.header ?? this.head.header;
    return unixMs(Math.max(this.#host.clock.wallMs(), timestampMs + 1));
  }

  /** Lines 42 and 43 without a precommit. */
  #keepValid(valid: RoundBlock): void {
    const { identity } = this.#host;
    const block = this.#candidates.get(valid.block);
    this.#recordedValid = valid;
    if (identity === undefined || placeOf(this.view.current, identity) === undefined) return;
    const votes = present(this.driver.keeper.votes('prevote', valid.round, valid.block));
    if (block !== undefined) this.#context.promises.keepValid({ ...valid, votes }, block);
  }

  #sayAndPump(record: PromiseRecord): void {
    if (this.#isOver) return;
    this.#say(record);
    this.#pump();
  }

  /** Sends what is durable, and counts it here. */
  #say({ message, bytes }: PromiseRecord): void {
    this.#context.gossip.broadcast(bytes);
    if (message.kind === 'vote') this.driver.addVote(message.vote);
    else this.driver.addProposal(message.proposal);
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
    this.#emit('decided');
    this.#host.submit(body, encodeCommit({ height: this.height, round, block, votes }));
  }

  #emit(what: string): void {
    this.#host.emit({ kind: 'Engine', engine: POS_NAME, what, height: this.height });
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

function fault(what: string): PeerVerdict {
  return { kind: 'fault', fault: what, penalty: FAULT_PENALTY };
}

function present(votes: readonly (Vote | undefined)[]): readonly Vote[] {
  return votes.filter((vote) => vote !== undefined);
}
