/** Layouts: one definition of a type, from which its canonical bytes, its JSON and its sizes derive. */
import { assert } from '../../../env/assert.ts';
import { AMOUNT_MAX } from '../units.ts';
import { type ByteReader, ByteWriter, type Reader } from './buffers.ts';
import { asciiText } from './hex.ts';
import type { JsonReader } from './json-reader.ts';

/** How values of one type are written. Writers assert, since only a bug hands them other values; readers refuse. */
export interface Layout<T> {
  /** No encoding is shorter: what a list may hold is bounded by the bytes that are there. */
  readonly bytesMin: number;
  /** Encoded length in bytes. */
  size(value: T): number;
  write(value: T, into: ByteWriter): void;
  read(from: ByteReader): T;
  /** Length of the JSON text, all of it ASCII. */
  jsonSize(value: T): number;
  writeJson(value: T, into: ByteWriter): void;
  readJson(from: JsonReader): T;
  /** Folds the whole value into a 32-bit hash: for fingerprints, not against collisions on purpose. */
  mix(value: T, hash: number): number;
}

/** Folds 32 bits into a hash. */
export function mix32(hash: number, bits: number): number {
  let mixed = Math.imul(hash ^ bits, 0x9e3779b1);
  mixed ^= mixed >>> 15;
  return Math.imul(mixed, 0x85ebca77) ^ (mixed >>> 13);
}

/** Folds text into a hash: FNV-1a over its characters, then its length. */
export function mixText(hash: number, text: string): number {
  let mixed = hash;
  for (let i = 0; i < text.length; i++) mixed = Math.imul(mixed ^ text.charCodeAt(i), 0x01000193);
  return mix32(mixed, text.length);
}

function mixInteger(hash: number, value: number): number {
  return mix32(mix32(hash, value | 0), Math.floor(value / 0x1_0000_0000));
}

/** Count of decimal digits of a safe integer. */
function decimalLength(value: number): number {
  let length = 1;
  for (let bound = 10; value >= bound; bound *= 10) length++;
  return length;
}

type UnsignedWidth = 8 | 16 | 32 | 64;
const WIDTH_MAX = new Map<UnsignedWidth, number>([
  [8, 0xff],
  [16, 0xffff],
  [32, 0xffff_ffff],
  [64, Number.MAX_SAFE_INTEGER],
]);

/** A safe integer of 8, 16, 32 or 64 bits, at most `max`. JSON: a number. */
export function unsigned<T extends number>(width: UnsignedWidth, max?: number): Layout<T> {
  const limit = max ?? WIDTH_MAX.get(width) ?? 0;
  const bytes = width / 8;
  function checked(value: number): number {
    assert(
      Number.isSafeInteger(value) && value >= 0 && value <= limit,
      'an encoded integer is within its range',
    );
    return value;
  }
  return {
    bytesMin: bytes,
    size: () => bytes,
    write(value, into) {
      checked(value);
      if (width === 64) into.u64(value);
      else if (width === 32) into.u32(value);
      else if (width === 16) into.u16(value);
      else into.u8(value);
    },
    read(from) {
      const value =
        width === 64 ? from.u64() : width === 32 ? from.u32() : width === 16 ? from.u16() : from.u8();
      if (value > limit) from.fail('OUT_OF_RANGE', `at most ${limit} expected`);
      return value as T;
    },
    jsonSize: decimalLength,
    writeJson: (value, into) => into.ascii(String(checked(value))),
    readJson: (from) => from.integer(limit) as T,
    mix: (value, hash) => mixInteger(hash, value),
  };
}

/** A u64 as bigint. JSON: a decimal string, since amounts pass 2^53. */
export function amountLayout<T extends bigint>(): Layout<T> {
  function checked(value: bigint): bigint {
    assert(value >= 0n && value <= AMOUNT_MAX, 'an encoded amount is a u64');
    return value;
  }
  return {
    bytesMin: 8,
    size: () => 8,
    write: (value, into) => into.u64Big(checked(value)),
    read: (from) => from.u64Big() as T,
    jsonSize: (value) => 2 + value.toString().length,
    writeJson: (value, into) => into.quoted(checked(value).toString()),
    readJson: (from) => from.bigint(AMOUNT_MAX) as T,
    mix: (value, hash) =>
      mix32(mix32(hash, Number(BigInt.asIntN(32, value))), Number(BigInt.asIntN(32, value >> 32n))),
  };
}

/** Exactly `bytes` bytes, as hexadecimal text. */
export function fixedHex<T extends string>(bytes: number): Layout<T> {
  return {
    bytesMin: bytes,
    size: () => bytes,
    write(value, into) {
      assert(value.length === 2 * bytes, 'a field of fixed length has that length');
      into.hex(value);
    },
    read: (from) => from.hex(bytes) as T,
    jsonSize: () => 2 * bytes + 2,
    writeJson(value, into) {
      assert(value.length === 2 * bytes, 'a field of fixed length has that length');
      into.quoted(value);
    },
    readJson: (from) => from.hex(bytes, bytes) as T,
    mix: (value, hash) => mixText(hash, value),
  };
}

/** Whether these bytes are the next ones; then the reader is behind them. */
function standsAt(from: Reader, bytes: Uint8Array): boolean {
  const { at } = from;
  if (from.left < bytes.length) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== from.bytes[at + i]) return false;
  from.at = at + bytes.length;
  return true;
}

/**
 * fixedHex for a field that is mostly the same from one value to the next, such as the chain's id: the bytes are
 * compared, or copied, before they are converted. Measured on a block of 500 transactions: a fifth of the time.
 */
export function repeatedHex<T extends string>(count: number): Layout<T> {
  const plain = fixedHex<T>(count);
  const bytes = new Uint8Array(count);
  /** The same as it stands in JSON, between its quotes. */
  const quoted = new ByteWriter(2 * count + 2);
  let text: T | undefined;
  function remember(value: T, source: Uint8Array, at: number): T {
    bytes.set(source.subarray(at, at + count));
    quoted.at = 0;
    quoted.quoted(value);
    text = value;
    return value;
  }
  return {
    ...plain,
    write(value, into) {
      const { at } = into;
      if (value === text) return into.raw(bytes);
      plain.write(value, into);
      remember(value, into.bytes, at);
    },
    read(from) {
      const { at } = from;
      if (text !== undefined && from.failure === undefined && standsAt(from, bytes)) return text;
      const value = plain.read(from);
      return from.failure === undefined ? remember(value, from.bytes, at) : value;
    },
    readJson(from) {
      if (text !== undefined && from.failure === undefined && standsAt(from, quoted.bytes)) return text;
      return plain.readJson(from);
    },
  };
}

type PrefixWidth = 8 | 16 | 32;

function writePrefix(width: PrefixWidth, length: number, into: ByteWriter): void {
  if (width === 8) into.u8(length);
  else if (width === 16) into.u16(length);
  else into.u32(length);
}

/** Reads a count or length and refuses more than `max`, before anything is allocated. */
function readPrefix(width: PrefixWidth, max: number, from: ByteReader): number {
  const length = width === 8 ? from.u8() : width === 16 ? from.u16() : from.u32();
  if (length <= max) return length;
  from.fail('OUT_OF_RANGE', `at most ${max} expected, not ${length}`);
  return 0;
}

/** Length, then bytes, as hexadecimal text of `min` to `max` bytes. */
export function sizedHex<T extends string>(width: PrefixWidth, max: number, min = 0): Layout<T> {
  const prefix = width / 8;
  function checked(value: string): string {
    const { length } = value;
    assert(length % 2 === 0 && length >= 2 * min && length <= 2 * max, 'opaque bytes are within their limit');
    return value;
  }
  return {
    bytesMin: prefix + min,
    size: (value) => prefix + value.length / 2,
    write(value, into) {
      writePrefix(width, checked(value).length / 2, into);
      into.hex(value);
    },
    read(from) {
      const length = readPrefix(width, max, from);
      if (length < min) from.fail('OUT_OF_RANGE', `at least ${min} bytes expected`);
      return from.hex(length) as T;
    },
    jsonSize: (value) => value.length + 2,
    writeJson: (value, into) => into.quoted(checked(value)),
    readJson: (from) => from.hex(min, max) as T,
    mix: (value, hash) => mixText(hash, value),
  };
}

const PLAIN_TEXT = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** Length as u8, then printable ASCII without quotes and backslashes, so that JSON needs no escapes. */
export function asciiLayout<T extends string>(min: number, max: number): Layout<T> {
  function checked(value: string): string {
    assert(
      value.length >= min && value.length <= max && PLAIN_TEXT.test(value),
      'text is plain ASCII within its limit',
    );
    return value;
  }
  return {
    bytesMin: 1 + min,
    size: (value) => 1 + value.length,
    write(value, into) {
      into.u8(checked(value).length);
      into.ascii(value);
    },
    read(from) {
      const length = readPrefix(8, max, from);
      if (length < min) from.fail('OUT_OF_RANGE', `at least ${min} characters expected`);
      const at = from.take(length);
      const text = at < 0 ? '' : asciiText(from.bytes, at, at + length);
      if (!PLAIN_TEXT.test(text))
        from.fail('BAD_FIELD', 'printable ASCII without quotes and backslashes expected');
      return text as T;
    },
    jsonSize: (value) => value.length + 2,
    writeJson: (value, into) => into.quoted(checked(value)),
    readJson: (from) => from.ascii(min, max) as T,
    mix: (value, hash) => mixText(hash, value),
  };
}

/** One byte, 0 or 1. JSON: true or false. */
export const booleanLayout: Layout<boolean> = {
  bytesMin: 1,
  size: () => 1,
  write: (value, into) => into.u8(value ? 1 : 0),
  read(from) {
    const value = from.u8();
    if (value > 1) from.fail('NOT_CANONICAL', '0 or 1 expected');
    return value === 1;
  },
  jsonSize: (value) => (value ? 4 : 5),
  writeJson: (value, into) => into.ascii(value ? 'true' : 'false'),
  readJson: (from) => from.boolean(),
  mix: (value, hash) => mix32(hash, value ? 1 : 2),
};

/** Count, then the items. At most `max`; refused before a single item is read. */
export function listOf<T>(item: Layout<T>, width: PrefixWidth, max: number): Layout<readonly T[]> {
  const prefix = width / 8;
  return {
    bytesMin: prefix,
    size(values) {
      let size = prefix;
      for (const value of values) size += item.size(value);
      return size;
    },
    write(values, into) {
      assert(values.length <= max, 'a list is within its limit');
      writePrefix(width, values.length, into);
      for (const value of values) item.write(value, into);
    },
    read(from) {
      const count = readPrefix(width, max, from);
      if (count * item.bytesMin > from.left) from.fail('TRUNCATED', `${count} items expected`);
      const values: T[] = [];
      for (let i = 0; i < count && from.failure === undefined; i++) {
        values.push(item.read(from));
        if (from.failure !== undefined) from.within(String(i));
      }
      return values;
    },
    jsonSize(values) {
      let size = values.length === 0 ? 2 : values.length + 1;
      for (const value of values) size += item.jsonSize(value);
      return size;
    },
    writeJson(values, into) {
      assert(values.length <= max, 'a list is within its limit');
      into.u8(0x5b);
      for (let i = 0; i < values.length; i++) {
        if (i > 0) into.u8(0x2c);
        item.writeJson(values[i] as T, into);
      }
      into.u8(0x5d);
    },
    readJson: (from) => readJsonList(item, max, from),
    mix(values, hash) {
      let mixed = mix32(hash, values.length);
      for (const value of values) mixed = item.mix(value, mixed);
      return mixed;
    },
  };
}

function readJsonList<T>(item: Layout<T>, max: number, from: JsonReader): readonly T[] {
  const values: T[] = [];
  if (from.failure !== undefined) return values;
  if (!from.acceptCode(0x5b)) {
    from.failValue('a list');
    return values;
  }
  if (from.acceptCode(0x5d)) return values;
  do {
    if (values.length === max) from.fail('OUT_OF_RANGE', `at most ${max} items expected`);
    else values.push(item.readJson(from));
    if (from.failure !== undefined) {
      from.within(String(values.length - 1));
      return values;
    }
  } while (from.acceptCode(0x2c));
  from.expect(0x5d);
  return values;
}

/** The bytes of one type for values of another. `from` takes whatever the layout reads, and never throws. */
export function mapped<T, U>(layout: Layout<T>, to: (value: U) => T, from: (value: T) => U): Layout<U> {
  return {
    bytesMin: layout.bytesMin,
    size: (value) => layout.size(to(value)),
    write: (value, into) => layout.write(to(value), into),
    read: (reader) => from(layout.read(reader)),
    jsonSize: (value) => layout.jsonSize(to(value)),
    writeJson: (value, into) => layout.writeJson(to(value), into),
    readJson: (reader) => from(layout.readJson(reader)),
    mix: (value, hash) => layout.mix(to(value), hash),
  };
}

/** The same layout with one more rule on values that come from outside; a writer asserts it. `broken` says what is wrong. */
export function refine<T>(
  layout: Layout<T>,
  broken: (
    value: T,
  ) => { readonly code: 'BAD_FIELD' | 'OUT_OF_RANGE' | 'NOT_CANONICAL'; readonly detail: string } | undefined,
): Layout<T> {
  function checked(value: T): T {
    assert(broken(value) === undefined, 'what is encoded keeps the rules of its layout');
    return value;
  }
  return {
    ...layout,
    write: (value, into) => layout.write(checked(value), into),
    writeJson: (value, into) => layout.writeJson(checked(value), into),
    read(from) {
      const value = layout.read(from);
      const wrong = from.failure === undefined ? broken(value) : undefined;
      if (wrong !== undefined) from.fail(wrong.code, wrong.detail);
      return value;
    },
    readJson(from) {
      const value = layout.readJson(from);
      const wrong = from.failure === undefined ? broken(value) : undefined;
      if (wrong !== undefined) from.fail(wrong.code, wrong.detail);
      return value;
    },
  };
}
