import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proveRange, verifyRange } from '../src/chain/state/range-proof.ts';
import { leavesIn, leavesOf, rangesOf, stateOf } from './arbitraries/states.ts';

describe('a range proof', () => {
  it('is refused with any other choice of the leaves of its state', () => {
    const cases = stateOf(1).chain((state) =>
      fc.record({
        state: fc.constant(state),
        range: rangesOf(state),
        chosen: fc.subarray([...leavesOf(state)]),
      }),
    );
    fc.assert(
      fc.property(cases, ({ state, range, chosen }) => {
        const wanted = leavesIn(state, range);
        const names = (leaves: typeof wanted) => leaves.map(({ namespace, id }) => `${namespace}/${id}`);
        const isSame = names(chosen).join() === names(wanted).join();
        const why = verifyRange(state.root, range, chosen, proveRange(state, range));
        expect(why === undefined).toBe(isSame);
      }),
      { numRuns: 500 },
    );
  });
});
