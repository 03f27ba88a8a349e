/** Durations as people write them in scenario files: `250ms`, `10s`, `5min`, `1h`, and ranges such as `5s..20s`. */

const UNIT_US: ReadonlyMap<string, number> = new Map([
  ['us', 1],
  ['ms', 1_000],
  ['s', 1_000_000],
  ['min', 60_000_000],
  ['h', 3_600_000_000],
  ['d', 86_400_000_000],
]);

const ONE = '-?\\d{1,15}(?:\\.\\d{1,6})?(?:us|ms|s|min|h|d)';

/** What a duration looks like: a number and a unit, no space; a minus only where time may go back. */
export const DURATION_PATTERN = new RegExp(`^${ONE}$`);
/** A duration, or two joined by `..`: drawn uniformly between both. */
export const DURATION_RANGE_PATTERN = new RegExp(`^${ONE}(?:\\.\\.${ONE})?$`);

/** Both ends in microseconds, equal for a fixed duration. */
export interface UsRange {
  readonly minUs: number;
  readonly maxUs: number;
}

/** Microseconds of a text that matches DURATION_PATTERN; undefined otherwise, or when it is no whole number of them. */
export function parseDurationUs(text: string): number | undefined {
  const parts = /^(-?)(\d{1,15})(?:\.(\d{1,6}))?(us|ms|s|min|h|d)$/.exec(text);
  if (parts === null) return undefined;
  const unit = UNIT_US.get(parts[4] as string) as number;
  const fraction = (parts[3] ?? '').padEnd(6, '0');
  const whole = Number(parts[2]) * unit;
  const rest = (Number(fraction) * unit) / 1_000_000;
  const value = whole + rest;
  if (!Number.isSafeInteger(value)) return undefined;
  return parts[1] === '-' ? -value : value;
}

/** How people write units that are not these. */
const UNIT_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(?:us|µs|micros?|microseconds?)$/, 'us'],
  [/^(?:ms|msecs?|millis|milliseconds?)$/, 'ms'],
  [/^(?:s|secs?|seconds?)$/, 's'],
  [/^(?:m|mins?|minutes?)$/, 'min'],
  [/^(?:h|hrs?|hours?)$/, 'h'],
  [/^(?:d|days?)$/, 'd'],
];

/** The duration that was meant by `90`, `90 s`, `2m` or `2 minutes`; undefined when that is not clear. */
export function suggestDuration(value: unknown): string | undefined {
  if (typeof value === 'number') return parseDurationUs(`${value}s`) === undefined ? undefined : `${value}s`;
  const parts = typeof value === 'string' ? /^(-?\d+(?:\.\d+)?) ?([A-Za-zµ]+)$/.exec(value.trim()) : null;
  const word = parts?.[2]?.toLowerCase() ?? '';
  const unit = UNIT_WORDS.find(([pattern]) => pattern.test(word))?.[1];
  const text = `${parts?.[1]}${unit}`;
  return unit === undefined || text === value || parseDurationUs(text) === undefined ? undefined : text;
}

/** Both ends of a text that matches DURATION_RANGE_PATTERN; undefined otherwise, or when the first end is later. */
export function parseDurationRange(text: string): UsRange | undefined {
  const [first, second, third] = text.split('..');
  if (first === undefined || third !== undefined) return undefined;
  const minUs = parseDurationUs(first);
  const maxUs = second === undefined ? minUs : parseDurationUs(second);
  if (minUs === undefined || maxUs === undefined || minUs > maxUs) return undefined;
  return { minUs, maxUs };
}

/** The shortest exact text: `90s` and not `1.5min`; `0s` for nothing. */
export function formatDurationUs(valueUs: number): string {
  if (valueUs === 0) return '0s';
  for (const [name, unit] of [
    ['h', 3_600_000_000],
    ['s', 1_000_000],
    ['ms', 1_000],
  ] as const) {
    if (valueUs % unit === 0) return `${valueUs / unit}${name}`;
  }
  return `${valueUs}us`;
}

/** Simulated time for people: `12.345678s`, trailing zeros cut. */
export function formatSecondsUs(valueUs: number): string {
  const sign = valueUs < 0 ? '-' : '';
  const absolute = Math.abs(valueUs);
  const whole = Math.floor(absolute / 1_000_000);
  const fraction = String(absolute % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}s`;
}
