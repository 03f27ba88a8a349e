/** The progress line of a sweep: how far it is, how fast, what failed, and whether it still shows anything new. */
import type { SweepRow } from '../lab/sweep/row.ts';
import { grouped, plural } from './format.ts';

/** Seeds over which `lately` looks back. */
const LATELY_SEEDS = 500;
/** Rows that the speed is measured over. */
const SPEED_ROWS = 200;

/** `3 min`, `2 h 10 min`, `40 s`: a duration, rounded so that it does not jump about. */
export function roughTime(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** What is told of a sweep while it runs. */
export class SweepProgress {
  readonly #all: number;
  #done: number;
  #failed: number;
  readonly #groups: Set<string>;
  readonly #behaviours: Set<string>;
  /** New behaviours of the last rows, oldest first. */
  readonly #lately: number[] = [];
  /** When the last rows came, oldest first. */
  readonly #times: number[];

  /** @param known what an earlier call of the same sweep left. */
  constructor(
    all: number,
    known: {
      readonly done: number;
      readonly failed: number;
      readonly groups: readonly string[];
      readonly behaviours: readonly string[];
    },
    nowMs: number,
  ) {
    this.#all = all;
    this.#done = known.done;
    this.#failed = known.failed;
    this.#groups = new Set(known.groups);
    this.#behaviours = new Set(known.behaviours);
    this.#times = [nowMs];
  }

  /** Takes a row; answers whether it is the first failure of its kind. */
  add(row: SweepRow, nowMs: number): boolean {
    this.#done++;
    let fresh = 0;
    for (const behaviour of row.behaviours) {
      if (this.#behaviours.has(behaviour)) continue;
      this.#behaviours.add(behaviour);
      fresh++;
    }
    this.#lately.push(fresh);
    if (this.#lately.length > LATELY_SEEDS) this.#lately.shift();
    this.#times.push(nowMs);
    if (this.#times.length > SPEED_ROWS) this.#times.shift();
    if (row.fingerprint === undefined) return false;
    this.#failed++;
    const isFirst = !this.#groups.has(row.fingerprint);
    this.#groups.add(row.fingerprint);
    return isFirst;
  }

  text(nowMs: number): string {
    const rate = (1_000 * (this.#times.length - 1)) / Math.max(1, nowMs - (this.#times[0] ?? nowMs));
    const fresh = this.#lately.reduce((sum, count) => sum + count, 0);
    const failed =
      this.#failed === 0
        ? '0 failed'
        : `${grouped(this.#failed)} failed in ${plural(this.#groups.size, 'group')}`;
    return [
      `${grouped(this.#done)} of ${plural(this.#all, 'seed')}`,
      `${rate.toFixed(1)}/s`,
      failed,
      ...(this.#lately.length === 0
        ? []
        : [`${plural(fresh, 'new behaviour')} in the last ${grouped(this.#lately.length)}`]),
      ...(rate > 0 ? [`${roughTime((1_000 * (this.#all - this.#done)) / rate)} left`] : []),
    ].join(' · ');
  }
}
