/** The failure that a command names: a capsule, or a scenario file and a seed, which is simulated to make one. */
import { readFileSync, statSync } from 'node:fs';
import type { Override } from '../cluster/scenario/read-yaml.ts';
import { type Capsule, CapsuleError, parseCapsule } from '../lab/capsule.ts';
import { captureCapsule } from '../lab/capture.ts';
import type { Job } from '../lab/job.ts';
import { type Flags, parseBug, parseOverrides, parseSeeds } from './flags.ts';
import { readScenarios } from './scenario-files.ts';
import { systemCode, UsageError } from './usage.ts';
import { packageVersion } from './version.ts';

/** A capsule has at most so many bytes: a hundred thousand faults, and some. */
const CAPSULE_MAX_BYTES = 128 * 1024 * 1024;

/** What was named, read and checked. */
export type CaseFile =
  | { readonly kind: 'capsule'; readonly capsule: Capsule }
  | { readonly kind: 'scenario'; readonly job: Job };

/** What belongs to a scenario file. */
export interface CaseFlags {
  readonly seeds: readonly string[] | undefined;
  readonly overrides: readonly Override[];
  readonly bug: string | undefined;
}

const NO_FLAGS: CaseFlags = { seeds: undefined, overrides: [], bug: undefined };

/** @throws {UsageError} when one makes no sense. */
export function parseCaseFlags(flags: Flags): CaseFlags {
  return { seeds: parseSeeds(flags), overrides: parseOverrides(flags), bug: parseBug(flags) };
}

function readCapsule(path: string): Capsule {
  try {
    const { size } = statSync(path);
    if (size > CAPSULE_MAX_BYTES)
      throw new UsageError(`${path}: ${size} bytes; a capsule has at most ${CAPSULE_MAX_BYTES}`);
    return parseCapsule(path, readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof CapsuleError) throw new UsageError(error.message);
    throw new UsageError(`${path}: cannot be read (${systemCode(error)})`);
  }
}

/**
 * A file whose name ends in .json is a capsule, every other one a scenario.
 * @throws {UsageError} when it cannot be read, or a flag is for the other kind of file.
 */
export function readCase(path: string, { seeds, overrides, bug }: CaseFlags = NO_FLAGS): CaseFile {
  if (path.endsWith('.json')) {
    if (seeds !== undefined || overrides.length > 0 || bug !== undefined)
      throw new UsageError(
        `${path}: a capsule has its own seed and values; --seed, --set and --bug are for scenario files`,
      );
    return { kind: 'capsule', capsule: readCapsule(path) };
  }
  const sources = readScenarios([path], overrides);
  const [source] = sources;
  if (source === undefined || sources.length > 1)
    throw new UsageError(`${path}: one scenario file or capsule was expected, not a folder`);
  const [seed = source.scenario.seed ?? '1', ...more] = seeds ?? [];
  if (more.length > 0) throw new UsageError('--seeds: one failure at a time; give --seed');
  const job = { file: path, source: source.source, overrides, seed, isolate: false, permuteTies: 0 };
  return {
    kind: 'scenario',
    job: bug === undefined ? job : { ...job, bug },
  };
}

/** The capsule, made now where a scenario was named; undefined: interrupted. @throws {UsageError} when its run passes. */
export async function capsuleOf(named: CaseFile, signal: AbortSignal): Promise<Capsule | undefined> {
  if (named.kind === 'capsule') return named.capsule;
  const capsule = await captureCapsule(named.job, packageVersion(), signal);
  if (capsule === undefined && !signal.aborted)
    throw new UsageError(
      `${named.job.file} seed ${named.job.seed}: the run passes: there is no failure to work on`,
    );
  return capsule;
}
