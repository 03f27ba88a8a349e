import { getPublicKey, hashes, Point, sign } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import wycheproof from '../../../tests/vectors/ed25519-wycheproof.json' with { type: 'json' };
import zip215 from '../../../tests/vectors/ed25519-zip215.json' with { type: 'json' };
import { hexToBytes } from '../../env/bytes.ts';
import { verifyZip215 } from './ed25519.ts';
import { isCanonicalPublicKey } from './public-key.ts';

hashes.sha512 = sha512;

function bytesOf(text: string): Uint8Array {
  return hexToBytes(text) ?? new Uint8Array(0);
}

describe('Ed25519 by ZIP-215', () => {
  it('accepts every vector of ed25519consensus', () => {
    const message = Uint8Array.from(zip215.message_ascii, (character) => character.charCodeAt(0));
    const refused = zip215.cases.filter(({ sig, vk }) => !verifyZip215(bytesOf(sig), message, bytesOf(vk)));
    expect(refused).toEqual([]);
    expect(zip215.cases.length).toBe(196);
  });

  it('follows Wycheproof, but for tcId 151 which ZIP-215 accepts', () => {
    const surprising = wycheproof.testGroups.flatMap((group) =>
      group.tests
        .filter(
          ({ msg, sig, result }) =>
            verifyZip215(bytesOf(sig), bytesOf(msg), bytesOf(group.publicKey.pk)) !== (result === 'valid'),
        )
        .map(({ tcId }) => tcId),
    );
    expect(surprising).toEqual([151]);
  });

  it('accepts what was signed, and nothing of another length', () => {
    const secret = new Uint8Array(32).fill(7);
    const message = Uint8Array.of(1, 2, 3);
    const signed = sign(message, secret);
    const key = getPublicKey(secret);
    expect(verifyZip215(signed, message, key)).toBe(true);
    expect(verifyZip215(signed, Uint8Array.of(1, 2), key)).toBe(false);
    expect(verifyZip215(signed.subarray(1), message, key)).toBe(false);
    expect(verifyZip215(signed, message, key.subarray(1))).toBe(false);
    expect(verifyZip215(new Uint8Array(64).fill(255), message, new Uint8Array(32).fill(255))).toBe(false);
  });
});

describe('public keys', () => {
  it('of small order are refused, in every encoding of the ZIP-215 vectors', () => {
    const keys = new Set(zip215.cases.map(({ vk }) => vk));
    expect(keys.size).toBe(14);
    for (const key of keys) {
      expect(Point.fromHex(key, true).isSmallOrder()).toBe(true);
      expect(isCanonicalPublicKey(bytesOf(key))).toBe(false);
    }
  });

  it('are refused when y is the prime or above, whatever the sign', () => {
    for (let low = 0xed; low <= 0xff; low++) {
      for (const top of [0x7f, 0xff]) {
        const key = new Uint8Array(32).fill(0xff);
        key[0] = low;
        key[31] = top;
        expect(isCanonicalPublicKey(key)).toBe(false);
      }
    }
    const below = new Uint8Array(32).fill(0xff);
    below[0] = 0xeb;
    below[31] = 0x7f;
    expect(isCanonicalPublicKey(below)).toBe(true);
  });

  it('of signers are accepted', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (secret) => {
        const key = getPublicKey(secret);
        expect(isCanonicalPublicKey(key)).toBe(true);
        expect(isCanonicalPublicKey(key.subarray(1))).toBe(false);
      }),
      { numRuns: 30 },
    );
  });
});
