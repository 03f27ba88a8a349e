/** The system's clocks behind env/clock.ts: a queue of timers of its own, since Node keeps no order between delays. */
import { assert } from '../env/assert.ts';
import { type Clock, TIMER_DELAY_MAX_MS, type Timer } from '../env/clock.ts';
import { ms, unixMs } from '../env/units.ts';
import type { Turns } from './turns.ts';

interface Pending {
  readonly dueMs: number;
  /** The order in which timers were set. */
  readonly order: number;
  readonly run: () => void;
}

/** A clock, and its end. */
export interface SystemClock extends Clock {
  /** Timers that are set. */
  readonly pending: number;
  stop(): void;
}

/** The clock of one boot. */
export function createSystemClock(turns: Turns): SystemClock {
  /** By due time; equal ones in the order set. */
  const pending: Pending[] = [];
  let order = 0;
  let alarm: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;
  let isStopped = false;

  /** The place of the first timer that comes after it. */
  function placeAfter(dueMs: number, of: number): number {
    let low = 0;
    let high = pending.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = pending[middle] as Pending;
      if (other.dueMs < dueMs || (other.dueMs === dueMs && other.order <= of)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function arm(): void {
    clearTimeout(alarm);
    clearImmediate(soon);
    const [next] = pending;
    if (next === undefined || isStopped) return;
    const waitMs = next.dueMs - turns.now().monotonic;
    // A timeout of 0 is one of 1 ms.
    if (waitMs <= 0) soon = setImmediate(fire);
    else alarm = setTimeout(fire, waitMs);
  }

  /** Timers that are due; those that they set wait for the next turn of the loop, so that messages come in between. */
  function fire(): void {
    const { monotonic } = turns.now();
    const setBefore = order;
    for (let next = pending[0]; next !== undefined; next = pending[0]) {
      if (next.dueMs > monotonic || next.order >= setBefore || isStopped) break;
      pending.shift();
      turns.enter(next.run);
    }
    arm();
  }

  return {
    get pending() {
      return pending.length;
    },
    monotonicMs: () => ms(turns.now().monotonic),
    wallMs: () => unixMs(turns.now().wall),
    setTimer(_name, delayMs, run): Timer {
      assert(delayMs <= TIMER_DELAY_MAX_MS, 'a timer is due within 24.8 days');
      const timer = { dueMs: turns.now().monotonic + delayMs, order: order++, run };
      const at = placeAfter(timer.dueMs, timer.order);
      pending.splice(at, 0, timer);
      if (at === 0) arm();
      return {
        cancel() {
          const place = placeAfter(timer.dueMs, timer.order) - 1;
          if (pending[place] === timer) pending.splice(place, 1);
        },
      };
    },
    stop() {
      isStopped = true;
      pending.length = 0;
      clearTimeout(alarm);
      clearImmediate(soon);
    },
  };
}
