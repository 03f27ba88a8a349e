/** How likely a failure is from a moment on: the same past again and again, each time with another future. */
import { branchScenario } from '../cluster/branch-scenario.ts';
import { type Capsule, capsuleJob } from './capsule.ts';
import type { Job, JobOutcome } from './job.ts';
import { runPool } from './pool.ts';

/** What branches at one moment came to. */
export interface BranchCount {
  readonly atUs: number;
  readonly runs: number;
  /** Fail as the capsule's run does … */
  readonly same: number;
  /** … or in another way. */
  readonly other: number;
  /** False: the past of some was not that of the capsule's run: its code is another, or it is no function of its seed. */
  readonly hasOnePast: boolean;
}

/** A share with the 95 % interval of Wilson (1927), each from 0 to 1. */
export interface Share {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** Standard deviations on each side that 95 % lie between. */
const Z = 1.96;

/** k of n, n at least 1. Holds for small n and for shares near 0 and 1, unlike the interval of Wald. */
export function wilson(k: number, n: number): Share {
  const share = k / n;
  const centre = share + (Z * Z) / (2 * n);
  const spread = Z * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n));
  const scale = 1 + (Z * Z) / n;
  return {
    share,
    low: Math.max(0, (centre - spread) / scale),
    high: Math.min(1, (centre + spread) / scale),
  };
}

export interface BranchOptions {
  readonly seeds: readonly string[];
  readonly jobs: number;
  /** The plan's faults stay after the moment too. */
  readonly keepsFaults: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (finished: number) => void;
}

/** Undefined when it was interrupted. `atUs` is at least 1. */
export async function countBranches(
  capsule: Capsule,
  atUs: number,
  options: BranchOptions,
): Promise<BranchCount | undefined> {
  const own = capsuleJob('capsule', capsule);
  const lines = options.keepsFaults ? [] : capsule.lines;
  const jobs = options.seeds.map(
    (seed): Job => ({
      ...own,
      scenario: branchScenario(capsule.scenario, lines, atUs, seed),
      branch: { atUs, seed },
    }),
  );
  // The first is the capsule's own run: what its past comes to, all others must come to.
  const past: Job = { ...own, branch: { atUs, seed: own.seed } };
  const all: JobOutcome[] = [];
  await runPool([past, ...jobs], {
    jobs: options.jobs,
    signal: options.signal,
    onProgress: ({ finished }) => options.onProgress(Math.max(0, finished - 1)),
    onOutcome: (_, outcome) => void all.push(outcome),
  });
  if (options.signal.aborted) return undefined;
  const [first, ...outcomes] = all;
  const { fingerprint } = capsule.failure;
  const failed = outcomes.filter(({ result }) => result.fingerprint !== undefined);
  const same = failed.filter(({ result }) => result.fingerprint === fingerprint).length;
  return {
    atUs,
    runs: outcomes.length,
    same,
    other: failed.length - same,
    // A run that had ended before the moment has no branch.
    hasOnePast: outcomes.every(
      ({ branchHash }) => branchHash === undefined || branchHash === first?.branchHash,
    ),
  };
}
