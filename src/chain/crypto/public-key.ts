/** Which 32 bytes may be a public key: canonical ones that are not of small order. PROTOCOL.md, Bytes and ids. */
import { hexToBytes } from '../../env/bytes.ts';

const KEY_BYTES = 32;
/** p = 2^255 - 19, little-endian: the smallest y that is not canonical. RFC 8032 §5.1. */
const FIELD_PRIME = Uint8Array.from({ length: KEY_BYTES }, (_, i) =>
  i === 0 ? 0xed : i === 31 ? 0x7f : 0xff,
);

/**
 * The y of every point whose order divides 8, little-endian: 1 (order 1), p - 1 (order 2), 0 (order 4), and the two
 * of order 8. Both signs of x are of small order too, so that the sign bit is left out.
 */
const SMALL_ORDER_Y: readonly string[] = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
];
const SMALL_ORDER = SMALL_ORDER_Y.map((text) => hexToBytes(text) ?? new Uint8Array(0));

/** Byte 31 without the sign bit of x. */
function yByte(key: Uint8Array, index: number): number {
  const byte = key[index] as number;
  return index === KEY_BYTES - 1 ? byte & 0x7f : byte;
}

function isBelowPrime(key: Uint8Array): boolean {
  for (let i = KEY_BYTES - 1; i >= 0; i--) {
    const difference = yByte(key, i) - (FIELD_PRIME[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/**
 * True for 32 bytes whose y is below p and whose point, if there is one, is not of small order. Whether y is on the
 * curve shows when a signature is checked: without a point none is valid.
 */
export function isCanonicalPublicKey(key: Uint8Array): boolean {
  if (key.length !== KEY_BYTES || !isBelowPrime(key)) return false;
  return !SMALL_ORDER.some((y) => y.every((byte, i) => byte === yByte(key, i)));
}
