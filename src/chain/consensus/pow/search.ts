/** The search for a seal: what is hashed, what it is held against, and a bounded run of tries. */
import { assert } from '../../../env/assert.ts';
import { compareBytes } from '../../../env/bytes.ts';
import { type Sha256, taggedBytes } from '../../crypto/sha256.ts';
import { TAG } from '../../crypto/tags.ts';
import { targetToBytes } from './target.ts';

/** A seal is a nonce: 8 bytes, big-endian. */
export const SEAL_BYTES = 8;
const NONCES = 1n << 64n;

/** SHA-256(tag ‖ header bytes with an empty seal ‖ seal): what is held against the target. Not the block's id. */
export function workHash(headerBytes: Uint8Array, seal: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(taggedBytes(TAG.work, headerBytes, seal));
}

/** True when the hash, as a big-endian number, is at most the target. */
export function meetsTarget(hash: Uint8Array, checkTarget: bigint): boolean {
  return compareBytes(hash, targetToBytes(checkTarget)) <= 0;
}

/**
 * The first seal among `tries` nonces from `startNonce` on, which wrap at 2^64.
 * @param job the bytes of one header, as SealJob.headerBytes answered them, and its check target.
 */
export function searchNonce(
  job: { readonly headerBytes: Uint8Array; readonly checkTarget: bigint },
  startNonce: bigint,
  tries: number,
  sha256: Sha256,
): Uint8Array | undefined {
  assert(startNonce >= 0n && startNonce < NONCES, 'a nonce has 64 bits');
  const limit = targetToBytes(job.checkTarget);
  const input = taggedBytes(TAG.work, job.headerBytes, new Uint8Array(SEAL_BYTES));
  const view = new DataView(input.buffer, input.byteOffset + input.length - SEAL_BYTES);
  view.setBigUint64(0, startNonce);
  for (let i = 0; i < tries; i++) {
    if (compareBytes(sha256(input), limit) <= 0) return input.slice(-SEAL_BYTES);
    const low = (view.getUint32(4) + 1) >>> 0;
    view.setUint32(4, low);
    if (low === 0) view.setUint32(0, (view.getUint32(0) + 1) >>> 0);
  }
  return undefined;
}
