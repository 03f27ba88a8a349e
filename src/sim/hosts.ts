/** All hosts of a run: the events that are theirs, and the door at which the network calls. */
import { assert } from '../env/assert.ts';
import type { ConnectionInfo, DecodeRejection, DialFailure, DisconnectReason } from '../env/network.ts';
import type { World } from '../env/program.ts';
import type { Address, ConnectionId } from '../env/units.ts';
import { type Call, MessageCall, PendingCommand, PendingFlush, PendingResult } from './calls.ts';
import type { Host } from './host.ts';
import { SimTimer } from './host-timers.ts';
import type { Component } from './kernel.ts';
import type { HostPort } from './network/ports.ts';
import { HOST_OP } from './trace-kinds.ts';

/** Delivers to the running boot, and to no other. */
export class Hosts<W extends World> implements Component, HostPort<W['message']> {
  readonly #hosts: Host<W>[] = [];
  /** Messages that programs were given. */
  messages = 0;
  messageBytes = 0;

  add(host: Host<W>): void {
    this.#hosts.push(host);
  }

  get all(): readonly Host<W>[] {
    return this.#hosts;
  }

  at(host: number): Host<W> {
    const found = this.#hosts[host];
    assert(found !== undefined, 'a host is named by its number');
    return found;
  }

  handle(op: number, a: number, b: number, payload: unknown): void {
    const host = this.at(a);
    if (payload instanceof SimTimer) this.#onTimer(host, payload);
    else if (payload instanceof PendingFlush) this.#onFlushed(host, payload);
    else if (payload instanceof PendingResult) this.#deliver(a, payload.boot, payload);
    else if (payload instanceof PendingCommand) {
      if (host.isUp) host.deliver(payload);
    } else if (op === HOST_OP.wake) host.wake();
    else if (op === HOST_OP.start) host.onStart();
    else {
      assert(op === HOST_OP.stopDeadline, 'a host handles the events that it asked for');
      if (this.#runs(host, b)) host.end({ kind: 'deadline' });
    }
  }

  isUp(host: number): boolean {
    return this.at(host).isUp;
  }

  bootOf(host: number): number {
    return this.at(host).boot;
  }

  accepts(host: number): boolean {
    return this.at(host).accepts;
  }

  connected(host: number, boot: number, c: ConnectionId, info: ConnectionInfo): void {
    this.#deliver(host, boot, { kind: 'connected', c, info });
  }

  dialFailed(host: number, boot: number, address: Address, reason: DialFailure): void {
    this.#deliver(host, boot, { kind: 'dialFailed', address, reason });
  }

  message(host: number, boot: number, c: ConnectionId, message: W['message'], bytes: number): void {
    const to = this.at(host);
    if (!this.#runs(to, boot)) return;
    this.messages++;
    this.messageBytes += bytes;
    to.deliver(new MessageCall(c, message, bytes));
  }

  malformed(host: number, boot: number, c: ConnectionId, reason: DecodeRejection): void {
    this.#deliver(host, boot, { kind: 'malformed', c, reason });
  }

  writable(host: number, boot: number, c: ConnectionId): void {
    this.#deliver(host, boot, { kind: 'writable', c });
  }

  disconnected(host: number, boot: number, c: ConnectionId, reason: DisconnectReason): void {
    this.#deliver(host, boot, { kind: 'disconnected', c, reason });
  }

  #deliver(host: number, boot: number, call: Call<W>): void {
    const to = this.at(host);
    if (this.#runs(to, boot)) to.deliver(call);
  }

  #runs(host: Host<W>, boot: number): boolean {
    return host.isUp && host.boot === boot;
  }

  #onTimer(host: Host<W>, timer: SimTimer): void {
    host.timers.remove(timer, false);
    if (timer.run !== undefined && this.#runs(host, timer.boot)) {
      host.deliver(timer);
    }
  }

  #onFlushed(host: Host<W>, flush: PendingFlush): void {
    if (!this.#runs(host, flush.boot)) return;
    flush.fault = host.disk.completeFlush(flush.batch);
    host.deliver(flush);
  }
}
