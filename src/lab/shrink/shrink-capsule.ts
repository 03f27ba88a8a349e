/** Cuts a capsule down on worker threads: to the least that still fails in the same way, and the nearest run that does not. */
import { EXIT } from '../../cluster/result.ts';
import type { ScenarioFile } from '../../cluster/scenario/schema.ts';
import { type Capsule, capsuleJob, createCapsule, failedAtUs } from '../capsule.ts';
import { Crew } from '../crew.ts';
import type { Divergence } from '../divergence.ts';
import type { Job, JobOutcome } from '../job.ts';
import { runInLockstep } from '../lockstep.ts';
import { WorkerHandle } from '../worker-handle.ts';
import { DIMENSIONS } from './dimensions.ts';
import { type ShrinkProgress, type Shrunk, shrinkScenario, type Trial } from './shrink.ts';

/** One part of the shrunk run without which it does not fail so. */
export interface Needed {
  /** `faults`, `hosts`, … */
  readonly dimension: string;
  readonly part: number;
  readonly file: ScenarioFile;
  readonly passes: boolean;
  /** What the run without it came to. */
  readonly fingerprint: string | undefined;
}

export interface ShrunkCapsule {
  readonly capsule: Capsule;
  readonly isMinimal: boolean;
  readonly runs: number;
  /** Every part that is left, with what comes of leaving it out. */
  readonly needed: readonly Needed[];
  /** The first of them without which the run passes, and where the two runs part. */
  readonly nearest: { readonly part: Needed; readonly divergence: Divergence | undefined } | undefined;
}

export interface ShrinkCapsuleOptions {
  readonly jobs: number;
  readonly budget: number;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ShrinkProgress) => void;
}

function trialOf({ result, messageFaults = [] }: JobOutcome): Trial {
  return { fingerprint: result.fingerprint, failedUs: failedAtUs(result), messageFaults };
}

/**
 * Undefined when the capsule does not fail any more in its own way, or was interrupted before it was seen to.
 * Interrupted later, it answers what it has.
 */
export async function shrinkCapsule(
  capsule: Capsule,
  options: ShrinkCapsuleOptions,
): Promise<ShrunkCapsule | undefined> {
  const crew = new Crew(options.jobs, options.signal);
  try {
    return await shrinkWith(crew, capsule, options);
  } finally {
    await crew.stop();
  }
}

async function shrinkWith(
  crew: Crew,
  capsule: Capsule,
  options: ShrinkCapsuleOptions,
): Promise<ShrunkCapsule | undefined> {
  const own: Job = { ...capsuleJob('shrink', capsule), keepsMessageFaults: true };
  const jobOf = (scenario: ScenarioFile): Job => ({ ...own, scenario });
  const [first] = (await crew.run([own])) ?? [];
  const { fingerprint, exitCode } = capsule.failure;
  if (first === undefined || first.result.fingerprint !== fingerprint) return undefined;
  const outcomes = new Map<string, JobOutcome>([[JSON.stringify(capsule.scenario), first]]);
  const shrunk: Shrunk = await shrinkScenario(capsule.scenario, trialOf(first), {
    fingerprint,
    isLiveness: exitCode === EXIT.liveness,
    budget: options.budget,
    async run(candidates) {
      const ended = await crew.run(candidates.map(jobOf));
      for (const [i, outcome] of (ended ?? []).entries())
        if (outcome.result.fingerprint === fingerprint) outcomes.set(JSON.stringify(candidates[i]), outcome);
      return ended?.map(trialOf);
    },
    onProgress: options.onProgress,
  });
  const outcome = outcomes.get(JSON.stringify(shrunk.file)) ?? first;
  const made = createCapsule(shrunk.file, jobOf(shrunk.file), outcome, options.version);
  const needed = options.signal.aborted ? [] : await neededParts(crew, shrunk.file, jobOf, fingerprint);
  const part = needed.find(({ passes }) => passes);
  const nearest =
    part === undefined || options.signal.aborted
      ? undefined
      : { part, divergence: await divergenceOf(jobOf(shrunk.file), jobOf(part.file), options.signal) };
  return { capsule: made, isMinimal: shrunk.isMinimal, runs: shrunk.runs + needed.length, needed, nearest };
}

/** Where the shrunk run and the nearest that passes part; undefined: nowhere, or it was interrupted. */
async function divergenceOf(job: Job, passing: Job, signal: AbortSignal): Promise<Divergence | undefined> {
  const handles = [new WorkerHandle(), new WorkerHandle()] as const;
  const stop = async (): Promise<void> => void (await Promise.all(handles.map((handle) => handle.stop())));
  const onAbort = (): void => void stop();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const both = await runInLockstep(
      { by: handles[0], job, warmUp: undefined },
      { by: handles[1], job: passing, warmUp: undefined },
      { both: 'the two', each: 'A, which fails, and B, which passes' },
    );
    return both.kind === 'part' ? both.divergence : undefined;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    await stop();
  }
}

/** Leaves each part out once more: what it was needed for. Settings are no part of a story, and are passed over. */
async function neededParts(
  crew: Crew,
  file: ScenarioFile,
  jobOf: (file: ScenarioFile) => Job,
  fingerprint: string,
): Promise<readonly Needed[]> {
  const parts = DIMENSIONS.filter(({ name }) =>
    ['faults', 'loads', 'messages that suffer'].includes(name),
  ).flatMap((dimension) => {
    const size = dimension.size(file);
    return Array.from({ length: size }, (_, part) => {
      const kept = new Set(Array.from({ length: size }, (__, i) => i).filter((i) => i !== part));
      return { dimension: dimension.name, part, file: dimension.keep(file, kept) };
    });
  });
  const ended = await crew.run(parts.map((one) => jobOf(one.file)));
  return parts.flatMap((one, i): readonly Needed[] => {
    const result = ended?.[i]?.result;
    if (result === undefined || result.fingerprint === fingerprint) return [];
    return [{ ...one, passes: result.fingerprint === undefined, fingerprint: result.fingerprint }];
  });
}
