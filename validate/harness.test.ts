import { describe, expect, it } from 'vitest';
import { type DoubleSpendJob, runDoubleSpend } from './double-spend.ts';
import { runSelfish, type SelfishJob } from './selfish.ts';

const ATTACK: DoubleSpendJob = {
  kind: 'double-spend',
  q: 0.3,
  plans: [{ confirmations: 2, depth: 10 }],
  trials: 60,
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
    expect(successes.length).toBe(1);
    expect(successes[0]?.count).toBeGreaterThan(10);
    expect(successes[0]?.count).toBeLessThan(45);
  });

  it('succeeds less when more is demanded', () => {
    const countOf = (job: DoubleSpendJob): number => runDoubleSpend(job).successes[0]?.count ?? 0;
    expect(countOf({ ...ATTACK, lead: 3 })).toBeLessThan(countOf(ATTACK));
  });

  it('tells of each attacker what he does when he is alone, as long as no other has changed the race', () => {
    const plans = [1, 2, 3].map((confirmations) => ({ confirmations, depth: 10 }));
    const firstOf = (seed: string, these: DoubleSpendJob['plans']): readonly (readonly number[])[] =>
      runDoubleSpend({ ...ATTACK, seed, trials: 1, plans: these }).successes.map(
        ({ confirmations, count }) => [confirmations, count],
      );
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const together = firstOf(`race ${i}`, plans);
      expect(together).toEqual(plans.flatMap((plan) => firstOf(`race ${i}`, [plan])));
      seen.add(together.map(([, count]) => count).join(' '));
    }
    // All fail, all succeed, and only who asked for least succeeds.
    for (const counts of ['0 0 0', '1 1 1', '1 0 0']) expect(seen).toContain(counts);
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
