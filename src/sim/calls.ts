/** The calls of a program, as they are delivered or wait: each becomes one handler. */
import { assertNever } from '../env/assert.ts';
import type { ConnectionInfo, DecodeRejection, DialFailure, DisconnectReason } from '../env/network.ts';
import type { World } from '../env/program.ts';
import type { StorageFault } from '../env/storage.ts';
import type { Address, ConnectionId } from '../env/units.ts';
import { hashText } from './hash.ts';
import type { SimTimer } from './host-timers.ts';

/** A flush that is under way, and then done. */
export class PendingFlush {
  readonly kind = 'flushed';
  readonly boot: number;
  readonly batch: number;
  readonly onDurable: (fault?: StorageFault) => void;
  fault: StorageFault | undefined;
  constructor(boot: number, batch: number, onDurable: (fault?: StorageFault) => void) {
    this.boot = boot;
    this.batch = batch;
    this.onDurable = onDurable;
  }
}

/** Signatures that were checked. */
export class PendingResult {
  readonly kind = 'verified';
  readonly boot: number;
  readonly valid: readonly boolean[];
  readonly onResult: (valid: readonly boolean[]) => void;
  constructor(boot: number, valid: readonly boolean[], onResult: (valid: readonly boolean[]) => void) {
    this.boot = boot;
    this.valid = valid;
    this.onResult = onResult;
  }
}

/** A command of the harness; `run` calls `onCommand`. */
export class PendingCommand {
  readonly kind = 'command';
  readonly fingerprint: number;
  readonly run: () => void;
  constructor(fingerprint: number, run: () => void) {
    this.fingerprint = fingerprint;
    this.run = run;
  }
}

/** A message at the door of a program. */
export class MessageCall<M> {
  readonly kind = 'message';
  readonly c: ConnectionId;
  readonly message: M;
  readonly bytes: number;
  constructor(c: ConnectionId, message: M, bytes: number) {
    this.c = c;
    this.message = message;
    this.bytes = bytes;
  }
}

export type Call<W extends World> =
  | SimTimer
  | PendingFlush
  | PendingResult
  | PendingCommand
  | MessageCall<W['message']>
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'connected'; readonly c: ConnectionId; readonly info: ConnectionInfo }
  | { readonly kind: 'dialFailed'; readonly address: Address; readonly reason: DialFailure }
  | { readonly kind: 'malformed'; readonly c: ConnectionId; readonly reason: DecodeRejection }
  | { readonly kind: 'writable'; readonly c: ConnectionId }
  | { readonly kind: 'disconnected'; readonly c: ConnectionId; readonly reason: DisconnectReason };

/** What the trace knows of a call beside its kind. Messages have their codec's. */
export function fingerprintCall<W extends World>(call: Exclude<Call<W>, MessageCall<W['message']>>): number {
  switch (call.kind) {
    case 'timer':
      return hashText(call.name);
    case 'flushed':
      return call.batch;
    case 'verified':
      return call.valid.length;
    case 'command':
      return call.fingerprint;
    case 'start':
    case 'stop':
      return 0;
    case 'connected':
    case 'writable':
      return call.c;
    case 'dialFailed':
      return hashText(call.address + call.reason);
    case 'malformed':
      return hashText(call.reason.code) ^ call.c;
    case 'disconnected':
      return hashText(call.reason) ^ call.c;
    default:
      return assertNever(call);
  }
}
