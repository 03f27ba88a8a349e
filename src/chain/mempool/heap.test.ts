import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap, type Slotted } from './heap.ts';

interface Item extends Slotted {
  key: number;
  readonly name: number;
}

describe('the heap', () => {
  it('has the least item first, whatever is added, moved and removed', () => {
    const step = fc.record({
      kind: fc.constantFrom('add', 'move', 'remove'),
      pick: fc.nat(),
      key: fc.nat(20),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const isBefore = (a: Item, b: Item) => (a.key === b.key ? a.name < b.name : a.key < b.key);
        const heap = new Heap<Item>(isBefore);
        const model: Item[] = [];
        for (const [name, { kind, pick, key }] of steps.entries()) {
          const item = model[pick % Math.max(1, model.length)];
          if (kind === 'add' || item === undefined) {
            const added = { slot: -1, key, name };
            model.push(added);
            heap.add(added);
          } else if (kind === 'move') {
            item.key = key;
            heap.move(item);
          } else {
            model.splice(model.indexOf(item), 1);
            heap.remove(item);
            expect(item.slot).toBe(-1);
          }
          const least = model.reduce<Item | undefined>(
            (best, other) => (best === undefined || isBefore(other, best) ? other : best),
            undefined,
          );
          expect(heap.first()).toBe(least);
          expect(heap.size).toBe(model.length);
        }
      }),
    );
  });

  it('refuses an item that is in a heap, and one that is not', () => {
    const heap = new Heap<Item>((a, b) => a.key < b.key);
    const item = { slot: -1, key: 1, name: 1 };
    heap.add(item);
    expect(() => heap.add(item)).toThrowError(/one heap/);
    heap.remove(item);
    expect(() => heap.remove(item)).toThrowError(/in the heap/);
  });
});
