import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../src/chain/crypto/sha256.ts';
import { verifyChunk } from '../src/chain/snapshot/chunk.ts';
import { chunksOf, leavesOf, stateOf } from './arbitraries/states.ts';

describe('a chunk', () => {
  it('is refused in a range that begins behind its first leaf: that one belongs to the chunk before', () => {
    fc.assert(
      fc.property(stateOf(2), fc.integer({ min: 50, max: 500 }), (state, leavesMaxBytes) => {
        const leaves = leavesOf(state);
        for (const { range, bytes, leafCount } of chunksOf(state, leavesMaxBytes)) {
          const first = leaves.find(({ path }) => range.after === undefined || path > range.after);
          if (leafCount < 2 || first === undefined) continue;
          expect(verifyChunk(state.root, { ...range, after: first.path }, bytes, sha256)).toMatchObject({
            code: 'CHUNK_REJECTED',
            why: { code: 'LEAF_OUTSIDE', index: 0 },
          });
        }
      }),
      { numRuns: 200 },
    );
  });
});
