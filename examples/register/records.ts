/** What a member of the register keeps on disk: each record has a checksum over key and value, so that rot is found. */

/** What a member has promised and accepted for one slot. Ballot 0: nothing yet. */
export interface Acceptance {
  readonly promised: number;
  readonly accepted: number;
  readonly value: number;
}

const PREFIX = 0x73;
const KEY_BYTES = 5;
const VALUE_BYTES = 16;

/** FNV-1a over key, then value: finds every single flipped bit. */
function checksum(key: Uint8Array, value: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const part of [key, value]) {
    for (const byte of part) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}

export function slotKey(slot: number): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  key[0] = PREFIX;
  new DataView(key.buffer).setUint32(1, slot);
  return key;
}

export function encodeRecord(slot: number, acceptance: Acceptance): Uint8Array {
  const bytes = new Uint8Array(VALUE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, acceptance.promised);
  view.setUint32(4, acceptance.accepted);
  view.setUint32(8, acceptance.value);
  view.setUint32(12, checksum(slotKey(slot), bytes.subarray(0, 12)));
  return bytes;
}

/** Undefined when key or value is damaged. */
export function decodeRecord(
  key: Uint8Array,
  value: Uint8Array,
): { readonly slot: number; readonly acceptance: Acceptance } | undefined {
  if (key.length !== KEY_BYTES || value.length !== VALUE_BYTES || key[0] !== PREFIX) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, VALUE_BYTES);
  if (view.getUint32(12) !== checksum(key, value.subarray(0, 12))) return undefined;
  const slot = new DataView(key.buffer, key.byteOffset, KEY_BYTES).getUint32(1);
  const acceptance = { promised: view.getUint32(0), accepted: view.getUint32(4), value: view.getUint32(8) };
  return { slot, acceptance };
}
