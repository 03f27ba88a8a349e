/** The seams of the simulated network: what it needs of the kernel and the hosts, and what they may ask of it. */
import type { ConnectionInfo, DecodeRejection, DialFailure, DisconnectReason } from '../../env/network.ts';
import type { Address, ConnectionId } from '../../env/units.ts';
import type { Arrival } from '../chosen-steps.ts';
import type { Kernel } from '../kernel.ts';
import type { SentMessage } from '../watcher.ts';
import type { LinkChange } from './link-change.ts';

/** The kernel as the network uses it: its time is a plain number of µs here. */
export type NetworkKernel = Omit<Kernel, 'nowUs'> & { nowUs(): number };

/**
 * What the network calls on hosts, each from an event of that host. The handler that runs inside may send, dial and
 * close, and its host may be killed in the middle of it.
 */
export interface HostPort<M> {
  /** True while a boot runs; false between a crash or stop and the next start. */
  isUp(host: number): boolean;
  bootOf(host: number): number;
  /** False while the host takes no more messages; `resume` follows. Absent: it always does. */
  accepts?(host: number): boolean;
  connected(host: number, boot: number, c: ConnectionId, info: ConnectionInfo): void;
  dialFailed(host: number, boot: number, address: Address, reason: DialFailure): void;
  message(host: number, boot: number, c: ConnectionId, message: M, bytes: number): void;
  malformed(host: number, boot: number, c: ConnectionId, reason: DecodeRejection): void;
  writable(host: number, boot: number, c: ConnectionId): void;
  disconnected(host: number, boot: number, c: ConnectionId, reason: DisconnectReason): void;
}

/** What one message of a link suffers. `drop` ends a stream by time-out, as endless loss does; `duplicate` only doubles datagrams. */
export type MessageEffect =
  | { readonly kind: 'drop' }
  | { readonly kind: 'delay'; readonly us: number }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'corrupt' };

/** A per-message fault by name: the `ordinal`-th message (from 0) of `messageKind` from one host to another. */
export interface MessageException {
  readonly from: number;
  readonly to: number;
  readonly messageKind: string;
  readonly ordinal: number;
  readonly effect: MessageEffect;
}

/** Sees what is sent and what arrives; see `Watcher`. */
export interface MessageWatcher {
  onSent(sent: SentMessage<unknown>): void;
  onDelivered(slot: number): void;
}

/** Whoever chooses in which order messages arrive. */
export interface ArrivalOrder {
  /** True: it schedules the arrival itself, at its time. */
  takes(arrival: Arrival, component: number, op: number): boolean;
}

export interface NetworkOptions {
  /** The number under which the kernel knows this component. */
  readonly component: number;
  /** Deliver decode(encode(m)) in place of m; the trace stays the same. */
  readonly isolate: boolean;
  /** True for a message whose bytes its sender chose: what is delivered is what they decode to. */
  readonly isRaw?: (message: unknown) => boolean;
  /** Per-message faults on top of those that are drawn. */
  readonly exceptions: readonly MessageException[];
  /** False: loss, duplication, reordering and corruption come from `exceptions` alone. */
  readonly drawFaults: boolean;
  readonly watcher?: MessageWatcher;
  /** Told of each per-message fault that was drawn: what a capsule keeps as exceptions. */
  readonly onMessageFault?: (fault: MessageException) => void;
  /** Absent: messages arrive when their latencies say. */
  readonly order?: ArrivalOrder;
}

/** What hosts and fault plans ask of the network. */
export interface SimNetwork<M> {
  /** The kernel's events of this component. */
  handle(op: number, a: number, b: number, payload: unknown): void;
  dial(host: number, boot: number, address: Address, leaveUs: number): void;
  /** Called inside a handler: decides at once; the bytes leave at `leaveUs`, never before the host's earlier ones. */
  send(
    host: number,
    boot: number,
    c: ConnectionId,
    message: M,
    leaveUs: number,
  ): 'queued' | 'full' | 'closed';
  close(host: number, boot: number, c: ConnectionId, how: 'afterQueued' | 'now', leaveUs: number): void;
  /** The boot ended and the machine's kernel lives: peers see a reset. */
  killed(host: number): void;
  /** The power is off: silence, until the host is up again and answers late packets with a reset. */
  powered(host: number): void;
  /** The host accepts messages again. */
  resume(host: number): void;
  setLink(change: LinkChange): void;
  /** Ends the change of that id; unknown ids are ignored. */
  clear(id: string): void;
  /** What the network holds now: connections with an end or an event left, and messages queued or under way. */
  load(): { readonly connections: number; readonly messages: number };
}
