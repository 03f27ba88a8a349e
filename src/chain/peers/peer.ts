/** A peer: one connection after its handshake, and what this node remembers of it. */
import type { Address, ConnectionId } from '../../env/units.ts';
import type { HeadClaim } from '../types/message.ts';
import type { PeerId } from '../types/units.ts';
import { AnswerWindow } from './answer-window.ts';
import { NumberSet } from './inventory.ts';

/** What a handshake tells of a peer. */
export type PeerIdentity = Pick<Peer, 'id' | 'connection' | 'address' | 'direction' | 'group' | 'pingMs'>;

/** State of one peer while its connection lasts. */
export class Peer {
  readonly id: PeerId;
  readonly connection: ConnectionId;
  /** Where it was dialed, or where it says that it listens. */
  readonly address: Address;
  readonly direction: 'in' | 'out';
  /** Where its bytes come from, as a group of addresses. */
  readonly group: string;
  readonly upMs: number;
  /** Its newest claim: may go down, may be a lie. */
  head: HeadClaim;
  /** Transactions that it has or was told of, by this node's dense numbers. */
  readonly known = new NumberSet();
  /** Transactions asked of it and not answered. */
  transactionsInFlight = 0;
  /** Blocks asked of it and not answered: what its queue holds for this node. */
  blocksInFlight = 0;
  /** Requests in a row that it let time out. */
  stalls = 0;
  /** Its send queue is full until onWritable. */
  full = false;
  isUp = true;
  /** Answers that are on their way from it. */
  readonly window = new AnswerWindow();
  lastHeardMs: number;
  /** The ping that waits for its pong; 0: none. */
  pingNonce = 0;
  pingSentMs = 0;
  /** The shortest round trip that was seen: of the handshake, then of pings. */
  pingMs: number;
  /** When it last brought a block that was new and was executed; undefined: never. */
  blockMs: number | undefined;
  /** When it last brought a transaction that the mempool took; undefined: never. */
  transactionMs: number | undefined;
  /** Addresses that it may still tell in this window, and when the window began. */
  addressAllowance = 0;
  addressWindowMs = -1;
  /** When its last request for addresses was answered; -1: never. */
  addressesToldMs = -1;

  constructor(identity: PeerIdentity, head: HeadClaim, nowMs: number) {
    const { id, connection, address, direction, group, pingMs } = identity;
    this.id = id;
    this.connection = connection;
    this.address = address;
    this.direction = direction;
    this.group = group;
    this.pingMs = pingMs;
    this.head = head;
    this.upMs = nowMs;
    this.lastHeardMs = nowMs;
  }
}
