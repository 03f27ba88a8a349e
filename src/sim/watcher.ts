/** The door for recordings: sees a run event by event, with what caused what, and changes nothing in it. */
import type { World } from '../env/program.ts';
import type { Fault } from './fault.ts';

/** A message that a program sent. Its slot names it until `onDelivered`, or until another message is sent with that slot. */
export interface SentMessage<M> {
  readonly slot: number;
  readonly from: number;
  readonly to: number;
  readonly message: M;
  /** As the wire counts them. */
  readonly bytes: number;
  /** When it may leave its sender's queue. */
  readonly leaveUs: number;
}

/** What became of a fault, on one host or on links. */
export type FaultChange =
  /** `took`: it changed something. */
  { readonly kind: 'began'; readonly took: boolean } | { readonly kind: 'ended' };

/**
 * One per run; absent, nothing is told and nothing is paid. A watcher may not act: it is called in the middle of events.
 * What it throws ends the run as an error of the simulator.
 */
export interface Watcher<W extends World> {
  /** An event of the trace begins; what is told next happens in it. `parent`: the event that scheduled it, -1 for none. */
  onEvent(index: number, atUs: number, host: number, kind: number, parent: number): void;
  onSent(sent: SentMessage<W['message']>): void;
  /** The message is at the door of its receiver, in the running event. */
  onDelivered(slot: number): void;
  /** A call waits at the door of a program that is busy or paused … */
  onWaits(call: object): void;
  /** … and is handled, in another event. Told of every call. */
  onHandled(call: object): void;
  /** `host` is -1 for a fault of links. */
  onFault(fault: Fault, host: number, change: FaultChange, atUs: number): void;
}
