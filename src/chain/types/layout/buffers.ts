/** Cursors over bytes: a writer into a buffer of known size, and a reader that fails once and for all instead of throwing. */
import { assert } from '../../../env/assert.ts';
import type { DecodeRejection } from '../../../env/network.ts';
import { readHexText, writeHexBytes } from './hex.ts';

const TWO_32 = 0x1_0000_0000;
/** Safe integers end below 2^53: the high half of a u64 that holds one is below 2^21. */
const HIGH_SAFE_MAX = 0x1f_ffff;

const QUOTE = 0x22;

/** Writes big-endian values one behind the other. */
export class ByteWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
  }

  u8(value: number): void {
    this.bytes[this.at++] = value;
  }

  u16(value: number): void {
    this.#view.setUint16(this.at, value);
    this.at += 2;
  }

  u32(value: number): void {
    this.#view.setUint32(this.at, value);
    this.at += 4;
  }

  /** A safe integer as a u64. */
  u64(value: number): void {
    this.#view.setUint32(this.at, Math.floor(value / TWO_32));
    this.#view.setUint32(this.at + 4, value % TWO_32);
    this.at += 8;
  }

  u64Big(value: bigint): void {
    this.#view.setBigUint64(this.at, value);
    this.at += 8;
  }

  hex(text: string): void {
    assert(writeHexBytes(this.bytes, this.at, text), 'opaque fields are lower-case hexadecimal text');
    this.at += text.length / 2;
  }

  raw(part: Uint8Array): void {
    this.bytes.set(part, this.at);
    this.at += part.length;
  }

  /** Text between quotes; it needs no escapes. */
  quoted(text: string): void {
    this.u8(QUOTE);
    this.ascii(text);
    this.u8(QUOTE);
  }

  ascii(text: string): void {
    const { bytes } = this;
    let at = this.at;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.at = at;
  }
}

/** What binary and JSON readers share: a position, and the first failure, which stands from then on. */
export class Reader {
  readonly bytes: Uint8Array;
  at = 0;
  failure: DecodeRejection | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Records the first failure; later ones are its consequences. */
  fail(code: DecodeRejection['code'], detail: string): void {
    this.failure ??= { code, detail };
  }

  /** Puts the name of the enclosing field before the detail of the failure. */
  within(name: string): void {
    if (this.failure !== undefined) {
      this.failure = { code: this.failure.code, detail: `${name}: ${this.failure.detail}` };
    }
  }

  get left(): number {
    return this.bytes.length - this.at;
  }
}

/** Reads what a ByteWriter wrote. After a failure it answers zeros and empty text. */
export class ByteReader extends Reader {
  /** A DataView would be shorter, and makes the engine move a small array out of its heap: 0.5 µs for each reader. */
  #word(at: number): number {
    const { bytes } = this;
    const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    return high * 0x1_0000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
  }

  /** Position of the next `length` bytes, or -1 when there are fewer. */
  take(length: number): number {
    const { at } = this;
    if (this.failure !== undefined) return -1;
    if (length > this.bytes.length - at) {
      this.fail('TRUNCATED', `${length} bytes expected, ${this.left} left`);
      return -1;
    }
    this.at = at + length;
    return at;
  }

  u8(): number {
    const at = this.take(1);
    return at < 0 ? 0 : (this.bytes[at] as number);
  }

  u16(): number {
    const at = this.take(2);
    return at < 0 ? 0 : ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number);
  }

  u32(): number {
    const at = this.take(4);
    return at < 0 ? 0 : this.#word(at);
  }

  /** A u64 that must hold a safe integer. */
  u64(): number {
    const at = this.take(8);
    if (at < 0) return 0;
    const high = this.#word(at);
    if (high > HIGH_SAFE_MAX) {
      this.fail('OUT_OF_RANGE', 'a safe integer (below 2^53) was expected');
      return 0;
    }
    return high * TWO_32 + this.#word(at + 4);
  }

  u64Big(): bigint {
    const at = this.take(8);
    if (at < 0) return 0n;
    const high = this.#word(at);
    const low = this.#word(at + 4);
    return high <= HIGH_SAFE_MAX ? BigInt(high * TWO_32 + low) : (BigInt(high) << 32n) | BigInt(low);
  }

  hex(length: number): string {
    const at = this.take(length);
    return at < 0 ? '' : readHexText(this.bytes, at, at + length);
  }
}
