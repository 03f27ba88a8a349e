/** The timers of one host: due by its own clock, in the order in which they were set. */
import { assert } from '../env/assert.ts';
import { TIMER_DELAY_MAX_MS, type Timer } from '../env/clock.ts';
import type { HostClock } from './clock.ts';
import { PURPOSE, scaleWord } from './draws.ts';
import { highWord, lowWord } from './hash.ts';
import type { EventHandle } from './kernel.ts';
import type { Scheduler } from './scheduler.ts';
import { HOST_OP } from './trace-kinds.ts';

/** A timer of a program. `run` is taken out when it fires or is cancelled. */
export class SimTimer implements Timer {
  readonly kind = 'timer';
  readonly name: string;
  readonly boot: number;
  readonly dueLocalUs: number;
  run: (() => void) | undefined;
  handle: EventHandle = 0;
  previous: SimTimer | undefined;
  next: SimTimer | undefined;
  readonly #timers: HostTimers;

  constructor(timers: HostTimers, name: string, boot: number, dueLocalUs: number, run: () => void) {
    this.#timers = timers;
    this.name = name;
    this.boot = boot;
    this.dueLocalUs = dueLocalUs;
    this.run = run;
  }

  cancel(): void {
    if (this.run === undefined) return;
    this.run = undefined;
    this.#timers.remove(this, true);
  }
}

/** Pending timers in a list, oldest first: the order in which they are scheduled anew when the clock changes its rate. */
export class HostTimers {
  readonly #scheduler: Scheduler;
  readonly #host: number;
  readonly #clock: HostClock;
  #first: SimTimer | undefined;
  #last: SimTimer | undefined;
  /** Timers fire up to so much late. */
  jitterUs = 0;

  constructor(scheduler: Scheduler, host: number, clock: HostClock) {
    this.#scheduler = scheduler;
    this.#host = host;
    this.#clock = clock;
  }

  set(name: string, boot: number, delayMs: number, run: () => void): SimTimer {
    assert(
      Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= TIMER_DELAY_MAX_MS,
      'a timer waits a whole number of ms, from 0 to 2^31 - 1',
    );
    const dueUs = this.#clock.localUs(this.#scheduler.time) + delayMs * 1000;
    const timer = new SimTimer(this, name, boot, dueUs, run);
    this.#schedule(timer);
    timer.previous = this.#last;
    if (this.#last === undefined) this.#first = timer;
    else this.#last.next = timer;
    this.#last = timer;
    return timer;
  }

  /** It fired or was cancelled: out of the list, and out of the queue when `cancelled`. */
  remove(timer: SimTimer, cancelled: boolean): void {
    if (timer.handle === 0) return;
    if (cancelled) this.#scheduler.cancel(timer.handle);
    timer.handle = 0;
    if (timer.previous === undefined) this.#first = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next === undefined) this.#last = timer.previous;
    else timer.next.previous = timer.previous;
    timer.previous = undefined;
    timer.next = undefined;
  }

  /** The boot ended. */
  clear(): void {
    for (let timer = this.#first; timer !== undefined; timer = this.#first) {
      timer.run = undefined;
      this.remove(timer, true);
    }
  }

  /** The clock runs at another rate. */
  reschedule(): void {
    for (let timer = this.#first; timer !== undefined; timer = timer.next) {
      this.#scheduler.cancel(timer.handle);
      this.#schedule(timer);
    }
  }

  /** Timers of one due time are equally late, so that their order stands. */
  #schedule(timer: SimTimer): void {
    const now = this.#scheduler.time;
    const dueUs = timer.dueLocalUs;
    let atUs = Math.max(now, this.#clock.whenLocal(dueUs));
    if (this.jitterUs > 0) {
      const word = this.#scheduler.draw(PURPOSE.timerJitter, this.#host, lowWord(dueUs), highWord(dueUs));
      atUs += scaleWord(this.jitterUs + 1, word);
    }
    timer.handle = this.#scheduler.scheduleInOrder(atUs, this.#host, HOST_OP.timer, timer);
  }
}
