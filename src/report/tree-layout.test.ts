import { describe, expect, it } from 'vitest';
import { layoutTree } from './tree-layout.ts';

function block(id: string, height: number, parent: number, atUs: number) {
  return { id, height, parent, producer: 0, transactions: 0, atUs };
}

/** A fork at height 1: b grows to height 4, c stops at 2, and d of height 3 stands on c's brother e. */
const blocks = [
  block('genesis', 0, -1, 0),
  block('a', 1, 0, 10),
  block('c', 2, 1, 20),
  block('b', 2, 1, 30),
  block('b3', 3, 3, 40),
  block('e', 2, 1, 45),
  block('b4', 4, 4, 50),
];

function rows(from: number, to: number, atUs: number): Readonly<Record<string, number>> {
  return Object.fromEntries(
    layoutTree(blocks, from, to, atUs).map(({ place, row }) => [blocks[place]?.id, row]),
  );
}

describe('a tree of blocks', () => {
  it('has the highest branch in the first row, and the others below, none on top of another.', () => {
    expect(rows(0, 9, 100)).toEqual({ genesis: 0, a: 0, b: 0, b3: 0, b4: 0, c: 1, e: 2 });
  });

  it('has only what exists at that time, by the branches of that time.', () => {
    expect(rows(0, 9, 25)).toEqual({ genesis: 0, a: 0, c: 0 });
  });

  it('is cut at heights.', () => {
    expect(rows(3, 4, 100)).toEqual({ b3: 0, b4: 0 });
  });
});
