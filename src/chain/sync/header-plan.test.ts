import { describe, expect, it } from 'vitest';
import type { Header } from '../types/block.ts';
import { type BlockHash, blockHash, height, publicKey } from '../types/units.ts';
import { HeaderPlan } from './header-plan.ts';

const A = publicKey('0a'.repeat(32));
const B = publicKey('0b'.repeat(32));
const id = (at: number, branch = 0): BlockHash =>
  blockHash((at + branch * 10_000).toString(16).padStart(64, '0'));

/** All that a plan reads of a header. */
const header = (at: number, parent = id(at - 1)) => ({ parent, height: height(at) }) as Header;

function planOf(count: number, max = 4): HeaderPlan {
  const plan = new HeaderPlan(max);
  for (let at = 1; at <= count; at++) plan.add(A, id(at), header(at));
  return plan;
}

describe('a plan of headers', () => {
  it('grows by what follows its last, and tells who gave that', () => {
    const plan = planOf(3);
    expect(plan.source).toBe(A);
    expect(plan.add(B, id(4), header(4))).toBe(true);
    expect([plan.source, plan.last, plan.first(2)]).toEqual([
      B,
      id(4),
      [
        { id: id(1), height: 1 },
        { id: id(2), height: 2 },
      ],
    ]);
  });

  it('has room for one answer while it holds no more than one, and never holds more than two', () => {
    expect(planOf(4).isOpen).toBe(true);
    expect(planOf(5).isOpen).toBe(false);
    const full = planOf(8);
    expect(full.add(A, id(9), header(9))).toBe(false);
    expect(full.bounds()).toEqual([{ name: 'sync.plan', size: 8, max: 8 }]);
  });

  it('is cut where another branch leaves it, and begins anew with one that leaves it below', () => {
    const plan = planOf(4);
    plan.add(B, id(3, 1), header(3, id(2)));
    expect(plan.first(9).map((block) => block.id)).toEqual([id(1), id(2), id(3, 1)]);
    expect([plan.has(id(2)), plan.has(id(3)), plan.has(id(4))]).toEqual([true, false, false]);
    plan.add(A, id(1, 2), header(1));
    expect(plan.first(9).map((block) => block.id)).toEqual([id(1, 2)]);
    expect(plan.has(id(2))).toBe(false);
  });

  it('forgets what is executed, and itself when all is', () => {
    const plan = planOf(4);
    plan.prune((block) => block === id(1) || block === id(2));
    expect(plan.first(9).map((block) => block.id)).toEqual([id(3), id(4)]);
    expect(plan.has(id(1))).toBe(false);
    plan.prune(() => true);
    expect([plan.source, plan.last, plan.first(9)]).toEqual([undefined, undefined, []]);
    expect(plan.has(id(4))).toBe(false);
  });
});
