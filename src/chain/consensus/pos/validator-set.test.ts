import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../../../env/bytes.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import { addressOf } from '../../crypto/address.ts';
import { hashTagged } from '../../crypto/sha256.ts';
import { TAG } from '../../crypto/tags.ts';
import { testKey } from '../../execution/test-chain.ts';
import { decodeJson, decodeLayout, encodeJson } from '../../types/layout/codec.ts';
import { amount } from '../../types/units.ts';
import { changeValidators, createValidatorSet, nextTurn } from './proposer-priority.ts';
import { encodeSet } from './stake-records.ts';
import { placeOf, validatorSetLayout } from './validator-set.ts';
import { validatorsHash } from './validators-hash.ts';

const SET = createValidatorSet(
  [5n, 3n, 2n].map((power, index) => ({ key: testKey(index), power: amount(power) })),
);
const ENTRY_BYTES = 48;

function decode(bytes: Uint8Array) {
  return decodeLayout(validatorSetLayout, bytes, 1_000);
}

/** The bytes of SET after a change. */
function spoilt(change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = encodeSet(SET);
  change(bytes);
  return bytes;
}

describe('a validator set', () => {
  it('is in the order of addresses, and knows the places of its keys', () => {
    const addresses = SET.validators.map(({ address }) => address);
    expect(addresses).toEqual([...addresses].sort());
    for (const [place, { key, address }] of SET.validators.entries()) {
      expect([placeOf(SET, key), placeOf(nextTurn(SET), key), addressOf(key)]).toEqual([
        place,
        place,
        address,
      ]);
    }
    expect(placeOf(SET, testKey(9))).toBeUndefined();
  });

  it('reads back what was written, priorities below zero included', () => {
    expect(SET.validators.some(({ priority }) => priority < 0n)).toBe(true);
    const bytes = encodeSet(SET);
    expect(bytes.length).toBe(2 + 3 * ENTRY_BYTES + 2);
    expect(decode(bytes)).toEqual(SET);
    expect(decodeJson(validatorSetLayout, encodeJson(validatorSetLayout, SET), 1_000)).toEqual(SET);
  });

  it.each<[string, Uint8Array]>([
    ['without validators', Uint8Array.of(0, 0, 0, 0)],
    ['with a proposer that is none', spoilt((bytes) => bytes.set([0, 3], 2 + 3 * ENTRY_BYTES))],
    ['with a power of nothing', spoilt((bytes) => bytes.fill(0, 2 + 32, 2 + 40))],
    ['with too much power', spoilt((bytes) => bytes.set([0x10], 2 + 32))],
    [
      'out of order',
      spoilt((bytes) => {
        const first = bytes.slice(2, 2 + ENTRY_BYTES);
        bytes.copyWithin(2, 2 + ENTRY_BYTES, 2 + 2 * ENTRY_BYTES);
        bytes.set(first, 2 + ENTRY_BYTES);
      }),
    ],
    ['with one twice', spoilt((bytes) => bytes.copyWithin(2 + ENTRY_BYTES, 2, 2 + 32))],
  ])('is refused %s', (_name, bytes) => {
    expect(isDecodeRejection(decode(bytes))).toBe(true);
  });
});

describe('the hash of a validator set', () => {
  it('is over count, keys and powers, in the order of the set', () => {
    const parts = SET.validators.map(({ key, power }) => key + power.toString(16).padStart(16, '0'));
    const bytes = Buffer.from(`0003${parts.join('')}`, 'hex');
    expect(validatorsHash(SET)).toBe(hashTagged(TAG.validatorSet, bytes));
    expect(bytesToHex(bytes)).toHaveLength(4 + 3 * 80);
  });

  it('is the same whoever proposes, and another for other keys or powers', () => {
    expect(validatorsHash(nextTurn(SET))).toBe(validatorsHash(SET));
    const changes = [
      [{ key: testKey(0), power: amount(6n) }],
      [{ key: testKey(0), power: amount(0n) }],
      [{ key: testKey(7), power: amount(1n) }],
      [
        { key: testKey(0), power: amount(3n) },
        { key: testKey(1), power: amount(5n) },
      ],
    ];
    const hashes = changes.map((members) => validatorsHash(changeValidators(SET, members)));
    expect(new Set([validatorsHash(SET), ...hashes]).size).toBe(5);
  });

  it('is not that of the set before, which has as many validators and as much power', () => {
    const of = (...members: readonly (readonly [seed: number, power: bigint])[]) =>
      createValidatorSet(members.map(([seed, power]) => ({ key: testKey(seed), power: amount(power) })));
    const rows = [
      of([0, 5n], [1, 3n]),
      of([0, 3n], [1, 5n]),
      of([0, 3n], [2, 5n]),
      of([3, 3n], [2, 5n]),
      of([3, 4n], [2, 4n]),
    ];
    expect(new Set(rows.map(validatorsHash)).size).toBe(rows.length);
    expect(validatorsHash(of([0, 5n], [1, 3n]))).toBe(validatorsHash(rows[0] ?? SET));
  });
});
