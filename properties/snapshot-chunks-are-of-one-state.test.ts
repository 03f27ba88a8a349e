import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../src/chain/crypto/sha256.ts';
import { verifyChunk } from '../src/chain/snapshot/chunk.ts';
import { chunksOf, cutStates, leafOf } from './arbitraries/states.ts';

describe('a chunk', () => {
  it('of one state is refused under the root of another, however little they differ', () => {
    fc.assert(
      fc.property(cutStates(1), leafOf, ([state, leavesMaxBytes], leaf) => {
        const other = state.update([leaf]);
        fc.pre(other.root !== state.root);
        for (const { range, bytes } of chunksOf(state, leavesMaxBytes))
          expect(verifyChunk(other.root, range, bytes, sha256)).toMatchObject({ code: 'CHUNK_REJECTED' });
        for (const { range, bytes } of chunksOf(other, leavesMaxBytes))
          expect(verifyChunk(state.root, range, bytes, sha256)).toMatchObject({ code: 'CHUNK_REJECTED' });
      }),
      { numRuns: 200 },
    );
  });
});
