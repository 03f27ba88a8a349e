/** How many different behaviours a sweep had seen after so many seeds, in the order of the seeds: where it flattens, more seeds show little. */

/** Points of the curve that are shown. */
const POINTS_MAX = 40;
/** The last part of a sweep, of which is told what was new in it. */
const LATE_SEEDS = 1_000;

export interface CurvePoint {
  /** Up to and with this seed. */
  readonly seed: number;
  /** Behaviours seen so far. */
  readonly behaviours: number;
}

export interface Curve {
  readonly points: readonly CurvePoint[];
  /** All behaviours that were seen. */
  readonly behaviours: number;
  /** Of the last seeds: how many those are, … */
  readonly lateSeeds: number;
  /** … how many behaviours they were the first to show, … */
  readonly lateBehaviours: number;
  /** … and in how many runs. */
  readonly lateRuns: number;
}

/** @param firsts of each behaviour the first seed that showed it, ascending. */
export function curveOf(firsts: readonly number[], low: number, high: number): Curve {
  const seeds = high - low + 1;
  const steps = Math.max(1, Math.min(POINTS_MAX, seeds));
  const points: CurvePoint[] = [];
  let behaviours = 0;
  for (let step = 1; step <= steps; step++) {
    const seed = low - 1 + Math.round((step * seeds) / steps);
    while (behaviours < firsts.length && (firsts[behaviours] ?? 0) <= seed) behaviours++;
    points.push({ seed, behaviours });
  }
  // Where the late part were most of the sweep, nearly everything would be new in it.
  const lateSeeds = Math.min(LATE_SEEDS, Math.ceil(seeds / 4));
  const late = firsts.filter((seed) => seed > high - lateSeeds);
  return {
    points,
    behaviours: firsts.length,
    lateSeeds,
    lateBehaviours: late.length,
    lateRuns: new Set(late).size,
  };
}
