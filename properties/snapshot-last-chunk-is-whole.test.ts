import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../src/chain/crypto/sha256.ts';
import { verifyChunk } from '../src/chain/snapshot/chunk.ts';
import { proveRange, verifyRange } from '../src/chain/state/range-proof.ts';
import { chunksOf, leavesIn, leavesOf, stateOf } from './arbitraries/states.ts';

describe('the last chunk', () => {
  it('is refused when it does not reach to the last leaf', () => {
    fc.assert(
      fc.property(stateOf(2), fc.nat(), (state, cut) => {
        const leaves = leavesOf(state);
        const upTo = leaves[cut % (leaves.length - 1)]?.path;
        const whole = { after: undefined, upTo: undefined };
        const first = { after: undefined, upTo };
        const some = leavesIn(state, first);
        // A proof of the first leaves alone passes for nothing more, nor does the empty proof of all.
        expect(verifyRange(state.root, first, some, proveRange(state, first))).toBeUndefined();
        expect(verifyRange(state.root, whole, some, proveRange(state, first))).toBeDefined();
        expect(verifyRange(state.root, whole, some, proveRange(state, whole))).toEqual({
          code: 'ROOT_MISMATCH',
        });
        for (const { range, bytes, upTo: end } of chunksOf(state, 100)) {
          if (end === undefined) continue;
          const asLast = { ...range, upTo: undefined };
          expect(verifyChunk(state.root, asLast, bytes, sha256)).toMatchObject({ code: 'CHUNK_REJECTED' });
        }
      }),
      { numRuns: 200 },
    );
  });
});
