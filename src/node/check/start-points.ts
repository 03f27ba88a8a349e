/**
 * Where a chain can be executed from beside genesis: the snapshots in the folder, and the end of the undo journal. For chains
 * whose old bodies are gone, and to go on behind a body that is lost.
 */
import {
  heightRange,
  PREFIX,
  placeOfSnapshotKey,
  prefixRange,
  snapshotKey,
} from '../../chain/blockstore/records.ts';
import { linkOfBase } from '../../chain/ledger/batches.ts';
import { type Executed, type Link, linkOf } from '../../chain/ledger/fold.ts';
import { decodeChunk } from '../../chain/snapshot/chunk.ts';
import { checkManifest, chunkCount, decodeManifest } from '../../chain/snapshot/manifest.ts';
import type { State } from '../../chain/state/state.ts';
import { emptyState } from '../../chain/state/state-tree.ts';
import { blockId } from '../../chain/types/header-codec.ts';
import { isRejection } from '../../chain/types/rejection.ts';
import type { CheckContext } from './check-context.ts';
import type { MainChain } from './main-chain.ts';

/** A block with the state after it, checked against the state root that its header states. */
export type StartPoint = Executed<unknown>;

/** Lowest first. @param stored the state at the base as the leaves on the disk give it; undefined: they do not. */
export function startPoints(
  context: CheckContext,
  chain: MainChain,
  stored: State | undefined,
): readonly StartPoint[] {
  const points = snapshotPoints(context, chain);
  const journal = stored === undefined ? undefined : journalPoint(context, chain, stored);
  if (journal !== undefined) points.push(journal);
  return points.sort((a, b) => a.link.header.height - b.link.header.height);
}

function snapshotPoints(context: CheckContext, chain: MainChain): StartPoint[] {
  const points: StartPoint[] = [];
  for (let range = prefixRange(PREFIX.snapshot); ; ) {
    const [first] = context.storage.scan(range, 1);
    const place = first === undefined ? undefined : placeOfSnapshotKey(first.key);
    if (place === undefined) return points;
    const point = snapshotPoint(context, chain, place.height);
    if (point !== undefined) points.push(point);
    range = heightRange(PREFIX.snapshot, place.height + 1, undefined);
  }
}

function snapshotPoint({ parts }: CheckContext, chain: MainChain, at: number): StartPoint | undefined {
  const { store, config, context } = parts;
  const encoded = store.read(snapshotKey(at, 0));
  const manifest = encoded === undefined || encoded === 'corrupt' ? undefined : decodeManifest(encoded);
  if (manifest === undefined || isRejection(manifest) || at > chain.base) return undefined;
  const { header, weight } = manifest;
  const id = blockId(header, store.sha256);
  const checked = checkManifest(manifest, { ...config, genesisId: context.genesisId });
  if ('code' in checked || header.height !== at || chain.idAt(at) !== id) return undefined;
  let state = emptyState(store.sha256);
  for (let index = 1; index <= chunkCount(manifest); index++) {
    const bytes = store.read(snapshotKey(at, index));
    const chunk = bytes === undefined || bytes === 'corrupt' ? undefined : decodeChunk(bytes);
    if (chunk === undefined || 'code' in chunk) return undefined;
    state = state.update(chunk.leaves);
  }
  if (state.root !== header.stateRoot) return undefined;
  const link = linkOf({ id, header, weight }, checked.view, checked.before, 0, store.sha256);
  return { link, state, entries: [], changes: [] };
}

/** As far down from the base as undo records are whole, and give the roots that headers state. */
function journalPoint(
  { parts }: CheckContext,
  { base, baseLink }: MainChain,
  stored: State,
): StartPoint | undefined {
  const { store, config } = parts;
  if (baseLink === undefined) return undefined;
  let point: StartPoint = { link: baseLink, state: stored, entries: [], changes: [] };
  for (let at = base; at > 0; at--) {
    const undo = store.undo(at);
    if (undo === undefined || undo === 'corrupt' || undo.id !== point.link.id) return point;
    const parent: Link<unknown> | undefined = linkOfBase(config.rules, undo.parent, store.sha256);
    if (parent === undefined || parent.id !== point.link.header.parent) return point;
    const state = point.state.update(undo.leaves);
    if (state.root !== parent.header.stateRoot) return point;
    point = { link: parent, state, entries: [], changes: [] };
  }
  return point;
}
