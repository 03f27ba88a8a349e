/** Scrub: checks the records of the main chain, writes lost index entries anew from blocks, and notes lost blocks. */
import { equalBytes } from '../../env/bytes.ts';
import type { WriteOp } from '../../env/storage.ts';
import { batchOf } from '../blockstore/block-store.ts';
import { decodePlace, encodeIndexes } from '../blockstore/record-codecs.ts';
import {
  accountKey,
  blockKey,
  checkpointKey,
  headerKey,
  heightOfKey,
  transactionKey,
} from '../blockstore/records.ts';
import { NO_SLOT } from '../blockstore/tree.ts';
import type { Block, Header } from '../types/block.ts';
import { blockId } from '../types/header-codec.ts';
import { transactionId } from '../types/transaction-codec.ts';
import { type BlockHash, type Height, height } from '../types/units.ts';
import { CHECKPOINT_INTERVAL } from './batches.ts';
import { certificateInChild, isCertificateLost } from './certificates.ts';
import type { Chain } from './chain.ts';
import { accountsOf, entriesOf, indexesByAccount } from './fold.ts';

/** Block, certificate, header and height: what each height has beside the entries of its transactions. */
const RECORDS_OF_A_BLOCK = 4;

/** Checks `count` heights from `from` on, up to the base; answers the next height, or `from` past the base. */
export function scrubHeights<View>(chain: Chain<View>, from: Height, count: number): Height {
  const begin = Math.max(from, chain.lowest);
  const end = Math.min(begin + count, chain.base.header.height + 1);
  // Downwards: a header names its parent, so that a lost one is known by id.
  let child = end > chain.base.header.height ? undefined : headerOf(chain, height(end));
  for (let at = end - 1; at >= begin; at--) ({ header: child } = scrubHeight(chain, height(at), child));
  return height(Math.max(begin, end));
}

/** What one height took. */
export interface ScrubbedHeight {
  /** Its header, which names the parent; undefined where it is lost. */
  readonly header: Header | undefined;
  /** So many records were read; a transaction of a block counts as one. */
  readonly records: number;
}

/**
 * Checks what the disk holds of one height of the main chain, at most the head's. Above the base that is the block and its
 * certificate: the rest is written with the base. @param child the header one height above, where it is known.
 */
export function scrubHeight<View>(chain: Chain<View>, at: Height, child: Header | undefined): ScrubbedHeight {
  return at > chain.base.header.height ? scrubAboveBase(chain, at) : scrubBelowBase(chain, at, child);
}

function scrubAboveBase<View>(chain: Chain<View>, at: Height): ScrubbedHeight {
  const { id, header } = chain.tree.item(chain.mainSlot(at));
  const body = readBody(chain, at, id);
  const ops: WriteOp[] = [];
  scrubCertificate(chain, at, id, ops);
  writeRepairs(chain, ops);
  // A full block takes milliseconds to decode, an empty one microseconds.
  return { header, records: 2 + (body?.transactions.length ?? 0) };
}

/** The main chain's header at a height, from memory or disk; undefined above the head, and where it is lost. */
export function headerOf<View>(chain: Chain<View>, at: Height): Header | undefined {
  const slot = chain.mainSlot(at);
  if (slot !== NO_SLOT) return chain.tree.item(slot).header;
  if (at > chain.head.header.height) return undefined;
  const header = chain.store.headerAt(at);
  return header === 'corrupt' ? undefined : header;
}

function scrubBelowBase<View>(chain: Chain<View>, at: Height, child: Header | undefined): ScrubbedHeight {
  const { sha256 } = chain.store;
  const slot = chain.mainSlot(at);
  const known = slot === NO_SLOT ? child?.parent : chain.tree.item(slot).id;
  const stored = chain.store.headerAt(at);
  const id = known ?? (stored === undefined || stored === 'corrupt' ? undefined : blockId(stored, sha256));
  if (id === undefined) {
    chain.store.report(headerKey(at));
    return { header: undefined, records: 1 };
  }
  const kept = chain.mover.keepsBodyAt(at);
  const body = kept ? readBody(chain, at, id) : undefined;
  const header = slot === NO_SLOT ? body?.header : chain.tree.item(slot).header;
  const ops: WriteOp[] = [];
  const sound = stored !== undefined && stored !== 'corrupt' && blockId(stored, sha256) === id;
  if (!sound) {
    chain.store.report(headerKey(at));
    if (header === undefined) chain.noteMissing(id, at);
    else ops.push(chain.batches.headerOp(header));
  }
  if (chain.store.heightOf(id) !== at) {
    chain.store.report(heightOfKey(id));
    ops.push(chain.batches.heightOp(id, at));
  }
  scrubCertificate(chain, at, id, ops);
  if (at % CHECKPOINT_INTERVAL === 0 && chain.store.read(checkpointKey(at)) === 'corrupt') {
    ops.push({ kind: 'delete', key: checkpointKey(at) });
  }
  const indexes = body === undefined ? 0 : scrubIndexes(chain, at, body, ops);
  writeRepairs(chain, ops);
  return { header: sound ? stored : header, records: RECORDS_OF_A_BLOCK + indexes };
}

function writeRepairs<View>(chain: Chain<View>, ops: readonly WriteOp[]): void {
  if (ops.length > 0) chain.store.write(batchOf(ops));
  for (const { key } of ops) chain.store.repaired(key);
}

/** Reads the record itself, whatever memory holds. */
function readBody<View>(chain: Chain<View>, at: Height, id: BlockHash): Block | undefined {
  chain.store.forget(id);
  const block = chain.store.block(at, id);
  if (block === undefined) chain.store.report(blockKey(at, id));
  if (block !== undefined && block !== 'corrupt') return block;
  chain.noteMissing(id, at);
  return undefined;
}

/** The next block carries the certificate of its parent; that of the head comes from peers. */
function scrubCertificate<View>(chain: Chain<View>, at: Height, id: BlockHash, ops: WriteOp[]): void {
  if (!isCertificateLost(chain, at, id)) return;
  const certificate = certificateInChild(chain, at);
  if (certificate !== '') ops.push(chain.batches.certificate(at, id, certificate));
  else chain.noteMissing(id, at);
}

function scrubIndexes<View>(chain: Chain<View>, at: Height, block: Block, ops: WriteOp[]): number {
  const { accountIndex } = chain.config;
  let records = 0;
  let whole = true;
  for (const [index, transaction] of block.transactions.entries()) {
    const id = transactionId(transaction, chain.store.sha256);
    const key = transactionKey(id);
    const payload = chain.store.read(key);
    records++;
    const place = payload === undefined || payload === 'corrupt' ? undefined : decodePlace(payload);
    if (place?.height !== at || place.index !== index) {
      chain.store.report(key);
      whole = false;
    }
  }
  const byAccount = accountIndex ? indexesByAccount(block.transactions.map(accountsOf)) : [];
  for (const [address, indexes] of byAccount) {
    const entry = accountKey(address, at);
    const found = chain.store.read(entry);
    records++;
    if (found !== undefined && found !== 'corrupt' && equalBytes(found, encodeIndexes(indexes))) continue;
    chain.store.report(entry);
    whole = false;
  }
  if (whole) return records;
  for (const op of chain.batches.indexOps(at, entriesOf(block, chain.receiptsOf(at)))) {
    if (chain.store.isReported(op.key)) ops.push(op);
  }
  return records;
}
