import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeChunk } from '../src/chain/snapshot/chunk.ts';
import { type RangeLeaf, verifyRange } from '../src/chain/state/range-proof.ts';
import { equalBytes } from '../src/env/bytes.ts';
import { chunksOf, cutStates, leafOf } from './arbitraries/states.ts';

const key = ({ namespace, id }: RangeLeaf) => `${namespace}/${id}`;

describe('a chunk', () => {
  it('is refused when a leaf is left out, added, changed or moved', () => {
    const cases = fc.record({
      cut: cutStates(1),
      chunk: fc.nat(),
      leaf: fc.nat(),
      to: fc.nat(),
      other: leafOf,
      how: fc.constantFrom('leave out', 'add', 'change value', 'change id', 'move', 'double'),
    });
    fc.assert(
      fc.property(cases, ({ cut: [state, leavesMaxBytes], chunk, leaf, to, other, how }) => {
        const chunks = chunksOf(state, leavesMaxBytes);
        const { bytes, range } = chunks[chunk % chunks.length] ?? {
          bytes: new Uint8Array(0),
          range: { after: undefined, upTo: undefined },
        };
        const decoded = decodeChunk(bytes);
        if ('code' in decoded) throw new Error(decoded.code);
        const at = leaf % decoded.leaves.length;
        const old = decoded.leaves[at] as RangeLeaf;
        const rest = decoded.leaves.filter((_, i) => i !== at);
        const place = to % (rest.length + 1);
        let changed: readonly RangeLeaf[];
        if (how === 'leave out') changed = rest;
        else if (how === 'add') {
          fc.pre(state.get(other.namespace, other.id) === undefined);
          changed = decoded.leaves.toSpliced(place, 0, other);
        } else if (how === 'change value') {
          fc.pre(!equalBytes(old.value, other.value));
          changed = decoded.leaves.with(at, { ...old, value: other.value });
        } else if (how === 'change id') {
          fc.pre(key(old) !== key(other));
          changed = decoded.leaves.with(at, { ...other, value: old.value });
        } else if (how === 'move') {
          fc.pre(place !== at);
          changed = rest.toSpliced(place, 0, old);
        } else changed = decoded.leaves.toSpliced(at, 0, old);
        expect(verifyRange(state.root, range, decoded.leaves, decoded.proof)).toBeUndefined();
        expect(verifyRange(state.root, range, changed, decoded.proof)).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });
});
