import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../env/storage.ts';
import { createStreamReader, encodeCount, encodeEntries, STREAM_END } from './copy-stream.ts';

const entry = fc.record({
  key: fc.uint8Array({ minLength: 1, maxLength: 12 }),
  value: fc.uint8Array({ maxLength: 40 }),
});

describe('a stream of records', () => {
  it('gives the same records whatever its pieces, and no end before its end', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.array(entry, { maxLength: 4 }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (count, pages, sizes) => {
          const whole = Buffer.concat([encodeCount(count), ...pages.map(encodeEntries), STREAM_END]);
          const read = createStreamReader();
          const found: Entry[] = [];
          let at = 0;
          for (let i = 0; at < whole.length; i++) {
            const size = sizes[i % sizes.length] ?? 1;
            const piece = read(new Uint8Array(whole.subarray(at, at + size)));
            at += size;
            found.push(...piece.entries);
            expect(piece.isEnded).toBe(at >= whole.length);
            expect(piece.count).toBe(at < 8 ? undefined : count);
          }
          expect(found).toEqual(pages.flat());
        },
      ),
      { seed: 11, numRuns: 300 },
    );
  });
});
