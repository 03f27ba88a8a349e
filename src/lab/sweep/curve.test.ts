import { describe, expect, it } from 'vitest';
import { curveOf } from './curve.ts';

describe('the curve of new behaviours', () => {
  it('counts behaviours up to a seed, and those of the last seeds.', () => {
    const firsts = [1, 1, 1, 2, 5, 90, 99, 99];
    const curve = curveOf(firsts, 1, 100);
    expect(curve.points).toHaveLength(40);
    expect(curve.points[0]).toEqual({ seed: 3, behaviours: 4 });
    expect(curve.points.at(-1)).toEqual({ seed: 100, behaviours: 8 });
    expect(curve).toMatchObject({ behaviours: 8, lateSeeds: 25, lateBehaviours: 3, lateRuns: 2 });
  });

  it('has no more points than seeds, and begins where they do.', () => {
    expect(curveOf([7, 8], 7, 9).points).toEqual([
      { seed: 7, behaviours: 1 },
      { seed: 8, behaviours: 2 },
      { seed: 9, behaviours: 2 },
    ]);
  });

  it('looks back over 1,000 seeds at most.', () => {
    expect(curveOf([1, 8_999, 9_001, 9_500, 9_500], 1, 10_000)).toMatchObject({
      lateSeeds: 1_000,
      lateBehaviours: 3,
      lateRuns: 2,
    });
  });
});
