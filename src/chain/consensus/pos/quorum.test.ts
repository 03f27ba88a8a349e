import { describe, expect, it } from 'vitest';
import { hasCorrect, isQuorum } from './quorum.ts';

describe('a quorum', () => {
  it('has more than two thirds of the power: two thirds exactly are not enough', () => {
    expect([isQuorum(2n, 3n), isQuorum(3n, 4n), isQuorum(66n, 100n), isQuorum(67n, 100n)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(isQuorum(1n, 1n)).toBe(true);
  });

  it('of more than one third has a correct validator: one third exactly need not', () => {
    expect([hasCorrect(1n, 3n), hasCorrect(2n, 4n), hasCorrect(33n, 100n), hasCorrect(34n, 100n)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });
});
