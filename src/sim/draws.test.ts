import { describe, expect, it } from 'vitest';
import { drawWord, type RunKey, scaleWord } from './draws.ts';
import { hashBytes, hashText, highWord, lowWord, mix32 } from './hash.ts';
import { createRunKey, createStream } from './seeds.ts';

const KEY: RunKey = { low: 0x1234_5678, high: -0x0765_4321 };

/** Chi-squared of counts that should be equal, as a distance in standard deviations. */
function distance(counts: readonly number[]): number {
  const mean = counts.reduce((sum, n) => sum + n, 0) / counts.length;
  const chi = counts.reduce((sum, n) => sum + (n - mean) ** 2 / mean, 0);
  return (chi - (counts.length - 1)) / Math.sqrt(2 * (counts.length - 1));
}

describe('counter-based draws', () => {
  it('are uniform along each of their arguments, in their high and in their low bits', () => {
    const along: readonly ((i: number) => number)[] = [
      (i) => drawWord(KEY, 5, 1, 2, i),
      (i) => drawWord(KEY, 5, i, 2, 1),
      (i) => drawWord(KEY, 5, 1, i, 2),
      (i) => drawWord(KEY, i, 1, 2, 3),
      (i) => drawWord({ low: i, high: 9 }, 5, 1, 2, 3),
    ];
    for (const draw of along) {
      const high = new Array<number>(256).fill(0);
      const low = new Array<number>(256).fill(0);
      for (let i = 0; i < 100_000; i++) {
        const word = draw(i);
        high[word >>> 24] = (high[word >>> 24] as number) + 1;
        low[word & 255] = (low[word & 255] as number) + 1;
      }
      expect(Math.abs(distance(high))).toBeLessThan(4);
      expect(Math.abs(distance(low))).toBeLessThan(4);
    }
  });

  it('change half their bits, each of them, for one bit of any argument', () => {
    const flips = new Array<number>(32).fill(0);
    let trials = 0;
    for (let i = 0; i < 200; i++) {
      const args = [mix32(i), mix32(i + 1000), mix32(i + 2000), mix32(i + 3000)] as const;
      const base = drawWord(KEY, ...args);
      for (let argument = 0; argument < 4; argument++) {
        for (let bit = 0; bit < 32; bit++) {
          const changed = args.map((arg, n) => (n === argument ? arg ^ (1 << bit) : arg));
          const [purpose = 0, x = 0, y = 0, ordinal = 0] = changed;
          const difference = base ^ drawWord(KEY, purpose, x, y, ordinal);
          trials++;
          for (let out = 0; out < 32; out++) flips[out] = (flips[out] as number) + ((difference >>> out) & 1);
        }
      }
    }
    for (const count of flips) expect(Math.abs(count / trials - 0.5)).toBeLessThan(0.015);
  });

  it('give neighbouring links sequences that do not correlate', () => {
    let both = 0;
    for (let i = 0; i < 100_000; i++) {
      const one = drawWord(KEY, 7, 3, 0, i) >>> 31;
      const two = drawWord(KEY, 7, 4, 0, i) >>> 31;
      both += one ^ two;
    }
    expect(Math.abs(both / 100_000 - 0.5)).toBeLessThan(0.006);
  });

  it('scale to a range without passing it', () => {
    expect([scaleWord(10, 0), scaleWord(10, 0xffff_ffff), scaleWord(4_294_967_296, 0xffff_ffff)]).toEqual([
      0, 9, 0xffff_ffff,
    ]);
  });
});

describe('hashes', () => {
  it('have no two equal among a million neighbours, mixing being bijective', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 1_000_000; i++) seen.add(mix32(i));
    expect(seen.size).toBe(1_000_000);
  });

  it('tell texts and bytes apart that differ in one place or in length', () => {
    expect(new Set(['', 'a', 'b', 'aa', 'ab', 'ba'].map(hashText)).size).toBe(6);
    expect(
      new Set([[], [0], [0, 0], [1], [0, 1], [1, 0]].map((b) => hashBytes(Uint8Array.from(b)))).size,
    ).toBe(6);
  });

  it('split safe integers into two words', () => {
    const value = 2 ** 52 + 12_345;
    expect(highWord(value) * 2 ** 32 + lowWord(value)).toBe(value);
  });
});

describe('seeds', () => {
  it('give each name its own stream, which depends on the seed and on nothing else', () => {
    const first = (seed: string, name: string): number[] => {
      const stream = createStream(seed, name);
      return Array.from({ length: 5 }, () => stream.word());
    };
    expect(first('s', 'plan')).toEqual(first('s', 'plan'));
    const all = [
      first('s', 'plan'),
      first('s', 'load'),
      first('t', 'plan'),
      first('spla', 'n'),
      first('', 'plan'),
    ];
    expect(new Set(all.map((words) => words.join())).size).toBe(5);
    expect(createRunKey('s', 'run')).not.toEqual(createRunKey('t', 'run'));
  });

  it('draw every value of a range, and no other', () => {
    const stream = createStream('range', 'x');
    const seen = new Set(Array.from({ length: 1000 }, () => stream.between(-3, 3)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
    const wide = Array.from({ length: 1000 }, () => stream.between(0, 2 ** 51));
    expect(wide.every((x) => Number.isSafeInteger(x) && x >= 0 && x <= 2 ** 51)).toBe(true);
    expect(Math.max(...wide)).toBeGreaterThan(2 ** 50);
  });

  it('shuffle into every order equally often', () => {
    const stream = createStream('shuffle', 'x');
    const counts = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const order = stream.shuffled([1, 2, 3, 4]).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(Math.abs(distance([...counts.values()]))).toBeLessThan(4);
  });
});
