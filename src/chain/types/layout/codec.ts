/** Whole values by their layout: encode, decode, JSON. Decoders take any bytes, never throw, and leave nothing over. */
import type { DecodeRejection } from '../../../env/network.ts';
import { type Sha256, sha256 } from '../../crypto/sha256.ts';
import type { Tag } from '../../crypto/tags.ts';
import { ByteReader, ByteWriter } from './buffers.ts';
import { asciiText } from './hex.ts';
import { JsonReader } from './json-reader.ts';
import type { Layout } from './layout.ts';
import { roomFor } from './room.ts';

/** Encodings up to here are put together in one buffer: allocating one for each was measured to cost 0.6 µs, and 9 µs for 10 kB. */
const SCRATCH_BYTES = 65_536;
const scratch = new ByteWriter(SCRATCH_BYTES);

/** The canonical bytes. */
export function encodeLayout<T>(layout: Layout<T>, value: T): Uint8Array {
  const size = layout.size(value);
  const into = size <= SCRATCH_BYTES ? scratch : new ByteWriter(size);
  into.at = 0;
  layout.write(value, into);
  if (into !== scratch) return into.bytes;
  const bytes = roomFor(size);
  bytes.set(into.bytes.subarray(0, size));
  return bytes;
}

/** tag ‖ encoding ‖ end: what is signed under a tag. */
export function encodeTagged<T>(tag: Tag, layout: Layout<T>, value: T, end: Uint8Array): Uint8Array {
  const size = 1 + layout.size(value) + end.length;
  const into = size <= SCRATCH_BYTES ? scratch : new ByteWriter(size);
  into.at = 0;
  into.u8(tag);
  layout.write(value, into);
  into.raw(end);
  if (into !== scratch) return into.bytes;
  const bytes = roomFor(size);
  bytes.set(into.bytes.subarray(0, size));
  return bytes;
}

/** SHA-256(tag ‖ encoding), 32 bytes. */
export function hashLayout<T>(tag: Tag, layout: Layout<T>, value: T, hasher: Sha256 = sha256): Uint8Array {
  const size = 1 + layout.size(value);
  const into = size <= SCRATCH_BYTES ? scratch : new ByteWriter(size);
  into.at = 0;
  into.u8(tag);
  layout.write(value, into);
  return hasher(into.bytes.subarray(0, size));
}

/** The value of exactly these bytes, of which there are at most `maxBytes`. */
export function decodeLayout<T>(layout: Layout<T>, bytes: Uint8Array, maxBytes: number): T | DecodeRejection {
  if (bytes.length > maxBytes)
    return { code: 'TOO_LARGE', detail: `${bytes.length} bytes, at most ${maxBytes}` };
  const from = new ByteReader(bytes);
  const value = layout.read(from);
  if (from.failure === undefined && from.left > 0)
    from.fail('TRAILING_BYTES', `${from.left} bytes left over`);
  return from.failure ?? value;
}

/** The canonical JSON as ASCII bytes. */
export function encodeJson<T>(layout: Layout<T>, value: T): Uint8Array {
  const into = new ByteWriter(layout.jsonSize(value));
  layout.writeJson(value, into);
  return into.bytes;
}

/** The value of exactly this canonical JSON. */
export function decodeJson<T>(layout: Layout<T>, bytes: Uint8Array, maxBytes: number): T | DecodeRejection {
  if (bytes.length > maxBytes)
    return { code: 'TOO_LARGE', detail: `${bytes.length} bytes, at most ${maxBytes}` };
  const from = new JsonReader(bytes);
  const value = layout.readJson(from);
  if (from.failure === undefined && from.left > 0)
    from.fail('TRAILING_BYTES', `${from.left} bytes left over`);
  return from.failure ?? value;
}

/** The canonical JSON as text. */
export function toJsonText<T>(layout: Layout<T>, value: T): string {
  const bytes = encodeJson(layout, value);
  return asciiText(bytes, 0, bytes.length);
}
