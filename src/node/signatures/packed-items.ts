/** Signatures to check as one run of bytes, which moves to another thread without a copy. */
import type { SignedItem } from '../../env/crypto.ts';

/** Items one after another: each part is preceded by its length. */
export interface PackedItems {
  readonly count: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const LENGTH_BYTES = 4;
const PARTS = 3;

export function packItems(items: readonly SignedItem[]): PackedItems {
  let size = 0;
  for (const { publicKey, signature, message } of items)
    size += PARTS * LENGTH_BYTES + publicKey.length + signature.length + message.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { publicKey, signature, message } of items) {
    for (const part of [publicKey, signature, message]) {
      view.setUint32(at, part.length);
      bytes.set(part, at + LENGTH_BYTES);
      at += LENGTH_BYTES + part.length;
    }
  }
  return { count: items.length, bytes };
}

/** The items, as views of the bytes. */
export function unpackItems({ count, bytes }: PackedItems): readonly SignedItem[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  function part(): Uint8Array {
    const from = at + LENGTH_BYTES;
    at = from + view.getUint32(at);
    return bytes.subarray(from, at);
  }
  return Array.from({ length: count }, () => {
    const publicKey = part();
    const signature = part();
    return { publicKey, signature, message: part() };
  });
}
