/** The seams inside the simulator: what its kernel offers to the parts that it drives. */
import type { Us } from '../env/units.ts';

/** Names a scheduled event: slot and generation in one integer below 2^53. Never 0. */
export type EventHandle = number;

/** A part of the simulator that handles its own events. */
export interface Component {
  handle(op: number, a: number, b: number, payload: unknown): void;
}

/** The components, by number. Kinds in the trace are `component * 256 + op`. */
export const COMPONENT = { control: 0, host: 1, network: 2 } as const;

/** Time, the queue, draws and the trace. The network's own name for the same seam is `NetworkKernel`. */
export interface Kernel {
  nowUs(): Us;
  /**
   * Schedules an event of `component` owned by `host`, whose tie ordinal advances; a and b are signed 32-bit integers, `op`
   * is below 256. An event in the past is an assertion; one at this instant runs after the current one.
   */
  schedule(
    atUs: number,
    host: number,
    component: number,
    op: number,
    a: number,
    b: number,
    payload: unknown,
  ): EventHandle;
  /** The event never runs. Harmless when it ran, or was cancelled, before. */
  cancel(handle: EventHandle): void;
  /** Counter-based draw: an unsigned 32-bit hash of (run key, purpose, x, y, ordinal); no state. */
  draw(purpose: number, x: number, y: number, ordinal: number): number;
  /** Adds to the hash of the running event, and with it to the rolling hash. */
  trace(host: number, kind: number, fingerprint: number, extra: number): void;
}
