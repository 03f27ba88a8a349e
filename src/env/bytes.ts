/** The order of keys, and bytes as text: what Storage promises and every floor needs. */

/** Compares as unsigned bytes, a prefix before what extends it: the order of storage keys. */
export function compareBytes(a: Uint8Array, b: Uint8Array): -1 | 0 | 1 {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    if (x !== y) return x < y ? -1 : 1;
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

/** True when both hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** ASCII codes of the hexadecimal digits. */
const DIGITS = Uint8Array.from({ length: 16 }, (_, digit) => digit.toString(16).charCodeAt(0));
/** Codes of one piece of text; far below what an engine takes as arguments. */
const CHUNK_CODES = 4096;
const codes = new Uint8Array(CHUNK_CODES);

/** Lower-case hexadecimal, two characters a byte. Flat text: joined digits are kept as a tree, and cost ten times as much. */
export function bytesToHex(bytes: Uint8Array): string {
  let text = '';
  let used = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    codes[used++] = DIGITS[byte >>> 4] as number;
    codes[used++] = DIGITS[byte & 15] as number;
    if (used < CHUNK_CODES) continue;
    text += textOfCodes(used);
    used = 0;
  }
  return used === 0 ? text : text + textOfCodes(used);
}

function textOfCodes(length: number): string {
  const text: string = Reflect.apply(String.fromCharCode, undefined, codes.subarray(0, length));
  return text;
}

function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  return -1;
}

/** The bytes of lower-case hexadecimal; undefined for an odd length, an upper-case letter or any other character. */
export function hexToBytes(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = nibble(text.charCodeAt(2 * i));
    const low = nibble(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** Joins the parts into one new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
