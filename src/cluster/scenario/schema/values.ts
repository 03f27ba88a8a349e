/** Values that several parts of a scenario file share: durations, shares, counts, choices of hosts. */
import { z } from 'zod';
import {
  DURATION_PATTERN,
  DURATION_RANGE_PATTERN,
  parseDurationRange,
  parseDurationUs,
} from '../duration.ts';
import { SCENARIO_HOSTS_MAX } from '../limits.ts';

/** Clocks wrong by half are no clocks. */
const DRIFT_PPM_MAX = 500_000;

/** How much too fast a clock runs, in millionths; negative: too slow. */
export const driftPpm = z.int().min(-DRIFT_PPM_MAX).max(DRIFT_PPM_MAX);

/** A length of time, not negative: a text such as `10s`, of whole microseconds. */
export const duration = z
  .string()
  .regex(DURATION_PATTERN, 'a duration such as 250ms, 10s, 5min or 1h')
  .refine((text) => (parseDurationUs(text) ?? -1) >= 0, 'a duration of whole microseconds, not negative')
  .meta({ title: 'a duration', examples: ['10s', '250ms'] });
/** A length of time that may be negative: `-1h`. */
export const signedDuration = z
  .string()
  .regex(DURATION_PATTERN, 'a duration such as 10s, -1h or 250ms')
  .refine((text) => parseDurationUs(text) !== undefined, 'a duration of whole microseconds')
  .meta({ title: 'a duration that may be negative', examples: ['10s', '-1h'] });
/** A duration, or two with `..` between them, the smaller first. */
export const range = z
  .string()
  .regex(DURATION_RANGE_PATTERN, 'a duration such as 10s, or a range such as 5s..20s')
  .refine(
    (text) => (parseDurationRange(text)?.minUs ?? -1) >= 0,
    'a range of durations, the smaller first, none negative',
  )
  .meta({ title: 'a duration or a range', examples: ['10s', '5s..20s'] });
/** A share in per cent, from 0 to 100, fractions included. */
export const percent = z.number().min(0).max(100);
/** A whole number from 0. */
export const count = z.int().min(0);
/** The number of a host, from 0. */
export const hostIndex = z
  .int()
  .min(0)
  .max(SCENARIO_HOSTS_MAX - 1);

/** Which hosts: all of them, the ones listed, or so many drawn from the fault's own stream. */
export const hosts = z
  .union([
    z.literal('all'),
    z.array(hostIndex).min(1),
    z.strictObject({ random: z.int().min(1).meta({ description: 'So many hosts, drawn anew each time.' }) }),
  ])
  .meta({ description: 'Which hosts: all, a list of host numbers from 0, or { random: n }.' });

export type HostSelector = z.infer<typeof hosts>;
