/** SHA-256 (FIPS 180-4), and hashing under a domain tag. */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { roomFor } from '../types/layout/room.ts';
import { bytesToHash, type Hash, hash } from '../types/units.ts';
import type { Tag } from './tags.ts';

/**
 * SHA-256 as hot paths take it: the portable one below, or the native one of `env.crypto`. Both are the
 * same function, and keep nothing of their input, which is one buffer used again and again.
 */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** SHA-256 in portable code; 32 bytes. */
export const sha256: Sha256 = nobleSha256;

/** tag ‖ parts: what is hashed or signed under that tag. */
export function taggedBytes(tag: Tag, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 1;
  for (const part of parts) length += part.length;
  const joined = roomFor(length);
  joined[0] = tag;
  let at = 1;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** SHA-256(tag ‖ parts) as hexadecimal text. */
export function hashTagged(tag: Tag, ...parts: readonly Uint8Array[]): Hash {
  return bytesToHash(sha256(taggedBytes(tag, ...parts)));
}

/** 32 zero bytes as text: an empty state, fields that do not exist yet. */
export const ZERO_HASH = hash('0'.repeat(64));
