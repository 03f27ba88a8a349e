/** Bytes and JSON of a block, and the roots that its header states of its body. PROTOCOL.md, Header. */
import type { DecodeRejection } from '../../env/network.ts';
import { merkleRootBytes, merkleRootOfHashes } from '../crypto/merkle.ts';
import { type Sha256, sha256 } from '../crypto/sha256.ts';
import { TAG } from '../crypto/tags.ts';
import type { Receipt } from './account.ts';
import { receiptLayout } from './account-codec.ts';
import { BLOCK_MAX_BYTES, type Block, type SystemData } from './block.ts';
import { headerLayout } from './header-codec.ts';
import { decodeLayout, encodeLayout, hashLayout } from './layout/codec.ts';
import { writeHexBytes } from './layout/hex.ts';
import { type Layout, listOf, sizedHex } from './layout/layout.ts';
import { struct } from './layout/struct.ts';
import type { Transaction } from './transaction.ts';
import { transactionLayout } from './transaction-codec.ts';
import { factsOf } from './transaction-facts.ts';
import { bytesToHash, type Hash } from './units.ts';

/** 1 MiB over the smallest transaction, 172 bytes: no block holds more. */
export const BLOCK_TRANSACTIONS_MAX = 6096;
/** One item of evidence: two votes or proposals with their signatures take below 1 KiB; 64 KiB is what SystemData promises. */
const EVIDENCE_MAX_BYTES = 65_536;
/** Items of evidence in one block: more wait for the next. */
const EVIDENCE_MAX = 64;
/** A commit of 512 validators with a 64-byte signature, a time and flags each stays below. */
const CERTIFICATE_MAX_BYTES = 65_536;

/** What an engine proves a block with; empty for proof of work. */
export const certificateLayout = sizedHex<string>(32, CERTIFICATE_MAX_BYTES);

const systemLayout: Layout<SystemData> = struct<SystemData>({
  evidence: listOf(sizedHex<string>(32, EVIDENCE_MAX_BYTES), 8, EVIDENCE_MAX),
  lastCommit: certificateLayout,
});

/** What an engine without evidence and commits puts into a block. */
export const EMPTY_SYSTEM: SystemData = { evidence: [], lastCommit: '' };

/** A block: header, transactions, system data. */
export const blockLayout: Layout<Block> = struct<Block>({
  header: headerLayout,
  transactions: listOf(transactionLayout, 32, BLOCK_TRANSACTIONS_MAX),
  system: systemLayout,
});

/** A block and what it is proven with; the certificate may be empty. */
export interface CertifiedBlock {
  readonly block: Block;
  readonly certificate: string;
}

/** What travels in parts. */
export const certifiedBlockLayout: Layout<CertifiedBlock> = struct<CertifiedBlock>({
  block: blockLayout,
  certificate: certificateLayout,
});

/** What a certificate adds to the encoding of its block. */
export const CERTIFICATE_ADDED_MAX_BYTES = 4 + CERTIFICATE_MAX_BYTES;

/** The latest block that was encoded: each host writes the same one, for its vote and when it is decided. One, since each may be a megabyte. */
let encoded: { readonly block: Block; readonly bytes: Uint8Array } | undefined;

/** The canonical bytes, which nobody may change. */
export function encodeBlock(block: Block): Uint8Array {
  if (encoded?.block !== block) encoded = { block, bytes: encodeLayout(blockLayout, block) };
  return encoded.bytes;
}

/** The block of exactly these bytes, of which there are at most BLOCK_MAX_BYTES. */
export function decodeBlock(bytes: Uint8Array): Block | DecodeRejection {
  return decodeLayout(blockLayout, bytes, BLOCK_MAX_BYTES);
}

const sizes = new WeakMap<Block, number>();

/** Length of the encoding, without encoding; computed once per object. */
export function blockSizeBytes(block: Block): number {
  const known = sizes.get(block);
  if (known !== undefined) return known;
  const size = blockLayout.size(block);
  sizes.set(block, size);
  return size;
}

/** RFC 6962 root over encoded values. */
function listRoot<T>(layout: Layout<T>, values: readonly T[], hasher: Sha256): Hash {
  const leaves = values.map((value) => hashLayout(TAG.merkleLeaf, layout, value, hasher));
  return bytesToHash(merkleRootOfHashes(leaves, hasher));
}

/** RFC 6962 root over the encoded transactions. */
export function transactionsRoot(transactions: readonly Transaction[], hasher: Sha256 = sha256): Hash {
  return bytesToHash(
    merkleRootOfHashes(
      transactions.map((transaction) => leafOf(transaction, hasher)),
      hasher,
    ),
  );
}

/** Each host rebuilds a block from the same transactions. */
function leafOf(transaction: Transaction, hasher: Sha256): Uint8Array {
  const facts = factsOf(transaction);
  facts.leaf ??= hashLayout(TAG.merkleLeaf, transactionLayout, transaction, hasher);
  return facts.leaf;
}

/** RFC 6962 root over the encoded receipts. */
export function receiptsRoot(receipts: readonly Receipt[], hasher: Sha256 = sha256): Hash {
  return listRoot(receiptLayout, receipts, hasher);
}

/** RFC 6962 root over the last commit (leaf 0, always there) and each item of evidence. */
export function systemRoot(system: SystemData, hasher: Sha256 = sha256): Hash {
  return bytesToHash(merkleRootBytes([system.lastCommit, ...system.evidence].map(opaqueBytes), hasher));
}

function opaqueBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  writeHexBytes(bytes, 0, text);
  return bytes;
}

/** Of a block without evidence and last commit. */
export const EMPTY_SYSTEM_ROOT: Hash = systemRoot(EMPTY_SYSTEM);
