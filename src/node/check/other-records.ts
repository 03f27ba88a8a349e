/** Records that no execution gives: snapshots against the chain, and what becomes of damaged ones of every other kind. */
import {
  heightRange,
  META,
  PREFIX,
  placeOfSnapshotKey,
  prefixRange,
  snapshotKey,
} from '../../chain/blockstore/records.ts';
import { restoredOp } from '../../chain/blockstore/restored.ts';
import { verifyChunk } from '../../chain/snapshot/chunk.ts';
import { chunkCount, chunkRange, decodeManifest } from '../../chain/snapshot/manifest.ts';
import { blockId } from '../../chain/types/header-codec.ts';
import { isRejection } from '../../chain/types/rejection.ts';
import { height } from '../../chain/types/units.ts';
import type { WriteOp } from '../../env/storage.ts';
import { unixMs } from '../../env/units.ts';
import type { CheckContext } from './check-context.ts';
import { DAMAGED } from './findings.ts';
import type { MainChain } from './main-chain.ts';
import { remove } from './state-pass.ts';

/** Every item of every snapshot proves what its manifest says, of a block of this chain. */
export async function checkSnapshots(context: CheckContext, chain: MainChain): Promise<void> {
  for (let range = prefixRange(PREFIX.snapshot); ; ) {
    const [first] = context.storage.scan(range, 1);
    const place = first === undefined ? undefined : placeOfSnapshotKey(first.key);
    if (place === undefined) return;
    checkSnapshot(context, chain, place.height);
    await context.step(`verifying the snapshot of height ${place.height}`);
    range = heightRange(PREFIX.snapshot, place.height + 1, undefined);
  }
}

function checkSnapshot({ parts: { store }, findings }: CheckContext, chain: MainChain, at: number): void {
  const key = snapshotKey(at, 0);
  const payload = store.read(key);
  // Without a manifest it is one in the making, which the node begins anew.
  if (payload === undefined || payload === 'corrupt') return;
  const manifest = decodeManifest(payload);
  if (isRejection(manifest) || manifest.header.height !== at) {
    findings.add(key, 'it is no manifest of that height', [remove(key)]);
    return;
  }
  if (at <= chain.base && chain.idAt(at) !== blockId(manifest.header, store.sha256)) {
    findings.add(key, 'its block is not on the main chain', [remove(key)]);
    return;
  }
  for (let index = 0; index < chunkCount(manifest); index++) {
    const item = snapshotKey(at, index + 1);
    const bytes = store.read(item);
    if (bytes === undefined || bytes === 'corrupt') continue;
    const found = verifyChunk(manifest.header.stateRoot, chunkRange(manifest, index), bytes, store.sha256);
    if ('code' in found) findings.add(item, 'it proves no leaves of its state', [remove(item)]);
  }
}

/** What becomes of damaged records that no other part of the check has found. @param isStateWhole the leaves give the root of the base. */
export function tellLeftover(context: CheckContext, isStateWhole: boolean): void {
  const { findings, parts } = context;
  for (const key of findings.leftover()) findings.add(key, DAMAGED, remedyOf(key, isStateWhole, parts));
}

function remedyOf(
  key: Uint8Array,
  isStateWhole: boolean,
  { store, batches }: CheckContext['parts'],
): readonly WriteOp[] | 'node' | 'none' {
  switch (key[0]) {
    case PREFIX.meta:
      if (key[1] === META.pruned) return [batches.prunedOp(height(store.lowestBlock(1) ?? 1))];
      if (key[1] === META.restored) return [restoredOp(store.sha256, unixMs(Date.now()))];
      return 'node';
    case PREFIX.state:
      return isStateWhole ? [remove(key)] : 'none';
    // The journal is cut there; a validator signs nothing more in that height.
    case PREFIX.undo:
    case PREFIX.engine:
      return 'node';
    default:
      return [remove(key)];
  }
}
