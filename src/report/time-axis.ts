/** Times on an axis and in words: honest units, round steps. */

/** Distances between two marks, in µs. */
const STEPS: readonly number[] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000].flatMap((us) => [
  us,
  2 * us,
  5 * us,
]);
const MINUTE_US = 60_000_000;
const LONG_STEPS: readonly number[] = [
  10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400,
].map((s) => s * 1_000_000);

/** One mark. */
export interface Tick {
  readonly us: number;
  readonly text: string;
}

/** About so many marks over a span, at round times. */
export function ticksOf(fromUs: number, untilUs: number, about: number): readonly Tick[] {
  const wanted = (untilUs - fromUs) / Math.max(1, about);
  const step = [...STEPS, ...LONG_STEPS].sort((a, b) => a - b).find((us) => us >= wanted) ?? 86_400_000_000;
  const ticks: Tick[] = [];
  for (let us = Math.ceil(fromUs / step) * step; us <= untilUs; us += step)
    ticks.push({ us, text: tickText(us, step) });
  return ticks;
}

function tickText(us: number, step: number): string {
  if (step >= MINUTE_US && us >= MINUTE_US)
    return us % MINUTE_US === 0 ? `${us / MINUTE_US} min` : `${us / 1_000_000} s`;
  const digits = step >= 1_000_000 ? 0 : step >= 100_000 ? 1 : step >= 10_000 ? 2 : step >= 1_000 ? 3 : 6;
  return `${(us / 1_000_000).toFixed(digits)} s`;
}

/** `12.345 s`: a moment of the run. */
export function momentText(us: number): string {
  return `${(us / 1_000_000).toFixed(us % 1_000 === 0 ? 3 : 6)} s`;
}

/** `340 µs`, `12.3 ms`, `4.50 s`: how long something took. */
export function spanText(us: number): string {
  if (us < 1_000) return `${us} µs`;
  return us < 1_000_000 ? `${(us / 1_000).toFixed(1)} ms` : `${(us / 1_000_000).toFixed(2)} s`;
}
