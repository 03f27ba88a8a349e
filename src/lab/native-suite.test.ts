import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import wycheproof from '../../tests/vectors/ed25519-wycheproof.json' with { type: 'json' };
import zip215 from '../../tests/vectors/ed25519-zip215.json' with { type: 'json' };
import { createPortableSuite } from '../cluster/portable-suite.ts';
import { createNativeSuite } from './native-suite.ts';

const native = createNativeSuite();
const portable = createPortableSuite();
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

describe('the native suite', () => {
  it('accepts every signature that ZIP-215 requires to be valid.', () => {
    const message = Uint8Array.from(Buffer.from(zip215.message_ascii, 'ascii'));
    expect(zip215.cases.length).toBe(196);
    for (const { vk, sig } of zip215.cases)
      expect(native.verify({ publicKey: hex(vk), message, signature: hex(sig) }), `${vk} ${sig}`).toBe(true);
  });

  it('judges every Wycheproof vector as the portable suite does.', () => {
    let judged = 0;
    for (const { publicKey, tests } of wycheproof.testGroups) {
      for (const { msg, sig } of tests) {
        const item = { publicKey: hex(publicKey.pk), message: hex(msg), signature: hex(sig) };
        expect(native.verify(item), `${publicKey.pk} ${sig}`).toBe(portable.verify(item));
        judged++;
      }
    }
    expect(judged).toBe(wycheproof.numberOfTests);
  });

  it('hashes, derives keys and signs as the portable suite does.', () => {
    const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
    fc.assert(
      fc.property(bytes(32), fc.uint8Array({ maxLength: 300 }), (secret, message) => {
        expect(native.sha256(message)).toEqual(portable.sha256(message));
        expect(native.publicKey(secret)).toEqual(portable.publicKey(secret));
        expect(native.sign(secret, message)).toEqual(portable.sign(secret, message));
      }),
      { numRuns: 100 },
    );
  });

  it('judges signatures as the portable suite does, whichever bit is wrong.', () => {
    const bit = fc.nat(8 * (64 + 32 + 40) - 1);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.option(bit), (secret, flipped) => {
        const message = Uint8Array.from({ length: 40 }, (_, i) => i);
        const item = {
          publicKey: portable.publicKey(secret),
          message,
          signature: portable.sign(secret, message),
        };
        const all = Uint8Array.from([...item.signature, ...item.publicKey, ...item.message]);
        if (flipped !== null) all[flipped >> 3] = (all[flipped >> 3] as number) ^ (1 << (flipped & 7));
        const wrong = { signature: all.slice(0, 64), publicKey: all.slice(64, 96), message: all.slice(96) };
        expect(native.verify(wrong)).toBe(portable.verify(wrong));
        if (flipped === null) expect(native.verify(wrong)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses keys and signatures of another length.', () => {
    const secret = new Uint8Array(32);
    const message = new Uint8Array(1);
    const good = { publicKey: native.publicKey(secret), message, signature: native.sign(secret, message) };
    expect(native.verify(good)).toBe(true);
    expect(native.verify({ ...good, signature: good.signature.slice(1) })).toBe(false);
    expect(native.verify({ ...good, publicKey: new Uint8Array(33) })).toBe(false);
  });
});
