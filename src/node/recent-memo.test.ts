import { describe, expect, it } from 'vitest';
import { createRecentMemo, MEMO_KIND_MAX } from './recent-memo.ts';

describe('the memo of a real node', () => {
  it('computes once what is asked for again, also undefined, and keeps kinds apart', () => {
    const memo = createRecentMemo();
    let computed = 0;
    const ask = (kind: string): unknown =>
      memo.get(kind, 'k', () => {
        computed++;
        return undefined;
      });
    expect([ask('ledger.run'), ask('ledger.run'), ask('ledger.execute'), computed]).toEqual([
      undefined,
      undefined,
      undefined,
      2,
    ]);
  });

  it('remembers no kind that only hosts of a simulation share', () => {
    const memo = createRecentMemo();
    expect([1, 2].map((value) => memo.get('ledger.genesisBatches', 'k', () => value))).toEqual([1, 2]);
  });

  it('forgets what was asked for longest ago', () => {
    const memo = createRecentMemo();
    for (let i = 0; i <= MEMO_KIND_MAX; i++) memo.get('ledger.run', `${i}`, () => i);
    expect(memo.get('ledger.run', '1', () => 'again')).toBe(1);
    expect(memo.get('ledger.run', '0', () => 'again')).toBe('again');
  });

  it('remembers nothing of what throws', () => {
    const memo = createRecentMemo();
    const failing = (): number => {
      throw new Error('planted');
    };
    expect(() => memo.get('ledger.run', 'k', failing)).toThrow('planted');
    expect(memo.get('ledger.run', 'k', () => 1)).toBe(1);
  });
});
