/** The two clocks and the timers of a host. */
import type { Ms, UnixMs } from './units.ts';

/** A timer that has been set. Belongs to the boot that set it. */
export interface Timer {
  /** After this the timer never fires, even when it was due in the same instant. Harmless when repeated or too late. */
  cancel(): void;
}

/** The longest delay of a timer: 2^31 - 1 ms, the limit of the real one (24.8 days). Longer is an assertion. */
export const TIMER_DELAY_MAX_MS = 2_147_483_647;

/**
 * Two clocks. Within one handler both answer one constant value.
 * Timers run on the monotonic clock; the wall clock may be skewed, drift, step, go back.
 */
export interface Clock {
  /** Never goes back within a boot. Its zero has no meaning, and differs between boots. */
  monotonicMs(): Ms;
  /** What the host believes the time of day to be. Never decides validity. */
  wallMs(): UnixMs;
  /**
   * Runs `run` once, as an event of its own, no earlier than `delayMs` from now and never inside the running handler,
   * not even for 0. Timers that are due at one instant fire in the order in which they were set.
   * @param name stands in the trace and in reports; a small closed set, no ids in it.
   * @param delayMs an integer from 0 to TIMER_DELAY_MAX_MS.
   */
  setTimer(name: string, delayMs: Ms, run: () => void): Timer;
}
