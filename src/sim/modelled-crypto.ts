/** Modelled signatures: keyed hashes of 64 bytes that only who was given the secret can make; as fast as hashing. */
import { bytesToHex, concatBytes, equalBytes } from '../env/bytes.ts';
import type { SignedItem } from '../env/crypto.ts';
import type { CryptoSuite } from './crypto-suite.ts';

const PUBLIC_KEY = Uint8Array.of(0x70);
const FIRST_HALF = Uint8Array.of(0x71);
const SECOND_HALF = Uint8Array.of(0x72);
const SIGNATURE_BYTES = 64;
/** Up to here what is hashed is put together in one buffer: an array of its own was measured to cost more than hashing it. */
const SCRATCH_BYTES = 4_096;
const scratch = new Uint8Array(SCRATCH_BYTES);

/**
 * It knows the secret of every key pair that it made, and `verify` answers false for all others. Nothing hands a secret
 * out, so nobody in the simulation signs for another. Runs may share one: a run makes every key that signs in it, so that
 * what it is answered does not depend on the others. Not a signature scheme.
 */
export function createModelledCrypto(sha256: (b: Uint8Array) => Uint8Array): CryptoSuite {
  const secrets = new Map<string, Uint8Array>();
  const publicKeys = new Map<string, Uint8Array>();

  function publicKey(secret: Uint8Array): Uint8Array {
    const name = bytesToHex(secret);
    const known = publicKeys.get(name);
    if (known !== undefined) return known;
    const key = hashOf(PUBLIC_KEY, secret);
    publicKeys.set(name, key);
    secrets.set(bytesToHex(key), secret.slice());
    return key;
  }

  function hashOf(...parts: readonly Uint8Array[]): Uint8Array {
    let length = 0;
    for (const part of parts) length += part.length;
    if (length > SCRATCH_BYTES) return sha256(concatBytes(...parts));
    let at = 0;
    for (const part of parts) {
      scratch.set(part, at);
      at += part.length;
    }
    return sha256(scratch.subarray(0, length));
  }

  function signature(secret: Uint8Array, message: Uint8Array): Uint8Array {
    const inner = hashOf(secret, message);
    return concatBytes(hashOf(FIRST_HALF, secret, inner), hashOf(SECOND_HALF, secret, inner));
  }

  return {
    sha256,
    publicKey,
    sign(secret: Uint8Array, b: Uint8Array): Uint8Array {
      publicKey(secret);
      return signature(secret, b);
    },
    verify(item: SignedItem): boolean {
      if (item.signature.length !== SIGNATURE_BYTES) return false;
      const secret = secrets.get(bytesToHex(item.publicKey));
      return secret !== undefined && equalBytes(signature(secret, item.message), item.signature);
    },
  };
}
