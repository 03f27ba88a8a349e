/** Hashes and signatures, which the host may answer with native code or off the main thread. */
import type { KeyId } from './units.ts';

/** One signature to check: Ed25519 by the rules of ZIP-215. */
export interface SignedItem {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  /** 64 bytes; any other length is invalid, not an error. */
  readonly signature: Uint8Array;
}

/**
 * Who is checked first where a host checks one signature after another: what a chain stands still for, such as votes, goes
 * ahead; transactions that came from outside wait behind it.
 */
export type VerifyOrder = 'ahead' | 'behind';

export interface Crypto {
  /** SHA-256 (FIPS 180-4), 32 bytes. */
  sha256(b: Uint8Array): Uint8Array;
  /**
   * Answers each item in order, as a later event of this boot: never inside the running handler. At most 65,536
   * items. Every world gives the same answers; calls may be answered in another order than they came. @param order absent:
   * `ahead`.
   */
  verify(
    items: readonly SignedItem[],
    onResult: (valid: readonly boolean[]) => void,
    order?: VerifyOrder,
  ): void;
  /**
   * 64 bytes, deterministic (RFC 8032).
   * @throws {AssertionError} when the host holds no key of that name.
   */
  sign(key: KeyId, b: Uint8Array): Uint8Array;
  /**
   * The 32-byte public key of a key that the host holds.
   * @throws {AssertionError} when the host holds no key of that name.
   */
  publicKey(key: KeyId): Uint8Array;
}
