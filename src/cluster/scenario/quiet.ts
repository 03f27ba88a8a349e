/** How long the quiet end of a scenario is, in which nothing goes wrong any more and all must converge. */
import { parseDurationUs } from './duration.ts';
import type { ScenarioFile } from './schema.ts';

/** Of the default: twelve block intervals make a tie that lasts less likely than 1 in 10^6 ... */
const QUIET_INTERVALS = 12;
/** ... and reconnecting, with back-off, takes up to a minute. */
const QUIET_MIN_US = 60_000_000;

/** Stated, or twelve block intervals, at least a minute, at most half of the run. */
export function quietUsOf(file: ScenarioFile): number {
  const durationUs = parseDurationUs(file.duration) ?? 0;
  const stated = file.quiet === undefined ? undefined : parseDurationUs(file.quiet);
  if (stated !== undefined) return Math.min(stated, durationUs);
  const intervalUs = parseDurationUs(file.chain?.blockInterval ?? '10s') ?? 0;
  return Math.min(Math.max(QUIET_MIN_US, QUIET_INTERVALS * intervalUs), Math.floor(durationUs / 2));
}
