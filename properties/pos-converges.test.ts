import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterCases } from './arbitraries/clusters.ts';
import { checkLaw } from './check-law.ts';
import { brokenBy, converge, POS_SPACE } from './convergence.ts';

const CASES = clusterCases(POS_SPACE);
const SAMPLE = 50;
/** Of the sample 95 % agree within so many intervals: that many cases slow down before one reaches the bound. */
const USUAL_INTERVALS = 6;

describe('Under proof of stake, with at most f faulty', () => {
  it('all honest heads are one new block within the bound after the last fault', () => {
    checkLaw(
      fc.property(CASES, (one) => {
        expect(brokenBy(converge(POS_SPACE, one), POS_SPACE)).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  it('the generator needs a later round in a fifth of its plans, crashes inside a handler in a tenth, and most agree soon', () => {
    const seen = fc.sample(CASES, { numRuns: SAMPLE, seed: 20 }).map((one) => converge(POS_SPACE, one));
    for (const outcome of seen) expect(brokenBy(outcome, POS_SPACE)).toBeUndefined();
    // Nothing is ever undone: instead a height is decided past its first round.
    expect(seen.every(({ reorgs }) => reorgs === 0)).toBe(true);
    expect(seen.filter(({ laterRounds }) => laterRounds > 0).length).toBeGreaterThanOrEqual(0.2 * SAMPLE);
    expect(seen.filter(({ struckInside }) => struckInside > 0).length).toBeGreaterThanOrEqual(0.1 * SAMPLE);
    const slow = seen.filter(({ intervals = Number.POSITIVE_INFINITY }) => intervals > USUAL_INTERVALS);
    expect(slow.length).toBeLessThanOrEqual(0.05 * SAMPLE);
  });
});
