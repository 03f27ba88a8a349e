/** Transaction gossip by inventory: ids that I have, ids that I want, bodies; one request for each id at a time. */
import type { Clock, Timer } from '../../env/clock.ts';
import { ms } from '../../env/units.ts';
import type { NodeLimits } from '../node-config.ts';
import type { Message, TransactionsMessage } from '../types/message.ts';
import { ANSWER_MAX_BYTES, INVENTORY_IDS_MAX, TRANSACTION_JSON_BYTES } from '../types/message-codec.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionLayout } from '../types/transaction-codec.ts';
import type { TxId } from '../types/units.ts';
import type { Question } from './answer-window.ts';
import type { PeerFault } from './fault.ts';
import { Inventory } from './inventory.ts';
import type { Peer } from './peer.ts';

/** Ids of one request: their bodies fill an answer. */
const WANT_IDS_MAX = Math.floor(ANSWER_MAX_BYTES / (TRANSACTION_JSON_BYTES + 1));
/** Requests that one peer may hold: past it its further announcements wait for another announcer. */
const REQUESTS_PER_PEER_MAX = 1_000;
/** Announcers remembered for each request, beside the one that was asked. */
const ANNOUNCERS_MAX = 4;
/** Ids of the mempool told to a new peer. */
const WELCOME_IDS_MAX = 2_000;

/** Ends an answer that lacks something: a message with nothing in it. */
const NOT_FOUND: TransactionsMessage = { kind: 'Transactions', have: [], want: [], bodies: [] };

/** What the relay needs of the node. */
export interface TransactionRelayPorts {
  readonly clock: Clock;
  readonly limits: NodeLimits;
  readonly requestTimeouts: boolean;
  readonly peers: () => readonly Peer[];
  send(peer: Peer, message: Message): boolean;
  fault(peer: Peer, fault: PeerFault): void;
  /** A transaction of the mempool. */
  get(id: TxId): Transaction | undefined;
  /** Ids of the mempool, those that pay best first. */
  ids(): Iterable<TxId>;
  /** True unless it is here, or was judged not long ago. */
  isNew(id: TxId): boolean;
  idOf(transaction: Transaction): TxId;
  /** A requested body arrived. */
  onBody(peer: Peer, id: TxId, transaction: Transaction): void;
}

/** What one message asks is answered together. */
interface Batch {
  /** Ids that are not answered. */
  left: number;
  /** Its place in the window of the peer; undefined while it is put there. */
  place: Question | undefined;
}

interface Request {
  readonly source: Peer;
  readonly batch: Batch;
  deadlineMs: number;
  announcers: Peer[] | undefined;
}

/** The gossip of one node. Exists only where transactionGossip is on. */
export class TransactionRelay {
  readonly #ports: TransactionRelayPorts;
  readonly #inventory: Inventory;
  /** By deadline, the earliest first: each new deadline is the latest. */
  readonly #requests = new Map<TxId, Request>();
  #announcements: TxId[] = [];
  #announceTimer: Timer | undefined;
  #deadlineTimer: Timer | undefined;

  constructor(ports: TransactionRelayPorts) {
    this.#ports = ports;
    this.#inventory = new Inventory(ports.limits.inventoryIdsMax, (number) => {
      for (const peer of ports.peers()) peer.known.delete(number);
    });
  }

  onMessage(peer: Peer, message: TransactionsMessage): void {
    const { have, want, bodies } = message;
    if (have.length > INVENTORY_IDS_MAX || want.length > INVENTORY_IDS_MAX) {
      this.#ports.fault(peer, 'OVER_LIMIT');
      return;
    }
    if (have.length + want.length + bodies.length === 0) this.#onNotFound(peer);
    if (have.length > 0) this.#onHave(peer, have);
    if (want.length > 0) this.#onWant(peer, want);
    // One fault a message: an answer that comes too late was honest, however many it holds.
    let isUnrequested = false;
    for (const body of bodies) if (peer.isUp && !this.#onBody(peer, body)) isUnrequested = true;
    if (isUnrequested && peer.isUp) this.#ports.fault(peer, 'UNREQUESTED');
  }

  /** A transaction entered the mempool: peers that do not know it are told, together with what comes soon after. */
  announce(id: TxId): void {
    if (this.#announcements.length >= this.#ports.limits.inventoryIdsMax) return;
    this.#announcements.push(id);
    this.#announceTimer ??= this.#ports.clock.setTimer(
      'announce-transactions',
      ms(this.#ports.limits.transactionBatchMs),
      () => {
        this.#announceTimer = undefined;
        this.#flush();
      },
    );
  }

  onPeerUp(peer: Peer): void {
    const have: TxId[] = [];
    for (const id of this.#ports.ids()) {
      if (have.length >= WELCOME_IDS_MAX) break;
      peer.known.add(this.#inventory.numberOf(id));
      have.push(id);
    }
    this.#sendIds(peer, have);
  }

  onPeerDown(peer: Peer): void {
    for (const [id, request] of [...this.#requests]) {
      if (request.source === peer) this.#next(id, request);
      else if (request.announcers?.includes(peer) === true) {
        request.announcers = request.announcers.filter((other) => other !== peer);
      }
    }
  }

  stop(): void {
    this.#announceTimer?.cancel();
    this.#deadlineTimer?.cancel();
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    const { limits } = this.#ports;
    return [
      { name: 'gossip.inventory', size: this.#inventory.size, max: limits.inventoryIdsMax },
      { name: 'gossip.requests', size: this.#requests.size, max: limits.requestsInFlightMax },
      { name: 'gossip.announcements', size: this.#announcements.length, max: limits.inventoryIdsMax },
    ];
  }

  #onHave(peer: Peer, have: readonly TxId[]): void {
    const wanted: TxId[] = [];
    for (const id of have) {
      peer.known.add(this.#inventory.numberOf(id));
      if (!this.#ports.isNew(id)) continue;
      const request = this.#requests.get(id);
      if (request !== undefined) addAnnouncer(request, peer);
      else if (this.#mayAsk(peer, wanted.length)) wanted.push(id);
    }
    for (let i = 0; i < wanted.length; i += WANT_IDS_MAX) {
      this.#want(peer, wanted.slice(i, i + WANT_IDS_MAX));
    }
  }

  #onWant(peer: Peer, want: readonly TxId[]): void {
    let bodies: Transaction[] = [];
    let bytes = 0;
    let isComplete = true;
    for (const id of want) {
      const transaction = this.#ports.get(id);
      if (transaction === undefined) {
        isComplete = false;
        continue;
      }
      peer.known.add(this.#inventory.numberOf(id));
      const size = transactionLayout.jsonSize(transaction) + 1;
      if (bodies.length > 0 && bytes + size > this.#ports.limits.answerBytesMax) {
        this.#ports.send(peer, { kind: 'Transactions', have: [], want: [], bodies });
        bodies = [];
        bytes = 0;
      }
      bodies.push(transaction);
      bytes += size;
    }
    if (bodies.length > 0) this.#ports.send(peer, { kind: 'Transactions', have: [], want: [], bodies });
    if (!isComplete) this.#ports.send(peer, NOT_FOUND);
  }

  /** Streams keep their order: what the oldest open question still lacks is not there, and other announcers are asked. */
  #onNotFound(peer: Peer): void {
    const open = [...this.#requests].filter(([, { source }]) => source === peer);
    const batch = open[0]?.[1].batch;
    for (const [id, request] of open) if (request.batch === batch) this.#next(id, request);
  }

  /** False: nobody waits for it, and it is new. */
  #onBody(peer: Peer, transaction: Transaction): boolean {
    const id = this.#ports.idOf(transaction);
    const request = this.#requests.get(id);
    if (request === undefined) return !this.#ports.isNew(id);
    this.#end(id, request);
    peer.known.add(this.#inventory.numberOf(id));
    this.#ports.onBody(peer, id, transaction);
    return true;
  }

  /** @param more so many will be asked of it beside those that are. */
  #mayAsk(peer: Peer, more: number): boolean {
    return (
      peer.isUp &&
      peer.transactionsInFlight + more < REQUESTS_PER_PEER_MAX &&
      this.#requests.size + more < this.#ports.limits.requestsInFlightMax
    );
  }

  /** Asks for all of them together, now or when what was asked before is answered. */
  #want(peer: Peer, ids: readonly TxId[], announcers?: Peer[]): void {
    peer.transactionsInFlight += ids.length;
    const batch: Batch = { left: 0, place: undefined };
    const bytes = ids.length * (TRANSACTION_JSON_BYTES + 1);
    batch.place = peer.window.ask(bytes, () => this.#ask(peer, ids, batch, announcers));
  }

  /** While it waited for its turn, ids may have come, or others been asked. Answers whether any is left to be asked for. */
  #ask(peer: Peer, ids: readonly TxId[], batch: Batch, announcers: Peer[] | undefined): boolean {
    const deadlineMs = this.#ports.clock.monotonicMs() + this.#ports.limits.transactionRequestTimeoutMs;
    const hasWaited = batch.place !== undefined;
    const want: TxId[] = [];
    for (const id of ids) {
      const other = this.#requests.get(id);
      if (other !== undefined) addAnnouncer(other, peer);
      if (other !== undefined || (hasWaited && !this.#ports.isNew(id))) continue;
      this.#requests.set(id, { source: peer, batch, deadlineMs, announcers });
      want.push(id);
    }
    batch.left = want.length;
    peer.transactionsInFlight -= ids.length - want.length;
    if (want.length === 0) return false;
    this.#setDeadlineTimer();
    this.#ports.send(peer, { kind: 'Transactions', have: [], want, bodies: [] });
    return true;
  }

  #end(id: TxId, { source, batch }: Request): void {
    this.#requests.delete(id);
    source.transactionsInFlight--;
    batch.left--;
    if (batch.left === 0 && batch.place !== undefined) source.window.end(batch.place);
  }

  /** Gives a request to its next announcer, or up. */
  #next(id: TxId, request: Request): void {
    this.#end(id, request);
    for (let next = request.announcers?.shift(); next !== undefined; next = request.announcers?.shift()) {
      if (next === request.source || !this.#mayAsk(next, 0)) continue;
      this.#want(next, [id], request.announcers);
      return;
    }
  }

  #setDeadlineTimer(): void {
    if (this.#deadlineTimer !== undefined || !this.#ports.requestTimeouts) return;
    const first = this.#requests.values().next();
    if (first.done === true) return;
    const { clock } = this.#ports;
    const waitMs = Math.max(1, first.value.deadlineMs - clock.monotonicMs());
    this.#deadlineTimer = clock.setTimer('transaction-requests', ms(waitMs), () => {
      this.#deadlineTimer = undefined;
      this.#expire(clock.monotonicMs());
      this.#setDeadlineTimer();
    });
  }

  #expire(nowMs: number): void {
    const late: [TxId, Request][] = [];
    for (const entry of this.#requests) {
      if (entry[1].deadlineMs > nowMs) break;
      late.push(entry);
    }
    for (const [id, request] of late) if (this.#requests.get(id) === request) this.#next(id, request);
  }

  /** One message for all peers that know nothing of it, its own for each of the others. */
  #flush(): void {
    const ids = this.#announcements;
    this.#announcements = [];
    const numbers = ids.map((id) => this.#inventory.numberOf(id));
    const shared = chunks(ids);
    for (const peer of this.#ports.peers()) {
      const news: TxId[] = [];
      for (let i = 0; i < ids.length; i++) {
        const number = numbers[i] as number;
        if (peer.known.has(number)) continue;
        peer.known.add(number);
        news.push(ids[i] as TxId);
      }
      if (news.length === ids.length) for (const message of shared) this.#ports.send(peer, message);
      else this.#sendIds(peer, news);
    }
  }

  #sendIds(peer: Peer, ids: readonly TxId[]): void {
    for (const message of chunks(ids)) this.#ports.send(peer, message);
  }
}

function addAnnouncer(request: Request, peer: Peer): void {
  request.announcers ??= [];
  const { announcers } = request;
  if (announcers.length < ANNOUNCERS_MAX && !announcers.includes(peer)) announcers.push(peer);
}

function chunks(ids: readonly TxId[]): readonly TransactionsMessage[] {
  const messages: TransactionsMessage[] = [];
  for (let i = 0; i < ids.length; i += INVENTORY_IDS_MAX) {
    const have = ids.slice(i, i + INVENTORY_IDS_MAX);
    messages.push({ kind: 'Transactions', have, want: [], bodies: [] });
  }
  return messages;
}
