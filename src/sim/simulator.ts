/** A simulation: hosts, their network and disks, a fault plan and a harness, stepped event by event. */
import type { World } from '../env/program.ts';
import type { Us } from '../env/units.ts';
import type { SimDisk } from './disk/disk.ts';
import type { Fault, FaultCount } from './fault.ts';
import type { HostChange } from './host-world.ts';
import type { MessageException } from './network/ports.ts';
import type { Stream } from './seeds.ts';
import type { Trace } from './trace.ts';

/** Why a run ended before its harness wanted. `error` is what was thrown; its stack names the place. */
export type EndReason =
  /** The harness called `end`. */
  | { readonly kind: 'harnessEnded'; readonly why: string }
  | { readonly kind: 'programThrew'; readonly host: number; readonly error: unknown }
  /** The stack or the memory ran out; see exhaustion.ts. Never a result, since it depends on the machine. */
  | { readonly kind: 'exhausted'; readonly host: number; readonly error: unknown }
  /** A forbidden global was touched; see traps.ts. */
  | { readonly kind: 'trapped'; readonly host: number; readonly error: unknown }
  /** An observer or a harness callback threw. */
  | { readonly kind: 'harnessThrew'; readonly error: unknown }
  /** The simulator itself, or a codec that it was given. */
  | { readonly kind: 'simulatorThrew'; readonly error: unknown }
  /** SAME_INSTANT_MAX events without time going on; the last one is named. */
  | { readonly kind: 'standstill'; readonly host: number; readonly what: string };

export type RunStatus =
  | { readonly kind: 'running' }
  /** Every event up to `untilUs` ran, and it is that time. */
  | { readonly kind: 'reached' }
  /** No event is left. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'ended'; readonly reason: EndReason; readonly atUs: number };

export interface SimulatorStats {
  readonly events: number;
  /** Delivered to programs. */
  readonly messages: number;
  readonly messageBytes: number;
  readonly boots: number;
  readonly crashes: number;
  readonly memoHits: number;
  readonly memoMisses: number;
}

/** Sees boots begin and end. May not change the run. */
export type HostObserver = (host: number, change: HostChange, atUs: Us) => void;

/** Sees what programs emit, in order. May not change the run: calls that would are assertions. */
export type Observer<W extends World> = (host: number, event: W['event'], atUs: Us) => void;

/** One run. Everything but `step` may be called between steps and in callbacks of `at` and `command`. */
export interface Simulator<W extends World> {
  readonly hostCount: number;
  readonly trace: Trace;
  nowUs(): Us;
  /**
   * Runs up to `maxEvents` events, none later than `untilUs`. The only loop. How a run is cut into steps changes
   * nothing in it, as long as the harness acts only in its callbacks or at a stated time.
   */
  step(maxEvents: number, untilUs?: number): RunStatus;
  status(): RunStatus;
  /** Ends the run after the event that is running; observers may call it too. */
  end(why: string): void;
  /** Runs `run` before the other events of that instant, in the order of the calls. Not part of the trace. */
  at(atUs: number, run: () => void): void;
  observe(observer: Observer<W>): void;
  observeHosts(observer: HostObserver): void;
  /** Calls `onCommand` as an event of this instant; false when the host is down. A boot that ends answers nothing. */
  command(host: number, command: W['command'], onAnswer?: (answer: W['answer']) => void): boolean;
  /** Undefined when the host is down. */
  inspect(host: number): W['snapshot'] | undefined;
  isUp(host: number): boolean;
  /** How often the host was started. */
  bootOf(host: number): number;
  variantOf(host: number): string;
  /** Effects of the host since the run began: the range of a crash at effect k. */
  effectsOf(host: number): number;
  disk(host: number): SimDisk;
  wallMs(host: number): number;
  /** Adds a fault to the plan, from this instant on. */
  inject(fault: Fault): void;
  /** Ends a fault of the plan at this instant, before the time that was planned for its end; a crash that waits for its point never comes. */
  heal(faultId: string): void;
  /** Starts a host that is down, as an event of this instant; false when it is not. */
  start(host: number, variant?: string): boolean;
  /** Starts it anew with its disk, after a kill when it is up. */
  restart(host: number, variant?: string): void;
  /**
   * Everything that is drawn from here on follows from another seed, as if the run had had it: messages, ties, clocks, what
   * programs and `stream` draw. The plan of faults stays, and so does what was drawn before.
   */
  rekey(seed: string): void;
  /** A stream of random numbers that depends on the seed and this name alone. */
  stream(name: string): Stream;
  stats(): SimulatorStats;
  faultCounts(): readonly FaultCount[];
  /** Messages that wait to be chosen, with delays that keep them from arriving until now; see chosen-order.ts. */
  held(): readonly MessageException[];
  /** 16 hexadecimal digits over everything that happened so far. */
  traceHash(): string;
}
