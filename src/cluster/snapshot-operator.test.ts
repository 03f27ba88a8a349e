import { describe, expect, it } from 'vitest';
import { type BlockHash, type Hash, hash, height } from '../chain/types/units.ts';
import { SnapshotOperator } from './snapshot-operator.ts';

const id = (digit: string): Hash => hash(digit.repeat(64));
const made = (of: Hash, at: number) =>
  ({ kind: 'SnapshotMade', id: of, height: height(at), block: of as BlockHash, chunks: 1 }) as const;

describe('the operator of a cluster', () => {
  it('names the newest snapshot that two hosts have made alike', () => {
    const operator = new SnapshotOperator(10, 5);
    expect(operator.trustedFor(4)).toBeUndefined();
    operator.onMade(0, made(id('a'), 10));
    expect(operator.trustedFor(4)).toBeUndefined();
    operator.onMade(0, made(id('a'), 10));
    expect(operator.trustedFor(4)).toBeUndefined();
    operator.onMade(1, made(id('a'), 10));
    operator.onMade(0, made(id('b'), 20));
    expect(operator.trustedFor(4)).toBe(id('a'));
  });

  it('names the same again while others keep it, then a newer one', () => {
    const operator = new SnapshotOperator(10, 2);
    operator.onMade(0, made(id('a'), 10));
    expect(operator.trustedFor(1)).toBe(id('a'));
    operator.onMade(0, made(id('b'), 20));
    expect(operator.trustedFor(1)).toBe(id('a'));
    operator.onMade(0, made(id('c'), 30));
    expect(operator.trustedFor(1)).toBe(id('c'));
  });
});
