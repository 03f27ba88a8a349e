/** Waits for an instant of the wall clock, which may step, go back, or be further away than a timer reaches. */
import { type Clock, TIMER_DELAY_MAX_MS, type Timer } from '../../env/clock.ts';
import { ms } from '../../env/units.ts';

/** One wait at a time. */
export class WallTimer {
  readonly #clock: Clock;
  readonly #name: string;
  #timer: Timer | undefined;

  /** @param name stands in the trace. */
  constructor(clock: Clock, name: string) {
    this.#clock = clock;
    this.#name = name;
  }

  /** Runs `run` as a later event, when the wall clock shows `atMs` or more; forgets what was waited for before. */
  wait(atMs: number, run: () => void): void {
    this.cancel();
    const leftMs = Math.max(0, atMs - this.#clock.wallMs());
    this.#timer = this.#clock.setTimer(this.#name, ms(Math.min(leftMs, TIMER_DELAY_MAX_MS)), () => {
      if (this.#clock.wallMs() < atMs) this.wait(atMs, run);
      else run();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
