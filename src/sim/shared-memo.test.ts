import { describe, expect, it } from 'vitest';
import { MEMO_HALF_MAX, SharedMemo } from './shared-memo.ts';

describe('the memo of all hosts', () => {
  it('computes once for everybody who runs the same code, also what is undefined', () => {
    const memo = new SharedMemo(true);
    let computed = 0;
    for (const host of ['v1', 'v1', 'v1']) {
      memo.for(host).get('f', 'k', () => {
        computed++;
        return undefined;
      });
    }
    expect([computed, memo.hits, memo.misses]).toEqual([1, 2, 1]);
  });

  it('keeps variants, kinds and keys apart, however they are cut', () => {
    const memo = new SharedMemo(true);
    const parts = [
      ['a', 'b', 'c'],
      ['ab', '', 'c'],
      ['a', 'bc', ''],
      ['', 'ab', 'c'],
    ] as const;
    for (const [variant, kind, key] of parts) {
      const value = `${variant}|${kind}|${key}`;
      expect(memo.for(variant).get(kind, key, () => value)).toBe(value);
    }
  });

  it('computes always when it is off', () => {
    const memo = new SharedMemo(false);
    let computed = 0;
    for (let i = 0; i < 3; i++) memo.for('v').get('f', 'k', () => ++computed);
    expect(computed).toBe(3);
  });

  it('is bounded, and keeps what is asked for again', () => {
    const memo = new SharedMemo(true);
    const view = memo.for('v');
    let kept = 0;
    for (let i = 0; i < 5 * MEMO_HALF_MAX; i++) {
      view.get('f', `${i}`, () => i);
      if (i % 1000 === 0) view.get('f', 'often', () => ++kept);
    }
    expect(kept).toBe(1);
    let again = 0;
    view.get('f', '0', () => ++again);
    expect(again).toBe(1);
  });

  it('caches nothing when computing throws, and then computes again', () => {
    const view = new SharedMemo(true).for('v');
    const failing = (): number => {
      throw new Error('planted');
    };
    expect(() => view.get('f', 'k', failing)).toThrow('planted');
    expect(view.get('f', 'k', () => 1)).toBe(1);
  });
});
