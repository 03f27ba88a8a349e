/** Arbitrary states and how they are cut into chunks. */
import fc from 'fast-check';
import { sha256 } from '../../src/chain/crypto/sha256.ts';
import { type CutChunk, cutChunk } from '../../src/chain/snapshot/chunk.ts';
import type { PathRange, RangeLeaf } from '../../src/chain/state/range-proof.ts';
import { NAMESPACE, type Namespace, type State } from '../../src/chain/state/state.ts';
import { emptyState } from '../../src/chain/state/state-tree.ts';
import { hash } from '../../src/chain/types/units.ts';
import { hexText } from './chain-types.ts';

const namespaces = fc.constantFrom(...(Object.keys(NAMESPACE) as Namespace[]));

/** A leaf of any namespace. */
export const leafOf: fc.Arbitrary<RangeLeaf> = fc.record(
  { namespace: namespaces, id: hexText(0, 8), value: fc.uint8Array({ maxLength: 40 }) },
  { noNullPrototype: true },
);

/** A state of at least `min` and at most some forty leaves. */
export function stateOf(min: number): fc.Arbitrary<State> {
  const leaves = fc.uniqueArray(leafOf, {
    minLength: min,
    maxLength: 40,
    selector: ({ namespace, id }) => `${namespace}/${id}`,
  });
  return leaves.map((all) => emptyState(sha256).update(all));
}

/** A chunk with the range that it is the chunk of. */
export interface PlacedChunk extends CutChunk {
  readonly range: PathRange;
}

/** All chunks of a state. */
export function chunksOf(state: State, leavesMaxBytes: number): readonly PlacedChunk[] {
  const chunks: PlacedChunk[] = [];
  let after: PathRange['after'];
  for (;;) {
    const chunk = cutChunk(state, after, leavesMaxBytes);
    chunks.push({ ...chunk, range: { after, upTo: chunk.upTo } });
    after = chunk.upTo;
    if (after === undefined) return chunks;
  }
}

/** A state, and the bytes of leaves that one chunk of it holds: from one leaf in a chunk to all in one. */
export function cutStates(min: number): fc.Arbitrary<readonly [State, number]> {
  return fc.tuple(stateOf(min), fc.oneof(fc.constant(1), fc.integer({ min: 50, max: 2_000 })));
}

/** All leaves of a state in the order of their paths, with those paths. */
export function leavesOf(
  state: State,
): readonly (RangeLeaf & { readonly path: NonNullable<PathRange['after']> })[] {
  return state.leaves(undefined, 1_000).map(({ key, namespace, id, value }) => ({
    path: hash(key),
    namespace,
    id,
    value,
  }));
}

/** Ends of a range that stand at leaves of the state, at their neighbours, anywhere, or nowhere. */
export function rangesOf(state: State): fc.Arbitrary<PathRange> {
  const paths = leavesOf(state).map(({ path }) => path);
  const end = fc.option(
    fc.oneof(
      hexText(32, 32).map(hash),
      ...(paths.length > 0 ? [fc.constantFrom(...paths)] : []),
      ...(paths.length > 0 ? [fc.constantFrom(...paths).map((path) => hash(`${path.slice(0, 62)}00`))] : []),
    ),
    { nil: undefined, freq: 4 },
  );
  return fc
    .tuple(end, end)
    .map(([a, b]) =>
      a !== undefined && b !== undefined && a > b ? { after: b, upTo: a } : { after: a, upTo: b },
    )
    .filter(({ after, upTo }) => after === undefined || upTo === undefined || after < upTo);
}

/** The leaves of a state in a range. */
export function leavesIn(state: State, { after, upTo }: PathRange): readonly RangeLeaf[] {
  return leavesOf(state).filter(
    ({ path }) => (after === undefined || path > after) && (upTo === undefined || path <= upTo),
  );
}
