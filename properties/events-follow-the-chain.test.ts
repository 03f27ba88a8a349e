import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUFFERS, type Resumes, steps, World } from './arbitraries/event-world.ts';
import { checkLaw } from './check-law.ts';

const seen = { rollbacks: 0, lost: 0 };

function law(resumes: Resumes): fc.IProperty<unknown> {
  return fc.property(
    fc.nat({ max: 60 }),
    fc.option(fc.nat({ max: 61 }), { nil: undefined }),
    fc.array(steps, { maxLength: 60, size: 'max' }),
    fc.constantFrom(...BUFFERS),
    (before, wanted, list, bufferMaxBytes) => {
      const from = wanted === undefined ? undefined : Math.min(wanted, before + 1);
      const world = new World(before, from, bufferMaxBytes, resumes);
      for (const one of list) one.run(world);
      world.settle();
      if (world.isRefused) return;
      const { chain, ids, tip } = world;
      const first = Math.min(...ids.keys(), chain.main.length);
      const told = [...ids].sort(([a], [b]) => a - b);
      expect(told).toEqual(chain.main.slice(first).map(({ id }, i) => [first + i, id]));
      // What was asked for is there, unless nothing has come on top of the head.
      if (from !== undefined) expect(first).toBeLessThanOrEqual(from);
      if (ids.size > 0) expect(tip).toBe(chain.main.length - 1);
      expect(world.final).toBe(chain.final);
      seen.rollbacks += world.rollbacks;
      seen.lost += world.lost;
    },
  );
}

describe('a client that applies the messages of /events', () => {
  it('ends with exactly the main chain, from any height, interrupted and resumed anywhere', () => {
    checkLaw(law('byBlock'), { numRuns: 200 });
    if (process.env['AUREON_PATH'] !== undefined) return;
    expect(seen.rollbacks).toBeGreaterThan(100);
    expect(seen.lost).toBeGreaterThan(5);
  });

  it('does not, when it resumes by height alone', () => {
    const { failed } = fc.check(law('byHeightAlone'), { seed: 1, numRuns: 100, endOnFailure: true });
    expect(failed).toBe(true);
  });
});
