import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../src/chain/crypto/sha256.ts';
import { proveRange, RANGE_PROOF_MAX_BYTES, verifyRange } from '../src/chain/state/range-proof.ts';
import { leavesIn, rangesOf, stateOf } from './arbitraries/states.ts';

describe('a range proof', () => {
  it('is accepted with the leaves of its range, whatever its ends', () => {
    const cases = stateOf(0).chain((state) => rangesOf(state).map((range) => ({ state, range })));
    fc.assert(
      fc.property(cases, ({ state, range }) => {
        const proof = proveRange(state, range);
        expect(proof.length).toBeLessThanOrEqual(RANGE_PROOF_MAX_BYTES);
        expect(verifyRange(state.root, range, leavesIn(state, range), proof, sha256)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});
