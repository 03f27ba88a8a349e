/** The receiving half: order, cuts, clogs and the wire of the receiver between the arrival of a message and its delivery. */
import type { Core } from './core.ts';
import { isClogged, isCut, OP, scheduleEnd } from './core.ts';
import { CLOG, GONE, HELD, IDLE, PIPE, STEP, WINDOW } from './endpoints.ts';
import { RTO_MAX_US } from './links.ts';
import { DATA, DROPPED, LOST, NONE, RECEIVED, RESET } from './messages.ts';

/** What the inbox tells the network. Each call comes from an event of the host that it concerns. */
export interface InboxEvents {
  /** The message is at the program's door; its slot belongs to the callee. */
  onDelivery(end: number, slot: number): void;
  /** Messages that nobody received any more, and never will. */
  onDropped(slot: number): void;
  /** What this end sent stayed unanswered too long. */
  onGiveUp(end: number): void;
  /** The notice that the other side is gone did not reach this end. */
  onNoticeLost(end: number): void;
  /** True when the machine of that end answers at all. */
  answers(end: number): boolean;
  /** False while the host of that end takes no more messages. */
  accepts(end: number): boolean;
}

export class Inbox {
  readonly #core: Core;
  readonly #events: InboxEvents;
  readonly #hosts: number;
  /** Ends that wait for a clog, in the order in which they began to; some may no longer. */
  #clogged: number[] = [];
  /** Ends that wait for their host to take more, by host. */
  readonly #waiting = new Map<number, number[]>();

  constructor(core: Core, events: InboxEvents) {
    this.#core = core;
    this.#events = events;
    this.#hosts = core.config.hosts.length;
  }

  /** A message arrives, or its first bit where the receiver's wire takes time. */
  onArrive(end: number, slot: number): void {
    const { ends, messages } = this.#core;
    const neverLeft = (messages.leftUs[slot] as number) > (ends.diedUs[end ^ 1] as number);
    const isOver = ends.state[end] === GONE && ends.state[end ^ 1] === GONE;
    if (isOver || (neverLeft && messages.control[slot] !== RESET)) {
      this.#events.onDropped(slot);
      return;
    }
    messages.enqueue(slot);
    if (ends.rxHead[end] === NONE) {
      ends.rxHead[end] = slot;
      ends.rxTail[end] = slot;
      this.#advance(end);
      return;
    }
    messages.next[ends.rxTail[end] as number] = slot;
    ends.rxTail[end] = slot;
  }

  /** The first message is through the receiver's wire. */
  onServed(end: number): void {
    const { ends, messages } = this.#core;
    ends.rxState[end] = IDLE;
    messages.mark(ends.rxHead[end] as number, RECEIVED);
    this.#advance(end);
  }

  /** The time to try the first message again has come. */
  onStep(end: number): void {
    const { ends } = this.#core;
    if (ends.rxState[end] !== STEP) return;
    ends.rxState[end] = IDLE;
    this.#advance(end);
  }

  /** The sender retransmits, or looks whether its messages were answered meanwhile. */
  onRetry(end: number): void {
    const { ends, kernel, links } = this.#core;
    const sender = end ^ 1;
    const rtoUs = ends.retryUs[end] as number;
    ends.retryUs[end] = 0;
    if (ends.rxState[end] === HELD) {
      if (ends.dark[sender] === 1) {
        this.#events.onGiveUp(sender);
        return;
      }
      if (!this.#isHeld(end, ends.rxHead[end] as number)) {
        ends.rxState[end] = STEP;
        const atUs = kernel.nowUs() + (links.baseUs[ends.link[sender] as number] as number);
        scheduleEnd(this.#core, atUs, end, OP.step, end, 0);
        return;
      }
    } else if (ends.state[sender] === GONE || !isCut(this.#core, end)) return;
    const now = kernel.nowUs();
    const giveUpUs = ends.giveUpUs[end] as number;
    if (now >= giveUpUs) {
      this.#events.onGiveUp(sender);
      return;
    }
    const nextUs = Math.min(rtoUs * 2, RTO_MAX_US);
    ends.retryUs[end] = nextUs;
    scheduleEnd(this.#core, Math.min(now + nextUs, giveUpUs), sender, OP.retry, end, 0);
  }

  /** The sender of what arrives at this end waits for an answer that a cut or a silent host keeps from it. */
  awaitAnswer(end: number): void {
    const { ends, kernel, links, config } = this.#core;
    if ((ends.retryUs[end] as number) > 0) return;
    const link = ends.link[end ^ 1] as number;
    const rtoUs = links.rtoUs(link);
    const now = kernel.nowUs();
    ends.retryUs[end] = rtoUs;
    ends.giveUpUs[end] = now - (links.baseUs[link] as number) + config.stallResetUs;
    const atUs = Math.max(now, Math.min(now + rtoUs, ends.giveUpUs[end] as number));
    scheduleEnd(this.#core, atUs, end ^ 1, OP.retry, end, 0);
  }

  /** A clog ended: whoever waits for one tries again. */
  unclog(): void {
    const waiting = this.#clogged;
    this.#clogged = [];
    this.#wake(waiting, CLOG);
  }

  /** The host takes messages again. */
  resume(host: number): void {
    const waiting = this.#waiting.get(host);
    if (waiting === undefined) return;
    this.#waiting.delete(host);
    this.#wake(waiting, WINDOW);
  }

  /** The host lost its power with messages at the door: nobody answers them. */
  silence(end: number): void {
    const { ends, pipes } = this.#core;
    if (ends.rxHead[end] === NONE) return;
    pipes.leave(2 * end + 1);
    ends.rxState[end] = HELD;
    this.awaitAnswer(end);
  }

  /** Drops everything that waits at an end. */
  purge(end: number): void {
    const { ends, pipes } = this.#core;
    pipes.leave(2 * end + 1);
    ends.rxState[end] = IDLE;
    while (ends.rxHead[end] !== NONE) this.#events.onDropped(this.#pop(end));
  }

  /** Brings the first message as far as it gets now: at most one is delivered. */
  #advance(end: number): void {
    const { ends, messages, pipes, kernel, stream } = this.#core;
    let delivered = false;
    for (;;) {
      const slot = ends.rxHead[end] as number;
      if (slot === NONE) return;
      const now = kernel.nowUs();
      const control = messages.control[slot] as number;
      if (this.#isHeld(end, slot)) {
        if (control === RESET || (!stream && control === DATA)) {
          this.#events.onDropped(this.#pop(end));
          if (control === RESET) this.#events.onNoticeLost(end);
          continue;
        }
        ends.rxState[end] = HELD;
        this.awaitAnswer(end);
        return;
      }
      if (isClogged(this.#core, end ^ 1)) {
        ends.rxState[end] = CLOG;
        ends.hold(end);
        this.#clogged.push(end);
        return;
      }
      if (control === DATA && !this.#isReceived(end, slot, now)) {
        ends.rxState[end] = PIPE;
        const pipe = this.#hosts + (ends.host[end] as number);
        pipes.join(pipe, 2 * end + 1, messages.bytes[slot] as number, messages.order[slot] as number);
        return;
      }
      if (control === DATA && !this.#events.accepts(end)) {
        this.#awaitRoom(end);
        return;
      }
      const deliveryUs = ends.deliveryUs[end] as number;
      if (delivered || (stream && now <= deliveryUs)) {
        messages.mark(slot, RECEIVED);
        ends.rxState[end] = STEP;
        scheduleEnd(this.#core, stream ? deliveryUs + 1 : now, end, OP.step, end, 0);
        return;
      }
      delivered = true;
      this.#pop(end);
      ends.deliveryUs[end] = now;
      this.#events.onDelivery(end, slot);
      if (ends.rxState[end] !== IDLE) return;
    }
  }

  #wake(waiting: readonly number[], state: number): void {
    const { ends, kernel } = this.#core;
    for (const end of waiting) {
      if (ends.rxState[end] === state) {
        ends.rxState[end] = STEP;
        scheduleEnd(this.#core, kernel.nowUs(), end, OP.step, end, 0);
      }
      ends.release(end);
    }
  }

  #awaitRoom(end: number): void {
    const { ends, messages } = this.#core;
    const host = ends.host[end] as number;
    const waiting = this.#waiting.get(host);
    if (waiting === undefined) this.#waiting.set(host, [end]);
    else waiting.push(end);
    messages.mark(ends.rxHead[end] as number, RECEIVED);
    ends.rxState[end] = WINDOW;
    ends.hold(end);
  }

  #isHeld(end: number, slot: number): boolean {
    const { ends, messages, links } = this.#core;
    if (isCut(this.#core, end ^ 1)) return true;
    const flags = messages.flags[slot] as number;
    if ((flags & DROPPED) !== 0) return true;
    if ((flags & LOST) !== 0) {
      const link = ends.link[end ^ 1] as number;
      const kind = messages.kind[slot] as number;
      if (links.isStillLost(link, kind, messages.ordinal[slot] as number)) return true;
    }
    return ends.state[end] === GONE && !this.#events.answers(end);
  }

  #isReceived(end: number, slot: number, now: number): boolean {
    const { ends, messages, pipes, config } = this.#core;
    const pipe = this.#hosts + (ends.host[end] as number);
    if (pipes.unlimited(pipe) || config.model === 'simblock' || messages.has(slot, RECEIVED)) return true;
    return pipes.receivedPacket(pipe, messages.bytes[slot] as number, now);
  }

  #pop(end: number): number {
    const { ends, messages } = this.#core;
    const slot = ends.rxHead[end] as number;
    ends.rxHead[end] = messages.next[slot] as number;
    messages.next[slot] = NONE;
    return slot;
  }
}
