/** Integer hashing: one 32-bit mixer, and what is built from it. Math.imul and shifts alone: equal on every engine. */

const { imul } = Math;

/** Bijective and well mixed over 32 bits ("lowbias32" of C. Wellons' hash prospector, bias 0.17). Unsigned. */
export function mix32(value: number): number {
  let h = value;
  h = imul(h ^ (h >>> 16), 0x21f0aaad);
  h = imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}

/** An unsigned 32-bit hash of two words. Not symmetric. */
export function hashPair(a: number, b: number): number {
  return mix32(mix32(a + 0x9e3779b9) ^ b);
}

/** An unsigned 32-bit hash of the UTF-16 units of a text. */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix32(h ^ text.length);
}

/** An unsigned 32-bit hash of bytes. */
export function hashBytes(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) h = imul(h ^ (bytes[i] as number), 0x01000193);
  return mix32(h ^ bytes.length);
}

const TWO_32 = 4_294_967_296;

/** The low 32 bits of a non-negative safe integer, unsigned. */
export function lowWord(value: number): number {
  return value >>> 0;
}

/** The bits of a non-negative safe integer above the low 32. */
export function highWord(value: number): number {
  return (value - (value >>> 0)) / TWO_32;
}

/** Eight lower-case hexadecimal digits of a 32-bit word. */
export function wordToHex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
