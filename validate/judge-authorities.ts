/** Lines about authorities: deadlocks of halves with and without EIP-3436, of odd numbers, and of blocks that come late. */
import type { AuthorityMissesOutcome } from './authority-misses.ts';
import type { AuthorityModelOutcome } from './authority-model.ts';
import type { AuthorityPartitionOutcome } from './authority-partition.ts';
import type { ValidateOutcome } from './jobs.ts';
import type { Line } from './line.ts';
import reference from './reference/proof-of-authority.json' with { type: 'json' };
import { proportionSigma } from './statistics.ts';

/** What the model says of halves of eight. */
const MODEL = reference.halvesOfEight;
/** Between these, real nodes are near it: their blocks take time, their wiggles overlap. */
const SHARE_MIN = 0.05;
const SHARE_MAX = 0.2;
const SIGMAS = 3;

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

function groupsOf<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}

function lineOf(line: Omit<Line, 'part' | 'verdict'>, isOk: boolean): Line {
  return { part: 'authorities', ...line, verdict: isOk ? 'ok' : 'FAIL' };
}

function judgeModel(runs: readonly AuthorityModelOutcome[]): readonly Line[] {
  const even = runs.filter(({ signers }) => signers % 2 === 0);
  const odd = runs.filter(({ signers }) => signers % 2 === 1);
  const lines: Line[] = [];
  if (even.length > 0) {
    const trials = sumOf(even, (run) => run.trials);
    const ties = sumOf(even, (run) => run.ties);
    const share = sumOf(even, (run) => run.deadlocks) / trials;
    const sigma = Math.hypot(
      proportionSigma(MODEL.share, trials),
      proportionSigma(MODEL.share, MODEL.trials),
    );
    lines.push(
      lineOf(
        {
          what: `model: deadlocks of ${trials} halves of 8`,
          value: `${percent(share)}; of ${ties} ties all but ${ties - Math.round(share * trials)}`,
          published: `${percent(MODEL.share)}, of ties all`,
          tolerance: `${percent(SHARE_MIN)} to ${percent(SHARE_MAX)}; ${((share - MODEL.share) / sigma).toFixed(1)} sigma away`,
        },
        share >= SHARE_MIN && share <= SHARE_MAX && ties === Math.round(share * trials),
      ),
    );
  }
  if (odd.length > 0) {
    const numbers = [...new Set(odd.map(({ signers }) => signers))].sort((a, b) => a - b);
    const deadlocks = sumOf(odd, (run) => run.deadlocks);
    lines.push(
      lineOf(
        {
          what: `model: ${sumOf(odd, (run) => run.trials)} splits of ${numbers.join(', ')}`,
          value: `${deadlocks} deadlocks, ${sumOf(odd, (run) => run.ties)} ties`,
          published: 'none',
          tolerance: '0',
        },
        deadlocks === 0,
      ),
    );
  }
  return lines;
}

function judgePartition(runs: readonly AuthorityPartitionOutcome[]): Line {
  const [{ signers, tieBreak }] = runs as readonly [AuthorityPartitionOutcome];
  const count = sumOf(runs, (run) => run.runs);
  const deadlocks = sumOf(runs, (run) => run.deadlocks);
  const late = sumOf(runs, (run) => run.late);
  const unresolved = sumOf(runs, (run) => run.unresolved);
  const slowest = Math.max(...runs.map((run) => run.slowestPeriods));
  const ofTwo = sumOf(runs, (run) => run.deadlocksOfTwo);
  const share = deadlocks / count;
  const isTotal = tieBreak === 'total-difficulty';
  const mayDeadlock = isTotal && signers % 2 === 0;
  const sigma = SIGMAS * proportionSigma(share, count);
  // An odd number may come to a standstill on three heads; on two it can not.
  const isShare = mayDeadlock
    ? share >= SHARE_MIN && share <= SHARE_MAX
    : (isTotal ? ofTwo : deadlocks) === 0;
  return lineOf(
    {
      what: `${count} partitions of ${signers}, ${tieBreak}`,
      value: `${percent(share)} never again: ${ofTwo} on two heads, ${deadlocks - ofTwo} on more; all proven but ${unresolved}; the others within ${slowest} periods`,
      published: mayDeadlock ? `near ${percent(MODEL.share)}` : isTotal ? 'none on two heads' : 'none',
      tolerance: mayDeadlock
        ? `${percent(SHARE_MIN)} to ${percent(SHARE_MAX)}; 3 sigma = ${percent(sigma)}`
        : `0${isTotal ? ' on two heads' : ''}, within ${signers} periods`,
    },
    isShare && late === 0 && unresolved === 0,
  );
}

function judgeMisses(runs: readonly AuthorityMissesOutcome[]): Line {
  const [{ signers, tieBreak }] = runs as readonly [AuthorityMissesOutcome];
  const stalled = runs.filter((run) => run.isStalled).length;
  const misses = sumOf(runs, (run) => run.misses);
  return lineOf(
    {
      what: `${sumOf(runs, (run) => run.blocks)} blocks of ${signers}, ${misses} late by a period, ${tieBreak}`,
      value: `${stalled} stalls, no head rose for ${Math.max(...runs.map((run) => 2 * run.longestPauseLooks))} periods at most; reorgs to ${Math.max(...runs.map((run) => run.deepestReorg))} deep`,
      published: `none in ${reference.misses.blocks}`,
      tolerance: '0',
    },
    stalled === 0,
  );
}

/** The lines of all runs about authorities. */
export function judgeAuthorities(outcomes: readonly ValidateOutcome[]): readonly Line[] {
  const partitions = outcomes.filter((outcome) => outcome.kind === 'authority-partition');
  const misses = outcomes.filter((outcome) => outcome.kind === 'authority-misses');
  return [
    ...judgeModel(outcomes.filter((outcome) => outcome.kind === 'authority-model')),
    ...groupsOf(partitions, ({ signers, tieBreak }) => `${signers} ${tieBreak}`).map(judgePartition),
    ...groupsOf(misses, ({ tieBreak }) => tieBreak).map(judgeMisses),
  ];
}
