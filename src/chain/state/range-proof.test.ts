import { describe, expect, it } from 'vitest';
import { sha256 } from '../crypto/sha256.ts';
import { hash } from '../types/units.ts';
import { proveRange, verifyRange } from './range-proof.ts';
import { emptyState } from './state-tree.ts';

const state = emptyState(sha256).update(
  Array.from({ length: 20 }, (_, i) => ({
    namespace: 'accounts' as const,
    id: i.toString(16).padStart(2, '0'),
    value: Uint8Array.of(i),
  })),
);
const leaves = state.leaves(undefined, 100);
const paths = leaves.map(({ key }) => hash(key));
const range = { after: paths[3], upTo: paths[9] };
const inside = leaves.slice(4, 10);
const proof = proveRange(state, range);
/** Numbers of the parts. */
const PART = { empty: 0, hash: 1, branch: 2, leafInside: 3, leafOutside: 4 } as const;

function malformed(bytes: Uint8Array, some = inside): string {
  const why = verifyRange(state.root, range, some, bytes);
  return why?.code === 'PROOF_MALFORMED' ? why.fact : `not malformed: ${JSON.stringify(why)}`;
}

describe('a range proof', () => {
  it('passes, and says of an empty range that it holds no path', () => {
    expect(verifyRange(state.root, range, inside, proof)).toBeUndefined();
    expect(verifyRange(state.root, { after: paths[3], upTo: paths[3] }, [], proof)).toEqual({
      code: 'RANGE_EMPTY',
    });
    expect(verifyRange(state.root, { after: paths[9], upTo: paths[3] }, [], proof)).toEqual({
      code: 'RANGE_EMPTY',
    });
  });

  it('is nothing for the whole of a state', () => {
    const all = { after: undefined, upTo: undefined };
    expect(proveRange(state, all)).toHaveLength(0);
    expect(verifyRange(state.root, all, leaves, new Uint8Array(0))).toBeUndefined();
    expect(verifyRange(emptyState(sha256).root, all, [], new Uint8Array(0))).toBeUndefined();
    expect(verifyRange(emptyState(sha256).root, range, [], Uint8Array.of(PART.empty))).toBeUndefined();
  });

  it('names what is wrong with its own bytes', () => {
    expect(malformed(Uint8Array.of(PART.empty))).toBe('leaves in an empty subtree');
    expect(malformed(Uint8Array.of(PART.leafInside))).toBe('one leaf was expected');
    expect(malformed(Uint8Array.of(PART.leafOutside))).toBe('leaves beside the only one');
    expect(malformed(Uint8Array.of(PART.hash))).toBe('a part 1 on the way');
    expect(malformed(Uint8Array.of(9))).toBe('a part 9 on the way');
    expect(malformed(proof.subarray(0, proof.length - 1))).toMatch(/expected/);
    expect(malformed(Uint8Array.of(...proof, 0))).toBe('1 bytes are left over');
    expect(malformed(new Uint8Array(600).fill(PART.branch))).not.toMatch(/^not malformed/);
  });

  it('shows no leaf outside that is not where it says, or that the list should hold', () => {
    const lone = emptyState(sha256).update([{ namespace: 'system', id: '', value: Uint8Array.of(1) }]);
    const [leaf] = lone.leaves(undefined, 1);
    const path = leaf?.key ?? '';
    const outside = { after: hash(path), upTo: undefined };
    const shown = proveRange(lone, outside);
    expect(shown[0]).toBe(PART.leafOutside);
    expect(verifyRange(lone.root, outside, [], shown)).toBeUndefined();
    const before = { after: undefined, upTo: hash(path) };
    expect(verifyRange(lone.root, before, [], shown)).toEqual({
      code: 'PROOF_MALFORMED',
      fact: 'a leaf of the range that is not in the list',
    });
    // The same two leaves one level further down than they stand.
    const deeper = Uint8Array.of(PART.branch, ...shown, PART.empty);
    expect(verifyRange(lone.root, outside, [], deeper)).toBeDefined();
  });

  it('writes an empty side as such, never as a hash of zeros', () => {
    const at = proof.indexOf(PART.hash);
    const zeros = Uint8Array.of(
      ...proof.subarray(0, at + 1),
      ...new Uint8Array(32),
      ...proof.subarray(at + 33),
    );
    expect(malformed(zeros)).toBe('an empty subtree written as a hash');
    const wrong = proof.slice();
    wrong[at] = PART.leafInside;
    expect(malformed(wrong)).not.toMatch(/^not malformed/);
  });
});
