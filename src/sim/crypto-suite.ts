/** Hashes and signatures that a simulation is given: native, portable or modelled. */
import type { SignedItem } from '../env/crypto.ts';

/** Pure functions: equal input, equal output, in every run. */
export interface CryptoSuite {
  /** SHA-256, 32 bytes. */
  sha256(b: Uint8Array): Uint8Array;
  verify(item: SignedItem): boolean;
  /** The 32-byte public key of a 32-byte secret. */
  publicKey(secret: Uint8Array): Uint8Array;
  /** 64 bytes. */
  sign(secret: Uint8Array, b: Uint8Array): Uint8Array;
}
