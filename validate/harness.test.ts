import { describe, expect, it } from 'vitest';
import { type DoubleSpendJob, runDoubleSpend } from './double-spend.ts';
import { runSelfish, type SelfishJob } from './selfish.ts';

const ATTACK: DoubleSpendJob = {
  kind: 'double-spend',
  q: 0.3,
  confirmations: 2,
  trials: 60,
  depth: 10,
  lead: 1,
  seed: 'test',
};
const SELFISH: SelfishJob = {
  kind: 'selfish',
  alpha: 0.4,
  hearsLateMs: 2_000,
  segments: 2,
  segmentBlocks: 20,
  seed: 'test',
};

describe('the harness of double spends', () => {
  it('is a function of its seed', () => {
    expect(runDoubleSpend(ATTACK)).toEqual(runDoubleSpend(ATTACK));
    expect(runDoubleSpend({ ...ATTACK, seed: 'other' })).not.toEqual(runDoubleSpend(ATTACK));
  });

  it('makes as many trials as asked, of which some succeed and some fail', () => {
    const { trials, successes } = runDoubleSpend(ATTACK);
    expect(trials).toBe(60);
    expect(successes).toBeGreaterThan(10);
    expect(successes).toBeLessThan(45);
  });

  it('succeeds less when more is demanded', () => {
    const { successes } = runDoubleSpend(ATTACK);
    expect(runDoubleSpend({ ...ATTACK, lead: 3 }).successes).toBeLessThan(successes);
  });
});

describe('the harness of selfish mining', () => {
  it('lets nobody mine on a block of which all heard late, and everybody on one that comes before', () => {
    const late = runSelfish(SELFISH);
    expect(late.races).toBeGreaterThan(3);
    expect(late.onAttacker).toBe(0);
    const early = runSelfish({ ...SELFISH, hearsLateMs: 0 });
    expect(early.onAttacker / early.racers).toBeGreaterThan(0.8);
    expect(late.segments.length).toBe(2);
    for (const segment of late.segments) expect(segment.blocks).toBeGreaterThanOrEqual(20);
  });
});
