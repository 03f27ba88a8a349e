/** node:crypto in front of @noble behind env/crypto.ts: the native verifier may say valid, only ZIP-215 says invalid. */
import { createHash, createPublicKey, randomBytes, randomInt, verify } from 'node:crypto';
import * as ed25519 from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { assert } from '../../src/env/assert.ts';
import type { Crypto, SignedItem } from '../../src/env/crypto.ts';
import type { Random } from '../../src/env/random.ts';
import type { KeyId } from '../../src/env/units.ts';

const ITEMS_MAX = 65_536;
/** SubjectPublicKeyInfo of an Ed25519 key, RFC 8410 §4, before the 32 bytes. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

ed25519.hashes.sha512 = sha512;

/** @param enter runs a callback as one handler, unless the boot has ended. */
export function createRealCrypto(
  secrets: ReadonlyMap<KeyId, Uint8Array>,
  enter: (run: () => void) => void,
): Crypto {
  function secretOf(key: KeyId): Uint8Array {
    const secret = secrets.get(key);
    assert(secret !== undefined, 'the host holds every key that its program names');
    return secret;
  }
  return {
    sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
    verify(items, onResult) {
      assert(items.length <= ITEMS_MAX, 'at most 65,536 signatures are checked at once');
      setImmediate(() => {
        const valid = items.map(isValid);
        enter(() => onResult(valid));
      });
    },
    sign: (key, bytes) => ed25519.sign(bytes, secretOf(key)),
    publicKey: (key) => ed25519.getPublicKey(secretOf(key)),
  };
}

/** The system's randomness. */
export const realRandom: Random = {
  below(n) {
    assert(Number.isInteger(n) && n >= 1 && n <= 4_294_967_296, 'a bound is an integer from 1 to 2^32');
    return n === 1 ? 0 : randomInt(n);
  },
  bytes(n) {
    assert(Number.isInteger(n) && n >= 0 && n <= 65_536, 'up to 65,536 bytes are drawn at once');
    return new Uint8Array(randomBytes(n));
  },
};

function isValid({ publicKey, message, signature }: SignedItem): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
  return verify(null, message, key, signature) || ed25519.verify(signature, message, publicKey);
}
