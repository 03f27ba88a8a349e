import { describe, expect, it } from 'vitest';
import { testKey } from '../../execution/test-chain.ts';
import { amount } from '../../types/units.ts';
import { createValidatorSet } from './proposer-priority.ts';
import { type GuardStart, SignGuard } from './sign-guard.ts';

const SET = createValidatorSet([0, 1, 2, 3].map((index) => ({ key: testKey(index), power: amount(10n) })));
const START: GuardStart = { height: 8, isComplete: true, hasCorrupt: false, highest: 0, safeHeights: 5 };

describe('SignGuard', () => {
  it('with complete records signs at once, but never below the newest record', () => {
    expect(new SignGuard(START).maySign(8)).toBe(true);
    const guard = new SignGuard({ ...START, highest: 10 });
    expect([8, 9, 10, 11].map((height) => guard.maySign(height))).toEqual([false, false, true, true]);
  });

  it('with a damaged record skips the height that it may be of', () => {
    const guard = new SignGuard({ ...START, hasCorrupt: true });
    expect([8, 9].map((height) => guard.maySign(height))).toEqual([false, true]);
    const later = new SignGuard({ ...START, hasCorrupt: true, highest: 10 });
    expect([10, 11].map((height) => later.maySign(height))).toEqual([false, true]);
  });

  it('without records waits for the votes of a height, and for safeHeights commits above what it may have signed', () => {
    const guard = new SignGuard({ ...START, isComplete: false });
    expect(guard.maySign(1_000)).toBe(false);
    guard.onDecided(20, SET);
    // It may have signed in 21; the commit of 26 is five above.
    expect([26, 27].map((height) => guard.maySign(height))).toEqual([false, true]);
    guard.onDecided(21, SET);
    expect(guard.maySign(27)).toBe(true);
  });

  it('believes a claim of more than 1/3 of the power, and no single liar', () => {
    const guard = new SignGuard({ ...START, isComplete: false });
    guard.onClaim(testKey(1), 9_000);
    guard.onClaim(testKey(2), 40);
    guard.onClaim(testKey(3), 30);
    guard.onClaim(testKey(9), 9_000);
    guard.onDecided(20, SET);
    expect([46, 47].map((height) => guard.maySign(height))).toEqual([false, true]);
  });
});
