/**
 * Gossip: own messages go to all at once. Who is connected to every validator passes nothing on, since everybody hears the others
 * itself; else what is new goes to those not known to have it. What was lost is repaired: who lasts longer in a height than
 * GOSSIP_MS says what it has, and whoever has more sends it. So after the last fault a message that one correct process
 * holds reaches its neighbours within GOSSIP_MS and two latencies, which is what arXiv:1807.04938, §III asks of the network;
 * but for rounds that are over for who lacks it: of those only what a rule can ask for is repaired, polkas and commits.
 */
import type { Block } from '../../types/block.ts';
import type { HeadClaim } from '../../types/message.ts';
import type { BlockHash, Height, PeerId } from '../../types/units.ts';
import { Bitset } from './bitset.ts';
import type { HeightDriver } from './driver.ts';
import {
  encodePosMessage,
  proposalBytes,
  type RoundStatus,
  STATUS_ROUNDS_MAX,
  STATUS_VALUES_MAX,
  type StatusMessage,
  type ValueStatus,
  voteBytes,
} from './messages.ts';
import { isQuorum } from './quorum.ts';
import type { ValidatorSet } from './validator-set.ts';
import { VOTE, type Vote, type VoteType } from './vote.ts';
import type { ValueVotes } from './vote-keeper.ts';

/**
 * From one repair to the next. Longer than the three steps of a round take around the world (3 × 150 ms), so that nothing is said
 * where all is well; shorter than people's time-outs, so that a lost message costs less than a round.
 */
export const GOSSIP_MS = 500;
/** Votes in answer to one status, 40 kB: the next status asks for what is left. */
const ANSWER_VOTES_MAX = 256;
/** Blocks that a peer may show at once: of honest ones there are two, the valid one and that of a commit. */
const SHOWN_MAX = 4;
/** (round, type) of a peer that are remembered: current round, those around it, those of polkas. */
const KNOWN_SLOTS_MAX = 64;

export interface GossipPorts {
  peers(): readonly PeerId[];
  send(to: PeerId, body: Uint8Array): boolean;
}

/** Whose votes a peer has, as far as it matters for passing on: by (round, type) the places of validators. */
interface Knowledge {
  readonly votes: Map<number, Bitset>;
  readonly proposals: Set<number>;
}

export class Gossip {
  readonly #ports: GossipPorts;
  readonly #connected = new Set<PeerId>();
  readonly #known = new Map<PeerId, Knowledge>();
  #set: ValidatorSet | undefined;
  readonly #self: PeerId | undefined;
  /** Connected to every validator; undefined: not counted since something changed. */
  #isMeshed: boolean | undefined;

  constructor(ports: GossipPorts, self: PeerId | undefined) {
    this.#ports = ports;
    this.#self = self;
  }

  /** A new height: what peers had of the last one is forgotten. */
  moveTo(set: ValidatorSet): void {
    this.#set = set;
    this.#isMeshed = undefined;
    this.#known.clear();
  }

  onPeerUp(peer: PeerId): void {
    this.#connected.add(peer);
    this.#isMeshed = undefined;
  }

  onPeerDown(peer: PeerId): void {
    this.#connected.delete(peer);
    this.#known.delete(peer);
    this.#isMeshed = undefined;
  }

  /** To all peers; the same bytes, so that they are encoded once. */
  broadcast(bytes: Uint8Array): void {
    for (const peer of this.#ports.peers()) this.#ports.send(peer, bytes);
  }

  /** The peer has this vote: it sent it. */
  onVote(from: PeerId, vote: Vote, place: number): void {
    if (!this.#isConnectedToAll()) this.#slot(from, vote).add(place);
  }

  /** The peer has the proposal of that round. */
  onProposal(from: PeerId, round: number): void {
    if (!this.#isConnectedToAll()) this.#knowledge(from).proposals.add(round);
  }

  /** A vote that was found valid just now. */
  passVote(vote: Vote, place: number): void {
    if (this.#isConnectedToAll()) return;
    for (const peer of this.#ports.peers())
      if (this.#slot(peer, vote).add(place)) this.#ports.send(peer, voteBytes(vote));
  }

  /** A proposal that was found valid just now. */
  passProposal(round: number, bytes: Uint8Array): void {
    if (this.#isConnectedToAll()) return;
    for (const peer of this.#ports.peers()) {
      const { proposals } = this.#knowledge(peer);
      if (proposals.has(round)) continue;
      proposals.add(round);
      this.#ports.send(peer, bytes);
    }
  }

  #isConnectedToAll(): boolean {
    this.#isMeshed ??=
      this.#set?.validators.every(({ key }) => key === this.#self || this.#connected.has(key)) ?? false;
    return this.#isMeshed;
  }

  #knowledge(peer: PeerId): Knowledge {
    let known = this.#known.get(peer);
    if (known === undefined) {
      known = { votes: new Map(), proposals: new Set() };
      this.#known.set(peer, known);
    }
    return known;
  }

  #slot(peer: PeerId, vote: Vote): Bitset {
    const { votes } = this.#knowledge(peer);
    const slot = 2 * vote.round + (vote.type === VOTE.prevote ? 0 : 1);
    let places = votes.get(slot);
    if (places === undefined) {
      if (votes.size >= KNOWN_SLOTS_MAX) votes.clear();
      places = new Bitset(this.#set?.validators.length ?? 0);
      votes.set(slot, places);
    }
    return places;
  }
}

/** What a process says of itself: the current round, and the rounds whose polka or commit it needs or shows. */
function statusOf(driver: HeightDriver, at: Height, head: HeadClaim): StatusMessage {
  const { state, keeper } = driver;
  const round = Math.max(0, state.round);
  const rounds = [round, keeper.commit?.round, driver.proposal(round)?.validRound, state.valid?.round];
  const listed = [...new Set(rounds.filter((known) => known !== undefined))].slice(0, STATUS_ROUNDS_MAX);
  return {
    kind: 'status',
    height: at,
    round,
    head,
    rounds: listed.map((of) => ({
      round: of,
      hasProposal: driver.proposal(of) !== undefined,
      prevotes: valuesOf(driver, 'prevote', of),
      precommits: valuesOf(driver, 'precommit', of),
    })),
  };
}

/** Of more values than fit those that decide something, then those with the most votes. */
function valuesOf({ keeper }: HeightDriver, type: VoteType, round: number): readonly ValueStatus[] {
  const values = [...keeper.values(type, round)];
  if (values.length > STATUS_VALUES_MAX) values.sort(byWorth);
  return values.slice(0, STATUS_VALUES_MAX).map(({ block, voters }) => ({ block, voters: voters.toText() }));
}

function byWorth(a: ValueVotes, b: ValueVotes): number {
  if (a.hasQuorum !== b.hasQuorum) return a.hasQuorum ? -1 : 1;
  return b.voters.count - a.voters.count;
}

/** Blocks that a status shows a polka or a commit for: enough votes by its own word. */
export function shownBlocks(status: StatusMessage, set: ValidatorSet): readonly BlockHash[] {
  const blocks: BlockHash[] = [];
  for (const { prevotes, precommits } of status.rounds) {
    for (const { block, voters } of [...prevotes, ...precommits]) {
      if (block === undefined || blocks.includes(block)) continue;
      if (powerIsQuorum(Bitset.of(voters, set.validators.length), set)) blocks.push(block);
    }
  }
  return blocks.slice(0, SHOWN_MAX);
}

function powerIsQuorum(voters: Bitset, set: ValidatorSet): boolean {
  let power = 0n;
  for (const [place, validator] of set.validators.entries()) if (voters.has(place)) power += validator.power;
  return isQuorum(power, set.totalPower);
}

/**
 * What a peer of the same height lacks, as bytes to send: the proposals of its round and of this one, then votes of its rounds, of
 * the round here, and of the polkas that proposals here stand on. At most ANSWER_VOTES_MAX votes.
 */
export function answerTo(
  status: StatusMessage,
  driver: HeightDriver,
  bodyOf: (id: BlockHash) => Block | undefined,
): readonly Uint8Array[] {
  const { keeper, state } = driver;
  const listed = new Map(status.rounds.map((known) => [known.round, known]));
  const here = Math.max(0, state.round);
  const answer: Uint8Array[] = [];
  for (const round of new Set([status.round, here])) {
    const proposal = driver.proposal(round);
    if (proposal !== undefined && round >= status.round && listed.get(round)?.hasProposal !== true)
      answer.push(proposalBytes(proposal, bodyOf(proposal.block)));
  }
  const proposals = answer.length;
  const polkas = [driver.proposal(here)?.validRound, driver.proposal(status.round)?.validRound];
  const rounds = [keeper.commit?.round, ...polkas, status.round, here, ...listed.keys()];
  for (const round of new Set(rounds)) {
    if (round === undefined) continue;
    for (const type of ['prevote', 'precommit'] as const) {
      for (const value of keeper.values(type, round))
        addLacking(
          answer,
          proposals + ANSWER_VOTES_MAX,
          value,
          votersIn(listed.get(round), type, value, driver),
        );
    }
  }
  return answer;
}

function votersIn(
  round: RoundStatus | undefined,
  type: VoteType,
  { block }: ValueVotes,
  { set }: HeightDriver,
): Bitset | undefined {
  const values = type === 'prevote' ? round?.prevotes : round?.precommits;
  const shown = values?.find((value) => value.block === block);
  return shown === undefined ? undefined : Bitset.of(shown.voters, set.validators.length);
}

function addLacking(answer: Uint8Array[], max: number, { votes }: ValueVotes, has: Bitset | undefined): void {
  for (const [place, vote] of votes.entries()) {
    if (vote === undefined || has?.has(place) === true) continue;
    if (answer.length >= max) return;
    answer.push(voteBytes(vote));
  }
}

/** The bytes of a status. */
export function statusBytes(driver: HeightDriver, at: Height, head: HeadClaim): Uint8Array {
  return encodePosMessage(statusOf(driver, at, head));
}
