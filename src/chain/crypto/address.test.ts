import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hexText } from '../../../properties/arbitraries/chain-types.ts';
import { isDecodeRejection } from '../../env/network.ts';
import { accountAddress, bytesToHash, publicKey } from '../types/units.ts';
import { addressOf, decodeAddress, encodeAddress } from './address.ts';
import { bytesToFives, decodeBech32m, encodeBech32m, fivesToBytes } from './bech32m.ts';
import { crc32 } from './crc32.ts';
import { hashTagged, sha256, taggedBytes } from './sha256.ts';
import { TAG } from './tags.ts';

/** BIP-350 §Test vectors for Bech32m. */
const VALID = [
  'A1LQFN3A',
  'a1lqfn3a',
  'an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6',
  'abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx',
  '11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8',
  'split1checkupstagehandshakeupstreamerranterredcaperredlc445v',
  '?1v759aa',
];
const INVALID = [
  '\x201xj0phk',
  '\x7f1g6xzxy',
  '\x801vctc34',
  'an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4',
  'qyrz8wqd2c9m',
  '1qyrz8wqd2c9m',
  'y1b0jsk6g',
  'lt1igcx5c0',
  'in1muywd',
  'mm1crxm3i',
  'au1s5cgom',
  'M1VUXWEZ',
  '16plkw9',
  '1p2gdwpf',
];

describe('Bech32m (BIP-350)', () => {
  it('accepts the valid vectors, and writes them back in lower case', () => {
    for (const text of VALID) {
      const decoded = decodeBech32m(text);
      expect(decoded, text).not.toHaveProperty('problem');
      if (!('problem' in decoded))
        expect(encodeBech32m(decoded.prefix, decoded.values)).toBe(text.toLowerCase());
    }
  });

  it('refuses the invalid vectors', () => {
    for (const text of INVALID) expect(decodeBech32m(text), text).toHaveProperty('problem');
  });

  it('refuses a checksum of the older Bech32', () => {
    expect(decodeBech32m('a12uel5l')).toEqual({ problem: 'the checksum is wrong' });
  });

  it('turns bytes into groups of five bits and back, and refuses padding that is not zero', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(fivesToBytes(bytesToFives(bytes))).toEqual(bytes);
      }),
    );
    expect(fivesToBytes([0, 1])).toBeUndefined();
    expect(fivesToBytes([0])).toBeUndefined();
  });
});

describe('addresses', () => {
  const key = publicKey('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');

  it('are the tagged hash of the key', () => {
    const input = Uint8Array.of(
      0x12,
      ...Uint8Array.from(key.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
    );
    expect(addressOf(key)).toBe(bytesToHash(sha256(input)));
  });

  it('have a text of 62 characters that comes back, in either case', () => {
    fc.assert(
      fc.property(hexText(32, 32).map(accountAddress), (address) => {
        const text = encodeAddress(address);
        expect(text).toMatch(/^aur1[02-9ac-hj-np-z]{58}$/);
        expect(decodeAddress(text)).toBe(address);
        expect(decodeAddress(text.toUpperCase())).toBe(address);
      }),
    );
  });

  it('are refused with one wrong character, another prefix, or another length', () => {
    const text = encodeAddress(addressOf(key));
    for (let i = 4; i < text.length; i++) {
      const wrong = text.slice(0, i) + (text.charAt(i) === 'q' ? 'p' : 'q') + text.slice(i + 1);
      expect(isDecodeRejection(decodeAddress(wrong))).toBe(true);
    }
    expect(isDecodeRejection(decodeAddress(encodeBech32m('aux', bytesToFives(new Uint8Array(32)))))).toBe(
      true,
    );
    expect(isDecodeRejection(decodeAddress(encodeBech32m('aur', bytesToFives(new Uint8Array(31)))))).toBe(
      true,
    );
    expect(isDecodeRejection(decodeAddress(''))).toBe(true);
  });
});

describe('hashes', () => {
  it('stand under a tag, and no tag stands twice', () => {
    expect(hashTagged(TAG.block, Uint8Array.of(1), Uint8Array.of(2))).toBe(
      bytesToHash(sha256(taggedBytes(TAG.block, Uint8Array.of(1, 2)))),
    );
    expect(taggedBytes(TAG.record, Uint8Array.of(9))).toEqual(Uint8Array.of(0xd5, 9));
    const numbers = Object.values(TAG);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('are SHA-256 (FIPS 180-4)', () => {
    expect(bytesToHash(sha256(Uint8Array.of(0x61, 0x62, 0x63)))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('have a CRC-32 with the published check value, in one piece or in two', () => {
    const check = Uint8Array.from('123456789', (digit) => digit.charCodeAt(0));
    expect(crc32(check)).toBe(0xcbf43926);
    expect(crc32(check.subarray(4), crc32(check.subarray(0, 4)))).toBe(0xcbf43926);
  });
});
