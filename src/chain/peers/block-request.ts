/** One block on its way here: who has it, who is asked for what of it, and what came so far. */
import { assertNever } from '../../env/assert.ts';
import type { Env } from '../../env/program.ts';
import type { NodeFeatures, NodeLimits } from '../node-config.ts';
import type { Header } from '../types/block.ts';
import type { CertifiedBlock } from '../types/block-codec.ts';
import type { ChainWorld } from '../types/command.ts';
import type { BlockMessage, BlockPart, Message } from '../types/message.ts';
import {
  ANSWER_MAX_BYTES,
  answerBytesOf,
  PART_MAX_BYTES,
  TRANSACTION_JSON_BYTES,
} from '../types/message-codec.ts';
import type { Transaction } from '../types/transaction.ts';
import type { BlockHash } from '../types/units.ts';
import { IN_FLIGHT_MAX_BYTES } from './answer-window.ts';
import { completePartial, fillPartial, type PartialBlock } from './compact.ts';
import type { PeerFault } from './fault.ts';
import { PartialBody, partsTimeoutMs, SLOW_BYTES_PER_MS } from './partial-body.ts';
import type { Peer } from './peer.ts';
import { SourceQuestions } from './source-questions.ts';

/** Announcers remembered for each block, beside the one that was asked. */
const ANNOUNCERS_MAX = 8;
/** Bytes of a transaction, for the time that a body takes: nearly all are smaller. */
const TRANSACTION_BYTES_GUESS = 300;
/** Parts of one block that are asked for at once: the window has room for so many. */
const PARTS_IN_FLIGHT_MAX = IN_FLIGHT_MAX_BYTES / ANSWER_MAX_BYTES;
/** Names the questions for parts that gossip asks; those of sync begin at 1. */
export const GOSSIP_REQUEST_ID = 0;

/** What a request needs of the node and of the relay. */
export interface BlockRequestPorts {
  readonly env: Pick<Env<ChainWorld>, 'clock' | 'crypto' | 'memo'>;
  readonly features: Pick<NodeFeatures, 'requestTimeouts'>;
  readonly limits: Pick<NodeLimits, 'blockRequestTimeoutMs'>;
  readonly blockBytesMax: number;
  send(peer: Peer, message: Message): boolean;
  fault(peer: Peer, fault: PeerFault): void;
  stalled(peer: Peer): void;
  /** All that was asked for by index is here. False: together they are not the body of the header. */
  onTransactions(request: BlockRequest, all: readonly Transaction[], from: Peer): boolean;
  /** A block came in parts, and matches its header. */
  onWhole(request: BlockRequest, found: CertifiedBlock, from: Peer, isMixed: boolean): void;
  /** No announcer is left. */
  onNobody(request: BlockRequest): void;
}

/** The request for one block. One peer is asked at a time. */
export class BlockRequest {
  readonly id: BlockHash;
  /** Absent when an engine asked by id. */
  readonly announcement: BlockMessage | undefined;
  /** The body at hand was put together here, or came from several peers. */
  isRebuilt = false;
  /** Peers were told of it. */
  isAnnounced = false;
  readonly #ports: BlockRequestPorts;
  readonly #announcers: Peer[] = [];
  readonly #questions: SourceQuestions;
  /** What the mempool gave of a compact block. */
  #partial: PartialBlock | undefined;
  /** What came of a block that is longer than one answer: the next announcer goes on with it. */
  #body: PartialBody | undefined;

  constructor(ports: BlockRequestPorts, id: BlockHash, announcement: BlockMessage | undefined) {
    this.#ports = ports;
    this.id = id;
    this.announcement = announcement;
    this.#questions = new SourceQuestions({
      clock: ports.env.clock,
      isTimed: ports.features.requestTimeouts,
      send: (peer, message) => ports.send(peer, message),
      onLate: (source) => {
        ports.stalled(source);
        this.nextAfter(source);
      },
    });
  }

  /** Who is asked now. */
  get source(): Peer | undefined {
    return this.#questions.source;
  }

  /** It has the block too. */
  addAnnouncer(peer: Peer): void {
    if (this.#announcers.length < ANNOUNCERS_MAX) this.#announcers.push(peer);
  }

  onPeerDown(peer: Peer): void {
    const at = this.#announcers.indexOf(peer);
    if (at >= 0) this.#announcers.splice(at, 1);
    this.nextAfter(peer);
  }

  /** Asks for the whole block, or for the rest of what came in parts. Who was banned for what it announced is asked nothing. */
  ask(peer: Peer): void {
    if (!peer.isUp) {
      this.next();
      return;
    }
    const body = this.#body;
    this.#questions.begin(peer);
    if (body === undefined) {
      const { id, announcement } = this;
      const bytes = answerBytesOf(announcement?.header);
      this.#questions.ask(bytes, this.#timeoutMs(announcement?.header), { kind: 'GetBlock', id });
      return;
    }
    body.isMixed = true;
    body.asked = body.received;
    this.#pull(body);
  }

  /** Asks for the transactions that the mempool lacks. */
  askMissing(peer: Peer, partial: PartialBlock): void {
    if (!peer.isUp) {
      this.next();
      return;
    }
    this.#questions.begin(peer);
    const bytes = partial.missing.length * TRANSACTION_JSON_BYTES;
    const extraMs = Math.ceil((2 * bytes) / SLOW_BYTES_PER_MS);
    this.#questions.limit(this.#timeoutMs(this.announcement?.header) + extraMs);
    this.#askMissing(partial, false);
  }

  /** Transactions by index came, the first of those that are missing or all. */
  onTransactions(peer: Peer, indexes: readonly number[], transactions: readonly Transaction[]): void {
    const partial = this.#partial;
    if (partial === undefined || this.source !== peer) {
      this.#ports.fault(peer, 'UNREQUESTED');
      return;
    }
    const filled = fillPartial(partial, indexes, transactions);
    if (filled !== undefined && filled.missing.length > 0 && this.#questions.answered()) {
      this.#askMissing(filled, true);
      return;
    }
    const all = filled === undefined ? undefined : completePartial(filled);
    if (all !== undefined && this.#ports.onTransactions(this, all, peer)) return;
    // Short ids may collide without anybody's fault: the whole block settles it.
    this.end();
    this.ask(peer);
  }

  onPart(peer: Peer, part: BlockPart): void {
    if (this.source !== peer || this.#partial !== undefined || !this.#questions.answered()) {
      this.#ports.fault(peer, 'UNREQUESTED');
      return;
    }
    peer.stalls = 0;
    const body = this.#body ?? new PartialBody(this.#ports.blockBytesMax);
    const added = body.add(part);
    switch (added) {
      case 'more':
      case 'stale':
        this.#body = body;
        this.#pull(body);
        return;
      case 'whole':
        this.#onWhole(peer, body);
        return;
      case 'gone':
        this.nextAfter(peer);
        return;
      case 'garbage':
        this.#onGarbage(peer);
        return;
      default:
        assertNever(added);
    }
  }

  /** The source failed: the next announcer, or nobody until somebody announces it again. */
  next(): void {
    this.#questions.end();
    this.#partial = undefined;
    for (let next = this.#announcers.shift(); next !== undefined; next = this.#announcers.shift()) {
      if (!next.isUp) continue;
      this.ask(next);
      return;
    }
    this.#ports.onNobody(this);
  }

  /** Nobody is asked any more, and what came of it is forgotten. */
  end(): void {
    this.#questions.end();
    this.#partial = undefined;
    this.#body = undefined;
  }

  /** This peer failed: the next announcer, if it is the one that was asked. */
  nextAfter(peer: Peer): void {
    if (this.source === peer) this.next();
  }

  #askMissing(partial: PartialBlock, goesOn: boolean): void {
    this.#partial = partial;
    const { id } = this;
    const { missing } = partial;
    const bytes = missing.length * TRANSACTION_JSON_BYTES;
    const waitMs = this.#timeoutMs(this.announcement?.header);
    this.#questions.ask(bytes, waitMs, { kind: 'GetBlock', id, indexes: missing }, goesOn);
  }

  /** Asks the source for the next parts, as many as may be on their way. */
  #pull(body: PartialBody): void {
    const { id } = this;
    const baseMs = this.#ports.limits.blockRequestTimeoutMs;
    // Nothing is on its way: a source begins.
    if (body.asked === body.received) {
      this.#questions.limit(baseMs + partsTimeoutMs(body.size - body.received));
    }
    const waitMs = baseMs + Math.ceil(IN_FLIGHT_MAX_BYTES / SLOW_BYTES_PER_MS);
    while (body.asked < Math.max(1, body.size) && this.#questions.count < PARTS_IN_FLIGHT_MAX) {
      const want = { kind: 'part', id, offset: body.asked } as const;
      body.asked += PART_MAX_BYTES;
      const message = { kind: 'SyncRequest', requestId: GOSSIP_REQUEST_ID, want } as const;
      this.#questions.ask(ANSWER_MAX_BYTES, waitMs, message, true);
    }
  }

  #onWhole(peer: Peer, body: PartialBody): void {
    const found = body.block(this.#ports.env, this.id);
    if (found !== undefined) this.#ports.onWhole(this, found, peer, body.isMixed);
    else if (body.isMixed) {
      // Whose part is wrong cannot be told: this peer gives all of it.
      this.end();
      this.ask(peer);
    } else this.#onGarbage(peer);
  }

  #onGarbage(peer: Peer): void {
    this.#body = undefined;
    this.#ports.fault(peer, 'BODY_MISMATCH');
    this.nextAfter(peer);
  }

  /** What the size of the block needs on a slow link, and a pause for the unexpected. */
  #timeoutMs(header: Header | undefined): number {
    const guess = header === undefined ? Number.MAX_SAFE_INTEGER : header.txCount * TRANSACTION_BYTES_GUESS;
    const bytes = Math.min(this.#ports.blockBytesMax, guess);
    return this.#ports.limits.blockRequestTimeoutMs + Math.ceil(bytes / SLOW_BYTES_PER_MS);
  }
}
