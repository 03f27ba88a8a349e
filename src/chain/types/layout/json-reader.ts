/** Reads canonical JSON by its layout, straight from bytes: no tree, no recursion over input, nothing but one spelling accepted. */

import { Reader } from './buffers.ts';
import { asciiHexText, asciiText } from './hex.ts';

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
/** How deep the search for a misplaced field looks; the deepest message has 6. */
const DEPTH_MAX = 32;

function isSpace(code: number | undefined): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** Why text that is no field of a struct stands where a field was expected. */
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

  #digits(max: number): { readonly start: number; readonly end: number } | undefined {
    const start = this.at;
    let end = start;
    while (end - start <= max && isDigit(this.bytes[end])) end++;
    if (end === start) {
      this.failValue('an unsigned integer');
      return undefined;
    }
    if (end - start > max) {
      this.fail('OUT_OF_RANGE', `at most ${max} digits expected`);
      return undefined;
    }
    if (this.bytes[start] === ZERO && end - start > 1) {
      this.fail('NOT_CANONICAL', 'leading zero');
      return undefined;
    }
    this.at = end;
    return { start, end };
  }

  /** An integer 0 <= x <= max. */
  integer(max: number): number {
    if (this.failure !== undefined) return 0;
    const digits = this.#digits(SAFE_DIGITS_MAX);
    if (digits === undefined) return 0;
    let value = 0;
    for (let i = digits.start; i < digits.end; i++) value = value * 10 + ((this.bytes[i] as number) - ZERO);
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
    const digits = this.#digits(U64_DIGITS_MAX);
    if (digits === undefined) return 0n;
    const value = BigInt(asciiText(this.bytes, digits.start, digits.end));
    if (value > max) this.fail('OUT_OF_RANGE', `at most ${max} expected`);
    this.expect(QUOTE);
    return value;
  }

  boolean(): boolean {
    if (this.accept(TRUE)) return true;
    if (!this.accept(FALSE)) this.failValue('true or false');
    return false;
  }

  /** Start and end of a string of printable ASCII without escapes; past its closing quote. */
  #string(maxLength: number): { readonly start: number; readonly end: number } | undefined {
    if (this.failure !== undefined) return undefined;
    if (!this.acceptCode(QUOTE)) {
      this.failValue('a string');
      return undefined;
    }
    const start = this.at;
    const { bytes } = this;
    const stop = Math.min(bytes.length, start + maxLength + 1);
    let end = start;
    while (end < stop && bytes[end] !== QUOTE) {
      const code = bytes[end] as number;
      if (code < 0x20 || code > 0x7e || code === BACKSLASH) {
        this.fail('BAD_FIELD', 'printable ASCII without quotes and backslashes expected');
        return undefined;
      }
      end++;
    }
    if (bytes[end] !== QUOTE) {
      if (end >= bytes.length) this.fail('TRUNCATED', 'a closing quote expected');
      else this.fail('OUT_OF_RANGE', `at most ${maxLength} characters expected`);
      return undefined;
    }
    this.at = end + 1;
    return { start, end };
  }

  ascii(minLength: number, maxLength: number): string {
    const found = this.#string(maxLength);
    if (found === undefined) return '';
    if (found.end - found.start < minLength)
      this.fail('OUT_OF_RANGE', `at least ${minLength} characters expected`);
    return asciiText(this.bytes, found.start, found.end);
  }

  hex(minBytes: number, maxBytes: number): string {
    const found = this.#string(2 * maxBytes);
    if (found === undefined) return '';
    const length = found.end - found.start;
    const text = length % 2 === 0 ? asciiHexText(this.bytes, found.start, found.end) : undefined;
    if (text === undefined) this.fail('BAD_FIELD', 'lower-case hexadecimal of whole bytes expected');
    else if (length < 2 * minBytes) this.fail('OUT_OF_RANGE', `at least ${minBytes} bytes expected`);
    return text ?? '';
  }

  /** A key that stands here between quotes, followed by a colon. Only failures come here: it may be slow. */
  #key(): string | undefined {
    const found = this.#string(64);
    if (found === undefined) return undefined;
    if (!this.acceptCode(COLON)) {
      this.failStructure(':');
      return undefined;
    }
    return asciiText(this.bytes, found.start, found.end);
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
    if (!names.includes(key) && !read.has(key)) this.fail('UNKNOWN_FIELD', key);
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
