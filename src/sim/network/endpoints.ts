/** The two ends of every connection, in typed arrays: ends 2k and 2k + 1 belong together. */
import { assert } from '../../env/assert.ts';
import type { ConnectionId } from '../../env/units.ts';
import { connectionId } from '../../env/units.ts';
import { copied, NONE } from './messages.ts';

/** Ends at once: 8 million connections. */
const ENDS_MAX = 16_777_216;
/** Connections that one host may ever have: an id stays a safe integer. */
const COUNT_MAX = 536_870_912;

/** Life of an end. OPENING ends were never told to the program; CLOSING ones drain; CLOSED ones await 'local'. */
export const GONE = 0;
export const OPENING = 1;
export const OPEN = 2;
export const CLOSING = 3;
export const CLOSED = 4;

/**
 * Why arrivals wait at an end. PIPE: its wire; HELD: a cut or a silent host; CLOG: a clog; STEP: one µs apart;
 * WINDOW: the host takes no more.
 */
export const IDLE = 0;
export const PIPE = 1;
export const HELD = 2;
export const CLOG = 3;
export const STEP = 4;
export const WINDOW = 5;

/** State of the promise of onWritable. */
export const NOT_FULL = 0;
export const WANTED = 1;
export const PROMISED = 2;

/** All ends; fields are read and written in place, and never kept across a call of a program. */
export class Endpoints {
  host = new Int32Array(0);
  boot = new Float64Array(0);
  id = new Float64Array(0);
  state = new Uint8Array(0);
  inbound = new Uint8Array(0);
  /** The directed link on which this end sends. */
  link = new Int32Array(0);
  /** What was sent and not delivered. */
  queuedBytes = new Float64Array(0);
  full = new Uint8Array(0);
  /** What waits for the wire. */
  txHead = new Int32Array(0);
  txTail = new Int32Array(0);
  /** What leaves this end later than this never arrives: its boot ended, or it closed. -1: it gave up. */
  diedUs = new Float64Array(0);
  /** When a link with a limit has let the last message of this end pass. */
  limitUs = new Float64Array(0);
  /** What arrived and waits, why, and the latest times of arrival and delivery. */
  rxHead = new Int32Array(0);
  rxTail = new Int32Array(0);
  rxState = new Uint8Array(0);
  arrivalUs = new Float64Array(0);
  /** When the last step of the handshake arrives; no message does before. */
  openUs = new Float64Array(0);
  deliveryUs = new Float64Array(0);
  /** Retransmission towards this end: 0 when none, else the present time-out, and when the sender gives up. */
  retryUs = new Float64Array(0);
  giveUpUs = new Float64Array(0);
  resetSent = new Uint8Array(0);
  /** 1: the machine lost its power, and sends nothing again. */
  dark = new Uint8Array(0);
  /** Events and calls that hold the connection; kept at its even end. */
  #holds = new Int32Array(0);
  /** Ends of one host in a list, newest first. */
  readonly #first: Int32Array;
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  /** Connections that the host ever had: ids grow. */
  readonly #count: Float64Array;
  readonly #inboundNow: Int32Array;
  #free = NONE;
  #live = 0;
  #size = 0;
  readonly #onGrow: (ends: number) => void;

  constructor(hosts: number, onGrow: (ends: number) => void) {
    this.#first = new Int32Array(hosts).fill(NONE);
    this.#count = new Float64Array(hosts);
    this.#inboundNow = new Int32Array(hosts);
    this.#onGrow = onGrow;
  }

  /** Connections whose numbers are taken. */
  get live(): number {
    return this.#live;
  }

  /** A new connection; answers the dialing end, the other is its number xor 1. */
  open(dialer: number, boot: number, listener: number, link: number, reverseLink: number): number {
    if (this.#free === NONE) this.#grow();
    const end = this.#free;
    this.#free = this.#next[end] as number;
    this.#live++;
    this.#holds[end] = 0;
    this.#clear(end, dialer, link);
    this.#clear(end ^ 1, listener, reverseLink);
    this.boot[end] = boot;
    this.#enlist(end);
    this.state[end] = OPENING;
    return end;
  }

  /** The listener's end comes to be. */
  accept(end: number, boot: number): void {
    this.boot[end] = boot;
    this.inbound[end] = 1;
    this.#enlist(end);
    this.state[end] = OPENING;
    const host = this.host[end] as number;
    this.#inboundNow[host] = (this.#inboundNow[host] as number) + 1;
  }

  /** The end is over; its number returns when the other is over too and nothing holds the connection. */
  retire(end: number): void {
    if (this.state[end] === GONE) return;
    this.state[end] = GONE;
    const host = this.host[end] as number;
    const next = this.#next[end] as number;
    const previous = this.#previous[end] as number;
    if (previous === NONE) this.#first[host] = next;
    else this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    if (this.inbound[end] === 1) this.#inboundNow[host] = (this.#inboundNow[host] as number) - 1;
  }

  hold(end: number): void {
    const even = end & ~1;
    this.#holds[even] = (this.#holds[even] as number) + 1;
  }

  release(end: number): void {
    const even = end & ~1;
    const holds = (this.#holds[even] as number) - 1;
    assert(holds >= 0, 'a connection is released as often as it was held');
    this.#holds[even] = holds;
    if (holds > 0 || this.state[even] !== GONE || this.state[even + 1] !== GONE) return;
    assert(
      this.rxHead[even] === NONE && this.rxHead[even + 1] === NONE,
      'a connection ends without arrivals',
    );
    assert(
      this.txHead[even] === NONE && this.txHead[even + 1] === NONE,
      'a connection ends with empty queues',
    );
    this.id[even] = 0;
    this.id[even + 1] = 0;
    this.#next[even] = this.#free;
    this.#free = even;
    this.#live--;
  }

  /** The end of a host's connection, or NONE when the id is of no living one. */
  find(host: number, boot: number, c: ConnectionId): number {
    const end = c - Math.floor(c / ENDS_MAX) * ENDS_MAX;
    if (end >= this.#size || this.id[end] !== c || this.host[end] !== host) return NONE;
    return this.boot[end] === boot && this.state[end] !== GONE ? end : NONE;
  }

  connection(end: number): ConnectionId {
    return connectionId(this.id[end] as number);
  }

  inboundNow(host: number): number {
    return this.#inboundNow[host] as number;
  }

  /** The newest end of a host, or NONE; then the next older one. */
  firstOf(host: number): number {
    return this.#first[host] as number;
  }

  after(end: number): number {
    return this.#next[end] as number;
  }

  #enlist(end: number): void {
    const host = this.host[end] as number;
    const count = (this.#count[host] as number) + 1;
    assert(count <= COUNT_MAX, 'a host has no more connections than ids');
    this.#count[host] = count;
    this.id[end] = count * ENDS_MAX + end;
    const first = this.#first[host] as number;
    this.#next[end] = first;
    this.#previous[end] = NONE;
    if (first !== NONE) this.#previous[first] = end;
    this.#first[host] = end;
  }

  #clear(end: number, host: number, link: number): void {
    this.host[end] = host;
    this.boot[end] = -1;
    this.id[end] = 0;
    this.state[end] = GONE;
    this.inbound[end] = 0;
    this.link[end] = link;
    this.queuedBytes[end] = 0;
    this.full[end] = NOT_FULL;
    this.txHead[end] = NONE;
    this.txTail[end] = NONE;
    this.diedUs[end] = Number.POSITIVE_INFINITY;
    this.limitUs[end] = 0;
    this.rxHead[end] = NONE;
    this.rxTail[end] = NONE;
    this.rxState[end] = IDLE;
    this.arrivalUs[end] = 0;
    this.openUs[end] = -1;
    this.deliveryUs[end] = -1;
    this.retryUs[end] = 0;
    this.giveUpUs[end] = 0;
    this.resetSent[end] = 0;
    this.dark[end] = 0;
  }

  #grow(): void {
    const from = this.#size;
    const count = Math.max(256, from * 2);
    assert(count <= ENDS_MAX, 'no more connections are open at once than a simulation can hold');
    this.#size = count;
    this.host = copied(new Int32Array(count), this.host);
    this.boot = copied(new Float64Array(count), this.boot);
    this.id = copied(new Float64Array(count), this.id);
    this.state = copied(new Uint8Array(count), this.state);
    this.inbound = copied(new Uint8Array(count), this.inbound);
    this.link = copied(new Int32Array(count), this.link);
    this.queuedBytes = copied(new Float64Array(count), this.queuedBytes);
    this.full = copied(new Uint8Array(count), this.full);
    this.txHead = copied(new Int32Array(count), this.txHead);
    this.txTail = copied(new Int32Array(count), this.txTail);
    this.diedUs = copied(new Float64Array(count), this.diedUs);
    this.limitUs = copied(new Float64Array(count), this.limitUs);
    this.rxHead = copied(new Int32Array(count), this.rxHead);
    this.rxTail = copied(new Int32Array(count), this.rxTail);
    this.rxState = copied(new Uint8Array(count), this.rxState);
    this.arrivalUs = copied(new Float64Array(count), this.arrivalUs);
    this.openUs = copied(new Float64Array(count), this.openUs);
    this.deliveryUs = copied(new Float64Array(count), this.deliveryUs);
    this.retryUs = copied(new Float64Array(count), this.retryUs);
    this.giveUpUs = copied(new Float64Array(count), this.giveUpUs);
    this.resetSent = copied(new Uint8Array(count), this.resetSent);
    this.dark = copied(new Uint8Array(count), this.dark);
    this.#holds = copied(new Int32Array(count), this.#holds);
    this.#next = copied(new Int32Array(count), this.#next);
    this.#previous = copied(new Int32Array(count), this.#previous);
    for (let end = count - 2; end >= from; end -= 2) {
      this.#next[end] = this.#free;
      this.#free = end;
    }
    this.#onGrow(count);
  }
}
