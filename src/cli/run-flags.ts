/** The flags of `aureon run`, checked. */
import type { Override } from '../cluster/scenario/read-yaml.ts';
import {
  checkSeed,
  type Flags,
  parseBug,
  parseJobs,
  parseOverrides,
  parseSeeds,
  text,
  whole,
} from './flags.ts';
import { UsageError } from './usage.ts';

const PERMUTATIONS_MAX = 1_000;

export interface RunFlags {
  readonly files: readonly string[];
  /** Undefined: each scenario's own, else '1'. */
  readonly seeds: readonly string[] | undefined;
  readonly jobs: number;
  readonly overrides: readonly Override[];
  readonly verify: boolean;
  readonly permuteTies: number;
  readonly isolate: boolean;
  /** A bug of the gallery that honest hosts run. */
  readonly bug: string | undefined;
  /** On real processes of this machine, in real time. */
  readonly real: boolean;
  /** --real: the files of the run stay, whatever the verdict. */
  readonly keep: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Reads and checks the scenarios, says what they are, and runs none. */
  readonly list: boolean;
  /** Ends with the first failure, in the order of the runs. */
  readonly failFast: boolean;
  /** A folder, or a file that ends in .html. */
  readonly reportDir: string | undefined;
  /** A file for the metrics of the run. */
  readonly metricsFile: string | undefined;
  /** The seed of a second run beside each in the report. */
  readonly beside: string | undefined;
}

function parseBeside(flags: Flags): string | undefined {
  const seed = text(flags, 'beside');
  if (seed === undefined) return undefined;
  if (text(flags, 'report') === undefined)
    throw new UsageError('--beside: the run stands in a report; say where by --report out.html');
  checkSeed(seed, '--beside');
  return seed;
}

/** What needs a run that is a function of its seed. */
const SIMULATED_ONLY: readonly (readonly [string, string])[] = [
  ['verify', '--verify'],
  ['permuteTies', '--permute-ties'],
  ['isolate', '--isolate'],
  ['report', '--report'],
  ['beside', '--beside'],
  ['metrics', '--metrics'],
  ['jobs', '--jobs'],
];

function checkReal(flags: Flags): void {
  const found = SIMULATED_ONLY.find(([name]) => flags[name] !== undefined);
  if (found !== undefined)
    throw new UsageError(`${found[1]} and --real: one at a time; no two runs of real processes are the same`);
}

/** @throws {UsageError} when a flag makes no sense. */
export function parseRunFlags(files: readonly string[], flags: Flags): RunFlags {
  const permuteTies = whole(flags, 'permuteTies', '--permute-ties', PERMUTATIONS_MAX) ?? 0;
  const verify = flags['verify'] === true;
  const real = flags['real'] === true;
  if (real) checkReal(flags);
  else if (flags['keep'] === true) throw new UsageError('--keep: it is of --real, whose runs leave files');
  if (verify && permuteTies > 0) throw new UsageError('--verify and --permute-ties: one at a time');
  return {
    files,
    seeds: parseSeeds(flags),
    jobs: parseJobs(flags),
    overrides: parseOverrides(flags),
    verify,
    permuteTies,
    isolate: flags['isolate'] === true,
    bug: parseBug(flags),
    real,
    keep: flags['keep'] === true,
    json: flags['json'] === true,
    quiet: flags['quiet'] === true,
    list: flags['list'] === true,
    failFast: flags['failFast'] === true,
    reportDir: text(flags, 'report'),
    metricsFile: text(flags, 'metrics'),
    beside: parseBeside(flags),
  };
}
