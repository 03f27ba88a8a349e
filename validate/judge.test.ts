import { describe, expect, it } from 'vitest';
import type { DoubleSpendOutcome } from './double-spend.ts';
import type { ValidateJob } from './jobs.ts';
import { judge, ratioOf } from './judge.ts';
import network from './reference/network-2019.json' with { type: 'json' };
import { planJobs } from './settings.ts';
import { rosenfeld } from './theory.ts';

const FULL = { short: false, only: undefined, misSet: undefined } as const;

function outcome(q: number, n: number, trials: number, successes: number): DoubleSpendOutcome {
  return { kind: 'double-spend', q, trials, successes: [{ confirmations: n, count: successes }], blocks: 0 };
}

function verdicts(run: DoubleSpendOutcome): readonly string[] {
  return judge([run]).map((line) => line.verdict);
}

describe('the judgement', () => {
  it('takes a share within three sigma and refuses one beyond', () => {
    // sigma of 0.2 in 10,000 trials is 0.004.
    expect(verdicts(outcome(0.1, 1, 10_000, 2_115))).toEqual(['ok']);
    expect(verdicts(outcome(0.1, 1, 10_000, 2_125))).toEqual(['FAIL']);
    expect(verdicts(outcome(0.1, 1, 10_000, 1_875))).toEqual(['FAIL']);
  });

  it('judges each number of confirmations that a race tells of', () => {
    const run: DoubleSpendOutcome = {
      ...outcome(0.1, 1, 10_000, 0),
      successes: [
        { confirmations: 1, count: 2_000 },
        { confirmations: 2, count: 700 },
      ],
    };
    const lines = judge([run, run]);
    expect(lines.map(({ what, value, verdict }) => [what, value, verdict])).toEqual([
      ['success in 20000 races for n = 2', '0.200000', 'ok'],
      ['success in 20000 trials', '0.070000', 'FAIL'],
    ]);
  });

  it("demands that Nakamoto's value is excluded at q = 0.1, n = 6", () => {
    const trials = 677_000;
    expect(verdicts(outcome(0.1, 6, trials, Math.round(trials * rosenfeld(0.1, 6))))).toEqual(['ok', 'ok']);
    expect(verdicts(outcome(0.1, 6, trials, Math.round(trials * 0.0002428)))).toEqual(['FAIL', 'FAIL']);
    // Too few trials tell nothing, and are not taken for an answer.
    expect(verdicts(outcome(0.1, 6, 2_000, 1))).toEqual(['ok', 'FAIL']);
  });

  it('has the error of a ratio from its segments', () => {
    // Segments of one length: the error of a mean of 0.4, 0.6, 0.5, 0.5.
    const parts = [40, 60, 50, 50].map((won) => ({ won, blocks: 100 }));
    const { ratio, sigma } = ratioOf(parts);
    expect(ratio).toBe(0.5);
    expect(sigma).toBeCloseTo(Math.sqrt(0.02 / 3 / 4), 12);
    // Won in proportion to its length: no error at all.
    const exact = ratioOf([100, 120, 80].map((blocks) => ({ won: blocks / 4, blocks })));
    expect(exact.ratio).toBeCloseTo(0.25, 12);
    expect(exact.sigma).toBeCloseTo(0, 12);
  });
});

describe('the plan of the full form', () => {
  const jobs = planJobs(FULL);

  it('has races for an error of a twentieth, for every q and n, and trials of its own for each', () => {
    const trialsOf = (q: number, n: number, isOwn: boolean): number =>
      jobs
        .filter((job) => job.kind === 'double-spend')
        .filter((job) => job.q === q && job.plans.some((plan) => plan.confirmations === n))
        .filter((job) => (job.plans.at(-1)?.confirmations === n) === isOwn)
        .reduce((sum, job) => sum + job.trials, 0);
    for (const q of [0.1, 0.2, 0.3]) {
      for (const n of [1, 2, 3, 4, 5, 6]) {
        const enough = 400 / rosenfeld(q, n);
        expect(trialsOf(q, n, n === 6)).toBeGreaterThanOrEqual(enough);
        if (n < 6) expect(trialsOf(q, n, true)).toBeGreaterThanOrEqual(Math.min(enough, 10_000));
      }
    }
  });

  it('has 100,000 blocks for each point of selfish mining', () => {
    for (const alpha of [0.25, 0.3]) {
      const blocks = jobs
        .filter((job) => job.kind === 'selfish')
        .filter((job) => job.alpha === alpha)
        .reduce((sum, job) => sum + job.segments * job.segmentBlocks, 0);
      expect(blocks).toBeGreaterThanOrEqual(100_000);
    }
  });

  it('has 2,000 blocks for each of six rows of 300 nodes, with five seeds or as many as their orphans need', () => {
    const rows = jobs.filter((job) => job.kind === 'propagation');
    for (const row of rows) expect([row.nodes, row.heights - 10]).toEqual([300, 2_000]);
    const seeds = network.rows.map(
      ({ intervalS, compact, orphanRate }) =>
        [
          rows.filter((row) => row.intervalS === intervalS && row.compact === compact).length,
          orphanRate,
          intervalS === 600 ? 0.15 : orphanRate > 0.15 ? 0.0125 : 0.05,
        ] as const,
    );
    expect(seeds.length).toBe(6);
    for (const [count, rate, error] of seeds) {
      expect(count).toBeGreaterThanOrEqual(5);
      expect(Math.sqrt((1 - rate) / (rate * 2_000 * count))).toBeLessThanOrEqual(error);
    }
    expect(new Set(rows.map((row) => `${row.intervalS} ${row.compact} ${row.seed}`)).size).toBe(rows.length);
  });

  it('has made about the same share of every line wherever it is stopped', () => {
    const done = jobs.slice(0, Math.floor(jobs.length / 2));
    const shareOf = (isOf: (job: ValidateJob) => boolean): number =>
      done.filter(isOf).length / jobs.filter(isOf).length;
    expect(shareOf((job) => job.kind === 'selfish' && job.alpha === 0.3)).toBeCloseTo(0.5, 1);
    expect(shareOf((job) => job.kind === 'double-spend' && job.plans.length === 6)).toBeCloseTo(0.5, 1);
    expect(done.some((job) => job.kind === 'real-compact')).toBe(true);
    const rows = new Set(
      done
        .filter((job) => job.kind === 'propagation')
        .map(({ intervalS, compact }) => `${intervalS} ${compact}`),
    );
    expect(rows.size).toBe(6);
  });
});
