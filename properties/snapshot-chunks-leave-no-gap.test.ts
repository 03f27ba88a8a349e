import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../src/chain/crypto/sha256.ts';
import { cutChunk, verifyChunk } from '../src/chain/snapshot/chunk.ts';
import { chunksOf, leavesOf, stateOf } from './arbitraries/states.ts';

describe('the chunk behind another', () => {
  it('is refused when it begins a leaf too late, or ends a leaf too early', () => {
    fc.assert(
      fc.property(stateOf(3), fc.integer({ min: 50, max: 500 }), (state, leavesMaxBytes) => {
        const leaves = leavesOf(state);
        for (const { range, bytes, upTo } of chunksOf(state, leavesMaxBytes)) {
          const first = leaves.findIndex(({ path }) => range.after === undefined || path > range.after);
          const after = leaves[first]?.path;
          const late = cutChunk(state, after, leavesMaxBytes);
          if (after !== range.upTo)
            expect(verifyChunk(state.root, range, late.bytes, sha256)).toMatchObject({
              code: 'CHUNK_REJECTED',
            });
          // The range that it claims to be the chunk of reaches further than it does.
          if (upTo === undefined) continue;
          const next = leaves[leaves.findIndex(({ path }) => path === upTo) + 1]?.path;
          expect(verifyChunk(state.root, { ...range, upTo: next }, bytes, sha256)).toMatchObject({
            code: 'CHUNK_REJECTED',
          });
        }
      }),
      { numRuns: 200 },
    );
  });
});
