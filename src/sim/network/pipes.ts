/**
 * The wires of hosts: how connections that have something to transmit share one rate.
 *
 * A wire serves flows; a flow is one direction of one connection and has one message in service at a time.
 * `fair` is processor sharing: with n busy flows each gets 1/n of the rate, at every instant. Virtual time V counts the
 * service that each flow got, in 1/1024 µs of the whole wire; V advances by floor(1024 dt / n); a message of work w that
 * starts at V ends when V reaches V + 1024 w, and the event of the next end is at the whole µs after it.
 * `fifo` serves one message at a time, in the order in which they were queued at the host.
 * A message of at most PACKET_BYTES that finds the wire without flows is a packet: it needs no event, and follows
 * earlier packets at once. Flows begin when the packets before them are out.
 */
import { assert } from '../../env/assert.ts';
import { copied } from './messages.ts';

/** The largest message that goes as one packet past the sharing: two round-robin turns of a usual network card. */
export const PACKET_BYTES = 4096;
/** Packets may stand that far ahead on a wire, in bytes; past it they are flows like any other. */
const BURST_BYTES = 16_384;
const FINE = 1024;

/** The time to put `bytes` on a wire of `kbitPerS`, in whole µs, rounded up. */
export function transmissionUs(bytes: number, kbitPerS: number): number {
  return Math.ceil((bytes * 8000) / kbitPerS);
}

export interface PipeEvents {
  nowUs(): number;
  /** Asks for `Pipes.onDue(pipe)` at that time. */
  scheduleDue(pipe: number, atUs: number): number;
  cancel(handle: number): void;
  /** The message in service on that flow is through. The flow is off the wire; it may join again. */
  onServed(flow: number): void;
}

/** All wires; pipes and flows are numbered by the caller. */
export class Pipes {
  readonly #events: PipeEvents;
  readonly #fair: boolean;
  readonly #rate: Float64Array;
  /** When the last packet is out. */
  readonly #freeUs: Float64Array;
  /** When V was last brought forward. */
  readonly #lastUs: Float64Array;
  readonly #virtual: Float64Array;
  readonly #busy: Int32Array;
  readonly #first: Int32Array;
  readonly #dueUs: Float64Array;
  readonly #dueHandle: Float64Array;
  /** fifo: the flow in service. */
  readonly #serving: Int32Array;
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  #pipeOf = new Int32Array(0);
  /** fair: V at which the flow is served; fifo: its place in the queue. */
  #rank = new Float64Array(0);
  #work = new Float64Array(0);

  /** @param kbitPerS by pipe; 0: unlimited, never joined. */
  constructor(kbitPerS: readonly number[], fair: boolean, events: PipeEvents) {
    const count = kbitPerS.length;
    this.#events = events;
    this.#fair = fair;
    this.#rate = Float64Array.from(kbitPerS);
    this.#freeUs = new Float64Array(count);
    this.#lastUs = new Float64Array(count);
    this.#virtual = new Float64Array(count);
    this.#busy = new Int32Array(count);
    this.#first = new Int32Array(count).fill(-1);
    this.#dueUs = new Float64Array(count).fill(-1);
    this.#dueHandle = new Float64Array(count);
    this.#serving = new Int32Array(count).fill(-1);
  }

  /** Makes room for flows 0 to count - 1. */
  grow(count: number): void {
    const from = this.#pipeOf.length;
    if (count <= from) return;
    this.#next = copied(new Int32Array(count), this.#next);
    this.#previous = copied(new Int32Array(count), this.#previous);
    this.#pipeOf = copied(new Int32Array(count), this.#pipeOf);
    this.#pipeOf.fill(-1, from);
    this.#rank = copied(new Float64Array(count), this.#rank);
    this.#work = copied(new Float64Array(count), this.#work);
  }

  unlimited(pipe: number): boolean {
    return this.#rate[pipe] === 0;
  }

  transmissionUs(pipe: number, bytes: number): number {
    return transmissionUs(bytes, this.#rate[pipe] as number);
  }

  /** When a packet that is ready at `readyUs` is out; undefined when it has to join as a flow. */
  sendPacket(pipe: number, bytes: number, readyUs: number): number | undefined {
    if (bytes > PACKET_BYTES || (this.#busy[pipe] as number) > 0) return undefined;
    const freeUs = this.#freeUs[pipe] as number;
    if (freeUs > readyUs + this.transmissionUs(pipe, BURST_BYTES)) return undefined;
    const outUs = Math.max(freeUs, readyUs) + this.transmissionUs(pipe, bytes);
    this.#freeUs[pipe] = outUs;
    return outUs;
  }

  /** True when a packet whose last bit came at `nowUs` had the wire for itself; the wire is then taken until now. */
  receivedPacket(pipe: number, bytes: number, nowUs: number): boolean {
    if (bytes > PACKET_BYTES || (this.#busy[pipe] as number) > 0) return false;
    if ((this.#freeUs[pipe] as number) > nowUs - this.transmissionUs(pipe, bytes)) return false;
    this.#freeUs[pipe] = nowUs;
    return true;
  }

  isBusy(flow: number): boolean {
    return (this.#pipeOf[flow] as number) >= 0;
  }

  /** Puts the next message of a flow on the wire. `order` is its place in the queue of a fifo wire. */
  join(pipe: number, flow: number, bytes: number, order: number): void {
    assert((this.#pipeOf[flow] as number) < 0, 'a flow has one message in service');
    const now = this.#events.nowUs();
    if (this.#busy[pipe] === 0) {
      this.#lastUs[pipe] = Math.max(now, this.#freeUs[pipe] as number);
      this.#virtual[pipe] = 0;
    } else if (this.#fair) {
      this.#advance(pipe, now);
    }
    const work = this.transmissionUs(pipe, bytes);
    this.#work[flow] = work;
    this.#rank[flow] = this.#fair ? (this.#virtual[pipe] as number) + work * FINE : order;
    this.#link(pipe, flow);
    this.#arm(pipe);
  }

  /** Takes a flow off its wire, served or not; the others have the more. */
  leave(flow: number): void {
    const pipe = this.#pipeOf[flow] as number;
    if (pipe < 0) return;
    const now = this.#events.nowUs();
    if (this.#fair) this.#advance(pipe, now);
    else if (this.#serving[pipe] === flow) {
      this.#serving[pipe] = -1;
      this.#lastUs[pipe] = Math.max(now, this.#freeUs[pipe] as number);
    }
    this.#unlink(pipe, flow);
    this.#arm(pipe);
  }

  /** The event asked for by `scheduleDue`: at most one message ends in it. */
  onDue(pipe: number): void {
    this.#dueUs[pipe] = -1;
    const now = this.#events.nowUs();
    let served = -1;
    if (this.#fair) {
      this.#advance(pipe, now);
      const first = this.#lowest(pipe);
      if (first >= 0 && (this.#rank[first] as number) <= (this.#virtual[pipe] as number)) served = first;
    } else {
      const current = this.#serving[pipe] as number;
      if (current >= 0 && (this.#lastUs[pipe] as number) + (this.#work[current] as number) <= now) {
        served = current;
        this.#serving[pipe] = -1;
        this.#lastUs[pipe] = now;
      }
    }
    if (served >= 0) this.#unlink(pipe, served);
    this.#arm(pipe);
    if (served >= 0) this.#events.onServed(served);
  }

  #advance(pipe: number, now: number): void {
    const dt = now - (this.#lastUs[pipe] as number);
    if (dt <= 0) return;
    const busy = this.#busy[pipe] as number;
    if (busy > 0) this.#virtual[pipe] = (this.#virtual[pipe] as number) + Math.floor((dt * FINE) / busy);
    this.#lastUs[pipe] = now;
  }

  #arm(pipe: number): void {
    if (this.#busy[pipe] === 0) return;
    let atUs: number;
    if (this.#fair) {
      const missing = Math.max(
        0,
        (this.#rank[this.#lowest(pipe)] as number) - (this.#virtual[pipe] as number),
      );
      atUs = (this.#lastUs[pipe] as number) + Math.ceil((missing * (this.#busy[pipe] as number)) / FINE);
    } else {
      if ((this.#serving[pipe] as number) < 0) this.#serving[pipe] = this.#lowest(pipe);
      atUs = (this.#lastUs[pipe] as number) + (this.#work[this.#serving[pipe] as number] as number);
    }
    const dueUs = this.#dueUs[pipe] as number;
    if (dueUs >= 0) {
      // An event that comes too early finds nothing and asks again: cheaper than moving it at each join.
      if (dueUs <= atUs) return;
      this.#events.cancel(this.#dueHandle[pipe] as number);
    }
    this.#dueUs[pipe] = atUs;
    this.#dueHandle[pipe] = this.#events.scheduleDue(pipe, atUs);
  }

  #lowest(pipe: number): number {
    let lowest = this.#first[pipe] as number;
    if (lowest < 0) return lowest;
    for (let flow = this.#next[lowest] as number; flow >= 0; flow = this.#next[flow] as number) {
      if ((this.#rank[flow] as number) <= (this.#rank[lowest] as number)) lowest = flow;
    }
    return lowest;
  }

  /** The newest stands first; `lowest` takes the oldest of equals. */
  #link(pipe: number, flow: number): void {
    const first = this.#first[pipe] as number;
    this.#next[flow] = first;
    this.#previous[flow] = -1;
    if (first >= 0) this.#previous[first] = flow;
    this.#first[pipe] = flow;
    this.#pipeOf[flow] = pipe;
    this.#busy[pipe] = (this.#busy[pipe] as number) + 1;
  }

  #unlink(pipe: number, flow: number): void {
    const next = this.#next[flow] as number;
    const previous = this.#previous[flow] as number;
    if (previous >= 0) this.#next[previous] = next;
    else this.#first[pipe] = next;
    if (next >= 0) this.#previous[next] = previous;
    this.#pipeOf[flow] = -1;
    this.#busy[pipe] = (this.#busy[pipe] as number) - 1;
    if (this.#busy[pipe] === 0)
      this.#freeUs[pipe] = Math.max(this.#freeUs[pipe] as number, this.#lastUs[pipe] as number);
  }
}
