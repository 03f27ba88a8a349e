import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../src/chain/crypto/sha256.ts';
import { CHUNK_MAX_BYTES, decodeChunk, verifyChunk } from '../src/chain/snapshot/chunk.ts';
import { chunksOf, cutStates } from './arbitraries/states.ts';

describe('the bytes of a chunk', () => {
  it('are refused when any byte of them is changed, when they are cut, and when more follows', () => {
    const cases = fc.record({
      cut: cutStates(1),
      chunk: fc.nat(),
      at: fc.nat(),
      xor: fc.integer({ min: 1, max: 255 }),
    });
    fc.assert(
      fc.property(cases, ({ cut: [state, leavesMaxBytes], chunk, at, xor }) => {
        const chunks = chunksOf(state, leavesMaxBytes);
        const { bytes, range } = chunks[chunk % chunks.length] ?? {
          bytes: new Uint8Array(1),
          range: { after: undefined, upTo: undefined },
        };
        const changed = bytes.slice();
        changed[at % bytes.length] = (bytes[at % bytes.length] as number) ^ xor;
        expect(verifyChunk(state.root, range, changed, sha256)).toHaveProperty('code');
        const cut = bytes.subarray(0, at % bytes.length);
        expect(verifyChunk(state.root, range, cut, sha256)).toMatchObject({ code: 'CHUNK_MALFORMED' });
        const longer = Uint8Array.of(...bytes, xor);
        expect(verifyChunk(state.root, range, longer, sha256)).toMatchObject({ code: 'CHUNK_MALFORMED' });
      }),
      { numRuns: 500 },
    );
  });

  it('never throw, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const chunk = decodeChunk(bytes);
        if ('code' in chunk) expect(chunk.code).toBe('CHUNK_MALFORMED');
      }),
    );
    expect(decodeChunk(new Uint8Array(CHUNK_MAX_BYTES + 1))).toMatchObject({ code: 'CHUNK_MALFORMED' });
  });
});
