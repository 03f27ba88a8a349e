/** The flags of `aureon replay`, checked. */
import { parseDurationUs } from '../cluster/scenario/duration.ts';
import type { TraceFilter } from '../lab/look.ts';
import { type CaseFlags, parseCaseFlags } from './case-file.ts';
import { type Flags, parseJobs, parseSeeds, text } from './flags.ts';
import { UsageError } from './usage.ts';

/** Moments of one call: more is a plot that nobody reads. */
const MOMENTS_MAX = 200;
/** Futures from one moment where nothing is said: an interval of 14 points at worst. */
const BRANCH_SEEDS = 200;

export interface ReplayFlags {
  readonly file: string;
  /** Of a scenario file. */
  readonly named: CaseFlags;
  readonly untilUs: number | undefined;
  /** Host names; empty: nobody is inspected. */
  readonly inspect: readonly string[];
  readonly trace: { readonly hosts: readonly string[]; readonly kinds: TraceFilter['kinds'] } | undefined;
  readonly branch:
    | {
        readonly momentsUs: readonly number[];
        readonly seeds: readonly string[];
        readonly keepsFaults: boolean;
      }
    | undefined;
  readonly jobs: number;
  /** Where the page of the run goes; undefined: nowhere. */
  readonly report: string | undefined;
  /** The capsule whose run is shown beside it. */
  readonly beside: string | undefined;
  readonly json: boolean;
}

function time(value: string, flag: string): number {
  const us = parseDurationUs(value);
  if (us === undefined || us < 0)
    throw new UsageError(`${flag} ${value}: a simulated time such as 90s or 12.345678s was expected`);
  return us;
}

function names(value: string | undefined): readonly string[] {
  return value === undefined || value === '' ? [] : value.split(',').map((name) => name.trim());
}

/** `30s`, or `10s..60s` with a step. */
function moments(value: string, every: string | undefined): readonly number[] {
  const [from = '', to, more] = value.split('..');
  const fromUs = time(from, '--branch');
  if (more !== undefined)
    throw new UsageError(`--branch ${value}: a time, or a range such as 10s..60s, was expected`);
  if (to === undefined) {
    if (every !== undefined) throw new UsageError('--every: only with a range of --branch, such as 10s..60s');
    return [Math.max(1, fromUs)];
  }
  const toUs = time(to, '--branch');
  if (toUs < fromUs) throw new UsageError(`--branch ${value}: the earlier time first`);
  const stepUs = every === undefined ? Math.max(1, Math.ceil((toUs - fromUs) / 10)) : time(every, '--every');
  const count = stepUs === 0 ? Number.POSITIVE_INFINITY : Math.floor((toUs - fromUs) / stepUs) + 1;
  if (count > MOMENTS_MAX)
    throw new UsageError(`--every ${every}: ${count} moments; at most ${MOMENTS_MAX} were expected`);
  return Array.from({ length: count }, (_, i) => Math.max(1, fromUs + i * stepUs));
}

/** @throws {UsageError} when a flag makes no sense. */
export function parseReplayFlags(file: string, flags: Flags): ReplayFlags {
  const until = text(flags, 'until');
  const branch = text(flags, 'branch');
  const every = text(flags, 'every');
  const inspect = names(text(flags, 'inspect'));
  const hasTrace = flags['trace'] === true;
  const kinds = names(text(flags, 'kinds'));
  const hosts = names(text(flags, 'hosts'));
  if (!hasTrace && kinds.length + hosts.length > 0)
    throw new UsageError('--hosts and --kinds: only with --trace');
  if (branch === undefined && every !== undefined) throw new UsageError('--every: only with --branch');
  if (branch !== undefined && (until !== undefined || inspect.length > 0 || hasTrace))
    throw new UsageError('--branch: not together with --until, --inspect or --trace');
  if (text(flags, 'beside') !== undefined && text(flags, 'report') === undefined)
    throw new UsageError('--beside: only with --report');
  if (text(flags, 'report') !== undefined && (branch ?? until) !== undefined)
    throw new UsageError('--report: the page is of a whole run; not together with --until or --branch');
  // The seed is that of a scenario file, the seeds are those of the futures.
  const { seed, seeds: futures } = flags;
  const seeds = parseSeeds({ seeds: futures });
  if (branch === undefined && seeds !== undefined) throw new UsageError('--seeds: only with --branch');
  return {
    file,
    named: { ...parseCaseFlags({ ...flags, seeds: undefined }), seeds: parseSeeds({ seed }) },
    untilUs: until === undefined ? undefined : time(until, '--until'),
    inspect,
    trace: hasTrace ? { hosts, kinds } : undefined,
    branch:
      branch === undefined
        ? undefined
        : {
            momentsUs: moments(branch, every),
            seeds: seeds ?? Array.from({ length: BRANCH_SEEDS }, (_, i) => String(i + 1)),
            keepsFaults: flags['keepFaults'] === true,
          },
    jobs: parseJobs(flags),
    report: text(flags, 'report'),
    beside: text(flags, 'beside'),
    json: flags['json'] === true,
  };
}
