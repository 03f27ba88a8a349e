/**
 * Coalition: validators that together try to make two groups of honest ones decide differently, once, by a script. They need more
 * than a third of the power, and a partition between the groups. Attacks of CometBFT, spec/light-client/accountability.
 */
import { z } from 'zod';
import type { BlockPlan, ConsensusHost, ConsensusRules } from '../../chain/consensus/consensus.ts';
import { encodePosMessage, type PosMessage } from '../../chain/consensus/pos/messages.ts';
import { proposerOf } from '../../chain/consensus/pos/proposer-priority.ts';
import { readVoteSignBytes, VOTE, type VoteType } from '../../chain/consensus/pos/vote.ts';
import type { Block } from '../../chain/types/block.ts';
import { blockId } from '../../chain/types/header-codec.ts';
import type { HeadClaim, Message } from '../../chain/types/message.ts';
import { type BlockHash, type Height, height, type PeerId } from '../../chain/types/units.ts';
import { type UnixMs, unixMs } from '../../env/units.ts';
import { hostIndex } from '../scenario/schema/values.ts';
import { defineBehaviour, type Seat, WINDOW } from './behaviour.ts';
import { Links } from './connections.ts';
import { withHandlers, withHost } from './engine-door.ts';
import { otherAddress, readPosMessage, ValidatorPen } from './validator-pen.ts';

/** A round so far ahead is heard of at once: more would not be kept by who is not there yet. */
const ROUNDS_AHEAD = 2;

/** Whom a member speaks to. */
type Side = 'first' | 'second' | 'member';

/** A proposal as it was heard. */
type Heard = Extract<PosMessage, { readonly kind: 'proposal' }>;

/** What a side is to decide. */
interface Aim {
  readonly height: Height;
  readonly round: number;
  readonly block: BlockHash;
  readonly timestampMs: UnixMs;
}

export const coalition = defineBehaviour({
  schema: z
    .strictObject({
      kind: z.literal('coalition'),
      ...WINDOW,
      script: z.enum(['equivocation', 'amnesia']).optional().meta({
        description:
          'equivocation: two proposals in one round, and votes for both; amnesia: the first group decides, then the members help the second to another block in a later round; default equivocation.',
      }),
      second: z.array(hostIndex).min(1).optional().meta({
        description:
          'Honest hosts of the second group; all others that are honest are the first; default: every other one.',
      }),
    })
    .meta({
      description:
        'Makes two groups, which a partition keeps apart, decide differently; all hosts with the same script act together, once.',
    }),
  engines: ['pos'],
  create(seat, { script = 'equivocation', second }, { env, config }) {
    const links = new Links(seat, env);
    const others = new Set(second ?? everyOther(seat));
    let member: Member | undefined;
    /** The last head that the second group was told of before the attack. */
    let shown: HeadClaim | undefined;

    /** What the node says to the second group after the attack: nothing of the first one's chain. */
    function hide(message: Message): Message | undefined {
      switch (message.kind) {
        case 'Ping':
        case 'Pong':
          return shown === undefined ? undefined : { ...message, head: shown };
        case 'SyncResponse':
        case 'GetBlockResponse':
          return undefined;
        default:
          return message;
      }
    }

    return {
      env: links.env((message, { host }) => {
        if (member?.hasStruck === true)
          return host !== undefined && others.has(host) ? hide(message) : message;
        if (message.kind === 'Ping' || message.kind === 'Pong') shown = message.head;
        return message;
      }, false),
      consensus: (honest) =>
        withHost(
          honest,
          (host) => {
            const own =
              script === 'equivocation'
                ? new Equivocator(seat, others, config.consensus.rules, host)
                : new Amnesiac(seat, others, config.consensus.rules, host);
            member = own;
            return {
              build: (plan) => own.build(plan),
              sign(what) {
                if (what.tag === 'vote') own.onVote(what.bytes);
                return host.sign(what);
              },
              send: (to, body) => own.send(to, body),
            };
          },
          (engine) =>
            withHandlers(engine, {
              onMessage(from, body) {
                const message = readPosMessage(body);
                if (message?.kind === 'proposal') member?.onProposal(message);
                return engine.onMessage(from, body);
              },
              blockOf: (id) => member?.blockOf(id) ?? engine.blockOf(id),
            }),
        ),
      process: (honest) => links.process(honest),
    };
  },
});

/** The second, the fourth … of the honest hosts. */
function everyOther({ hostCount, accomplices }: Seat): readonly number[] {
  const honest = Array.from({ length: hostCount }, (_, i) => i).filter((i) => !accomplices.includes(i));
  return honest.filter((_, rank) => rank % 2 === 1);
}

/** One of the coalition: what both scripts share. */
abstract class Member {
  protected readonly seat: Seat;
  protected readonly host: ConsensusHost<unknown>;
  protected readonly pen: ValidatorPen;
  readonly #second: ReadonlySet<number>;
  /** From which height on the second group is told nothing but the script. */
  #struckAt: { readonly height: number; readonly round: number } | undefined;

  constructor(
    seat: Seat,
    second: ReadonlySet<number>,
    rules: ConsensusRules<unknown>,
    host: ConsensusHost<unknown>,
  ) {
    this.seat = seat;
    this.host = host;
    this.pen = new ValidatorPen(rules, host);
    this.#second = second;
  }

  get hasStruck(): boolean {
    return this.#struckAt !== undefined;
  }

  build(plan: BlockPlan): Block | undefined {
    return this.host.build(plan);
  }

  /** Its engine signs a vote. */
  onVote(_bytes: Uint8Array): void {}

  /** Somebody else proposes. */
  abstract onProposal(proposal: Heard): void;

  /** A block that only the coalition has made. */
  abstract blockOf(id: BlockHash): Block | undefined;

  /** What the engine says, where the script does not forbid it. */
  send(to: PeerId, body: Uint8Array): boolean {
    const struck = this.#struckAt;
    if (struck === undefined) return this.host.send(to, body);
    if (this.sideOf(to) === 'second') return true;
    const vote = this.pen.ownVote(body);
    const isScripted = vote?.height === struck.height && vote.round === struck.round;
    return isScripted ? true : this.host.send(to, body);
  }

  protected sideOf(peer: PeerId): Side {
    const host = this.seat.hostOfKey(peer);
    if (host === undefined) return 'first';
    if (this.#second.has(host)) return 'second';
    return this.seat.accomplices.includes(host) ? 'member' : 'first';
  }

  /** From now on the script speaks. False: it has spoken. */
  protected strike(at: Aim): boolean {
    if (this.#struckAt !== undefined) return false;
    this.#struckAt = { height: at.height, round: at.round };
    this.seat.deviated();
    return true;
  }

  /** Both votes for the block, to those on one side. */
  protected vote(aim: Aim, sides: readonly Side[]): void {
    const timestampMs = unixMs(Math.max(this.host.clock.wallMs(), aim.timestampMs) + 1);
    const types: readonly VoteType[] = ['prevote', 'precommit'];
    for (const type of types) {
      const { height: at, round, block } = aim;
      const vote = this.pen.vote({ type: VOTE[type], height: at, round, block, timestampMs });
      if (vote !== undefined) this.tell(sides, encodePosMessage({ kind: 'vote', vote }));
    }
  }

  protected tell(sides: readonly Side[], body: Uint8Array): void {
    for (const peer of this.host.peers()) if (sides.includes(this.sideOf(peer))) this.host.send(peer, body);
  }
}

function aimOf({ proposal, block }: Heard, now: UnixMs): Aim {
  const { height: at, round } = proposal;
  return { height: at, round, block: proposal.block, timestampMs: block?.header.timestampMs ?? now };
}

/** Of two proposals of an accomplice in one round the first group gets the lower id, and every member votes for both. */
class Equivocator extends Member {
  #pair: readonly [Block, Block] | undefined;
  /** The first proposal of an accomplice in the newest slot. */
  #heard: Heard | undefined;

  override build(plan: BlockPlan): Block | undefined {
    const block = this.host.build(plan);
    if (block === undefined || this.hasStruck || !this.seat.isActive()) return block;
    const other = this.host.build({ ...plan, beneficiary: otherAddress(plan.beneficiary) });
    if (other !== undefined) this.#pair = inOrder(block, other);
    return block;
  }

  override send(to: PeerId, body: Uint8Array): boolean {
    const own = this.hasStruck ? undefined : this.pen.ownProposal(body);
    const pair = this.#pair;
    const isOfPair = pair?.some(({ header }) => blockId(header) === own?.block) === true;
    if (own === undefined || pair === undefined || !isOfPair) return super.send(to, body);
    const content = { height: own.height, round: own.round, validRound: undefined };
    const [first, second] = pair.map((block) => {
      const id = blockId(block.header);
      return { aim: { ...content, block: id, timestampMs: block.header.timestampMs }, block };
    });
    if (first === undefined || second === undefined || !this.strike(first.aim)) return super.send(to, body);
    for (const { aim, block } of [first, second]) {
      const { height: at, round, validRound, block: id } = aim;
      const bytes = this.pen.proposal({ height: at, round, validRound, block: id }, block);
      const side = block === first.block ? 'first' : 'second';
      if (bytes !== undefined) this.tell([side, 'member'], bytes);
    }
    this.#voteForBoth(first.aim, second.aim);
    return true;
  }

  onProposal(heard: Heard): void {
    const { proposal } = heard;
    const by = this.seat.hostOfKey(proposal.proposer);
    if (by === undefined || !this.seat.accomplices.includes(by) || this.hasStruck) return;
    const before = this.#heard;
    this.#heard = heard;
    const isPair =
      before?.proposal.height === proposal.height &&
      before.proposal.round === proposal.round &&
      before.proposal.block !== proposal.block;
    if (before === undefined || !isPair) return;
    const now = this.host.clock.wallMs();
    const [first, second] = before.proposal.block < proposal.block ? [before, heard] : [heard, before];
    if (this.strike(aimOf(first, now))) this.#voteForBoth(aimOf(first, now), aimOf(second, now));
  }

  blockOf(id: BlockHash): Block | undefined {
    return this.#pair?.find(({ header }) => blockId(header) === id);
  }

  #voteForBoth(first: Aim, second: Aim): void {
    this.vote(first, ['first', 'member']);
    this.vote(second, ['second']);
  }
}

function inOrder(a: Block, b: Block): readonly [Block, Block] {
  return blockId(a.header) < blockId(b.header) ? [a, b] : [b, a];
}

/** With the first group it is honest and decides; the second is shown another block of a later round, as if that had not been. */
class Amnesiac extends Member {
  /** The own precommit for a block, of the newest height. */
  #lock: { readonly height: number; readonly round: number; readonly block: BlockHash } | undefined;
  /** What an accomplice has proposed in a later round than the first. */
  #heard: Heard | undefined;
  #built: Block | undefined;

  /** The second group shall be locked on nothing: in a height that suits it is shown no proposal but the last. */
  override send(to: PeerId, body: Uint8Array): boolean {
    if (this.hasStruck || !this.seat.isActive() || this.sideOf(to) !== 'second') return super.send(to, body);
    const message = readPosMessage(body);
    const isHidden = message?.kind === 'proposal' && this.#leaderOf(message.proposal.height) !== undefined;
    return isHidden ? true : super.send(to, body);
  }

  override onVote(bytes: Uint8Array): void {
    const vote = readVoteSignBytes(bytes);
    if (vote?.type !== VOTE.precommit || vote.block === undefined || this.hasStruck) return;
    const { height: at, round, block } = vote;
    this.#lock = { height: at, round, block };
    this.#join();
    if (this.seat.isActive()) this.#lead(at, round);
  }

  onProposal(heard: Heard): void {
    const by = this.seat.hostOfKey(heard.proposal.proposer);
    if (by === undefined || !this.seat.accomplices.includes(by) || heard.proposal.round === 0) return;
    this.#heard = heard;
    this.#join();
  }

  blockOf(id: BlockHash): Block | undefined {
    return this.#built !== undefined && blockId(this.#built.header) === id ? this.#built : undefined;
  }

  /** The first member whose turn comes in a later round proposes to the second group, which knows no block of this height. */
  #lead(at: Height, round: number): void {
    const leader = round === 0 ? this.#leaderOf(at) : undefined;
    if (leader?.isSelf !== true) return;
    const later = leader.round;
    const block = this.pen.build(later, this.host.beneficiary);
    if (block === undefined) return;
    const id = blockId(block.header);
    const content = { height: at, round: later, validRound: undefined, block: id };
    const bytes = this.pen.proposal(content, block);
    const aim = { height: at, round: later, block: id, timestampMs: block.header.timestampMs };
    if (bytes === undefined || !this.strike(aim)) return;
    this.#built = block;
    this.tell(['second', 'member'], bytes);
    this.vote(aim, ['second']);
  }

  /** The next height suits when the second group proposes nothing in round 0, and a member does so soon after it. */
  #leaderOf(at: Height): { readonly round: number; readonly isSelf: boolean } | undefined {
    const set = this.pen.view()?.current;
    if (set === undefined || at !== this.host.head().header.height + 1) return undefined;
    const sideOf = (round: number): Side => this.sideOf(proposerOf(set, round).key);
    const isSelf = (round: number): boolean => proposerOf(set, round).key === this.pen.self;
    if (sideOf(0) === 'second') return undefined;
    const later = Array.from({ length: ROUNDS_AHEAD }, (_, i) => 1 + i);
    const round = later.find((of) => isSelf(of) || sideOf(of) === 'member');
    return round === undefined ? undefined : { round, isSelf: isSelf(round) };
  }

  /** Follows an accomplice, once it has itself something to forget. */
  #join(): void {
    const lock = this.#lock;
    const heard = this.#heard;
    if (lock === undefined || heard === undefined) return;
    const { height: at, round, block } = heard.proposal;
    if (at !== lock.height || round <= lock.round || block === lock.block) return;
    const aim = aimOf(heard, this.host.clock.wallMs());
    if (this.strike(aim)) this.vote({ ...aim, height: height(at) }, ['second']);
  }
}
