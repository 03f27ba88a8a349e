/** The flags of `aureon sweep` and `aureon worker`, checked. */
import { availableParallelism } from 'node:os';
import type { SeedRange } from '../lab/sweep/drive.ts';
import { UsageError } from './usage.ts';

/** Seeds of one sweep: a year of two cores. */
const SEEDS_MAX = 1_000_000_000;
const JOBS_MAX = 256;
/** A week. */
const MINUTES_MAX = 10_080;
/** What is swept when nothing is said: a few minutes. */
const SEEDS_DEFAULT = '1..1000';

export interface SweepFlags {
  /** Undefined: the default space. */
  readonly file: string | undefined;
  readonly seeds: SeedRange;
  readonly jobs: number;
  /** Undefined: `reports/sweep-` and the name of what is swept. */
  readonly out: string | undefined;
  readonly queue: string | undefined;
  readonly minutes: number | undefined;
  readonly failFast: boolean;
  readonly restart: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Prints the scenario of this seed, and runs none. */
  readonly show: string | undefined;
}

export interface WorkerFlags {
  readonly queue: string;
  readonly jobs: number;
}

/** What commander read, unchecked. */
type Flags = Readonly<Record<string, unknown>>;

function text(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

function whole(flags: Flags, name: string, max: number): number | undefined {
  const value = text(flags, name);
  if (value === undefined) return undefined;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > max)
    throw new UsageError(`--${name} ${value}: a whole number from 1 to ${max} was expected`);
  return number;
}

function parseRange(seeds: string): SeedRange {
  const parts = /^(\d{1,15})\.\.(\d{1,15})$/.exec(seeds);
  const from = Number(parts?.[1]);
  const to = Number(parts?.[2]);
  if (parts === null || from > to || to - from + 1 > SEEDS_MAX)
    throw new UsageError(
      `--seeds ${seeds}: a range such as 1..20000 was expected, the smaller number first, at most ${SEEDS_MAX} seeds`,
    );
  return { from, to };
}

function parseQueue(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || !/^(\/\d*)?$/.test(url.pathname))
    throw new UsageError(
      `--queue ${value}: redis://host:port or redis://host:port/number was expected (rediss:// with TLS)`,
    );
  return value;
}

/** @throws {UsageError} when a flag makes no sense. */
export function parseSweepFlags(file: string | undefined, flags: Flags): SweepFlags {
  const queue = parseQueue(text(flags, 'queue'));
  const jobs = whole(flags, 'jobs', JOBS_MAX);
  if (queue !== undefined && jobs !== undefined)
    throw new UsageError('--queue and --jobs: workers have threads, and --jobs is said to them');
  const out = text(flags, 'out');
  if (out === '') throw new UsageError('--out: a folder was expected, got an empty name');
  return {
    file,
    seeds: parseRange(text(flags, 'seeds') ?? SEEDS_DEFAULT),
    jobs: jobs ?? availableParallelism(),
    out,
    queue,
    minutes: whole(flags, 'minutes', MINUTES_MAX),
    failFast: flags['failFast'] === true,
    restart: flags['restart'] === true,
    json: flags['json'] === true,
    quiet: flags['quiet'] === true,
    show: text(flags, 'show'),
  };
}

/** @throws {UsageError} when a flag makes no sense. */
export function parseWorkerFlags(flags: Flags): WorkerFlags {
  const queue = parseQueue(text(flags, 'queue'));
  if (queue === undefined) throw new UsageError('--queue: redis://host:port was expected');
  return { queue, jobs: whole(flags, 'jobs', JOBS_MAX) ?? availableParallelism() };
}
