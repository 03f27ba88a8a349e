/** The sending half: the queue of each end, the wire of its host, and the way to the other side. */

import { SEND_QUEUE_MAX_BYTES } from '../../env/network.ts';
import type { Arrival } from '../chosen-steps.ts';
import type { CompactForms } from './compact-form.ts';
import type { Core } from './core.ts';
import { isCut, OP, scheduleEnd } from './core.ts';
import { CLOSED, CLOSING, NOT_FULL, PROMISED, WANTED } from './endpoints.ts';
import { CORRUPT, DATA, DROPPED, FIN, LOST, NONE, RESET } from './messages.ts';
import { PACKET_BYTES, transmissionUs } from './pipes.ts';

/** SimBlock: what a node spends on a message before it arrives. */
const SMALL_PROCESSING_US = 10_000;
const BLOCK_PROCESSING_US = 2_000;
/** Kind of handshakes, ends and resets in the draws. */
const CONTROL_KIND = 'network.control';
/** simblock: kind of requests for what a compact message lacked. */
const REQUEST_KIND = 'network.repair-request';

export class Outbox {
  readonly #core: Core;
  readonly #hosts: number;
  readonly #controlKind: number;
  readonly #requestKind: number;
  readonly #simblock: boolean;
  /** simblock: the message queue of each host's one upload. */
  readonly #uploadHead: Int32Array;
  readonly #uploadTail: Int32Array;
  readonly #uploading: Uint8Array;
  readonly #compact: CompactForms | undefined;

  constructor(core: Core, compact: CompactForms | undefined) {
    this.#core = core;
    this.#compact = compact;
    this.#hosts = core.config.hosts.length;
    this.#controlKind = core.links.kind(CONTROL_KIND);
    this.#requestKind = core.links.kind(REQUEST_KIND);
    this.#simblock = core.config.model === 'simblock';
    this.#uploadHead = new Int32Array(this.#hosts).fill(NONE);
    this.#uploadTail = new Int32Array(this.#hosts).fill(NONE);
    this.#uploading = new Uint8Array(this.#hosts);
  }

  /** Sends a message of the program that is ready at `leaveUs`. */
  send(end: number, slot: number, leaveUs: number): void {
    const { ends, messages, pipes, kernel } = this.#core;
    const host = ends.host[end] as number;
    if (this.#simblock) {
      this.#sendSimblock(slot, leaveUs);
      return;
    }
    if (ends.txHead[end] === NONE) {
      if (pipes.unlimited(host)) {
        this.#launch(end, slot, leaveUs);
        return;
      }
      const outUs = pipes.sendPacket(host, messages.bytes[slot] as number, leaveUs);
      if (outUs !== undefined) {
        this.#launch(end, slot, outUs);
        return;
      }
    }
    this.#queue(end, slot);
    if (leaveUs > kernel.nowUs()) scheduleEnd(this.#core, leaveUs, end, OP.ready, end, 0);
    else this.start(end);
  }

  /** One way of a control message with loss and jitter; undefined when it does not get through. */
  controlDelayUs(end: number): number | undefined {
    const { ends, links } = this.#core;
    const link = ends.link[end] as number;
    links.decide(link, this.#controlKind, links.nextOrdinal(link, this.#controlKind));
    return links.fate.lost || links.fate.dropped ? undefined : links.fate.delayUs;
  }

  /** Sends a control message behind everything that is under way, past the queue. */
  control(end: number, control: number, leaveUs: number): void {
    this.#launch(end, this.#takeControl(end, control, leaveUs), leaveUs);
  }

  /** Sends the end of the stream behind everything that is queued; the local end is over when it has left. */
  finish(end: number, leaveUs: number): void {
    const { ends, messages } = this.#core;
    const host = ends.host[end] as number;
    if (this.#simblock && this.#uploadHead[host] !== NONE) {
      const slot = this.#takeControl(end, FIN, leaveUs);
      ends.hold(end);
      messages.next[this.#uploadTail[host] as number] = slot;
      this.#uploadTail[host] = slot;
    } else if (ends.txHead[end] !== NONE) this.#queue(end, this.#takeControl(end, FIN, leaveUs));
    else this.#launchFin(end, this.#takeControl(end, FIN, leaveUs), leaveUs);
  }

  /** Puts the first message of an end on the wire, when it is ready and the flow is off it. */
  start(end: number): void {
    const { ends, messages, pipes, kernel } = this.#core;
    for (;;) {
      const slot = ends.txHead[end] as number;
      if (slot === NONE || pipes.isBusy(2 * end)) return;
      if ((messages.leftUs[slot] as number) > kernel.nowUs()) return;
      if (messages.control[slot] === DATA) {
        const order = messages.order[slot] as number;
        pipes.join(ends.host[end] as number, 2 * end, messages.bytes[slot] as number, order);
        return;
      }
      this.#dequeue(end);
      this.#launchFin(end, slot, kernel.nowUs());
    }
  }

  /** The first message of the end is through the wire. */
  onServed(end: number): void {
    const slot = this.#core.ends.txHead[end] as number;
    this.#dequeue(end);
    this.#launch(end, slot, this.#core.kernel.nowUs());
    this.start(end);
  }

  /** Drops what is queued and has not left. */
  purge(end: number): void {
    const { ends, messages, pipes } = this.#core;
    if (ends.txHead[end] === NONE) return;
    pipes.leave(2 * end);
    while (ends.txHead[end] !== NONE) {
      const slot = ends.txHead[end] as number;
      this.#dequeue(end);
      messages.free(slot);
    }
  }

  /** The message is no longer in the queue that `send` measures: it was delivered, or is lost for good. */
  account(slot: number): void {
    const { ends, messages, kernel, links } = this.#core;
    const end = messages.end[slot] as number;
    const queuedBytes = (ends.queuedBytes[end] as number) - (messages.bytes[slot] as number);
    ends.queuedBytes[end] = queuedBytes;
    if (ends.full[end] !== WANTED || queuedBytes > SEND_QUEUE_MAX_BYTES / 2) return;
    ends.full[end] = PROMISED;
    const backUs = links.baseUs[ends.link[end ^ 1] as number] as number;
    scheduleEnd(this.#core, kernel.nowUs() + backUs, end, OP.writable, end, 0);
  }

  /** True when the program is to be told now; the promise stands on when the queue filled up again. */
  isWritable(end: number): boolean {
    const { ends } = this.#core;
    const room = (ends.queuedBytes[end] as number) <= SEND_QUEUE_MAX_BYTES / 2;
    ends.full[end] = room ? NOT_FULL : WANTED;
    return room;
  }

  /** simblock: the upload of a host is free, or its next message is ready. */
  onUpload(host: number): void {
    const { ends, messages, kernel } = this.#core;
    this.#uploading[host] = 0;
    for (;;) {
      const slot = this.#uploadHead[host] as number;
      if (slot === NONE) return;
      const end = messages.end[slot] as number;
      const leaveUs = messages.leftUs[slot] as number;
      const now = kernel.nowUs();
      if ((ends.diedUs[end] as number) <= now) {
        this.#dequeueUpload(host);
        messages.free(slot);
        ends.release(end);
        continue;
      }
      if (leaveUs > now) {
        this.#uploading[host] = 1;
        kernel.schedule(leaveUs, host, this.#core.component, OP.upload, host, 0, undefined);
        return;
      }
      this.#dequeueUpload(host);
      if (messages.control[slot] === FIN) this.#launchFin(end, slot, now);
      else this.#upload(host, end, slot, now);
      ends.release(end);
      if (this.#uploading[host] === 1) return;
    }
  }

  #sendSimblock(slot: number, leaveUs: number): void {
    const { messages, links } = this.#core;
    const end = messages.end[slot] as number;
    if (!links.isBulk(messages.kind[slot] as number)) {
      this.#fly(end, slot, leaveUs, SMALL_PROCESSING_US);
      return;
    }
    this.#compact?.onSend(end, slot);
    this.queueUpload(slot);
  }

  /** simblock: the receiver asks for what a compact message lacked, by a small message. */
  askRepair(end: number, slot: number): void {
    const { ends, links, messages, kernel } = this.#core;
    const link = ends.link[end] as number;
    links.decide(link, this.#requestKind, links.nextOrdinal(link, this.#requestKind));
    const { fate } = links;
    if (fate.lost || fate.dropped) {
      this.account(slot);
      messages.free(slot);
      return;
    }
    const atUs = kernel.nowUs() + fate.delayUs + SMALL_PROCESSING_US;
    scheduleEnd(this.#core, atUs, end ^ 1, OP.repair, end ^ 1, slot);
  }

  /** simblock: the request arrived, and its answer joins the queue of the sender's upload. */
  onRepair(end: number, slot: number): void {
    const { ends, messages, kernel } = this.#core;
    if ((ends.diedUs[end] as number) <= kernel.nowUs() || isCut(this.#core, end ^ 1)) {
      this.account(slot);
      messages.free(slot);
      return;
    }
    this.#compact?.onRepair(end, slot);
    messages.leftUs[slot] = kernel.nowUs();
    this.queueUpload(slot);
  }

  /** simblock: a message of block bytes waits for the one upload of its sender. */
  queueUpload(slot: number): void {
    const { ends, messages } = this.#core;
    const end = messages.end[slot] as number;
    const host = ends.host[end] as number;
    ends.hold(end);
    if (this.#uploadHead[host] === NONE) this.#uploadHead[host] = slot;
    else messages.next[this.#uploadTail[host] as number] = slot;
    this.#uploadTail[host] = slot;
    if (this.#uploading[host] === 0) this.onUpload(host);
  }

  #upload(host: number, end: number, slot: number, now: number): void {
    const { ends, messages, kernel, component, pipes } = this.#core;
    const bytes = this.#compact?.wireBytes(slot) ?? (messages.bytes[slot] as number);
    const to = this.#hosts + (ends.host[end ^ 1] as number);
    const upUs = pipes.unlimited(host) ? 0 : pipes.transmissionUs(host, bytes);
    const downUs = pipes.unlimited(to) ? 0 : pipes.transmissionUs(to, bytes);
    const atUs = this.#fly(end, slot, now, Math.max(upUs, downUs) + BLOCK_PROCESSING_US);
    this.#uploading[host] = 1;
    kernel.schedule(atUs, host, component, OP.upload, host, 0, undefined);
  }

  /** simblock: one independent message; answers when it arrives, or would. */
  #fly(end: number, slot: number, departUs: number, extraUs: number): number {
    const { ends, messages, links } = this.#core;
    messages.leftUs[slot] = departUs;
    links.decide(ends.link[end] as number, messages.kind[slot] as number, messages.ordinal[slot] as number);
    const { fate } = links;
    let atUs = departUs + fate.delayUs + extraUs;
    if (fate.lost || fate.dropped) {
      this.account(slot);
      messages.free(slot);
      return atUs;
    }
    if (fate.corrupt) messages.mark(slot, CORRUPT);
    atUs = Math.max(atUs, (ends.openUs[end ^ 1] as number) + 1);
    this.#arrive(end, slot, atUs);
    return atUs;
  }

  /** What left the wire travels. */
  #launch(end: number, slot: number, departUs: number): void {
    const { ends, messages, links, pipes, stream } = this.#core;
    const other = end ^ 1;
    const link = ends.link[end] as number;
    const bytes = messages.bytes[slot] as number;
    const control = messages.control[slot] as number;
    messages.leftUs[slot] = departUs;
    links.decide(link, messages.kind[slot] as number, messages.ordinal[slot] as number);
    const { fate } = links;
    let atUs = departUs + fate.delayUs;
    // Connections of datagrams are bookkeeping: their control is not lost, only what the program sends.
    if ((fate.lost || fate.dropped) && (stream || control === DATA)) {
      if (control === RESET || !stream) {
        if (control === RESET) ends.resetSent[other] = 0;
        else this.account(slot);
        messages.free(slot);
        return;
      }
      messages.mark(slot, fate.dropped ? DROPPED : LOST);
    }
    if (fate.corrupt && control === DATA) messages.mark(slot, CORRUPT);
    if (!links.faults.quiet) atUs += this.#faultDelayUs(end, link, bytes, departUs);
    const download = (ends.host[other] as number) + this.#hosts;
    if (!pipes.unlimited(download) && bytes <= PACKET_BYTES) atUs += pipes.transmissionUs(download, bytes);
    const baseUs = atUs;
    if (stream || control !== DATA) {
      const lastUs = ends.arrivalUs[other] as number;
      if (atUs <= lastUs) atUs = lastUs + 1;
    } else atUs = Math.max(atUs, (ends.openUs[other] as number) + 1);
    this.#arrive(end, slot, atUs, baseUs);
    if (fate.duplicateUs > 0 && control === DATA) this.#launchCopy(end, slot, departUs + fate.duplicateUs);
  }

  /** A narrow link, and a first transmission that a cut swallowed. */
  #faultDelayUs(end: number, link: number, bytes: number, departUs: number): number {
    const { ends, links, stream } = this.#core;
    let delayUs = 0;
    const kbitPerS = links.faults.kbitPerS(links.from[link] as number, links.to[link] as number);
    if (kbitPerS > 0) {
      const outUs = Math.max(departUs, ends.limitUs[end] as number) + transmissionUs(bytes, kbitPerS);
      ends.limitUs[end] = outUs;
      delayUs = outUs - departUs;
    }
    return stream && isCut(this.#core, end) ? delayUs + links.rtoUs(link) : delayUs;
  }

  #launchCopy(end: number, slot: number, atUs: number): void {
    const { ends, messages } = this.#core;
    const copy = messages.take(
      end,
      DATA,
      messages.payload[slot],
      messages.bytes[slot] as number,
      messages.kind[slot] as number,
      messages.ordinal[slot] as number,
      messages.leftUs[slot] as number,
    );
    messages.flags[copy] = messages.flags[slot] as number;
    // Counted twice when it arrives twice.
    ends.queuedBytes[end] = (ends.queuedBytes[end] as number) + (messages.bytes[slot] as number);
    this.#arrive(end, copy, Math.max(atUs, (ends.openUs[end ^ 1] as number) + 1));
  }

  /** @param baseUs when it would arrive if it were alone on its connection. */
  #arrive(end: number, slot: number, atUs: number, baseUs = atUs): void {
    const { ends, order } = this.#core;
    const other = end ^ 1;
    if (atUs > (ends.arrivalUs[other] as number)) ends.arrivalUs[other] = atUs;
    if (order?.takes(this.#arrivalOf(end, slot, atUs, baseUs), this.#core.component, OP.arrive) === true)
      ends.hold(other);
    else scheduleEnd(this.#core, atUs, other, OP.arrive, other, slot);
  }

  #arrivalOf(end: number, slot: number, atUs: number, baseUs: number): Arrival {
    const { ends, links, messages } = this.#core;
    const other = end ^ 1;
    const delivery = {
      kind: 'delivery',
      from: ends.host[end] as number,
      to: ends.host[other] as number,
      messageKind: links.kindName(messages.kind[slot] as number),
      ordinal: messages.ordinal[slot] as number,
      message: messages.payload[slot],
      leftUs: messages.leftUs[slot] as number,
      atUs,
    } as const;
    const onTime = (arrivedUs: number): void => {
      ends.arrivalUs[other] = Math.max(ends.arrivalUs[other] as number, arrivedUs);
    };
    return { delivery, baseUs, end: other, slot, onTime };
  }

  #launchFin(end: number, slot: number, departUs: number): void {
    const { ends } = this.#core;
    if (ends.state[end] === CLOSING) {
      ends.state[end] = CLOSED;
      scheduleEnd(this.#core, departUs, end, OP.local, end, 0);
    }
    this.#launch(end, slot, departUs);
  }

  #takeControl(end: number, control: number, leaveUs: number): number {
    const { ends, links, messages } = this.#core;
    const link = ends.link[end] as number;
    const ordinal = links.nextOrdinal(link, this.#controlKind);
    return messages.take(end, control, undefined, 0, this.#controlKind, ordinal, leaveUs);
  }

  #queue(end: number, slot: number): void {
    const { ends, messages } = this.#core;
    messages.enqueue(slot);
    if (ends.txHead[end] === NONE) ends.txHead[end] = slot;
    else messages.next[ends.txTail[end] as number] = slot;
    ends.txTail[end] = slot;
  }

  #dequeue(end: number): void {
    const { ends, messages } = this.#core;
    const slot = ends.txHead[end] as number;
    ends.txHead[end] = messages.next[slot] as number;
    messages.next[slot] = NONE;
  }

  #dequeueUpload(host: number): void {
    const { messages } = this.#core;
    const slot = this.#uploadHead[host] as number;
    this.#uploadHead[host] = messages.next[slot] as number;
    messages.next[slot] = NONE;
  }
}
