/** The flags of `aureon explore`, checked. */
import { DEPTH_MAX } from '../cluster/explore/pct.ts';
import { parseDurationUs } from '../cluster/scenario/duration.ts';
import type { Override } from '../cluster/scenario/read-yaml.ts';
import type { StrategyName } from '../lab/explore-job.ts';
import { type Flags, parseBug, parseJobs, parseOverrides, parseSeeds, text, whole } from './flags.ts';
import { UsageError } from './usage.ts';

const RUNS_MAX = 10_000_000;
/** Steps of one schedule: past it an exploration is no longer one of a small cluster in a short time. */
const STEPS_MAX = 10_000;
const DEFAULT_DEPTH = 3;
const DEFAULT_RUNS = 1_000;
/** Longer than any round of the scenarios of the gallery takes at first; shorter than a connection takes to be given up. */
const DEFAULT_HOLD_US = 10_000_000;

const STRATEGIES: readonly (StrategyName | 'compare')[] = ['pct', 'random', 'exhaustive', 'seeds', 'compare'];

export interface ExploreFlags {
  readonly file: string;
  /** `compare`: PCT of depth 1 to the stated one, random and seeds, one after the other. */
  readonly strategy: StrategyName | 'compare';
  readonly depth: number;
  readonly runs: number;
  /** Undefined: the scenario's own, else '1'. */
  readonly seed: string | undefined;
  readonly jobs: number;
  readonly overrides: readonly Override[];
  /** Undefined: by the scenario. */
  readonly fromUs: number | undefined;
  readonly toUs: number | undefined;
  readonly untilUs: number | undefined;
  readonly holdUs: number;
  readonly timers: 'last' | 'choice';
  /** Undefined: no limit but STEPS_MAX. */
  readonly steps: number | undefined;
  readonly stepsMax: number;
  /** exhaustive: goes on after a failure. */
  readonly all: boolean;
  /** A bug of the gallery that honest hosts run. */
  readonly bug: string | undefined;
  readonly json: boolean;
  readonly replay: string | undefined;
}

function duration(flags: Flags, name: string, flag: string): number | undefined {
  const value = text(flags, name);
  if (value === undefined) return undefined;
  const us = parseDurationUs(value);
  if (us === undefined || us < 0)
    throw new UsageError(`${flag} ${value}: a duration such as 900ms or 2s was expected`);
  return us;
}

function oneOf<T extends string>(
  flags: Flags,
  name: string,
  flag: string,
  allowed: readonly T[],
): T | undefined {
  const value = text(flags, name);
  if (value === undefined) return undefined;
  const found = allowed.find((one) => one === value);
  if (found === undefined)
    throw new UsageError(`${flag} ${value}: one of ${allowed.join(', ')} was expected`);
  return found;
}

/** @throws {UsageError} when a flag makes no sense. */
export function parseExploreFlags(file: string, flags: Flags): ExploreFlags {
  const fromUs = duration(flags, 'from', '--from');
  const toUs = duration(flags, 'to', '--to');
  const untilUs = duration(flags, 'until', '--until');
  if (fromUs !== undefined && untilUs !== undefined && untilUs <= fromUs)
    throw new UsageError('--until: a time after --from was expected');
  return {
    file,
    strategy: oneOf(flags, 'strategy', '--strategy', STRATEGIES) ?? 'pct',
    depth: whole(flags, 'depth', '--depth', DEPTH_MAX) ?? DEFAULT_DEPTH,
    runs: whole(flags, 'runs', '--runs', RUNS_MAX) ?? DEFAULT_RUNS,
    seed: parseSeeds(flags)?.[0],
    jobs: parseJobs(flags),
    overrides: parseOverrides(flags),
    fromUs,
    toUs,
    untilUs,
    holdUs: duration(flags, 'hold', '--hold') ?? DEFAULT_HOLD_US,
    timers: oneOf(flags, 'timers', '--timers', ['last', 'choice'] as const) ?? 'last',
    steps: whole(flags, 'steps', '--steps', STEPS_MAX),
    stepsMax: STEPS_MAX,
    all: flags['all'] === true,
    bug: parseBug(flags),
    json: flags['json'] === true,
    replay: text(flags, 'replay'),
  };
}
