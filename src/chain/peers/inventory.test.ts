import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { txId } from '../types/units.ts';
import { Inventory, NumberSet } from './inventory.ts';
import { RecentSet } from './recent-set.ts';

const id = (i: number) => txId(i.toString(16).padStart(64, '0'));

describe('Inventory', () => {
  it('gives every id one number while there is room, and reuses the oldest afterwards', () => {
    const reused: number[] = [];
    const inventory = new Inventory(3, (number) => reused.push(number));
    expect([1, 2, 3, 2, 1].map((i) => inventory.numberOf(id(i)))).toEqual([0, 1, 2, 1, 0]);
    expect(inventory.numberOf(id(4))).toBe(0);
    expect(reused).toEqual([0]);
    expect(inventory.numberOf(id(1))).toBe(1);
    expect(inventory.size).toBe(3);
  });
});

describe('NumberSet', () => {
  it('behaves as a set of numbers', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('add', 'delete'), fc.nat(2_000)));
    fc.assert(
      fc.property(steps, (operations) => {
        const set = new NumberSet();
        const model = new Set<number>();
        for (const [operation, number] of operations) {
          if (operation === 'add') {
            set.add(number);
            model.add(number);
          } else {
            set.delete(number);
            model.delete(number);
          }
        }
        for (let i = 0; i <= 2_001; i++) expect(set.has(i)).toBe(model.has(i));
      }),
    );
  });
});

describe('RecentSet', () => {
  it('remembers at least the newest half of its maximum, and never more than the maximum', () => {
    const set = new RecentSet<number>(10);
    for (let i = 0; i < 1_000; i++) {
      set.add(i);
      expect(set.size).toBeLessThanOrEqual(10);
      for (let j = Math.max(0, i - 4); j <= i; j++) expect(set.has(j)).toBe(true);
    }
    expect(set.has(900)).toBe(false);
  });
});
