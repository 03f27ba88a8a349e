import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../src/chain/crypto/sha256.ts';
import { verifyChunk } from '../src/chain/snapshot/chunk.ts';
import { chunksOf, stateOf } from './arbitraries/states.ts';

describe('chunks', () => {
  it('are refused in the place of one another', () => {
    fc.assert(
      fc.property(stateOf(2), (state) => {
        const chunks = chunksOf(state, 100);
        for (const [i, { range }] of chunks.entries()) {
          for (const [j, { bytes }] of chunks.entries()) {
            const found = verifyChunk(state.root, range, bytes, sha256);
            if (i === j) expect(found).toHaveLength(chunks[i]?.leafCount ?? -1);
            else expect(found).toMatchObject({ code: 'CHUNK_REJECTED' });
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
