/** The flags of `aureon run`, checked. */
import { availableParallelism } from 'node:os';
import type { Override } from '../cluster/scenario/read-yaml.ts';
import { UsageError } from './usage.ts';

/** Most runs of one call: past it, a sweep is the right tool. */
const SEEDS_MAX = 1_000_000;
const JOBS_MAX = 256;
const PERMUTATIONS_MAX = 1_000;
/** A seed is a text that people copy: at most so many characters. */
const SEED_MAX_CHARS = 256;

export interface RunFlags {
  readonly files: readonly string[];
  /** Undefined: each scenario's own, else '1'. */
  readonly seeds: readonly string[] | undefined;
  readonly jobs: number;
  readonly overrides: readonly Override[];
  readonly verify: boolean;
  readonly permuteTies: number;
  readonly isolate: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Reads and checks the scenarios, says what they are, and runs none. */
  readonly list: boolean;
  /** Ends with the first failure, in the order of the runs. */
  readonly failFast: boolean;
  readonly reportDir: string | undefined;
}

/** What commander read, unchecked. */
type Flags = Readonly<Record<string, unknown>>;

function text(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

function whole(flags: Flags, name: string, flag: string, max: number): number | undefined {
  const value = text(flags, name);
  if (value === undefined) return undefined;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > max) {
    throw new UsageError(`${flag} ${value}: a whole number from 1 to ${max} was expected`);
  }
  return number;
}

function parseSeeds(flags: Flags): readonly string[] | undefined {
  const seed = text(flags, 'seed');
  const seeds = text(flags, 'seeds');
  if (seed !== undefined && seeds !== undefined)
    throw new UsageError('--seed and --seeds: give one of them, not both');
  if (seed !== undefined) {
    if (seed.length === 0 || seed.length > SEED_MAX_CHARS) {
      throw new UsageError(
        `--seed: a text of 1 to ${SEED_MAX_CHARS} characters was expected, got ${seed.length}`,
      );
    }
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

/** @throws {UsageError} when a flag makes no sense. */
export function parseRunFlags(files: readonly string[], flags: Flags): RunFlags {
  const set = flags['set'];
  const permuteTies = whole(flags, 'permuteTies', '--permute-ties', PERMUTATIONS_MAX) ?? 0;
  const verify = flags['verify'] === true;
  if (verify && permuteTies > 0) throw new UsageError('--verify and --permute-ties: one at a time');
  return {
    files,
    seeds: parseSeeds(flags),
    jobs: whole(flags, 'jobs', '--jobs', JOBS_MAX) ?? availableParallelism(),
    overrides: Array.isArray(set) ? set.map((value) => parseOverride(String(value))) : [],
    verify,
    permuteTies,
    isolate: flags['isolate'] === true,
    json: flags['json'] === true,
    quiet: flags['quiet'] === true,
    list: flags['list'] === true,
    failFast: flags['failFast'] === true,
    reportDir: text(flags, 'report'),
  };
}
