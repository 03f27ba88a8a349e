/** Bech32m: text with a checksum that finds typing errors. BIP-350. */

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const VALUE_OF = new Map(Array.from(ALPHABET, (character, value) => [character, value]));
/** BIP-350 §Bech32m: what the checksum comes to, instead of the 1 of Bech32. */
const BECH32M_CONST = 0x2bc830a3;
/** BIP-173 §Bech32: the generator of the BCH code. */
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const CHECKSUM_LENGTH = 6;
/** BIP-173 §Bech32: up to here the checksum finds any four errors. */
const TEXT_LENGTH_MAX = 90;

/** The parts of valid text: the human-readable part, and 5-bit values without their checksum. */
export interface Bech32m {
  readonly prefix: string;
  readonly values: readonly number[];
}

function polymod(values: readonly number[]): number {
  let checksum = 1;
  for (const value of values) {
    const top = checksum >>> 25;
    checksum = ((checksum & 0x1ff_ffff) << 5) ^ value;
    for (let i = 0; i < 5; i++) if (((top >>> i) & 1) === 1) checksum ^= GENERATOR[i] as number;
  }
  return checksum >>> 0;
}

function expandPrefix(prefix: string): readonly number[] {
  const codes = Array.from(prefix, (character) => character.charCodeAt(0));
  return [...codes.map((code) => code >>> 5), 0, ...codes.map((code) => code & 31)];
}

/** The text, lower case. `prefix` is 1 to 83 characters 33 to 126 in lower case, values are below 32. */
export function encodeBech32m(prefix: string, values: readonly number[]): string {
  const zeros = Array.from({ length: CHECKSUM_LENGTH }, () => 0);
  const checksum = polymod([...expandPrefix(prefix), ...values, ...zeros]) ^ BECH32M_CONST;
  const tail = zeros.map((_, i) => (checksum >>> (5 * (CHECKSUM_LENGTH - 1 - i))) & 31);
  return `${prefix}1${[...values, ...tail].map((value) => ALPHABET.charAt(value)).join('')}`;
}

/** The parts, or what is wrong with the text, for people. */
export function decodeBech32m(text: string): Bech32m | { readonly problem: string } {
  if (text.length > TEXT_LENGTH_MAX) return { problem: `longer than ${TEXT_LENGTH_MAX} characters` };
  if (!/^[\x21-\x7e]*$/.test(text)) return { problem: 'a character outside printable ASCII' };
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return { problem: 'upper and lower case are mixed' };
  const separator = lower.lastIndexOf('1');
  if (separator < 1) return { problem: 'no prefix' };
  if (lower.length - separator - 1 < CHECKSUM_LENGTH) return { problem: 'too short for a checksum' };
  const values: number[] = [];
  for (const character of lower.slice(separator + 1)) {
    const value = VALUE_OF.get(character);
    if (value === undefined) return { problem: `the character '${character}' is not used` };
    values.push(value);
  }
  const prefix = lower.slice(0, separator);
  if (polymod([...expandPrefix(prefix), ...values]) !== BECH32M_CONST)
    return { problem: 'the checksum is wrong' };
  return { prefix, values: values.slice(0, -CHECKSUM_LENGTH) };
}

/** Bytes as 5-bit values, zero bits at the end. BIP-173 §Segwit address format. */
export function bytesToFives(bytes: Uint8Array): readonly number[] {
  const values: number[] = [];
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) values.push((held >>> (bits - 5)) & 31);
  }
  if (bits > 0) values.push((held << (5 - bits)) & 31);
  return values;
}

/** The bytes of 5-bit values; undefined when bits are left over that are not zero, or five and more. */
export function fivesToBytes(values: readonly number[]): Uint8Array | undefined {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const value of values) {
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >>> bits) & 0xff);
    }
  }
  return bits < 5 && (held & ((1 << bits) - 1)) === 0 ? Uint8Array.from(bytes) : undefined;
}
