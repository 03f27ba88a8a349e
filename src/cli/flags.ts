/** Flags that several commands have, checked. */
import { availableParallelism } from 'node:os';
import type { Override } from '../cluster/scenario/read-yaml.ts';
import { findBug, readBugs } from '../lab/bugs/bug-file.ts';
import { BugError } from '../lab/bugs/mutation.ts';
import { UsageError } from './usage.ts';

/** Most runs of one call: past it, a sweep is the right tool. */
const SEEDS_MAX = 1_000_000;
const JOBS_MAX = 256;
/** A seed is a text that people copy: at most so many characters. */
const SEED_MAX_CHARS = 256;

/** What commander read, unchecked. */
export type Flags = Readonly<Record<string, unknown>>;

/** Undefined when the flag was not given. */
export function text(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** @throws {UsageError} when it is no whole number from 1 to `max`. */
export function whole(flags: Flags, name: string, flag: string, max: number): number | undefined {
  const value = text(flags, name);
  if (value === undefined) return undefined;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > max) {
    throw new UsageError(`${flag} ${value}: a whole number from 1 to ${max} was expected`);
  }
  return number;
}

/** @throws {UsageError} when it is empty, or too long to be copied. */
export function checkSeed({ length }: string, flag: string): void {
  if (length === 0 || length > SEED_MAX_CHARS)
    throw new UsageError(`${flag}: a text of 1 to ${SEED_MAX_CHARS} characters was expected, got ${length}`);
}

/** Of `--seed` or `--seeds`; undefined: neither was given. @throws {UsageError} */
export function parseSeeds(flags: Flags): readonly string[] | undefined {
  const seed = text(flags, 'seed');
  const seeds = text(flags, 'seeds');
  if (seed !== undefined && seeds !== undefined)
    throw new UsageError('--seed and --seeds: give one of them, not both');
  if (seed !== undefined) {
    checkSeed(seed, '--seed');
    return [seed];
  }
  if (seeds === undefined) return undefined;
  const parts = /^(\d{1,15})\.\.(\d{1,15})$/.exec(seeds);
  const from = Number(parts?.[1]);
  const to = Number(parts?.[2]);
  if (parts === null || from > to || to - from + 1 > SEEDS_MAX) {
    throw new UsageError(
      `--seeds ${seeds}: a range such as 1..500 was expected, the smaller number first, at most ${SEEDS_MAX} seeds`,
    );
  }
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
}

function parseOverride(value: string): Override {
  const at = value.indexOf('=');
  if (at <= 0) throw new UsageError(`--set ${value}: path=value was expected, such as --set nodes=7`);
  return { path: value.slice(0, at), value: value.slice(at + 1) };
}

/** Of `--set`, which may be repeated. @throws {UsageError} */
export function parseOverrides(flags: Flags): readonly Override[] {
  const set = flags['set'];
  return Array.isArray(set) ? set.map((value) => parseOverride(String(value))) : [];
}

/** Worker threads: of `--jobs`, or one a core. @throws {UsageError} */
export function parseJobs(flags: Flags): number {
  return whole(flags, 'jobs', '--jobs', JOBS_MAX) ?? availableParallelism();
}

/** Of `--bug`: its name; undefined: it was not given. @throws {UsageError} */
export function parseBug(flags: Flags): string | undefined {
  const bug = text(flags, 'bug');
  if (bug === undefined) return undefined;
  try {
    const { kind, name, number } = findBug(readBugs(), bug);
    if (kind === 'cluster') return name;
    throw new BugError(`${name} is found by tests, not in clusters: aureon score ${number}`);
  } catch (error) {
    throw error instanceof BugError ? new UsageError(error.message) : error;
  }
}
