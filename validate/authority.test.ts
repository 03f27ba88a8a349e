import { describe, expect, it } from 'vitest';
import { authorityJobs } from './authority-jobs.ts';
import { type AuthorityMissesJob, runAuthorityMisses } from './authority-misses.ts';
import { type AuthorityModelJob, runAuthorityModel } from './authority-model.ts';
import { type AuthorityPartitionJob, runAuthorityPartition } from './authority-partition.ts';
import { judgeAuthorities } from './judge-authorities.ts';

const MODEL: AuthorityModelJob = { kind: 'authority-model', signers: 8, side: 4, trials: 600, seed: 'test' };
const PARTITION: AuthorityPartitionJob = {
  kind: 'authority-partition',
  signers: 8,
  tieBreak: 'total-difficulty',
  runs: 20,
  seed: 'test',
};
const MISSES: AuthorityMissesJob = {
  kind: 'authority-misses',
  signers: 8,
  tieBreak: 'total-difficulty',
  blocks: 150,
  missPermille: 200,
  seed: 'test',
};

describe('the model of authorities', () => {
  it('is a function of its seed', () => {
    expect(runAuthorityModel(MODEL)).toEqual(runAuthorityModel(MODEL));
    expect(runAuthorityModel({ ...MODEL, seed: 'other' })).not.toEqual(runAuthorityModel(MODEL));
  });

  it('deadlocks with each tie of two halves, and with no other split', () => {
    const { ties, deadlocks } = runAuthorityModel(MODEL);
    expect(deadlocks).toBe(ties);
    expect(deadlocks).toBeGreaterThan(30);
    expect(deadlocks).toBeLessThan(120);
    expect(runAuthorityModel({ ...MODEL, side: 3 }).deadlocks).toBe(0);
  });

  it.each([3, 5, 7, 9])('never deadlocks with %i signers', (signers) => {
    for (let side = 1; 2 * side < signers; side++)
      expect(runAuthorityModel({ ...MODEL, signers, side, trials: 100 }).deadlocks).toBe(0);
  });
});

describe('partitions of real nodes', () => {
  it('stand still for ever now and then, with a proof; the others come together', () => {
    const outcome = runAuthorityPartition(PARTITION);
    expect(outcome.deadlocks).toBeGreaterThan(0);
    expect(outcome.deadlocks).toBeLessThan(10);
    expect(outcome).toMatchObject({ runs: 20, late: 0, unresolved: 0 });
  });

  it('all come together under EIP-3436', () => {
    const outcome = runAuthorityPartition({ ...PARTITION, tieBreak: 'eip-3436' });
    expect(outcome).toMatchObject({ deadlocks: 0, late: 0, unresolved: 0 });
    expect(outcome.slowestPeriods).toBeLessThanOrEqual(8);
  });
});

describe('blocks that come late', () => {
  it('are reorganised, and stop nobody', () => {
    const outcome = runAuthorityMisses(MISSES);
    expect(outcome).toMatchObject({ isStalled: false });
    expect(outcome.blocks).toBeGreaterThanOrEqual(150);
    expect(outcome.misses).toBeGreaterThan(15);
    expect(outcome.reorgs).toBeGreaterThan(0);
  });

  it('are as many as asked', () => {
    const outcome = runAuthorityMisses({ ...MISSES, signers: 4, missPermille: 1_000, blocks: 60 });
    expect(outcome.misses).toBe(56);
  });
});

describe('lines about authorities', () => {
  const partition = {
    ...PARTITION,
    runs: 1_000,
    deadlocksOfTwo: 0,
    late: 0,
    unresolved: 0,
    slowestPeriods: 3,
  } as const;
  const verdicts = (outcomes: Parameters<typeof judgeAuthorities>[0]) =>
    judgeAuthorities(outcomes).map(({ verdict }) => verdict);

  it('hold the share of deadlocks to 5 to 20 %, and to 0 with EIP-3436', () => {
    expect(verdicts([{ ...partition, deadlocks: 104 }])).toEqual(['ok']);
    expect(verdicts([{ ...partition, deadlocks: 40 }])).toEqual(['FAIL']);
    expect(verdicts([{ ...partition, deadlocks: 104, unresolved: 1 }])).toEqual(['FAIL']);
    expect(verdicts([{ ...partition, tieBreak: 'eip-3436', deadlocks: 0 }])).toEqual(['ok']);
    expect(verdicts([{ ...partition, tieBreak: 'eip-3436', deadlocks: 1 }])).toEqual(['FAIL']);
    expect(verdicts([{ ...partition, tieBreak: 'eip-3436', deadlocks: 0, late: 1 }])).toEqual(['FAIL']);
    expect(verdicts([{ ...partition, signers: 7, deadlocks: 1, deadlocksOfTwo: 1 }])).toEqual(['FAIL']);
    expect(verdicts([{ ...partition, signers: 7, deadlocks: 1 }])).toEqual(['ok']);
  });

  it('fail with a deadlock of an odd number, a tie that is none, and a stall', () => {
    const model = { ...MODEL, trials: 1_000, ties: 104, deadlocks: 104 };
    expect(verdicts([model])).toEqual(['ok']);
    expect(verdicts([{ ...model, deadlocks: 103 }])).toEqual(['FAIL']);
    expect(verdicts([{ ...model, signers: 7, side: 3, ties: 0, deadlocks: 0 }])).toEqual(['ok']);
    expect(verdicts([{ ...model, signers: 7, side: 3, ties: 1, deadlocks: 1 }])).toEqual(['FAIL']);
    const misses = { ...MISSES, misses: 9, reorgs: 3, deepestReorg: 1, longestPauseLooks: 0 };
    expect(verdicts([{ ...misses, isStalled: false }])).toEqual(['ok']);
    expect(verdicts([{ ...misses, isStalled: true }])).toEqual(['FAIL']);
  });

  it('come from a full form of 1,000 seeds each way and 100,000 blocks', () => {
    const jobs = authorityJobs(false);
    const runsOf = (tieBreak: string) =>
      jobs.reduce(
        (sum, job) =>
          job.kind === 'authority-partition' && job.signers === 8 && job.tieBreak === tieBreak
            ? sum + job.runs
            : sum,
        0,
      );
    expect([runsOf('total-difficulty'), runsOf('eip-3436')]).toEqual([1_000, 1_000]);
    const blocks = jobs.reduce(
      (sum, job) =>
        job.kind === 'authority-misses' && job.tieBreak === 'total-difficulty' ? sum + job.blocks : sum,
      0,
    );
    expect(blocks).toBe(100_000);
  });
});
