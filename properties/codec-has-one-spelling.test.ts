import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRejection } from '../src/chain/types/rejection.ts';
import {
  decodeTransaction,
  encodeTransaction,
  TRANSACTION_MAX_BYTES,
} from '../src/chain/types/transaction-codec.ts';
import { applyChange, byteChanges } from './arbitraries/byte-strings.ts';
import { transactions } from './arbitraries/chain-types.ts';
import { SPELLED_TYPES, type SpelledType, spelledType } from './arbitraries/codecs.ts';
import { checkLaw } from './check-law.ts';

/** Of longer strings only the first so many bytes are changed bit by bit. */
const ALL_BITS_MAX_BYTES = 300;

/** Bytes that were valid before up to three changes. */
function changedBytes({ spelled }: SpelledType): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(spelled, fc.array(byteChanges, { minLength: 1, maxLength: 3 }))
    .map(([{ bytes }, changes]) => changes.reduce(applyChange, bytes));
}

/** The first strings with one bit changed, or cut, that are accepted and spelled in another way; longer ones are left to chance. */
function secondSpelling(type: SpelledType, bytes: Uint8Array): Uint8Array | undefined {
  for (let at = 0; at < Math.min(bytes.length, ALL_BITS_MAX_BYTES); at++) {
    if (!isOnlySpelling(type, bytes.slice(0, at))) return bytes.slice(0, at);
    for (let bit = 0; bit < 8; bit++) {
      const changed = applyChange(bytes, { kind: 'flip', at, bit });
      if (!isOnlySpelling(type, changed)) return changed;
    }
  }
  return undefined;
}

/** What is accepted is spelled as it came. */
function isOnlySpelling(type: SpelledType, bytes: Uint8Array): boolean {
  const again = type.respell(bytes);
  return again === undefined || Buffer.compare(again, bytes) === 0;
}

describe.each(SPELLED_TYPES.map((type) => ({ name: type.name, type })))('The codec of $name', ({ type }) => {
  it('gives back what it was given', () => {
    checkLaw(
      fc.property(type.spelled, ({ value, decoded }) => {
        // What is absent may be a field without a value.
        expect(decoded).toEqual(value);
      }),
      { numRuns: 200 },
    );
  });

  it('accepts one spelling: bytes that are accepted are those that their value is encoded to', () => {
    let refused = 0;
    let runs = 0;
    checkLaw(
      fc.property(changedBytes(type), (bytes) => {
        runs++;
        if (type.respell(bytes) === undefined) refused++;
        expect(isOnlySpelling(type, bytes)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
    expect(refused).toBeGreaterThanOrEqual(runs > 100 ? runs / 10 : 0);
  });

  it('accepts no second spelling that is one bit or one cut away', () => {
    checkLaw(
      fc.property(type.spelled, ({ bytes }) => {
        expect(secondSpelling(type, bytes)).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });
});

describe('A decoder that is lenient', () => {
  const isFound = (type: SpelledType): boolean =>
    fc.check(
      fc.property(changedBytes(type), (bytes) => isOnlySpelling(type, bytes)),
      { numRuns: 600, seed: 1 },
    ).failed;

  it('is found when it leaves bytes over', () => {
    const shortest = (bytes: Uint8Array): ReturnType<typeof decodeTransaction> | undefined => {
      for (let end = 1; end <= Math.min(bytes.length, TRANSACTION_MAX_BYTES); end++) {
        const decoded = decodeTransaction(bytes.subarray(0, end));
        if (!isRejection(decoded)) return decoded;
      }
      return undefined;
    };
    expect(isFound(spelledType('lenient', transactions, encodeTransaction, shortest))).toBe(true);
  });

  it('is found when two bytes mean the same', () => {
    const flag = spelledType(
      'flag',
      fc.boolean(),
      (isSet) => Uint8Array.of(isSet ? 1 : 0),
      (bytes) => (bytes.length === 1 ? bytes[0] !== 0 : undefined),
    );
    expect(isFound(flag)).toBe(true);
  });
});
