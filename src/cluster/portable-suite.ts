/** Hashes and signatures in portable code: what a simulation uses when its host injects nothing faster. */
import { ed25519PublicKey, signEd25519, verifyZip215 } from '../chain/crypto/ed25519.ts';
import { sha256 } from '../chain/crypto/sha256.ts';
import type { CryptoSuite } from '../sim/crypto-suite.ts';

/** Real Ed25519 by ZIP-215: about 2,800 signings and 700 checks a second. */
export function createPortableSuite(): CryptoSuite {
  return {
    sha256,
    publicKey: (secret) => ed25519PublicKey(secret),
    sign: (secret, bytes) => signEd25519(secret, bytes),
    verify: (item) => verifyZip215(item.signature, item.message, item.publicKey),
  };
}
