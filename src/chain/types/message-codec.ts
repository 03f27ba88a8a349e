/** The wire: messages as canonical JSON, one spelling each. Fields in fixed order, no white space, bigints as decimal strings. */
import { assert } from '../../env/assert.ts';
import { type Codec, type DecodeRejection, MESSAGE_MAX_BYTES } from '../../env/network.ts';
import type { Block } from './block.ts';
import { BLOCK_MAX_BYTES, type Header } from './block.ts';
import { BLOCK_TRANSACTIONS_MAX, blockLayout, certificateLayout, EMPTY_SYSTEM_ROOT } from './block-codec.ts';
import { headerLayout } from './header-codec.ts';
import { decodeJson, encodeJson } from './layout/codec.ts';
import {
  addressField,
  blockHashField,
  hashField,
  heightField,
  publicKeyField,
  signatureField,
  txIdField,
  u32Field,
  u64Field,
  versionField,
  weightField,
} from './layout/fields.ts';
import { booleanLayout, fixedHex, type Layout, listOf, mix32, refine, sizedHex } from './layout/layout.ts';
import { optional, struct, union } from './layout/struct.ts';
import type {
  GetBlockResponseMessage,
  HeadClaim,
  Message,
  ShortIds,
  SyncRequestMessage,
  SyncResponseMessage,
} from './message.ts';
import { transactionLayout } from './transaction-codec.ts';

/**
 * Body of one answer, as JSON. What lies before a message on its stream cannot be overtaken: two such answers, which are
 * all that a node asks of one peer at a time, pass in a second at 1 Mbit/s.
 */
export const ANSWER_MAX_BYTES = 65_536;
/** Bytes of one part of a block or of an item of a snapshot: in hexadecimal they fill one answer. */
export const PART_MAX_BYTES = ANSWER_MAX_BYTES / 2;
/** The longest transaction of a kind known today, as JSON: a transfer with the largest numbers. */
export const TRANSACTION_JSON_BYTES = 572;
/**
 * A handshake or its proof, as JSON: addresses have 255 characters, numbers 78 digits, hashes and keys 64, which makes about 900
 * bytes; there is room for fields of later versions. What strangers send is kept no longer.
 */
export const HANDSHAKE_JSON_MAX_BYTES = 4_096;
/** Messages that both sides send before they know each other. */
export const HANDSHAKE_MESSAGES = 2;
/** A header with a short seal, as JSON, and what stands around it. */
export const HEADER_JSON_BYTES = 1_024;
/** The longest header, as JSON: 1 KiB of consensus and of seal in hexadecimal, and its other fields. */
export const HEADER_JSON_MAX_BYTES = 5_120;
/** Headers asked for at once, and certificates beside them: about 70 with a seal of 64 bytes each fill the answer before. */
export const SYNC_HEADERS_MAX = 512;
/** Blocks asked for at once: small ones; the sender stops when an answer is full. */
export const SYNC_BLOCKS_MAX = 128;
/** Ids of a locator: distances that double reach 2^63 with 64. */
export const LOCATOR_IDS_MAX = 64;
/** Addresses of one PeerInfo: 64 × 255 characters are below 17 kB. */
export const PEER_ADDRESSES_MAX = 64;
/** Ids of one inventory or request: 960 × 67 characters are as long as an answer. */
export const INVENTORY_IDS_MAX = 960;
/** Bodies of one message: the smallest have 409 bytes of JSON, so that 160 fill an answer. */
const TRANSACTION_BODIES_MAX = 160;
/** An engine's message: the largest is a proposal that carries its whole block. */
export const CONSENSUS_BODY_MAX_BYTES = BLOCK_MAX_BYTES + 65_536;

const headClaim: Layout<HeadClaim> = struct<HeadClaim>({
  id: blockHashField,
  height: heightField,
  weight: weightField,
});

const shortIds: Layout<ShortIds> = struct<ShortIds>({
  nonce: fixedHex<string>(8),
  ids: listOf(fixedHex<string>(6), 16, BLOCK_TRANSACTIONS_MAX),
});

/** Indexes into a block's transactions, strictly growing: each is asked for once, in one order. */
const growingIndexes = refine(listOf(u32Field, 16, BLOCK_TRANSACTIONS_MAX), (indexes) =>
  indexes.every((index, i) => i === 0 || index > (indexes[i - 1] ?? 0))
    ? undefined
    : { code: 'BAD_FIELD', detail: 'strictly growing indexes expected' },
);

function sameCount<T>(name: string, left: (value: T) => number, right: (value: T) => number) {
  return (value: T) =>
    left(value) === right(value)
      ? undefined
      : { code: 'BAD_FIELD' as const, detail: `as many ${name} expected` };
}

const part = { offset: u32Field, size: u32Field, bytes: sizedHex<string>(32, PART_MAX_BYTES) };

type BlockResult = GetBlockResponseMessage['result'];
const blockResult: Layout<BlockResult> = refine(
  union<BlockResult>({
    block: { tag: 0, fields: { block: blockLayout, certificate: certificateLayout } },
    transactions: {
      tag: 1,
      fields: {
        indexes: growingIndexes,
        transactions: listOf(transactionLayout, 16, TRANSACTION_BODIES_MAX),
      },
    },
    unknown: { tag: 2, fields: {} },
    part: { tag: 3, fields: part },
  }),
  sameCount(
    'transactions as indexes',
    (result) => (result.kind === 'transactions' ? result.indexes.length : 0),
    (result) => (result.kind === 'transactions' ? result.transactions.length : 0),
  ),
);

type Want = SyncRequestMessage['want'];
const want: Layout<Want> = union<Want>({
  headers: { tag: 0, fields: { locator: listOf(blockHashField, 8, LOCATOR_IDS_MAX), limit: u32Field } },
  blocks: { tag: 1, fields: { ids: listOf(blockHashField, 16, SYNC_BLOCKS_MAX) } },
  snapshot: { tag: 2, fields: { id: hashField, item: u32Field, offset: u32Field } },
  part: { tag: 3, fields: { id: blockHashField, offset: u32Field } },
});

type SyncResult = SyncResponseMessage['result'];
const syncResult: Layout<SyncResult> = refine(
  union<SyncResult>({
    headers: {
      tag: 0,
      fields: {
        headers: listOf(headerLayout, 16, SYNC_HEADERS_MAX),
        certificates: listOf(certificateLayout, 16, SYNC_HEADERS_MAX),
      },
    },
    blocks: {
      tag: 1,
      fields: {
        blocks: listOf<Block>(blockLayout, 16, SYNC_BLOCKS_MAX),
        certificates: listOf(certificateLayout, 16, SYNC_BLOCKS_MAX),
      },
    },
    snapshot: {
      tag: 2,
      fields: { size: u32Field, bytes: sizedHex<string>(32, PART_MAX_BYTES) },
    },
    unavailable: { tag: 3, fields: {} },
    part: { tag: 4, fields: { id: blockHashField, ...part } },
  }),
  sameCount(
    'certificates as headers or blocks',
    (result) =>
      result.kind === 'headers' ? result.headers.length : result.kind === 'blocks' ? result.blocks.length : 0,
    (result) => (result.kind === 'headers' || result.kind === 'blocks' ? result.certificates.length : 0),
  ),
);

const ping = { nonce: u64Field, head: headClaim };

/**
 * Every message by its kind; a kind of another message is UNKNOWN_KIND, one inside a message is a bad field. No layout
 * contains itself, so that the nesting of what is read is bounded by the definitions here. Tags are not on the wire, which is JSON; they are the order of the kinds in fingerprints.
 */
export const messageLayout: Layout<Message> = union<Message>(
  {
    Handshake: {
      tag: 0,
      fields: {
        protocolMin: versionField,
        protocolMax: versionField,
        genesisId: blockHashField,
        forkHash: fixedHex<string>(4),
        forkNext: heightField,
        nodeKey: publicKeyField,
        listen: addressField,
        challenge: fixedHex<string>(32),
        head: headClaim,
      },
    },
    HandshakeProof: { tag: 1, fields: { signature: signatureField } },
    Ping: { tag: 2, fields: ping },
    Pong: { tag: 3, fields: ping },
    Block: {
      tag: 4,
      fields: { header: headerLayout, weight: weightField, shortIds: optional(shortIds) },
    },
    GetBlock: { tag: 5, fields: { id: blockHashField, indexes: optional(growingIndexes) } },
    GetBlockResponse: { tag: 6, fields: { id: blockHashField, result: blockResult } },
    SyncRequest: { tag: 7, fields: { requestId: u64Field, want } },
    SyncResponse: { tag: 8, fields: { requestId: u64Field, head: headClaim, result: syncResult } },
    PeerInfo: {
      tag: 9,
      fields: { request: booleanLayout, peers: listOf(addressField, 8, PEER_ADDRESSES_MAX) },
    },
    Transactions: {
      tag: 10,
      fields: {
        have: listOf(txIdField, 16, INVENTORY_IDS_MAX),
        want: listOf(txIdField, 16, INVENTORY_IDS_MAX),
        bodies: listOf(transactionLayout, 16, TRANSACTION_BODIES_MAX),
      },
    },
    Consensus: { tag: 11, fields: { body: sizedHex<string>(32, CONSENSUS_BODY_MAX_BYTES) } },
  },
  'UNKNOWN_KIND',
);

/** About what the answer takes that carries the block of a header: at most a full one. `undefined`: it is not known. */
export function answerBytesOf(header: Header | undefined): number {
  // How much evidence and commit a block carries no header tells.
  if (header === undefined || header.systemRoot !== EMPTY_SYSTEM_ROOT) return ANSWER_MAX_BYTES;
  return Math.min(ANSWER_MAX_BYTES, HEADER_JSON_BYTES + header.txCount * TRANSACTION_JSON_BYTES);
}

/** Where the hash of a fingerprint starts: FNV's offset basis. */
const FINGERPRINT_SEED = 0x811c9dc5;

/** Smaller messages are measured anew: remembering one was measured to cost 1 µs, measuring it a third of that. */
const REMEMBERED_MIN_BYTES = 1_024;

interface Known {
  readonly byteLength: number;
  fingerprint: number | undefined;
}

/**
 * The codec of the wire. Sizes and fingerprints of large messages are computed once per object, which is immutable from
 * its first use on. Fingerprints take blocks and transactions by their ids, which cover every byte of them.
 */
export function createMessageCodec(): Codec<Message> {
  const known = new WeakMap<Message, Known>();
  /** The last message: one that goes to many peers is measured once. */
  let last: Message | undefined;
  let ofLast: Known = { byteLength: 0, fingerprint: undefined };

  function byteLength(message: Message): number {
    return knownOf(message).byteLength;
  }

  function knownOf(message: Message): Known {
    if (message === last) return ofLast;
    ofLast = known.get(message) ?? measured(message);
    last = message;
    return ofLast;
  }

  function measured(message: Message): Known {
    const fresh: Known = { byteLength: messageLayout.jsonSize(message), fingerprint: undefined };
    if (fresh.byteLength >= REMEMBERED_MIN_BYTES) known.set(message, fresh);
    return fresh;
  }

  function encode(message: Message): Uint8Array {
    const bytes = encodeJson(messageLayout, message);
    assert(bytes.length <= MESSAGE_MAX_BYTES, 'a message that is sent is within the limit of messages');
    return bytes;
  }

  function decode(bytes: Uint8Array): Message | DecodeRejection {
    return decodeJson(messageLayout, bytes, MESSAGE_MAX_BYTES);
  }

  function fingerprint(message: Message): number {
    const entry = knownOf(message);
    entry.fingerprint ??= mix32(messageLayout.mix(message, FINGERPRINT_SEED), entry.byteLength) >>> 0;
    return entry.fingerprint;
  }

  return {
    encode,
    decode,
    byteLength,
    fingerprint,
    kind: (message) => message.kind,
    messageMaxBytes: MESSAGE_MAX_BYTES,
  };
}
