/** All hosts of a run: the events that are theirs, and the door at which the network calls. */
import { assert } from '../env/assert.ts';
import type { ConnectionInfo, DecodeRejection, DialFailure, DisconnectReason } from '../env/network.ts';
import type { World } from '../env/program.ts';
import type { Address, ConnectionId } from '../env/units.ts';
import type { Host, PendingCommand, PendingFlush, PendingResult } from './host.ts';
import type { SimTimer } from './host-timers.ts';
import type { Component, HostPort } from './kernel.ts';
import { CALL, HOST_OP } from './trace-kinds.ts';

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
    switch (op) {
      case HOST_OP.timer:
        this.#onTimer(host, payload as SimTimer);
        return;
      case HOST_OP.wake:
        host.wake();
        return;
      case HOST_OP.flushed:
        this.#onFlushed(host, payload as PendingFlush);
        return;
      case HOST_OP.verified: {
        const result = payload as PendingResult;
        if (this.#runs(host, result.boot)) host.deliver(CALL.verified, 0, result, undefined, -1);
        return;
      }
      case HOST_OP.command:
        if (host.isUp) host.deliver(CALL.command, 0, payload as PendingCommand<W>, undefined, -1);
        return;
      case HOST_OP.start:
        host.onStart();
        return;
      case HOST_OP.stopDeadline:
        if (this.#runs(host, b)) host.end({ kind: 'deadline' });
        return;
      default:
        assert(false, 'a host handles the events that it asked for');
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
    this.#deliver(host, boot, CALL.connected, c, info, undefined);
  }

  dialFailed(host: number, boot: number, address: Address, reason: DialFailure): void {
    this.#deliver(host, boot, CALL.dialFailed, 0, address, reason);
  }

  message(host: number, boot: number, c: ConnectionId, message: W['message'], bytes: number): void {
    const to = this.at(host);
    if (!this.#runs(to, boot)) return;
    this.messages++;
    this.messageBytes += bytes;
    to.deliver(CALL.message, c, message, undefined, bytes);
  }

  malformed(host: number, boot: number, c: ConnectionId, reason: DecodeRejection): void {
    this.#deliver(host, boot, CALL.malformed, c, reason, undefined);
  }

  writable(host: number, boot: number, c: ConnectionId): void {
    this.#deliver(host, boot, CALL.writable, c, undefined, undefined);
  }

  disconnected(host: number, boot: number, c: ConnectionId, reason: DisconnectReason): void {
    this.#deliver(host, boot, CALL.disconnected, c, reason, undefined);
  }

  #deliver(host: number, boot: number, kind: number, number: number, payload: unknown, extra: unknown): void {
    const to = this.at(host);
    if (this.#runs(to, boot)) to.deliver(kind, number, payload, extra, -1);
  }

  #runs(host: Host<W>, boot: number): boolean {
    return host.isUp && host.boot === boot;
  }

  #onTimer(host: Host<W>, timer: SimTimer): void {
    host.timers.remove(timer, false);
    if (timer.run !== undefined && this.#runs(host, timer.boot)) {
      host.deliver(CALL.timer, 0, timer, undefined, -1);
    }
  }

  #onFlushed(host: Host<W>, flush: PendingFlush): void {
    if (!this.#runs(host, flush.boot)) return;
    const fault = host.disk.completeFlush(flush.batch);
    host.deliver(CALL.flushed, 0, flush, fault, -1);
  }
}
