import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bitset } from '../src/chain/consensus/pos/bitset.ts';

const sizes = fc.nat({ max: 70 });
/** Whatever a peer states: of another length than the size asks for, with bits that nobody has. */
const texts = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('hex'));

describe('a set of places', () => {
  it('that a peer states has no place from its size on, and counts those that it has', () => {
    fc.assert(
      fc.property(sizes, texts, (size, text) => {
        const set = Bitset.of(text, size);
        const places = Array.from({ length: size + 64 }, (_, place) => place).filter((place) =>
          set.has(place),
        );
        expect(places.every((place) => place < size)).toBe(true);
        expect(set.count).toBe(places.length);
      }),
    );
  });

  it('is the same again from its text', () => {
    fc.assert(
      fc.property(sizes, fc.uniqueArray(sizes), (size, places) => {
        const set = new Bitset(size);
        for (const place of places) if (place < size) set.add(place);
        const again = Bitset.of(set.toText(), size);
        expect([again.count, again.toText()]).toEqual([set.count, set.toText()]);
      }),
    );
  });
});
