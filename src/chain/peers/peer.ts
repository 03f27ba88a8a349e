/** A peer: one connection after its handshake, and what this node remembers of it. */
import type { Address, ConnectionId } from '../../env/units.ts';
import type { HeadClaim } from '../types/message.ts';
import type { PeerId } from '../types/units.ts';
import { NumberSet } from './inventory.ts';

/** State of one peer while its connection lasts. */
export class Peer {
  readonly id: PeerId;
  readonly connection: ConnectionId;
  /** Where it was dialed, or where it says that it listens. */
  readonly address: Address;
  readonly direction: 'in' | 'out';
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
  lastHeardMs: number;
  /** The ping that waits for its pong; 0: none. */
  pingNonce = 0;
  pingSentMs = 0;
  /** Addresses that it may still tell in this window, and when the window began. */
  addressAllowance = 0;
  addressWindowMs = -1;
  /** When its last request for addresses was answered; -1: never. */
  addressesToldMs = -1;

  constructor(
    id: PeerId,
    connection: ConnectionId,
    address: Address,
    direction: 'in' | 'out',
    head: HeadClaim,
    nowMs: number,
  ) {
    this.id = id;
    this.connection = connection;
    this.address = address;
    this.direction = direction;
    this.head = head;
    this.upMs = nowMs;
    this.lastHeardMs = nowMs;
  }
}
