import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { createModelledCrypto } from './modelled-crypto.ts';

const MESSAGE = Uint8Array.of(1, 2, 3);
const secret = (n: number): Uint8Array => new Uint8Array(32).fill(n);

describe('modelled signatures', () => {
  it('are 64 bytes, equal for equal input, and valid for their key and message alone', () => {
    const suite = createModelledCrypto(sha256);
    const [a, b] = [suite.publicKey(secret(1)), suite.publicKey(secret(2))];
    const signature = suite.sign(secret(1), MESSAGE);
    expect([signature.length, a.length]).toEqual([64, 32]);
    expect(suite.sign(secret(1), MESSAGE)).toEqual(signature);
    expect(suite.verify({ publicKey: a, message: MESSAGE, signature })).toBe(true);
    expect(suite.verify({ publicKey: b, message: MESSAGE, signature })).toBe(false);
    expect(suite.verify({ publicKey: a, message: Uint8Array.of(1, 2), signature })).toBe(false);
    for (let i = 0; i < 64; i++) {
      const forged = signature.map((byte, at) => (at === i ? byte ^ 0x80 : byte));
      expect(suite.verify({ publicKey: a, message: MESSAGE, signature: forged })).toBe(false);
    }
    for (const length of [0, 63, 65]) {
      const cut = new Uint8Array(length);
      expect(suite.verify({ publicKey: a, message: MESSAGE, signature: cut })).toBe(false);
    }
  });

  it('do not hold for a key that the suite never made', () => {
    const signature = createModelledCrypto(sha256).sign(secret(1), MESSAGE);
    const publicKey = createModelledCrypto(sha256).publicKey(secret(1));
    expect(createModelledCrypto(sha256).verify({ publicKey, message: MESSAGE, signature })).toBe(false);
  });

  it('are not changed by who changes the secret afterwards', () => {
    const suite = createModelledCrypto(sha256);
    const mine = secret(3);
    const publicKey = suite.publicKey(mine);
    const signature = suite.sign(mine, MESSAGE);
    mine.fill(0);
    expect(suite.verify({ publicKey, message: MESSAGE, signature })).toBe(true);
  });
});
