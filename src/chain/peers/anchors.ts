/** Anchors: the outbound peers of the last boot, kept on disk so that a restart finds the same neighbourhood. */
import type { Crypto } from '../../env/crypto.ts';
import type { Storage } from '../../env/storage.ts';
import { type Address, address } from '../../env/units.ts';
import { openRecord, PREFIX, sealRecord } from '../blockstore/records.ts';

/** As many as are dialed at once; a restart that is eclipsed needs only one honest one. */
export const ANCHORS_MAX = 8;

const KEY = Uint8Array.of(PREFIX.peers, 0x61);

/** Writes the addresses, two bytes a character behind their length. Becomes durable with the next flush. */
export function saveAnchors(storage: Storage, crypto: Crypto, anchors: readonly Address[]): void {
  const bytes: number[] = [];
  for (const anchor of anchors.slice(0, ANCHORS_MAX)) {
    bytes.push(anchor.length);
    for (let i = 0; i < anchor.length; i++) {
      const code = anchor.charCodeAt(i);
      bytes.push(code >>> 8, code & 0xff);
    }
  }
  const value = sealRecord((b) => crypto.sha256(b), KEY, Uint8Array.from(bytes));
  storage.write([{ kind: 'put', key: KEY, value }]);
}

/** The addresses of the last boot; none when there are none or the record is corrupt. */
export function loadAnchors(storage: Storage, crypto: Crypto): readonly Address[] {
  const value = storage.get(KEY);
  const payload = value === undefined ? 'corrupt' : openRecord((b) => crypto.sha256(b), KEY, value);
  if (payload === 'corrupt') return [];
  const anchors: Address[] = [];
  let at = 0;
  while (at < payload.length) {
    const length = payload[at++] as number;
    let text = '';
    for (let i = 0; i < length && at + 1 < payload.length; i++, at += 2) {
      text += String.fromCharCode(((payload[at] as number) << 8) | (payload[at + 1] as number));
    }
    if (text.length === length && length > 0) anchors.push(address(text));
  }
  return anchors;
}
