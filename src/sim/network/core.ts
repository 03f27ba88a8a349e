/** What the halves of the network share: its tables, its wires, and the events that it asks of the kernel. */
import type { NetworkConfig } from './config.ts';
import type { Endpoints } from './endpoints.ts';
import type { Links } from './links.ts';
import type { Messages } from './messages.ts';
import type { Pipes } from './pipes.ts';
import type { ArrivalOrder, NetworkKernel } from './ports.ts';

/** Events of the network. Those of an end hold its connection until they are handled. */
export const OP = {
  /** a: dialing end, b: distance of the last attempt. */
  syn: 0,
  synAck: 1,
  /** a: number of the dial. */
  nullDial: 2,
  /** a: dialing end, b: reason. */
  dialEnded: 3,
  /** a: receiving end, b: message. */
  arrive: 4,
  /** a: sending end. */
  ready: 5,
  /** a: pipe. */
  due: 6,
  /** a: receiving end; the event is the sender's. */
  retry: 7,
  /** a: receiving end. */
  step: 8,
  /** a: the end that closed. */
  local: 9,
  writable: 10,
  keepAlive: 11,
  /** a: host. */
  upload: 12,
  /** simblock; a: sending end, b: message of which the receiver asks for the rest. */
  repair: 13,
} as const;

export interface Core {
  readonly config: NetworkConfig;
  readonly kernel: NetworkKernel;
  readonly component: number;
  readonly ends: Endpoints;
  readonly messages: Messages;
  readonly links: Links;
  /** Pipe h is the upload of host h, pipe hosts + h its download; flow 2e sends from end e, 2e + 1 receives at it. */
  readonly pipes: Pipes;
  readonly stream: boolean;
  readonly order: ArrivalOrder | undefined;
}

/** Schedules an event of an end, which holds the connection until it is handled. */
export function scheduleEnd(
  core: Core,
  atUs: number,
  owner: number,
  op: number,
  end: number,
  b: number,
): void {
  core.ends.hold(end);
  core.kernel.schedule(atUs, core.ends.host[owner] as number, core.component, op, end, b, undefined);
}

/** True when the change plan lets nothing pass from one end's host to the other's. */
export function isCut(core: Core, fromEnd: number): boolean {
  const { faults } = core.links;
  if (faults.quiet) return false;
  return faults.isCut(core.ends.host[fromEnd] as number, core.ends.host[fromEnd ^ 1] as number);
}

export function isClogged(core: Core, fromEnd: number): boolean {
  const { faults } = core.links;
  if (faults.quiet) return false;
  return faults.isClogged(core.ends.host[fromEnd] as number, core.ends.host[fromEnd ^ 1] as number);
}
