/** Native hashes and signatures, where the machine has them. ZIP-215 in portable code judges what they reject. */
import { hash } from 'node:crypto';
import { createRequire } from 'node:module';
import { ed25519PublicKey, signEd25519, verifyZip215 } from '../../chain/crypto/ed25519.ts';
import type { SignedItem } from '../../env/crypto.ts';
import type { SignatureSuite } from './system-crypto.ts';

/** What is used of libsodium's detached signatures. */
interface Sodium {
  crypto_sign_seed_keypair(publicKey: Buffer, secretKey: Buffer, seed: Buffer): void;
  crypto_sign_detached(signature: Buffer, message: Buffer, secretKey: Buffer): void;
  crypto_sign_verify_detached(signature: Buffer, message: Buffer, publicKey: Buffer): boolean;
}

const HASH_BYTES = 32;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Absent when the optional package is not installed or does not load on this platform. */
function loadSodium(): Sodium | undefined {
  try {
    const loaded: unknown = createRequire(import.meta.url)('sodium-native');
    return isSodium(loaded) ? loaded : undefined;
  } catch {
    return undefined;
  }
}

function isSodium(value: unknown): value is Sodium {
  return typeof value === 'object' && value !== null && 'crypto_sign_verify_detached' in value;
}

/** By way of text, one character a byte: a digest answered as a Buffer was measured to cost 0.4 µs more. */
function sha256(bytes: Uint8Array): Uint8Array {
  const text = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(HASH_BYTES);
  for (let i = 0; i < HASH_BYTES; i++) digest[i] = text.charCodeAt(i);
  return digest;
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** 55,000 signings and 16,000 checks a second where libsodium is there; else portable code, 2,800 and 700. */
export function createNativeSignatures(): SignatureSuite {
  const sodium = loadSodium();
  return sodium === undefined ? portable() : withSodium(sodium);
}

function portable(): SignatureSuite {
  return {
    sha256,
    publicKey: (secret) => ed25519PublicKey(secret),
    sign: (secret, bytes) => signEd25519(secret, bytes),
    verify: (item) => verifyZip215(item.signature, item.message, item.publicKey),
  };
}

function withSodium(sodium: Sodium): SignatureSuite {
  const secretKeys = new WeakMap<Uint8Array, { readonly publicKey: Buffer; readonly secretKey: Buffer }>();

  function pair(secret: Uint8Array): { readonly publicKey: Buffer; readonly secretKey: Buffer } {
    const known = secretKeys.get(secret);
    if (known !== undefined) return known;
    const made = { publicKey: Buffer.alloc(KEY_BYTES), secretKey: Buffer.alloc(SIGNATURE_BYTES) };
    sodium.crypto_sign_seed_keypair(made.publicKey, made.secretKey, view(secret));
    secretKeys.set(secret, made);
    return made;
  }

  return {
    sha256,
    publicKey: (secret) => Uint8Array.from(pair(secret).publicKey),
    sign(secret, bytes) {
      const signature = Buffer.alloc(SIGNATURE_BYTES);
      sodium.crypto_sign_detached(signature, view(bytes), pair(secret).secretKey);
      return Uint8Array.from(signature);
    },
    verify(item: SignedItem) {
      if (item.signature.length !== SIGNATURE_BYTES || item.publicKey.length !== KEY_BYTES) return false;
      const valid = sodium.crypto_sign_verify_detached(
        view(item.signature),
        view(item.message),
        view(item.publicKey),
      );
      return valid || verifyZip215(item.signature, item.message, item.publicKey);
    },
  };
}
