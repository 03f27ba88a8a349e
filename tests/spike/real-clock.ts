/** The system clock behind env/clock.ts: its own queue of timers over one of Node's, which keeps no order between delays. */
import { assert } from '../../src/env/assert.ts';
import type { Clock } from '../../src/env/clock.ts';
import { TIMER_DELAY_MAX_MS } from '../../src/env/clock.ts';
import { ms, unixMs } from '../../src/env/units.ts';

interface Pending {
  readonly dueMs: number;
  readonly run: () => void;
}

/** A clock that stands still while a handler runs. */
export interface RealClock extends Clock {
  freeze(): void;
  thaw(): void;
  stop(): void;
}

/** @param enter runs a callback as one handler. */
export function createRealClock(enter: (run: () => void) => void): RealClock {
  const startedAt = performance.now();
  /** By due time; equal ones in the order set. */
  let pending: Pending[] = [];
  let frozen: { readonly monotonic: number; readonly wall: number } | undefined;
  let wake: NodeJS.Timeout | undefined;

  function now(): { readonly monotonic: number; readonly wall: number } {
    return frozen ?? { monotonic: Math.floor(performance.now() - startedAt), wall: Date.now() };
  }

  function arm(): void {
    clearTimeout(wake);
    const next = pending[0];
    if (next !== undefined) wake = setTimeout(fire, Math.max(0, next.dueMs - now().monotonic));
  }

  function fire(): void {
    const { monotonic } = now();
    while (pending[0] !== undefined && pending[0].dueMs <= monotonic) {
      const timer = pending.shift();
      if (timer !== undefined) enter(timer.run);
    }
    arm();
  }

  return {
    monotonicMs: () => ms(now().monotonic),
    wallMs: () => unixMs(now().wall),
    setTimer(_name, delayMs, run) {
      assert(delayMs <= TIMER_DELAY_MAX_MS, 'a timer is due within 24.8 days');
      const timer = { dueMs: now().monotonic + delayMs, run };
      const after = pending.findIndex((other) => other.dueMs > timer.dueMs);
      pending.splice(after < 0 ? pending.length : after, 0, timer);
      arm();
      return {
        cancel() {
          pending = pending.filter((other) => other !== timer);
        },
      };
    },
    freeze() {
      frozen = now();
    },
    thaw() {
      frozen = undefined;
    },
    stop() {
      pending = [];
      clearTimeout(wake);
    },
  };
}
