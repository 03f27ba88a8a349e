import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex, compareBytes } from '../../env/bytes.ts';
import type { NAMESPACE } from '../state/state.ts';
import { blockHash, hash, height, weight } from '../types/units.ts';
import {
  decodeBase,
  decodeFormat,
  decodeHead,
  decodeHeightOf,
  decodeId,
  decodeIndexes,
  decodePlace,
  decodeUndo,
  encodeBase,
  encodeFormat,
  encodeHead,
  encodeHeightOf,
  encodeId,
  encodeIndexes,
  encodePlace,
  encodeUndo,
} from './record-codecs.ts';
import {
  accountKey,
  accountRange,
  blockKey,
  certificateKey,
  heightIdOf,
  heightOfAccountKey,
  heightRange,
  metaKey,
  openRecord,
  PREFIX,
  recordKindOf,
  sealRecord,
  stateKey,
} from './records.ts';

const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex);
const anyHeight = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const anyNamespace = fc.constantFrom(
  'accounts',
  'system',
  'validators',
  'unbonding',
  'evidence',
  'reserved',
) as fc.Arbitrary<keyof typeof NAMESPACE>;

describe('records', () => {
  it('give back what was sealed under the same key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ maxLength: 300 }), (key, payload) => {
        expect(openRecord(sha256, key, sealRecord(sha256, key, payload))).toEqual(payload);
      }),
    );
  });

  it('are corrupt after one flipped bit, under another key, and when cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(),
        (key, payload, draw) => {
          const value = sealRecord(sha256, key, payload);
          const flipped = value.slice();
          const at = draw % value.length;
          flipped[at] = (flipped[at] as number) ^ (1 << (draw % 8));
          expect(openRecord(sha256, key, flipped)).toBe('corrupt');
          const other = key.slice();
          const where = draw % key.length;
          other[where] = (other[where] as number) ^ (1 << (draw % 8));
          expect(openRecord(sha256, other, value)).toBe('corrupt');
          expect(openRecord(sha256, key, value.subarray(0, draw % value.length))).toBe('corrupt');
        },
      ),
    );
  });

  it('do not mistake bytes of a value for bytes of a key', () => {
    const value = sealRecord(sha256, Uint8Array.of(1, 2), Uint8Array.of(3));
    expect(openRecord(sha256, Uint8Array.of(1), Uint8Array.of(...value.subarray(0, 8), 2, 3))).toBe(
      'corrupt',
    );
  });

  it('sort blocks by height, then by id', () => {
    fc.assert(
      fc.property(anyHeight, anyHeight, hex32, hex32, (a, b, x, y) => {
        const expected = a !== b ? (a < b ? -1 : 1) : x === y ? 0 : x < y ? -1 : 1;
        expect(compareBytes(blockKey(a, x), blockKey(b, y))).toBe(expected);
      }),
    );
  });

  it('give height and id back from their keys', () => {
    fc.assert(
      fc.property(anyHeight, hex32, (at, id) => {
        const found = heightIdOf(blockKey(at, id));
        expect(found?.height).toBe(at);
        expect(bytesToHex(found?.id ?? new Uint8Array())).toBe(id);
        expect(heightOfAccountKey(accountKey(id, at))).toBe(at);
      }),
    );
    expect(heightIdOf(metaKey(1))).toBeUndefined();
    expect(heightOfAccountKey(metaKey(1))).toBeUndefined();
  });

  it('keep ranges to their own heights and accounts', () => {
    const id = 'ab'.repeat(32);
    const inRange = (key: Uint8Array, { start, end }: { start: Uint8Array; end?: Uint8Array }): boolean =>
      compareBytes(key, start) >= 0 && (end === undefined || compareBytes(key, end) < 0);
    const range = heightRange(PREFIX.block, 5, 7);
    expect([4, 5, 6, 7].map((at) => inRange(blockKey(at, id), range))).toEqual([false, true, true, false]);
    expect(inRange(certificateKey(5, id), range)).toBe(false);
    const account = accountRange(id, 9);
    expect([0, 8, 9, 10].map((at) => inRange(accountKey(id, at), account))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(inRange(accountKey('ac'.repeat(32), 3), account)).toBe(false);
  });

  it('name their kind by the first byte of the key', () => {
    const id = '00'.repeat(32);
    expect(recordKindOf(blockKey(1, id))).toBe('block');
    expect(recordKindOf(certificateKey(1, id))).toBe('certificate');
    expect(recordKindOf(stateKey('accounts', id))).toBe('state');
    expect(recordKindOf(metaKey(0))).toBe('meta');
    expect(recordKindOf(Uint8Array.of())).toBe('unknown');
  });
});

describe('payloads of records', () => {
  const bytes = fc.uint8Array({ maxLength: 60 });

  it('of the base survive the round trip, and no other bytes are taken for one', () => {
    const base = fc.record({
      id: hex32.map(blockHash),
      header: bytes,
      weight: fc.uint8Array({ maxLength: 64 }).map((b) => weight(bytesToHex(b))),
      peaks: fc.array(hex32.map(hash), { maxLength: 40 }),
      historyCount: anyHeight,
      view: bytes,
    });
    fc.assert(
      fc.property(base, (value) => {
        const encoded = encodeBase(value);
        expect(decodeBase(encoded)).toEqual(value);
        expect(decodeBase(encoded.subarray(0, encoded.length - 1))).toBeUndefined();
        expect(decodeBase(Uint8Array.of(...encoded, 0))).toBeUndefined();
      }),
    );
  });

  it('of the journal survive the round trip, absent leaves included', () => {
    const leaf = fc.record({
      namespace: anyNamespace,
      id: fc.uint8Array({ maxLength: 64 }).map(bytesToHex),
      value: fc.option(bytes, { nil: undefined }),
    });
    const undo = fc.record({
      id: hex32.map(blockHash),
      parent: bytes,
      leaves: fc.array(leaf, { maxLength: 8 }),
    });
    fc.assert(
      fc.property(undo, (value) => {
        const encoded = encodeUndo(value);
        expect(decodeUndo(encoded)).toEqual(value);
        expect(decodeUndo(encoded.subarray(0, encoded.length - 1))).toBeUndefined();
        expect(decodeUndo(Uint8Array.of(...encoded, 0))).toBeUndefined();
      }),
    );
  });

  it('of the journal survive it wherever their buffer, which holds 64 KiB, has to grow', () => {
    const id = blockHash('00'.repeat(32));
    const leaf = { namespace: 'accounts', id: 'ab'.repeat(32), value: new Uint8Array(16).fill(1) } as const;
    const one = encodeUndo({ id, parent: new Uint8Array(0), leaves: [leaf] }).length;
    const empty = encodeUndo({ id, parent: new Uint8Array(0), leaves: [] }).length;
    for (let shift = 0; shift < one - empty; shift++) {
      const undo = { id, parent: new Uint8Array(shift), leaves: new Array<typeof leaf>(2_000).fill(leaf) };
      expect(decodeUndo(encodeUndo(undo)), `behind ${shift} bytes`).toEqual(undo);
    }
  });

  it('of the journal are refused when a leaf that is absent has a value', () => {
    const absent = encodeUndo({
      id: blockHash('00'.repeat(32)),
      parent: new Uint8Array(0),
      leaves: [{ namespace: 'accounts', id: '', value: Uint8Array.of(7) }],
    });
    // Behind id, two sizes, namespace and the size of the leaf's id stands whether there is a value.
    absent[32 + 4 + 4 + 1 + 1] = 0;
    expect(decodeUndo(absent)).toBeUndefined();
  });

  it('of accounts survive the round trip, and name each transaction once, rising', () => {
    const rising = fc
      .uniqueArray(fc.nat(0xffff_ffff), { minLength: 1, maxLength: 20 })
      .map((indexes) => indexes.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(rising, (indexes) => {
        const encoded = encodeIndexes(indexes);
        expect(decodeIndexes(encoded)).toEqual(indexes);
        expect(decodeIndexes(encoded.subarray(1))).toBeUndefined();
        expect(decodeIndexes(encodeIndexes([...indexes, indexes[0] as number]))).toBeUndefined();
      }),
    );
    expect(decodeIndexes(encodeIndexes([]))).toBeUndefined();
  });

  it('of places, formats, heights and ids survive the round trip', () => {
    fc.assert(
      fc.property(anyHeight.map(height), fc.nat(0xffff_ffff), bytes, hex32, (at, index, receipt, id) => {
        expect(decodePlace(encodePlace({ height: at, index, receipt }))).toEqual({
          height: at,
          index,
          receipt,
        });
        expect(decodeHeightOf(encodeHeightOf(at))).toBe(at);
        expect(decodeId(encodeId(id))).toBe(id);
        expect(decodeHead(encodeHead(at, blockHash(id)))).toEqual({ height: at, id });
        expect(decodeHead(Uint8Array.of(1))).toBeUndefined();
        const format = encodeFormat(7, blockHash(id));
        expect(decodeFormat(format)).toEqual({ format: 7, genesisId: id });
        expect(decodeFormat(format.subarray(1))).toBeUndefined();
        expect(decodePlace(Uint8Array.of(1))).toBeUndefined();
        expect(decodeHeightOf(Uint8Array.of(1))).toBeUndefined();
        expect(decodeId(Uint8Array.of(1))).toBeUndefined();
      }),
    );
  });
});
