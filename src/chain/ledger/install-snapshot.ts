/**
 * Installing a snapshot that was received whole: the chain of an empty folder then begins at its block. A marker is
 * written first and deleted last, so that a crash at any write in between is followed by the same install again.
 */
import type { WriteOp } from '../../env/storage.ts';
import { type BlockStore, batchOf } from '../blockstore/block-store.ts';
import { decodeHead, encodeHead } from '../blockstore/record-codecs.ts';
import { checkpointKey, heightRange, META, metaKey, PREFIX, stateKey } from '../blockstore/records.ts';
import { decodeChunk } from '../snapshot/chunk.ts';
import { checkManifest, chunkCount, type ManifestContext } from '../snapshot/manifest.ts';
import type { SnapshotStore, StoredSnapshot } from '../snapshot/snapshot-store.ts';
import { blockId, decodeHeader } from '../types/header-codec.ts';
import { isRejection } from '../types/rejection.ts';
import type { BlockHash, Height } from '../types/units.ts';
import { type Batches, CHECKPOINT_INTERVAL } from './batches.ts';
import { linkOf } from './fold.ts';

/** What an install needs. */
export interface InstallParts<View> {
  readonly store: BlockStore;
  readonly batches: Batches<View>;
  readonly snapshots: SnapshotStore;
  readonly context: ManifestContext<View>;
}

/** Installs what is marked. Undefined: nothing is, or what was received is no longer whole and has to be fetched again. */
export function installMarked<View>(parts: InstallParts<View>): StoredSnapshot | undefined {
  const { store, snapshots } = parts;
  const marker = metaKey(META.install);
  const payload = store.read(marker);
  if (payload === undefined) return undefined;
  const marked = payload === 'corrupt' ? undefined : decodeHead(payload);
  const snapshot = snapshots.stored.find(({ block }) => block === marked?.id);
  if (snapshot !== undefined && install(parts, snapshot)) return snapshot;
  // The state in between is nobody's: without a base the folder starts over at genesis.
  store.write(
    batchOf([
      { kind: 'delete', key: marker },
      { kind: 'delete', key: metaKey(META.base) },
    ]),
  );
  store.repaired(marker);
  return undefined;
}

/** False when an item is not there, or this code cannot go on from it. That the leaves give the state root is checked as after every start. */
function install<View>(parts: InstallParts<View>, { height, block, manifest }: StoredSnapshot): boolean {
  const { store, batches, snapshots, context } = parts;
  const { header, weight, certificate } = manifest;
  const checked = checkManifest(manifest, context);
  if ('code' in checked) return false;
  const link = linkOf({ id: block, header, weight }, checked.view, checked.before, 0);
  store.deleteAll(PREFIX.state);
  for (let index = 0; index < chunkCount(manifest); index++) {
    const bytes = snapshots.item(height, index + 1);
    const chunk = bytes === undefined ? undefined : decodeChunk(bytes);
    if (chunk === undefined || 'code' in chunk) return false;
    store.write(
      batchOf(chunk.leaves.map(({ namespace, id, value }) => store.put(stateKey(namespace, id), value))),
    );
  }
  const base = batches.base(link);
  const ops: WriteOp[] = [
    store.put(metaKey(META.base), base),
    store.put(metaKey(META.origin), encodeHead(height, block)),
    { kind: 'delete', key: metaKey(META.install) },
    { kind: 'delete', key: metaKey(META.head) },
    ...batches.headerOps(link),
  ];
  if (certificate !== '') ops.push(batches.certificate(height, block, certificate));
  if (height % CHECKPOINT_INTERVAL === 0) ops.push(store.put(checkpointKey(height), base));
  store.write(batchOf(ops));
  return true;
}

/**
 * Where the chain of this folder begins: the block of a snapshot; undefined: genesis. A record that is damaged is written
 * anew from the index: its lowest header above genesis is that block's.
 */
export function readOrigin(
  store: BlockStore,
): { readonly id: BlockHash; readonly height: Height } | undefined {
  const key = metaKey(META.origin);
  const payload = store.read(key);
  if (payload === undefined) return undefined;
  const stated = payload === 'corrupt' ? undefined : decodeHead(payload);
  if (stated !== undefined) return stated;
  store.report(key);
  const [lowest] = store.scan(heightRange(PREFIX.header, 1, undefined), 1);
  const header = lowest === undefined ? 'corrupt' : store.check(lowest.key, lowest.value);
  const decoded = header === 'corrupt' ? undefined : decodeHeader(header);
  const found =
    decoded === undefined || isRejection(decoded) || decoded.height < 2
      ? undefined
      : { id: blockId(decoded), height: decoded.height };
  const put = found === undefined ? undefined : store.put(key, encodeHead(found.height, found.id));
  store.write(batchOf([put ?? { kind: 'delete', key }]));
  store.repaired(key);
  return found;
}
