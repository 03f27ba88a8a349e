import { describe, expect, it } from 'vitest';
import { type BlockHash, type Hash, hash, height } from '../chain/types/units.ts';
import { SnapshotOperator, watchSnapshots } from './snapshot-operator.ts';

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

  it('names a newer one to a node that waits for one that is gone, and leaves the others alone', () => {
    const operator = new SnapshotOperator(10, 4);
    const restarted: number[] = [];
    const waiting = new Set([1, 2]);
    const planned: (() => void)[] = [];
    watchSnapshots(operator, [1, 2, 3], {
      nowUs: () => 0,
      at: (_, run) => planned.push(run),
      isWaiting: (host) => waiting.has(host),
      restart: (host) => restarted.push(host),
    });
    const look = (): readonly number[] => {
      planned.shift()?.();
      return restarted.splice(0);
    };
    for (const host of [0, 3]) operator.onMade(host, made(id('a'), 10));
    expect([1, 3].map((host) => operator.trustedFor(host))).toEqual([id('a'), id('a')]);
    expect(look()).toEqual([]);
    for (const host of [0, 3]) operator.onMade(host, made(id('b'), 20));
    expect(look()).toEqual([]);
    for (const host of [0, 3]) operator.onMade(host, made(id('c'), 30));
    // Host 2 was told nothing, host 3 waits for nothing.
    expect(look()).toEqual([1]);
    expect(operator.trustedFor(1)).toBe(id('c'));
    expect(look()).toEqual([]);
  });
});
