/** Ed25519 signatures by the rules of ZIP-215, in portable code: the judge of what is valid. */
import { getPublicKey, hashes, sign, verify } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** True when the signature is valid by ZIP-215. Other lengths are invalid, not an error; the key may be any 32 bytes. */
export function verifyZip215(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || publicKey.length !== KEY_BYTES) return false;
  hashes.sha512 ??= sha512; // the library asks for its hash here; every caller gives it the same function
  return verify(signature, message, publicKey, { zip215: true });
}

/** The 32-byte public key of a 32-byte secret (RFC 8032 §5.1.5). */
export function ed25519PublicKey(secret: Uint8Array): Uint8Array {
  hashes.sha512 ??= sha512;
  return getPublicKey(secret);
}

/** 64 bytes, deterministic (RFC 8032 §5.1.6). */
export function signEd25519(secret: Uint8Array, message: Uint8Array): Uint8Array {
  hashes.sha512 ??= sha512;
  return sign(message, secret);
}
