/** How connections begin: dial, the three steps of the handshake, and every way in which it fails. */
import { assert } from '../../env/assert.ts';
import type { ConnectionInfo, DialFailure } from '../../env/network.ts';
import { type Address, address } from '../../env/units.ts';
import type { Core } from './core.ts';
import { isClogged, isCut, OP, scheduleEnd } from './core.ts';
import { GONE, OPEN, OPENING } from './endpoints.ts';
import { ACCEPT } from './messages.ts';
import type { Outbox } from './outbox.ts';
import type { HostPort } from './ports.ts';

const DIAL_FAILURES: readonly DialFailure[] = ['refused', 'unreachable', 'timeout', 'self', 'limit'];
/** The distance between two attempts of a handshake doubles up to here. */
const ATTEMPT_DISTANCE_MAX_US = 120_000_000;

/** What the handshake needs of the network. */
export interface HandshakeEvents {
  /** True when the machine of that end answers at all. */
  answers(end: number): boolean;
  retire(end: number): void;
  /** Tells the other side that this end is gone. */
  reset(end: number): void;
}

/** A dial that fails without any packet. */
interface NullDial {
  readonly host: number;
  readonly boot: number;
  readonly to: Address;
  readonly reason: DialFailure;
}

export class Handshake {
  readonly #core: Core;
  readonly #hosts: Pick<HostPort<never>, 'isUp' | 'bootOf' | 'connected' | 'dialFailed'>;
  readonly #outbox: Outbox;
  readonly #events: HandshakeEvents;
  readonly #datagram: boolean;
  readonly #hostOf = new Map<Address, number>();
  readonly #addresses: Address[] = [];
  /** Where an inbound connection seems to come from: a port that nobody listens on. */
  readonly #outward: Address[] = [];
  readonly #inboundMax: number[] = [];
  readonly #nullDials = new Map<number, NullDial>();
  #nullDialCount = 0;

  constructor(
    core: Core,
    hosts: Pick<HostPort<never>, 'isUp' | 'bootOf' | 'connected' | 'dialFailed'>,
    outbox: Outbox,
    events: HandshakeEvents,
  ) {
    this.#core = core;
    this.#hosts = hosts;
    this.#outbox = outbox;
    this.#events = events;
    this.#datagram = core.config.model === 'datagram';
    for (const [host, place] of core.config.hosts.entries()) {
      assert(!this.#hostOf.has(place.address), 'no two hosts have one address');
      this.#hostOf.set(place.address, host);
      this.#addresses.push(place.address);
      this.#outward.push(address(`${place.address.slice(0, 250)}/out`));
      this.#inboundMax.push(place.inboundMax ?? Number.POSITIVE_INFINITY);
    }
  }

  dial(host: number, boot: number, to: Address, leaveUs: number): void {
    const { ends, links, kernel, component, config } = this.#core;
    const listener = this.#hostOf.get(to);
    if (listener === undefined || listener === host) {
      const dial = this.#nullDialCount++;
      const reason = listener === undefined ? 'unreachable' : 'self';
      this.#nullDials.set(dial, { host, boot, to, reason });
      kernel.schedule(leaveUs, host, component, OP.nullDial, dial, 0, undefined);
      return;
    }
    const end = ends.open(host, boot, listener, links.link(host, listener), links.link(listener, host));
    ends.giveUpUs[end ^ 1] = leaveUs + config.dialTimeoutUs;
    if (this.#datagram) {
      scheduleEnd(this.#core, leaveUs, end, OP.synAck, end, 0);
      return;
    }
    const delayUs = this.#outbox.controlDelayUs(end);
    if (delayUs === undefined) this.#timeOut(end);
    else scheduleEnd(this.#core, leaveUs + delayUs, end ^ 1, OP.syn, end, 0);
  }

  onNullDial(number: number): void {
    const dial = this.#nullDials.get(number);
    assert(dial !== undefined, 'a dial fails once');
    this.#nullDials.delete(number);
    const { host, boot } = dial;
    if (this.#hosts.isUp(host) && this.#hosts.bootOf(host) === boot) {
      this.#hosts.dialFailed(host, boot, dial.to, dial.reason);
    }
  }

  /** The first step is at the listener. `distanceUs`: from the attempt before; 0 for the first. */
  onSyn(end: number, distanceUs: number): void {
    const { ends, kernel } = this.#core;
    if (ends.state[end] !== OPENING) return;
    const other = end ^ 1;
    if (isCut(this.#core, end) || isClogged(this.#core, end) || !this.#events.answers(other)) {
      this.#again(end, OP.syn, other, distanceUs);
      return;
    }
    const host = ends.host[other] as number;
    if (!this.#hosts.isUp(host)) this.#refuse(end, 'refused');
    else if (this.#isCrowded(host)) this.#refuse(end, 'limit');
    else {
      ends.accept(other, this.#hosts.bootOf(host));
      const delayUs = this.#outbox.controlDelayUs(other);
      if (delayUs === undefined) this.#timeOut(end);
      else scheduleEnd(this.#core, kernel.nowUs() + delayUs, end, OP.synAck, end, 0);
    }
  }

  /** The second step is back at the dialer; the third leaves before all that it sends. */
  onSynAck(end: number, distanceUs: number): void {
    const { ends, kernel } = this.#core;
    const other = end ^ 1;
    if (ends.state[end] !== OPENING) {
      if (ends.state[other] === OPENING) this.#events.retire(other);
      return;
    }
    if (!this.#datagram && (isCut(this.#core, other) || isClogged(this.#core, other))) {
      this.#again(end, OP.synAck, end, distanceUs);
      return;
    }
    ends.state[end] = OPEN;
    this.#outbox.control(end, ACCEPT, kernel.nowUs());
    ends.openUs[other] = ends.arrivalUs[other] as number;
    const to = this.#addresses[ends.host[other] as number] as Address;
    const info: ConnectionInfo = { direction: 'out', remote: to, dialed: to };
    this.#hosts.connected(ends.host[end] as number, ends.boot[end] as number, ends.connection(end), info);
  }

  /** The third step is at the listener. */
  onAccept(end: number): void {
    const { ends } = this.#core;
    const host = ends.host[end] as number;
    const isNew = this.#datagram && ends.state[end] === GONE;
    if (isNew && this.#hosts.isUp(host) && !this.#isCrowded(host)) ends.accept(end, this.#hosts.bootOf(host));
    if (ends.state[end] === GONE) this.#events.reset(end);
    if (ends.state[end] !== OPENING) return;
    ends.state[end] = OPEN;
    const remote = this.#outward[ends.host[end ^ 1] as number] as Address;
    this.#hosts.connected(host, ends.boot[end] as number, ends.connection(end), { direction: 'in', remote });
  }

  /** The dial has failed, unless it succeeded meanwhile. */
  onEnded(end: number, reason: number): void {
    const { ends } = this.#core;
    const other = end ^ 1;
    if (ends.state[end] === OPENING && DIAL_FAILURES[reason] !== 'timeout' && isCut(this.#core, other)) {
      this.#timeOut(end);
      return;
    }
    if (ends.state[other] === OPENING) this.#events.retire(other);
    if (ends.state[end] !== OPENING) return;
    const host = ends.host[end] as number;
    const boot = ends.boot[end] as number;
    const to = this.#addresses[ends.host[other] as number] as Address;
    this.#events.retire(end);
    this.#hosts.dialFailed(host, boot, to, DIAL_FAILURES[reason] as DialFailure);
  }

  #isCrowded(host: number): boolean {
    return this.#core.ends.inboundNow(host) >= (this.#inboundMax[host] as number);
  }

  #refuse(end: number, reason: DialFailure): void {
    const { ends, links, kernel } = this.#core;
    const backUs = links.baseUs[ends.link[end ^ 1] as number] as number;
    const atUs = kernel.nowUs() + backUs;
    scheduleEnd(this.#core, atUs, end, OP.dialEnded, end, DIAL_FAILURES.indexOf(reason));
  }

  #timeOut(end: number): void {
    const atUs = Math.max(this.#core.kernel.nowUs(), this.#core.ends.giveUpUs[end ^ 1] as number);
    scheduleEnd(this.#core, atUs, end, OP.dialEnded, end, DIAL_FAILURES.indexOf('timeout'));
  }

  /** The step was not answered: it is repeated at doubling distances until the dial times out. */
  #again(end: number, op: number, owner: number, beforeUs: number): void {
    const { ends, kernel, config } = this.#core;
    const distanceUs = beforeUs === 0 ? config.rtoUs : Math.min(beforeUs * 2, ATTEMPT_DISTANCE_MAX_US);
    const atUs = kernel.nowUs() + distanceUs;
    if (atUs >= (ends.giveUpUs[end ^ 1] as number)) this.#timeOut(end);
    else scheduleEnd(this.#core, atUs, owner, op, end, distanceUs);
  }
}
