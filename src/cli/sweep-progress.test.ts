import { describe, expect, it } from 'vitest';
import { failed, row } from '../../tests/support/sweep-rows.ts';
import { roughTime, SweepProgress } from './sweep-progress.ts';

describe('the progress line of a sweep', () => {
  it('says how far, how fast, what failed, what is new, and how long it will take.', () => {
    const known = { done: 40, failed: 1, groups: ['a/b'], behaviours: ['event: HeadChanged'] };
    const progress = new SweepProgress(100, known, 0);
    expect(progress.text(0)).toBe('40 of 100 seeds · 0.0/s · 1 failed in 1 group');
    expect(progress.add(row(41), 500)).toBe(false);
    expect(progress.add(failed(42, 'a/b'), 1_000)).toBe(false);
    expect(progress.add(failed(43, 'c/d', { behaviours: [] }), 1_500)).toBe(true);
    expect(progress.text(1_500)).toBe(
      '43 of 100 seeds · 2.0/s · 3 failed in 2 groups · 2 new behaviours in the last 3 · 29 s left',
    );
  });

  it.each([
    [400, '1 s'],
    [89_000, '89 s'],
    [100_000, '2 min'],
    [3_600_000, '1 h 0 min'],
    [7_800_000, '2 h 10 min'],
  ])('calls %d ms %s.', (ms, text) => {
    expect(roughTime(ms)).toBe(text);
  });
});
