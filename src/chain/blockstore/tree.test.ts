import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BlockHash, blockHash } from '../types/units.ts';
import { Lru } from './lru.ts';
import { BlockTree, NO_SLOT, NODE } from './tree.ts';

interface Item {
  readonly id: BlockHash;
  readonly header: { readonly height: number };
}

function item(name: number, at: number): Item {
  return { id: blockHash(name.toString(16).padStart(64, '0')), header: { height: at } };
}

describe('block tree', () => {
  it('finds ancestors and the newest common block', () => {
    const tree = new BlockTree<Item, string>();
    const root = tree.add(item(0, 5), NO_SLOT, NODE.executed);
    const a = tree.add(item(1, 6), root, NODE.header);
    const a2 = tree.add(item(2, 7), a, NODE.header);
    const b = tree.add(item(3, 6), root, NODE.header);
    expect(tree.commonAncestor(a2, b)).toBe(root);
    expect(tree.commonAncestor(a2, a)).toBe(a);
    expect(tree.ancestorAt(a2, 5)).toBe(root);
    expect(tree.ancestorAt(a2, 4)).toBe(NO_SLOT);
    expect(new Set(tree.subtree(root))).toEqual(new Set([root, a, a2, b]));
  });

  it('forgets results with their blocks and counts those it keeps', () => {
    const tree = new BlockTree<Item, string>();
    const root = tree.add(item(0, 0), NO_SLOT, NODE.executed);
    const a = tree.add(item(1, 1), root, NODE.executed);
    tree.setResult(root, 'root');
    tree.setResult(a, 'a');
    tree.setResult(a, 'b');
    expect(tree.resultCount).toBe(2);
    tree.removeSubtree(a);
    expect(tree.resultCount).toBe(1);
    expect(tree.resultOf(tree.add(item(2, 1), root, NODE.header))).toBeUndefined();
  });

  it('promotes a child of the root when its siblings are gone, and not before', () => {
    const tree = new BlockTree<Item, string>();
    const root = tree.add(item(0, 0), NO_SLOT, NODE.executed);
    const a = tree.add(item(1, 1), root, NODE.header);
    const b = tree.add(item(2, 1), root, NODE.header);
    expect(() => tree.promote(a)).toThrow('siblings');
    tree.removeSubtree(b);
    tree.promote(a);
    expect(tree.root).toBe(a);
    expect(tree.size).toBe(1);
  });

  it('agrees with a map of parents under random growth and removal', () => {
    const step = fc.record({ remove: fc.integer({ min: 0, max: 9 }), pick: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const tree = new BlockTree<Item, number>();
        const model = new Map<BlockHash, { parent: BlockHash | undefined; at: number }>();
        const first = item(0, 0);
        tree.add(first, NO_SLOT, NODE.executed);
        model.set(first.id, { parent: undefined, at: 0 });
        for (const [i, { remove, pick }] of steps.entries()) {
          const ids = [...model.keys()];
          const chosen = ids[pick % ids.length] as BlockHash;
          const { at } = model.get(chosen) as { at: number };
          if (remove === 0 && at > 0) {
            const gone = new Set([chosen]);
            for (const [id, { parent }] of model) if (parent !== undefined && gone.has(parent)) gone.add(id);
            for (const id of gone) model.delete(id);
            tree.removeSubtree(tree.slotOf(chosen));
          } else {
            const added = item(i + 1, at + 1);
            tree.add(added, tree.slotOf(chosen), NODE.header);
            model.set(added.id, { parent: chosen, at: at + 1 });
          }
        }
        expect(tree.size).toBe(model.size);
        expect(tree.all().length).toBe(model.size);
        for (const [id, { parent, at }] of model) {
          const slot = tree.slotOf(id);
          expect(tree.item(slot).header.height).toBe(at);
          const above = tree.parentOf(slot);
          expect(above === NO_SLOT ? undefined : tree.item(above).id).toBe(parent);
        }
      }),
    );
  });
});

describe('bounded map', () => {
  it('forgets what was used longest ago', () => {
    const lru = new Lru<string, number>(2);
    lru.set('a', 1);
    lru.set('b', 2);
    lru.get('a');
    lru.set('c', 3);
    expect([lru.get('a'), lru.get('b'), lru.get('c'), lru.size]).toEqual([1, undefined, 3, 2]);
  });
});
