import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hexText } from '../../../properties/arbitraries/chain-types.ts';
import { bytesToHex, concatBytes, hexToBytes } from '../../env/bytes.ts';
import { sha256, ZERO_HASH } from '../crypto/sha256.ts';
import { hash } from '../types/units.ts';
import { proveState, verifyStateProof } from './proof.ts';
import type { Namespace, State, StateChange } from './state.ts';
import { NAMESPACE } from './state.ts';
import { emptyState, STATE_VALUE_MAX_BYTES } from './state-tree.ts';

const namespaces = fc.constantFrom<Namespace[]>(
  'accounts',
  'system',
  'validators',
  'unbonding',
  'evidence',
  'reserved',
);
/** Few ids, so that changes meet; values small. */
const ids = fc.oneof(hexText(0, 1), hexText(32, 32));
const puts = fc.record({ namespace: namespaces, id: ids, value: fc.uint8Array({ maxLength: 6 }) });
const changes = fc.array(
  fc.record({
    namespace: namespaces,
    id: hexText(0, 1),
    value: fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined }),
  }),
  { maxLength: 60 },
);

function keyOf({ namespace, id }: StateChange): string {
  return `${namespace}/${id}`;
}

function stateOf(list: readonly StateChange[]): State {
  return emptyState(sha256).update(list);
}

/** docs/protocol.md, State, as it is written: recursive, over all leaves, knowing nothing of the tree. */
function rootByDefinition(list: readonly StateChange[]): string {
  const leaves = list.map(({ namespace, id, value }) => {
    const path = sha256(Uint8Array.of(0x20, NAMESPACE[namespace], ...(hexToBytes(id) ?? [])));
    const valueHash = sha256(Uint8Array.of(0x21, ...(value ?? [])));
    const bits = Array.from(path, (byte) => byte.toString(2).padStart(8, '0')).join('');
    return { bits, hash: sha256(concatBytes(Uint8Array.of(0x22), path, valueHash)) };
  });
  function subtree(prefix: string): Uint8Array {
    const inside = leaves.filter((leaf) => leaf.bits.startsWith(prefix));
    if (inside.length === 0) return new Uint8Array(32);
    if (inside.length === 1) return inside[0]?.hash ?? new Uint8Array(0);
    return sha256(concatBytes(Uint8Array.of(0x23), subtree(`${prefix}0`), subtree(`${prefix}1`)));
  }
  return bytesToHex(subtree(''));
}

/** What a map of all changes holds at the end. */
function finalOf(list: readonly StateChange[]): readonly StateChange[] {
  const map = new Map(list.map((change) => [keyOf(change), change]));
  return [...map.values()].filter((change) => change.value !== undefined);
}

describe('the state tree', () => {
  it('has the root of the definition', () => {
    fc.assert(
      fc.property(changes, (list) => {
        expect(stateOf(list).root).toBe(rootByDefinition(finalOf(list)));
      }),
    );
    expect(emptyState(sha256).root).toBe(ZERO_HASH);
  });

  it('does not depend on order, on batches, or on what was deleted', () => {
    fc.assert(
      fc.property(
        changes,
        fc.array(fc.nat({ max: 60 })),
        fc.infiniteStream(fc.nat()),
        (list, cuts, picks) => {
          const whole = stateOf(list);
          const sorted = [...cuts].sort((a, b) => a - b);
          let pieces = emptyState(sha256);
          for (let i = 0, from = 0; i <= sorted.length; i++) {
            const to = sorted[i] ?? list.length;
            pieces = pieces.update(list.slice(from, to));
            from = to;
          }
          const shuffled = finalOf(list).map((change) => ({ change, rank: picks.next().value ?? 0 }));
          shuffled.sort((a, b) => a.rank - b.rank);
          const fresh = stateOf(shuffled.map(({ change }) => change));
          expect(pieces.root).toBe(whole.root);
          expect(fresh.root).toBe(whole.root);
          expect([pieces.size, fresh.size]).toEqual([whole.size, whole.size]);
          expect(fresh.leaves(undefined, 1000)).toEqual(whole.leaves(undefined, 1000));
        },
      ),
    );
  });

  it('reads what a map would hold, and keeps every older version', () => {
    fc.assert(
      fc.property(changes, changes, (first, second) => {
        const before = stateOf(first);
        const root = before.root;
        const after = before.update(second);
        const model = new Map(finalOf([...first, ...second]).map((change) => [keyOf(change), change.value]));
        for (const change of [...first, ...second]) {
          expect(after.get(change.namespace, change.id)).toEqual(model.get(keyOf(change)));
        }
        expect(after.size).toBe(model.size);
        expect(before.root).toBe(root);
        expect(stateOf(first).root).toBe(root);
        expect(after.update([]).root).toBe(after.root);
      }),
    );
  });

  it('is the same version when nothing changes', () => {
    const state = stateOf([{ namespace: 'system', id: '01', value: Uint8Array.of(1) }]);
    expect(state.update([])).toBe(state);
    expect(state.update([{ namespace: 'system', id: '01', value: Uint8Array.of(1) }])).toBe(state);
    expect(state.update([{ namespace: 'system', id: '02', value: undefined }])).toBe(state);
  });

  it('computes no hash again that an older version knows', () => {
    let hashes = 0;
    const counting = (bytes: Uint8Array) => {
      hashes++;
      return sha256(bytes);
    };
    const all = Array.from({ length: 2_000 }, (_, i) => ({
      namespace: 'accounts' as const,
      id: i.toString(16).padStart(64, '0'),
      value: Uint8Array.of(i & 255),
    }));
    const state = emptyState(counting).update(all);
    expect(state.root).toBe(state.root);
    hashes = 0;
    const next = state.update([{ ...(all[5] as StateChange), value: Uint8Array.of(9, 9) }]);
    expect(next.root).not.toBe(state.root);
    expect(hashes).toBeGreaterThan(2);
    expect(hashes).toBeLessThan(40);
  });

  it('pages through its leaves in the order of their keys', () => {
    fc.assert(
      fc.property(fc.array(puts, { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), (list, limit) => {
        const state = stateOf(list);
        const all = state.leaves(undefined, 1000);
        const paged = [];
        for (let page = state.leaves(undefined, limit); page.length > 0; ) {
          expect(page.length).toBeLessThanOrEqual(limit);
          paged.push(...page);
          page = state.leaves(page.at(-1)?.key, limit);
        }
        expect(paged).toEqual(all);
        expect(all.map((leaf) => leaf.key)).toEqual([...all.map((leaf) => leaf.key)].sort());
        expect(all.length).toBe(state.size);
        expect(stateOf(all).root).toBe(state.root);
      }),
    );
    const state = stateOf([{ namespace: 'system', id: '01', value: Uint8Array.of(1) }]);
    expect(state.leaves('00'.repeat(32), 10).length).toBe(1);
    expect(state.leaves('ff'.repeat(32), 10)).toEqual([]);
    expect(() => state.leaves('00', 10)).toThrow();
  });

  it('refuses ids and values above their limits', () => {
    const state = emptyState(sha256);
    const value = new Uint8Array(1);
    expect(() => state.update([{ namespace: 'system', id: '00'.repeat(65), value }])).toThrow();
    expect(() => state.update([{ namespace: 'system', id: '0', value }])).toThrow();
    expect(() => state.update([{ namespace: 'system', id: 'ZZ', value }])).toThrow();
    expect(() =>
      state.update([{ namespace: 'system', id: '', value: new Uint8Array(STATE_VALUE_MAX_BYTES + 1) }]),
    ).toThrow();
  });
});

describe('state proofs', () => {
  const asked = fc.record({ namespace: namespaces, id: ids });

  it('show the value of every leaf, and the absence of every other', () => {
    fc.assert(
      fc.property(fc.array(puts, { maxLength: 30 }), fc.array(asked, { maxLength: 10 }), (list, others) => {
        const state = stateOf(list);
        for (const { namespace, id } of [...list, ...others]) {
          const proof = proveState(state, namespace, id);
          expect(verifyStateProof(state.root, namespace, id, proof)).toEqual(state.get(namespace, id));
        }
      }),
    );
  });

  it('are invalid with any byte changed, added or cut', () => {
    fc.assert(
      fc.property(
        fc.array(puts, { maxLength: 30 }),
        asked,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (list, { namespace, id }, at, mask) => {
          const state = stateOf(list);
          for (const target of [{ namespace, id }, ...list.slice(0, 3)]) {
            const proof = proveState(state, target.namespace, target.id);
            const verify = (bytes: Uint8Array) =>
              verifyStateProof(state.root, target.namespace, target.id, bytes);
            const changed = proof.slice();
            const index = at % proof.length;
            changed[index] = (changed[index] ?? 0) ^ mask;
            expect(verify(changed)).toBe('invalid');
            expect(verify(Uint8Array.of(...proof, mask))).toBe('invalid');
            expect(verify(proof.subarray(0, index))).toBe('invalid');
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('hold for one root and one leaf only', () => {
    fc.assert(
      fc.property(fc.array(puts, { minLength: 1, maxLength: 20 }), asked, (list, other) => {
        const state = stateOf(list);
        const { namespace, id } = list[0] ?? other;
        const proof = proveState(state, namespace, id);
        const elsewhere = hash(bytesToHex(sha256(Uint8Array.of(1))));
        expect(verifyStateProof(elsewhere, namespace, id, proof)).toBe('invalid');
        if (keyOf({ ...other, value: undefined }) !== `${namespace}/${id}`) {
          const found = verifyStateProof(state.root, other.namespace, other.id, proof);
          expect(
            found === 'invalid' ||
              (found === undefined && state.get(other.namespace, other.id) === undefined),
          ).toBe(true);
        }
      }),
    );
  });

  it('take any bytes without throwing', () => {
    const { root } = stateOf([{ namespace: 'system', id: '', value: Uint8Array.of(1) }]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(verifyStateProof(root, 'system', '00', bytes)).toBe('invalid');
      }),
    );
  });
});
