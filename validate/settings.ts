/** Which runs make up a validation: the full one, and the short one of every push. */
import { assertNever } from '../src/env/assert.ts';
import { authorityJobs } from './authority-jobs.ts';
import type { ValidateJob } from './jobs.ts';
import network from './reference/network-2019.json' with { type: 'json' };
import { giveUpDepth, rosenfeld } from './theory.ts';

export const PARTS = ['propagation', 'double-spend', 'selfish', 'authorities'] as const;
export type Part = (typeof PARTS)[number];

/** Ways to set the experiment wrong, so that it is seen to fail. */
export const MIS_SETS = ['latency', 'exceed'] as const;
export type MisSet = (typeof MIS_SETS)[number];

export interface ValidateOptions {
  readonly short: boolean;
  readonly only: Part | undefined;
  readonly misSet: MisSet | undefined;
}

const NODES = 300;
/** The last ten, whose blocks may still be under way at the end, are not counted. */
const PROPAGATION_HEIGHTS = 2_010;
const COUNTED_HEIGHTS = 2_000;
const PROPAGATION_SEEDS = 5;
/** Largest standard error of an orphan rate, as a share of it; where blocks take 600 s, hardly any is an orphan. */
const ORPHANS_ERROR = 0.05;
const RARE_ORPHANS_ERROR = 0.15;
/**
 * Where a fifth of the blocks is an orphan, x / (1 + x) is 2.6 % too high for the spread of arrivals that is seen: chance must be
 * small beside the 5 % that are allowed.
 */
const FREQUENT_ORPHANS_ERROR = 0.0125;
const FREQUENT_ORPHANS_RATE = 0.15;
const SHORT_PROPAGATION_HEIGHTS = 120;
/** A mis-set latency: a third too long. */
const MIS_SET_LATENCY_PERMILLE = 1_300;

/** 400 / r trials make the standard error of the success r at most a twentieth of it. */
const TRIALS_PER_SUCCESS = 400;
const TRIALS_OF_JOB = 1_000;
const SHORT_TRIALS = 1_000;
const HASH_SHARES = [0.1, 0.2, 0.3];
const CONFIRMATIONS = [1, 2, 3, 4, 5, 6];
/** Trials of fewer than six confirmations alone, beside the races of six: enough to see that they say the same. */
const OWN_TRIALS_MAX = 10_000;
const SHORT_PAIRS: readonly (readonly [number, number])[] = [
  [0.3, 3],
  [0.3, 1],
  [0.2, 2],
  [0.1, 1],
];

const SEGMENT_BLOCKS = 500;
const SEGMENTS_OF_JOB = 2;
const SELFISH_JOBS = 100;
const SHORT_SEGMENT_BLOCKS = 100;
const SHORT_SEGMENTS = 12;

/** A point of Eyal and Sirer: gamma near `gamma` follows from how late the attacker hears; it is measured. */
export interface SelfishPoint {
  readonly alpha: number;
  readonly gamma: number;
  readonly hearsLateMs: number;
}
/** Two seconds after it everybody has a block; after 62 ms about half of the honest hosts have. */
const LAST = 2_000;
const MIDDLE = 62;
export const SELFISH_POINTS: readonly SelfishPoint[] = [
  { alpha: 0.4, gamma: 0.5, hearsLateMs: MIDDLE },
  { alpha: 0.4, gamma: 0, hearsLateMs: LAST },
  { alpha: 0.3, gamma: 0, hearsLateMs: LAST },
  { alpha: 0.25, gamma: 0.5, hearsLateMs: MIDDLE },
];

function orphansErrorOf({ intervalS, orphanRate }: (typeof network.rows)[number]): number {
  if (orphanRate > FREQUENT_ORPHANS_RATE) return FREQUENT_ORPHANS_ERROR;
  return intervalS === 600 ? RARE_ORPHANS_ERROR : ORPHANS_ERROR;
}

/** Five seeds, or as many as the rate of orphans needs that was published. */
function seedsOf(row: (typeof network.rows)[number]): number {
  const { orphanRate } = row;
  const error = orphansErrorOf(row);
  const blocks = (1 - orphanRate) / (orphanRate * error * error);
  return Math.max(PROPAGATION_SEEDS, Math.ceil(blocks / COUNTED_HEIGHTS));
}

function propagationJobs({ short, misSet }: ValidateOptions): readonly ValidateJob[] {
  const rows = short
    ? network.rows.filter((row) => row.intervalS === 600 || row.intervalS === 12)
    : network.rows;
  return rows.flatMap((row) =>
    Array.from(
      { length: short ? (row.intervalS === 600 ? 2 : 1) : seedsOf(row) },
      (_, i): ValidateJob => ({
        kind: 'propagation',
        nodes: NODES,
        intervalS: row.intervalS,
        compact: row.compact,
        heights: short ? SHORT_PROPAGATION_HEIGHTS : PROPAGATION_HEIGHTS,
        latencyPermille: misSet === 'latency' ? MIS_SET_LATENCY_PERMILLE : 1_000,
        seed: `${i + 1}`,
      }),
    ),
  );
}

/** Trials of one q, whose attacker carries out the plan for the most of `confirmations`. */
function doubleSpendTrials(
  q: number,
  confirmations: readonly number[],
  trials: number,
  lead: number,
): readonly ValidateJob[] {
  const plans = confirmations.map((n) => ({ confirmations: n, depth: giveUpDepth(q, rosenfeld(q, n)) }));
  return Array.from(
    { length: Math.ceil(trials / TRIALS_OF_JOB) },
    (_, i): ValidateJob => ({
      kind: 'double-spend',
      q,
      plans,
      trials: Math.min(TRIALS_OF_JOB, trials - i * TRIALS_OF_JOB),
      lead,
      seed: `double-spend/${q}/${confirmations.join('+')}/${i}`,
    }),
  );
}

function doubleSpendJobs({ short, misSet }: ValidateOptions): readonly ValidateJob[] {
  const lead = misSet === 'exceed' ? 2 : 1;
  const most = CONFIRMATIONS.at(-1) as number;
  if (short) {
    return [
      ...doubleSpendTrials(0.3, CONFIRMATIONS, SHORT_TRIALS, lead),
      ...SHORT_PAIRS.flatMap(([q, n]) => doubleSpendTrials(q, [n], SHORT_TRIALS, lead)),
    ];
  }
  const enough = (q: number, n: number): number => Math.ceil(TRIALS_PER_SUCCESS / rosenfeld(q, n));
  return HASH_SHARES.flatMap((q) => [
    ...doubleSpendTrials(q, CONFIRMATIONS, enough(q, most), lead),
    ...CONFIRMATIONS.filter((n) => n < most).flatMap((n) =>
      doubleSpendTrials(q, [n], Math.min(enough(q, n), OWN_TRIALS_MAX), lead),
    ),
  ]);
}

function selfishJobs({ short }: ValidateOptions): readonly ValidateJob[] {
  return SELFISH_POINTS.flatMap(({ alpha, hearsLateMs }) =>
    Array.from(
      { length: short ? 1 : SELFISH_JOBS },
      (_, i): ValidateJob => ({
        kind: 'selfish',
        alpha,
        hearsLateMs,
        segments: short ? SHORT_SEGMENTS : SEGMENTS_OF_JOB,
        segmentBlocks: short ? SHORT_SEGMENT_BLOCKS : SEGMENT_BLOCKS,
        seed: `selfish/${alpha}/${hearsLateMs}/${i}`,
      }),
    ),
  );
}

/** The line of the table to which a run belongs. */
function lineOf(job: ValidateJob): string {
  switch (job.kind) {
    case 'propagation':
      return `propagation/${job.intervalS}/${job.compact}`;
    case 'double-spend':
      return `double-spend/${job.q}/${job.plans.map((plan) => plan.confirmations).join('+')}`;
    case 'selfish':
      return `selfish/${job.alpha}/${job.hearsLateMs}`;
    case 'real-compact':
      return 'real-compact';
    case 'authority-model':
      return `authority-model/${job.signers}/${job.side}`;
    case 'authority-partition':
      return `authority-partition/${job.signers}/${job.tieBreak}`;
    case 'authority-misses':
      return `authority-misses/${job.tieBreak}`;
    default:
      return assertNever(job);
  }
}

/** The lines side by side: a validation that is stopped has made about the same share of each. */
function interleaved(jobs: readonly ValidateJob[]): readonly ValidateJob[] {
  const sizes = new Map<string, number>();
  const placed = jobs.map((job) => {
    const line = lineOf(job);
    const before = sizes.get(line) ?? 0;
    sizes.set(line, before + 1);
    return { job, line, before };
  });
  // Seeds beyond the five that every row has come last.
  const shareOf = ({ job, line, before }: (typeof placed)[number]): number =>
    before / (job.kind === 'propagation' ? PROPAGATION_SEEDS : (sizes.get(line) ?? 1));
  return placed.sort((a, b) => shareOf(a) - shareOf(b)).map(({ job }) => job);
}

/** All runs, in the order in which they are made. */
export function planJobs(options: ValidateOptions): readonly ValidateJob[] {
  const wants = (part: Part): boolean => options.only === undefined || options.only === part;
  return interleaved([
    ...(wants('propagation') ? propagationJobs(options) : []),
    ...(wants('propagation') && !options.short
      ? [{ kind: 'real-compact', heights: 103, seed: '1' } as const]
      : []),
    ...(wants('selfish') ? selfishJobs(options) : []),
    ...(wants('double-spend') ? doubleSpendJobs(options) : []),
    ...(wants('authorities') ? authorityJobs(options.short) : []),
  ]);
}
