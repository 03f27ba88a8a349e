/** Reads canonical JSON by its layout, straight from bytes: no tree, no recursion over input, nothing but one spelling accepted. */

import { Reader } from './buffers.ts';
import { asciiText, endOfHex } from './hex.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const ZERO = 0x30;
/** Digits of 2^53 - 1, and of 2^64 - 1. */
const SAFE_DIGITS_MAX = 16;
const U64_DIGITS_MAX = 20;
/** Longer names are no field of ours. */
const KEY_LENGTH_MAX = 64;
/** How deep the search for a misplaced field looks; the deepest message has 6. */
const DEPTH_MAX = 32;

function isSpace(code: number | undefined): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** After a failure it answers zeros and empty text, and moves no further. */
export class JsonReader extends Reader {
  /** True, and past it, when the bytes here are exactly `text`. */
  accept(text: Uint8Array): boolean {
    const { bytes, at } = this;
    const { length } = text;
    if (this.failure !== undefined || length > bytes.length - at) return false;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== text[i]) return false;
    this.at = at + length;
    return true;
  }

  acceptCode(code: number): boolean {
    if (this.failure !== undefined || this.bytes[this.at] !== code) return false;
    this.at++;
    return true;
  }

  /** A structural character that must stand here. */
  expect(code: number): void {
    if (this.failure === undefined && !this.acceptCode(code)) this.failStructure(String.fromCharCode(code));
  }

  failStructure(expected: string): void {
    const found = this.bytes[this.at];
    if (found === undefined) this.fail('TRUNCATED', `${expected} expected`);
    else if (isSpace(found)) this.fail('NOT_CANONICAL', `white space before ${expected}`);
    else this.fail('NOT_JSON', `${expected} expected`);
  }

  /** A value of another type stands here than `expected` names. */
  failValue(expected: string): void {
    const found = this.bytes[this.at];
    if (found === undefined) this.fail('TRUNCATED', `${expected} expected`);
    else if (isSpace(found)) this.fail('NOT_CANONICAL', `white space before ${expected}`);
    else this.fail('BAD_FIELD', `${expected} expected`);
  }

  /** Start of the digits, or -1; they end at the position. */
  #digits(max: number): number {
    const start = this.at;
    let end = start;
    while (end - start <= max && isDigit(this.bytes[end])) end++;
    if (end === start) {
      this.failValue('an unsigned integer');
      return -1;
    }
    if (end - start > max) {
      this.fail('OUT_OF_RANGE', `at most ${max} digits expected`);
      return -1;
    }
    if (this.bytes[start] === ZERO && end - start > 1) {
      this.fail('NOT_CANONICAL', 'leading zero');
      return -1;
    }
    this.at = end;
    return start;
  }

  /** An integer 0 <= x <= max. */
  integer(max: number): number {
    if (this.failure !== undefined) return 0;
    const start = this.#digits(SAFE_DIGITS_MAX);
    if (start < 0) return 0;
    let value = 0;
    for (let i = start; i < this.at; i++) value = value * 10 + ((this.bytes[i] as number) - ZERO);
    if (value > max) this.fail('OUT_OF_RANGE', `at most ${max} expected`);
    return value;
  }

  /** A bigint 0 <= x < 2^64, as a decimal string. */
  bigint(max: bigint): bigint {
    if (this.failure !== undefined) return 0n;
    if (!this.acceptCode(QUOTE)) {
      this.failValue('a decimal string');
      return 0n;
    }
    const start = this.#digits(U64_DIGITS_MAX);
    if (start < 0) return 0n;
    const value = BigInt(asciiText(this.bytes, start, this.at));
    if (value > max) this.fail('OUT_OF_RANGE', `at most ${max} expected`);
    this.expect(QUOTE);
    return value;
  }

  boolean(): boolean {
    if (this.accept(TRUE)) return true;
    if (!this.accept(FALSE)) this.failValue('true or false');
    return false;
  }

  /** Start of a string of printable ASCII without escapes, or -1; its closing quote stands before the position. */
  #string(maxLength: number): number {
    if (this.failure !== undefined) return -1;
    if (!this.acceptCode(QUOTE)) {
      this.failValue('a string');
      return -1;
    }
    const start = this.at;
    const { bytes } = this;
    const stop = Math.min(bytes.length, start + maxLength);
    let end = start;
    while (end < stop && bytes[end] !== QUOTE) {
      const code = bytes[end] as number;
      if (code < 0x20 || code > 0x7e || code === BACKSLASH) {
        this.fail('BAD_FIELD', 'printable ASCII without quotes and backslashes expected');
        return -1;
      }
      end++;
    }
    if (bytes[end] !== QUOTE) {
      if (end >= bytes.length) this.fail('TRUNCATED', 'a closing quote expected');
      else this.fail('OUT_OF_RANGE', `at most ${maxLength} characters expected`);
      return -1;
    }
    this.at = end + 1;
    return start;
  }

  ascii(minLength: number, maxLength: number): string {
    const start = this.#string(maxLength);
    if (start < 0) return '';
    const end = this.at - 1;
    if (end - start < minLength) this.fail('OUT_OF_RANGE', `at least ${minLength} characters expected`);
    return asciiText(this.bytes, start, end);
  }

  hex(minBytes: number, maxBytes: number): string {
    const { bytes, at } = this;
    if (this.failure !== undefined) return '';
    const end = endOfHex(bytes, at + 1, Math.min(bytes.length, at + 1 + 2 * maxBytes));
    const length = end - at - 1;
    if (bytes[at] === QUOTE && bytes[end] === QUOTE && length % 2 === 0 && length >= 2 * minBytes) {
      this.at = end + 1;
      return asciiText(bytes, at + 1, end);
    }
    this.#failHex(minBytes, maxBytes);
    return '';
  }

  #failHex(minBytes: number, maxBytes: number): void {
    const start = this.#string(2 * maxBytes);
    if (start < 0) return;
    const end = this.at - 1;
    if ((end - start) % 2 !== 0 || endOfHex(this.bytes, start, end) < end) {
      this.fail('BAD_FIELD', 'lower-case hexadecimal of whole bytes expected');
    } else this.fail('OUT_OF_RANGE', `at least ${minBytes} bytes expected`);
  }

  /** A key that stands here between quotes, followed by a colon. Only failures come here: it may be slow. */
  #key(): string | undefined {
    const start = this.#string(KEY_LENGTH_MAX);
    if (start < 0) return undefined;
    const end = this.at - 1;
    if (!this.acceptCode(COLON)) {
      this.failStructure(':');
      return undefined;
    }
    return asciiText(this.bytes, start, end);
  }

  /**
   * Says why field `next` of `names` does not stand here: the code that fits best. `read`: the names that were read.
   */
  failField(names: readonly string[], read: ReadonlySet<string>, next: number): void {
    if (this.failure !== undefined) return;
    const wanted = names[next];
    if (wanted !== undefined && this.bytes[this.at] === CLOSE_BRACE) {
      this.fail('MISSING_FIELD', wanted);
      return;
    }
    if (read.size === 0 && !this.acceptCode(OPEN_BRACE)) return this.failValue('an object');
    if (read.size === 0 && wanted !== undefined && this.bytes[this.at] === CLOSE_BRACE) {
      this.fail('MISSING_FIELD', wanted);
      return;
    }
    if (read.size > 0 && !this.acceptCode(COMMA)) return this.failStructure(wanted === undefined ? '}' : ',');
    if (this.bytes[this.at] !== QUOTE) return this.failStructure('"');
    const key = this.#key();
    if (key === undefined) return;
    if (wanted !== 'kind' && !names.includes(key) && !read.has(key)) this.fail('UNKNOWN_FIELD', key);
    else if (read.has(key)) this.fail('DUPLICATE_FIELD', key);
    else if (wanted === undefined || this.#holdsLater(wanted))
      this.fail('NOT_CANONICAL', `${key} out of order`);
    else this.fail('MISSING_FIELD', wanted);
  }

  /** Whether the object in which a value starts here has a field `name` behind it. Counts brackets; no recursion. */
  #holdsLater(name: string): boolean {
    const { bytes } = this;
    let depth = 0;
    for (let at = this.at; at < bytes.length; at++) {
      const code = bytes[at];
      if (code === QUOTE) {
        const start = at + 1;
        at = this.#endOfString(start);
        if (depth === 0 && bytes[at + 1] === COLON && asciiText(bytes, start, at) === name) return true;
      } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        if (++depth > DEPTH_MAX) return false;
      } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
        if (--depth < 0) return false;
      }
    }
    return false;
  }

  #endOfString(start: number): number {
    let at = start;
    while (at < this.bytes.length && this.bytes[at] !== QUOTE) at += this.bytes[at] === BACKSLASH ? 2 : 1;
    return at;
  }
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= ZERO && code <= 0x39;
}

/** The codes of ASCII text. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const TRUE = asciiBytes('true');
const FALSE = asciiBytes('false');
