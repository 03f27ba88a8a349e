/** Where the blocks of a tree stand on a page: heights from left to right, a row a branch, the longest first. */
import type { RecordedBlock } from '../cluster/recording.ts';

/** One block that is shown. */
export interface PlacedBlock {
  readonly place: number;
  readonly height: number;
  /** 0 is the row of the branch that got highest. */
  readonly row: number;
}

/** Rows of the blocks from height `from` to `to` that exist at that time. */
export function layoutTree(
  blocks: readonly RecordedBlock[],
  from: number,
  to: number,
  atUs: number,
): readonly PlacedBlock[] {
  const tops = highestAbove(blocks, atUs);
  const shown = blocks
    .map((block, place) => ({ block, place }))
    .filter(({ block }) => block.atUs <= atUs && block.height >= from && block.height <= to)
    .sort(
      (a, b) =>
        a.block.height - b.block.height || (tops[b.place] ?? 0) - (tops[a.place] ?? 0) || a.place - b.place,
    );
  const rows = new Map<number, number>();
  /** The height up to which each row is taken. */
  const taken: number[] = [];
  const heirs = new Set<number>();
  for (const { block, place } of shown) {
    const parentRow = rows.get(block.parent);
    // The first child goes on in the row of its parent: it leads to the highest block.
    const isHeir = parentRow !== undefined && !heirs.has(block.parent);
    const row = isHeir ? parentRow : freeRow(taken, block.height, (parentRow ?? -1) + 1);
    heirs.add(block.parent);
    rows.set(place, row);
    taken[row] = Math.max(taken[row] ?? -1, tops[place] ?? block.height);
  }
  return shown.map(({ block, place }) => ({ place, height: block.height, row: rows.get(place) ?? 0 }));
}

/** For each block the height of the highest block that stands on it. */
function highestAbove(blocks: readonly RecordedBlock[], atUs: number): readonly number[] {
  const tops = blocks.map(({ height }) => height);
  const byHeight = blocks
    .map((_, place) => place)
    .sort((a, b) => (blocks[b]?.height ?? 0) - (blocks[a]?.height ?? 0));
  for (const place of byHeight) {
    const block = blocks[place];
    if (block === undefined || block.parent < 0 || block.atUs > atUs) continue;
    tops[block.parent] = Math.max(tops[block.parent] ?? 0, tops[place] ?? 0);
  }
  return tops;
}

function freeRow(taken: readonly number[], height: number, from: number): number {
  for (let row = from; ; row++) if ((taken[row] ?? -1) < height) return row;
}
