/** The lazily sorted map against a plain one that is sorted at every question. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../env/bytes.ts';
import { keyToText, textToKey } from './key-text.ts';
import { createSortedMap, lowerBound } from './sorted-keys.ts';

const key = fc.uint8Array({ minLength: 1, maxLength: 3 }).map(keyToText);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('set' as const), key }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('order' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('burst' as const), count: fc.integer({ min: 1, max: 60 }) }),
  },
);

function allKeys(map: ReturnType<typeof createSortedMap>): readonly string[] {
  return [...map.order('', undefined, false)];
}

function liveOrder(map: ReturnType<typeof createSortedMap>): readonly string[] {
  return allKeys(map).filter((k) => map.has(k));
}

describe('the lazily sorted map', () => {
  it('gives every key once, in the order of unsigned bytes, whatever was set and deleted before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const map = createSortedMap(new Map());
        const model = new Set<string>();
        let burst = 0;
        const set = (k: string): void => {
          map.set(k, new Uint8Array(1));
          model.add(k);
        };
        for (const s of steps) {
          if (s.kind === 'set') set(s.key);
          else if (s.kind === 'burst')
            for (let i = 0; i < s.count; i++) set(keyToText(Uint8Array.of(burst++ * 37, i)));
          else if (s.kind === 'delete') {
            map.delete(s.key);
            model.delete(s.key);
          } else allKeys(map);
        }
        const sorted = [...model].sort((a, b) => compareBytes(textToKey(a), textToKey(b)));
        expect(liveOrder(map)).toEqual(sorted);
        expect(map.size).toBe(sorted.length);
      }),
      { numRuns: 500 },
    );
  });

  it('answers a range in both directions, across first bytes and the empty key', () => {
    const text = fc.uint8Array({ maxLength: 2, max: 3 }).map(keyToText);
    fc.assert(
      fc.property(fc.array(text), text, fc.option(text, { nil: undefined }), (keys, start, end) => {
        const map = createSortedMap(new Map(keys.map((k) => [k, new Uint8Array(0)])));
        const expected = [...new Set(keys)]
          .filter((k) => k >= start && (end === undefined || k < end))
          .sort();
        expect([...map.order(start, end, false)]).toEqual(expected);
        expect([...map.order(start, end, true)]).toEqual(expected.reverse());
      }),
      { numRuns: 500 },
    );
  });

  it('stays right when so much changed that the order is dropped', () => {
    const map = createSortedMap(new Map([['m', new Uint8Array(0)]]));
    allKeys(map);
    for (let i = 0; i < 3_000; i++) map.set(`k${String(i * 7_919).padStart(9, '0')}`, new Uint8Array(0));
    expect(liveOrder(map)).toHaveLength(3_001);
    for (const k of allKeys(map)) if (k !== 'm') map.delete(k);
    expect(liveOrder(map)).toEqual(['m']);
    map.set('a', new Uint8Array(0));
    expect(liveOrder(map)).toEqual(['a', 'm']);
  });

  it('gives a key once that came, went and came again between two questions', () => {
    const map = createSortedMap(new Map([['zz', new Uint8Array(0)]]));
    allKeys(map);
    for (let i = 0; i < 20; i++) map.set(`k${i}`, new Uint8Array(0));
    map.delete('k7');
    map.set('k7', new Uint8Array(0));
    map.delete('zz');
    map.set('zz', new Uint8Array(0));
    expect(allKeys(map)).toHaveLength(21);
    expect(new Set(allKeys(map)).size).toBe(21);
  });

  it('answers what it replaces and what it removes', () => {
    const map = createSortedMap(new Map());
    const first = Uint8Array.of(1);
    expect(map.set('k', first)).toBeUndefined();
    expect(map.set('k', Uint8Array.of(2))).toBe(first);
    expect(map.delete('k')).toEqual(Uint8Array.of(2));
    expect(map.delete('k')).toBeUndefined();
  });

  it('finds the first key that is not less', () => {
    expect(['', 'a', 'b', 'c', 'd'].map((k) => lowerBound(['a', 'c'], k))).toEqual([0, 0, 1, 1, 2]);
  });
});
