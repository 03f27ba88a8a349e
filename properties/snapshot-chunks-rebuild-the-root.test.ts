import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../src/chain/crypto/sha256.ts';
import { verifyChunk } from '../src/chain/snapshot/chunk.ts';
import type { RangeLeaf } from '../src/chain/state/range-proof.ts';
import { emptyState } from '../src/chain/state/state-tree.ts';
import { chunksOf, cutStates } from './arbitraries/states.ts';

describe('the chunks of a state', () => {
  it('are each accepted, and together give its root and its number of leaves', () => {
    fc.assert(
      fc.property(cutStates(0), ([state, leavesMaxBytes]) => {
        const leaves: RangeLeaf[] = [];
        const chunks = chunksOf(state, leavesMaxBytes);
        for (const { range, bytes, leafCount } of chunks) {
          const found = verifyChunk(state.root, range, bytes, sha256);
          expect(found).toHaveLength(leafCount);
          if (!('code' in found)) leaves.push(...found);
        }
        expect(leaves).toHaveLength(state.size);
        expect(emptyState(sha256).update(leaves).root).toBe(state.root);
        if (leavesMaxBytes === 1) expect(chunks).toHaveLength(Math.max(1, state.size));
      }),
      { numRuns: 200 },
    );
  });
});
