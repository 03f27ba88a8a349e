/** Bytes, id and JSON of a header. PROTOCOL.md, Header. */
import type { DecodeRejection } from '../../env/network.ts';
import { type Sha256, sha256 } from '../crypto/sha256.ts';
import { TAG } from '../crypto/tags.ts';
import { CONSENSUS_FIELD_MAX_BYTES, type Header } from './block.ts';
import { decodeLayout, encodeLayout, hashLayout } from './layout/codec.ts';
import {
  accountAddressField,
  blockHashField,
  gasField,
  hashField,
  heightField,
  timeField,
  u32Field,
  versionField,
} from './layout/fields.ts';
import { type Layout, mixText, sizedHex } from './layout/layout.ts';
import { struct } from './layout/struct.ts';
import { type BlockHash, bytesToHash } from './units.ts';

const engineField = sizedHex<string>(16, CONSENSUS_FIELD_MAX_BYTES);

const fields: Layout<Header> = struct<Header>({
  version: versionField,
  height: heightField,
  parent: blockHashField,
  timestampMs: timeField,
  beneficiary: accountAddressField,
  txCount: u32Field,
  transactionsRoot: hashField,
  receiptsRoot: hashField,
  stateRoot: hashField,
  systemRoot: hashField,
  messagesRoot: hashField,
  historyRoot: hashField,
  gasUsed: gasField,
  consensus: engineField,
  seal: engineField,
});

/** 290 bytes, and what `consensus` and `seal` hold. */
const HEADER_MAX_BYTES = fields.bytesMin + 2 * CONSENSUS_FIELD_MAX_BYTES;

const ids = new WeakMap<Header, BlockHash>();

/** A header inside a larger encoding: folded into fingerprints by its id, which covers all of it. */
export const headerLayout: Layout<Header> = {
  ...fields,
  mix: (value, hash) => mixText(hash, blockId(value)),
};

/** The canonical bytes, seal included. */
export function encodeHeader(header: Header): Uint8Array {
  return encodeLayout(fields, header);
}

/** The header of exactly these bytes. */
export function decodeHeader(bytes: Uint8Array): Header | DecodeRejection {
  return decodeLayout(headerLayout, bytes, HEADER_MAX_BYTES);
}

/** The encoding with an empty seal, without a tag: what a seal is searched for, and what a producer signs under a tag. */
export function headerSignBytes(header: Header): Uint8Array {
  return encodeLayout(fields, header.seal === '' ? header : { ...header, seal: '' });
}

/** Id of the block: SHA-256 over the whole header, seal included; computed once per object. @param hasher as `Sha256` says. */
export function blockId(header: Header, hasher: Sha256 = sha256): BlockHash {
  const known = ids.get(header);
  if (known !== undefined) return known;
  const id = bytesToHash(hashLayout(TAG.block, fields, header, hasher)) as BlockHash;
  ids.set(header, id);
  return id;
}
