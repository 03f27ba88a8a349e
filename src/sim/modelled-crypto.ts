/** Modelled signatures: keyed hashes of 64 bytes that only who was given the secret can make; as fast as hashing. */
import { bytesToHex, concatBytes, equalBytes } from '../env/bytes.ts';
import type { SignedItem } from '../env/crypto.ts';
import type { CryptoSuite } from './crypto-suite.ts';

const PUBLIC_KEY = Uint8Array.of(0x70);
const FIRST_HALF = Uint8Array.of(0x71);
const SECOND_HALF = Uint8Array.of(0x72);
const SIGNATURE_BYTES = 64;

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
    const key = sha256(concatBytes(PUBLIC_KEY, secret));
    publicKeys.set(name, key);
    secrets.set(bytesToHex(key), secret.slice());
    return key;
  }

  function signature(secret: Uint8Array, message: Uint8Array): Uint8Array {
    const inner = sha256(concatBytes(secret, message));
    return concatBytes(
      sha256(concatBytes(FIRST_HALF, secret, inner)),
      sha256(concatBytes(SECOND_HALF, secret, inner)),
    );
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
