/** Discovery: addresses told and asked for by PeerInfo, within limits for each peer. */
import type { Clock, Timer } from '../../env/clock.ts';
import type { Random } from '../../env/random.ts';
import { type Address, ms } from '../../env/units.ts';
import type { Message, PeerInfoMessage } from '../types/message.ts';
import type { AddressBook } from './address-book.ts';
import type { PeerFault } from './fault.ts';
import type { Peer } from './peer.ts';

/** Addresses in one message: what one answer holds. */
const ADDRESSES_PER_MESSAGE_MAX = 32;
/** Addresses that one peer may tell in a window, and the window: 64 in ten minutes fill a source's share at most. */
const ADDRESSES_PER_WINDOW = 64;
const ADDRESS_WINDOW_MS = 600_000;
/** A peer that asks again sooner is not answered: answers would map the network. */
const ANSWER_INTERVAL_MS = 60_000;
/** A node that has nobody to dial asks somebody in this time. */
const ASK_INTERVAL_MS = 10_000;

/** What discovery needs of the rest. */
export interface DiscoveryPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly peers: () => readonly Peer[];
  send(peer: Peer, message: Message): boolean;
  fault(peer: Peer, fault: PeerFault): void;
  onLearned(): void;
}

/** The PeerInfo part of a node. Exists only where discovery is on. */
export class Discovery {
  readonly #listen: Address;
  readonly #ports: DiscoveryPorts;
  readonly #book: AddressBook;
  #timer: Timer | undefined;

  constructor(listen: Address, ports: DiscoveryPorts, book: AddressBook) {
    this.#listen = listen;
    this.#ports = ports;
    this.#book = book;
  }

  /** A new peer: its own address is worth knowing, and one that this node chose is asked for others. */
  onUp(peer: Peer, listen: Address): void {
    if (peer.direction === 'in') {
      if (this.#book.add(listen, peer.id)) this.#ports.onLearned();
      return;
    }
    this.#ports.send(peer, { kind: 'PeerInfo', request: true, peers: [this.#listen] });
  }

  onMessage(peer: Peer, message: PeerInfoMessage): void {
    if (message.peers.length > ADDRESSES_PER_MESSAGE_MAX) {
      this.#ports.fault(peer, 'OVER_LIMIT');
      return;
    }
    const nowMs = this.#ports.clock.monotonicMs();
    this.#learn(peer, message.peers, nowMs);
    if (!message.request) return;
    if (peer.addressesToldMs >= 0 && nowMs - peer.addressesToldMs < ANSWER_INTERVAL_MS) return;
    peer.addressesToldMs = nowMs;
    const told = this.#book
      .sample(ADDRESSES_PER_MESSAGE_MAX - 1)
      .filter((address) => address !== peer.address);
    this.#ports.send(peer, { kind: 'PeerInfo', request: false, peers: [this.#listen, ...told] });
  }

  /** Nobody is left to dial: asks one peer now and then. */
  onStarved(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#ports.clock.setTimer('discover', ms(ASK_INTERVAL_MS), () => {
      this.#timer = undefined;
      const peers = this.#ports.peers();
      const peer = peers[this.#ports.random.below(Math.max(1, peers.length))];
      if (peer !== undefined) this.#ports.send(peer, { kind: 'PeerInfo', request: true, peers: [] });
      this.#ports.onLearned();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #learn(peer: Peer, addresses: readonly Address[], nowMs: number): void {
    if (peer.addressWindowMs < 0 || nowMs - peer.addressWindowMs >= ADDRESS_WINDOW_MS) {
      peer.addressWindowMs = nowMs;
      peer.addressAllowance = ADDRESSES_PER_WINDOW;
    }
    let learned = false;
    for (const address of addresses) {
      if (peer.addressAllowance === 0) break;
      peer.addressAllowance--;
      if (address !== this.#listen && this.#book.add(address, peer.id)) learned = true;
    }
    if (learned) this.#ports.onLearned();
  }
}
