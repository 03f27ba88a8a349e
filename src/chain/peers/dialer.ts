/** Dialer: keeps the wanted outbound connections, with growing pauses after failures; one timer, none when all is well. */
import type { Clock, Timer } from '../../env/clock.ts';
import type { DialFailure } from '../../env/network.ts';
import type { Random } from '../../env/random.ts';
import { type Address, ms } from '../../env/units.ts';
import type { PeerId } from '../types/units.ts';
import type { AddressBook } from './address-book.ts';

/** A connection that lasted so long clears the failures of its address. */
const STABLE_MS = 60_000;
/** A feeler tries one unproven address in this time, so that the book knows good ones when peers are lost. */
const FEELER_INTERVAL_MS = 120_000;
/** Address → identity, learned by dialing. Only outbound peers enter; the oldest gives way. */
const IDENTITIES_MAX = 1_024;

export interface DialerConfig {
  readonly listen: Address;
  /** Exactly these, or absent: as many as `outboundTarget` of the book. */
  readonly staticPeers: readonly Address[] | undefined;
  readonly outboundTarget: number;
  readonly feelers: boolean;
}

/** What the dialer needs of the rest. */
export interface DialerPorts {
  readonly clock: Clock;
  readonly random: Random;
  dial(address: Address): void;
  isPeerUp(peer: PeerId): boolean;
  /** No address is left to dial, and one is needed. */
  onStarved(): void;
}

/** Decides what to dial and when. */
export class Dialer {
  readonly #config: DialerConfig;
  readonly #ports: DialerPorts;
  readonly #book: AddressBook;
  /** Being dialed, or connected by a dial of this side. */
  readonly #busy = new Set<Address>();
  readonly #feelers = new Set<Address>();
  readonly #identities = new Map<Address, PeerId>();
  readonly #isFree: (address: Address) => boolean;
  #timer: Timer | undefined;
  #feelerTimer: Timer | undefined;
  #running = false;

  constructor(config: DialerConfig, ports: DialerPorts, book: AddressBook) {
    this.#config = config;
    this.#ports = ports;
    this.#book = book;
    this.#isFree = (address) => this.#mayDial(address);
  }

  start(): void {
    this.#running = true;
    if (this.#config.feelers) this.#scheduleFeeler();
    this.plan();
  }

  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
    this.#feelerTimer?.cancel();
  }

  /** Dials now, whatever the pauses say: an operator asked. */
  dialNow(address: Address): void {
    if (this.#busy.has(address) || address === this.#config.listen) return;
    this.#book.add(address, '');
    this.#dial(address);
  }

  isFeeler(address: Address): boolean {
    return this.#feelers.has(address);
  }

  onDialFailed(address: Address, reason: DialFailure): void {
    this.#feelers.delete(address);
    if (!this.#busy.delete(address)) return;
    if (reason === 'self') this.#book.remove(address);
    else this.#book.onFailed(address, this.#ports.clock.monotonicMs());
    this.plan();
  }

  /** A dialed connection proved its identity; it may still be closed as the second of a pair. */
  onIdentity(address: Address, peer: PeerId): void {
    this.#book.onProven(address);
    this.#identities.delete(address);
    for (const oldest of this.#identities.keys()) {
      if (this.#identities.size < IDENTITIES_MAX) break;
      this.#identities.delete(oldest);
    }
    this.#identities.set(address, peer);
  }

  /** A dialed connection ended. `upForMs` undefined: before its handshake. */
  onEnded(address: Address, upForMs: number | undefined): void {
    this.#feelers.delete(address);
    this.#busy.delete(address);
    if (upForMs !== undefined && upForMs >= STABLE_MS) this.#book.onStable(address);
    this.#book.onFailed(address, this.#ports.clock.monotonicMs());
    this.plan();
  }

  /** The other end is this node itself. */
  onSelf(address: Address): void {
    this.#book.remove(address);
  }

  /** Dials what is due and missing, and sets the timer for the next. Called whenever something changed. */
  plan(): void {
    if (!this.#running) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    const missing = this.#config.staticPeers === undefined ? this.#planDynamic() : this.#planStatic();
    if (!missing) return;
    const dueMs = this.#book.nextDueMs(this.#isFree);
    if (dueMs === undefined) {
      this.#ports.onStarved();
      return;
    }
    const waitMs = Math.max(1, dueMs - this.#ports.clock.monotonicMs());
    this.#timer = this.#ports.clock.setTimer('dial', ms(waitMs), () => {
      this.#timer = undefined;
      this.plan();
    });
  }

  get busyCount(): number {
    return this.#busy.size;
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    return [{ name: 'peers.identities', size: this.#identities.size, max: IDENTITIES_MAX }];
  }

  #planStatic(): boolean {
    const nowMs = this.#ports.clock.monotonicMs();
    let missing = false;
    for (const address of this.#config.staticPeers ?? []) {
      if (!this.#isFree(address)) continue;
      if (this.#book.isDue(address, nowMs)) this.#dial(address);
      else missing = true;
    }
    return missing;
  }

  #planDynamic(): boolean {
    const nowMs = this.#ports.clock.monotonicMs();
    while (this.#busy.size - this.#feelers.size < this.#config.outboundTarget) {
      const address = this.#book.pick(nowMs, this.#isFree);
      if (address === undefined) return true;
      this.#dial(address);
    }
    return false;
  }

  #mayDial(address: Address): boolean {
    if (address === this.#config.listen || this.#busy.has(address)) return false;
    const peer = this.#identities.get(address);
    return peer === undefined || !this.#ports.isPeerUp(peer);
  }

  #dial(address: Address): void {
    this.#busy.add(address);
    this.#ports.dial(address);
  }

  #scheduleFeeler(): void {
    const delayMs = FEELER_INTERVAL_MS / 2 + this.#ports.random.below(FEELER_INTERVAL_MS);
    this.#feelerTimer = this.#ports.clock.setTimer('feeler', ms(delayMs), () => {
      const address = this.#book.pickFresh(this.#ports.clock.monotonicMs(), this.#isFree);
      if (address !== undefined) {
        this.#feelers.add(address);
        this.#dial(address);
      }
      this.#scheduleFeeler();
    });
  }
}
