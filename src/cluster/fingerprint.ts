/** Fingerprints of events and commands for the trace: unsigned 32-bit integers over every field, cheap. */
import { mix32 } from '../sim/hash.ts';

/** Ids are uniform, so their first digits say enough; of other text every character counts. */
const ID_DIGITS = 8;
const ID_LENGTH = 64;
/** Nesting of events and commands: a transaction in a command is the deepest. */
const DEPTH_MAX = 4;

function ofText(text: string): number {
  const length = text.length >= ID_LENGTH ? ID_DIGITS : text.length;
  let hash = text.length;
  for (let i = 0; i < length; i++) hash = Math.imul(hash, 31) + text.charCodeAt(i);
  return hash | 0;
}

function ofValue(value: unknown, depth: number): number {
  switch (typeof value) {
    case 'string':
      return ofText(value);
    case 'number':
      return value | 0;
    case 'boolean':
      return value ? 1 : 2;
    case 'bigint':
      return Number(BigInt.asUintN(32, value)) | 0;
    case 'object':
      return value === null || depth >= DEPTH_MAX ? 3 : ofObject(value, depth + 1);
    default:
      return 4;
  }
}

function ofObject(value: object, depth: number): number {
  let hash = 0x9e3779b1 | 0;
  for (const field of Object.values(value)) hash = mix32(hash + ofValue(field, depth)) | 0;
  return hash;
}

/** Fields count in the order in which they were written down, which is the code's. */
export function fingerprintOf(value: object): number {
  return ofObject(value, 0) >>> 0;
}
