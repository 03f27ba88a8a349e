/** Hashes and signatures behind env/crypto.ts: a suite that the process was given, and the secrets of this host. */
import { assert } from '../../env/assert.ts';
import type { Crypto, SignedItem } from '../../env/crypto.ts';
import type { KeyId } from '../../env/units.ts';

/** One call checks at most so many. */
const ITEMS_MAX = 65_536;

/** Pure functions, native where the machine has them. Ed25519 by ZIP-215; other lengths of keys and signatures are invalid. */
export interface SignatureSuite {
  /** SHA-256, 32 bytes. */
  sha256(b: Uint8Array): Uint8Array;
  verify(item: SignedItem): boolean;
  /** The 32-byte public key of a 32-byte secret. */
  publicKey(secret: Uint8Array): Uint8Array;
  /** 64 bytes, deterministic (RFC 8032). */
  sign(secret: Uint8Array, b: Uint8Array): Uint8Array;
}

/** Who checks signatures for a host: threads of their own, in the node. */
export type VerifySignatures = Crypto['verify'];

/** Checks on this thread, in a later turn of the loop. */
export function verifyHere(suite: Pick<SignatureSuite, 'verify'>): VerifySignatures {
  return (items, onResult) => {
    setImmediate(() => onResult(items.map((item) => suite.verify(item))));
  };
}

/** @param enter runs a callback as one handler, unless the boot has ended. */
export function createSystemCrypto(
  suite: SignatureSuite,
  verify: VerifySignatures,
  secrets: ReadonlyMap<KeyId, Uint8Array>,
  enter: (run: () => void) => void,
): Crypto {
  function secretOf(key: KeyId): Uint8Array {
    const secret = secrets.get(key);
    assert(secret !== undefined, 'the host holds every key that its program names');
    return secret;
  }

  return {
    sha256: (bytes) => suite.sha256(bytes),
    verify(items, onResult, order) {
      assert(items.length <= ITEMS_MAX, 'at most 65,536 signatures are checked at once');
      verify(items, (valid) => enter(() => onResult(valid)), order);
    },
    sign: (key, bytes) => suite.sign(secretOf(key), bytes),
    publicKey: (key) => suite.publicKey(secretOf(key)),
  };
}
