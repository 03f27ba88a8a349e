/** The blocks above the base, on all branches: each executed again on its parent, and the head that they make. */
import { decodeHead } from '../../chain/blockstore/record-codecs.ts';
import {
  blockKey,
  certificateKey,
  heightIdOf,
  heightRange,
  META,
  metaKey,
  PREFIX,
} from '../../chain/blockstore/records.ts';
import type { Executed } from '../../chain/ledger/fold.ts';
import { blockId } from '../../chain/types/header-codec.ts';
import { type BlockHash, blockHash, height } from '../../chain/types/units.ts';
import { bytesToHex } from '../../env/bytes.ts';
import { type CheckContext, recordsOf } from './check-context.ts';
import { DAMAGED, MISSING } from './findings.ts';
import type { MainChain } from './main-chain.ts';
import { verifyBlock } from './verify-block.ts';

/** The newest block, and how many were executed. */
export interface AboveBase {
  readonly head: Executed<unknown>;
  readonly executed: number;
}

/** @param base with its state. */
export async function walkAboveBase(
  context: CheckContext,
  chain: MainChain,
  base: Executed<unknown>,
): Promise<AboveBase> {
  const known = new Map<BlockHash, Executed<unknown>>([[base.link.id, base]]);
  const { rules } = context.parts.config;
  let head = base;
  const hint = hintOf(context);
  const above = heightRange(PREFIX.block, chain.base + 1, undefined);
  for await (const { key } of recordsOf(context, above, (n) => `executing block ${n} above the base`)) {
    const place = heightIdOf(key);
    if (place === undefined) continue;
    const id = blockHash(bytesToHex(place.id));
    const executed = executeStored(context, known, place.height, id);
    if (executed === undefined) continue;
    known.set(id, executed);
    const order = rules.compare(head.link, executed.link);
    if (order === -1 || (order === 0 && id === hint?.id)) head = executed;
  }
  checkHint(context, chain, known, head);
  return { head, executed: known.size - 1 };
}

function executeStored(
  context: CheckContext,
  known: ReadonlyMap<BlockHash, Executed<unknown>>,
  at: number,
  id: BlockHash,
): Executed<unknown> | undefined {
  const { parts, findings } = context;
  const { store, config } = parts;
  const key = blockKey(at, id);
  const block = store.block(at, id);
  if (block === undefined || block === 'corrupt') {
    findings.add(key, DAMAGED, 'node');
    return undefined;
  }
  const certificate = store.certificate(at, id);
  if (certificate === 'corrupt' || (certificate === '' && config.rules.isCertified)) {
    findings.add(certificateKey(at, id), certificate === '' ? MISSING : DAMAGED, 'node');
    return undefined;
  }
  const parent = known.get(block.header.parent);
  if (parent === undefined) {
    const parentKey = blockKey(at - 1, block.header.parent);
    // A branch from below the base is executed by nobody before it is the better one.
    if (!store.has(parentKey) && !findings.has(parentKey)) findings.add(parentKey, MISSING, 'node');
    return undefined;
  }
  const executed = verifyBlock(context, parent, block, id, certificate);
  if (typeof executed !== 'string') return executed;
  findings.add(key, `executed again it is no block of this chain: ${executed}`, 'none');
  return undefined;
}

function hintOf({
  parts: { store },
}: CheckContext): { readonly height: number; readonly id: BlockHash } | undefined {
  const payload = store.read(metaKey(META.head));
  return payload === undefined || payload === 'corrupt' ? undefined : decodeHead(payload);
}

/** The record of the head was stored with its block. */
function checkHint(
  context: CheckContext,
  chain: MainChain,
  known: ReadonlyMap<BlockHash, Executed<unknown>>,
  head: Executed<unknown>,
): void {
  const { parts, findings, storage } = context;
  const key = metaKey(META.head);
  const hint = hintOf(context);
  if (storage.get(key) === undefined) return;
  if (hint === undefined) {
    findings.add(key, DAMAGED, [parts.batches.head(head.link)]);
    return;
  }
  const isOnChain = known.has(hint.id) || (hint.height <= chain.base && chain.idAt(hint.height) === hint.id);
  const lost = blockKey(hint.height, hint.id);
  if (isOnChain || findings.has(lost)) return;
  if (parts.store.has(lost) && blockIdOf(context, height(hint.height), hint.id)) return;
  findings.add(lost, `${MISSING}, and was the newest`, 'node');
}

function blockIdOf({ parts: { store } }: CheckContext, at: number, id: BlockHash): boolean {
  const block = store.block(at, id);
  return block !== undefined && block !== 'corrupt' && blockId(block.header, store.sha256) === id;
}
