/** The manifest of a snapshot: everything that continues the chain from a block but the leaves of its state. docs/protocol.md, Snapshots. */
import { bytesToHex, equalBytes, hexToBytes } from '../../env/bytes.ts';
import { type DecodeRejection, isDecodeRejection } from '../../env/network.ts';
import type { ConsensusRules } from '../consensus/consensus.ts';
import { type HistoryRange, historyRoot } from '../crypto/history.ts';
import { type Sha256, taggedBytes } from '../crypto/sha256.ts';
import { TAG } from '../crypto/tags.ts';
import type { PathRange } from '../state/range-proof.ts';
import type { Header } from '../types/block.ts';
import { certificateLayout } from '../types/block-codec.ts';
import type { Genesis, UpgradeSchedule } from '../types/genesis.ts';
import { versionAt } from '../types/genesis-codec.ts';
import { headerLayout } from '../types/header-codec.ts';
import { decodeLayout, encodeLayout } from '../types/layout/codec.ts';
import { blockHashField, hashField, u64Field, versionField, weightField } from '../types/layout/fields.ts';
import { type Layout, listOf, refine, sizedHex } from '../types/layout/layout.ts';
import { struct } from '../types/layout/struct.ts';
import { type BlockHash, bytesToHash, type Hash, type Weight } from '../types/units.ts';

/** Layout of manifest and chunks. Another one is another snapshot, with another id. */
const SNAPSHOT_VERSION = 1;
/** 64 GiB of leaves in chunks of 1 MiB; their ends fill 2 MiB of the manifest. */
export const CHUNKS_MAX = 65_536;
/** An engine's view: a set of 512 validators with what is known of each takes a tenth. */
const VIEW_MAX_BYTES = 1_048_576;
/** No manifest is longer: ends of chunks, view, a header, a certificate, and what is of fixed size. */
export const MANIFEST_MAX_BYTES = 32 * CHUNKS_MAX + VIEW_MAX_BYTES + 131_072;
/** A count of 2^53 ids has no more peaks. */
const PEAKS_MAX = 53;

/** What a snapshot is of, and how its chunks are cut. */
export interface Manifest {
  readonly version: number;
  readonly genesisId: BlockHash;
  readonly header: Header;
  /** The child's last commit; hexadecimal, '' for engines without one. */
  readonly certificate: string;
  /** Of the chain that ends in the block. */
  readonly weight: Weight;
  /** Peaks of the history over all ids below the block, as its header's historyRoot commits to them. */
  readonly peaks: readonly Hash[];
  /** The engine's view after the block's execution, hexadecimal. */
  readonly view: string;
  /** Leaves of the state. */
  readonly leafCount: number;
  /** The path of the last leaf of every chunk but the last, growing. */
  readonly ends: readonly Hash[];
}

const layout: Layout<Manifest> = struct<Manifest>({
  version: refine(versionField, (version) =>
    version === SNAPSHOT_VERSION
      ? undefined
      : { code: 'OUT_OF_RANGE', detail: `${SNAPSHOT_VERSION} expected, not ${version}` },
  ),
  genesisId: blockHashField,
  header: headerLayout,
  certificate: certificateLayout,
  weight: weightField,
  peaks: listOf(hashField, 8, PEAKS_MAX),
  view: sizedHex<string>(32, VIEW_MAX_BYTES),
  leafCount: u64Field,
  ends: refine(listOf(hashField, 32, CHUNKS_MAX - 1), (ends) =>
    ends.every((end, i) => i === 0 || end > (ends[i - 1] ?? ''))
      ? undefined
      : { code: 'BAD_FIELD', detail: 'growing paths expected' },
  ),
});

/** Why a manifest, whose id may be the right one, is not one that this node can go on from. */
export type ManifestRejection =
  | { readonly code: 'MANIFEST_MALFORMED'; readonly why: DecodeRejection }
  | { readonly code: 'OTHER_CHAIN'; readonly found: BlockHash; readonly expected: BlockHash }
  /** Of block 0, which needs no snapshot. */
  | { readonly code: 'OF_GENESIS' }
  | { readonly code: 'WRONG_VERSION'; readonly version: number; readonly expected: number }
  | { readonly code: 'UPGRADE_REQUIRED'; readonly version: number }
  | { readonly code: 'HISTORY_MISMATCH'; readonly stated: Hash; readonly computed: Hash }
  | { readonly code: 'BAD_VIEW'; readonly fact: string };

/** A manifest without the version of its layout, which is this code's. */
export function manifestOf(parts: Omit<Manifest, 'version'>): Manifest {
  return { version: SNAPSHOT_VERSION, ...parts };
}

/** The canonical bytes. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return encodeLayout(layout, manifest);
}

/** The manifest of exactly these bytes; nothing is said of whether it is true. */
export function decodeManifest(bytes: Uint8Array): Manifest | ManifestRejection {
  const manifest = decodeLayout(layout, bytes, MANIFEST_MAX_BYTES);
  return isDecodeRejection(manifest) ? { code: 'MANIFEST_MALFORMED', why: manifest } : manifest;
}

/** Id of a snapshot: SHA-256(tag ‖ encoded manifest). Through header and ends it covers every byte of every chunk. */
export function snapshotId(encodedManifest: Uint8Array, hasher: Sha256): Hash {
  return bytesToHash(hasher(taggedBytes(TAG.snapshot, encodedManifest)));
}

/** Number of chunks. */
export function chunkCount(manifest: Manifest): number {
  return manifest.ends.length + 1;
}

/** The paths that chunk `index` proves; `index` is below the number of chunks. */
export function chunkRange({ ends }: Manifest, index: number): PathRange {
  return { after: index === 0 ? undefined : ends[index - 1], upTo: ends[index] };
}

/** What a manifest is held against. */
export interface ManifestContext<View> {
  readonly genesisId: BlockHash;
  readonly genesis: Genesis;
  readonly schedule: UpgradeSchedule;
  readonly protocolMax: number;
  readonly rules: Pick<ConsensusRules<View>, 'encodeView' | 'decodeView'>;
}

/**
 * Everything that can be checked without trusting the manifest: chain, version, history, and that the view is one. Its
 * weight and the content of the view no header commits to: only the trusted id vouches for them.
 */
export function checkManifest<View>(
  manifest: Manifest,
  context: ManifestContext<View>,
): { readonly view: View; readonly before: HistoryRange } | ManifestRejection {
  const { genesisId, header, peaks } = manifest;
  if (genesisId !== context.genesisId)
    return { code: 'OTHER_CHAIN', found: genesisId, expected: context.genesisId };
  if (header.height === 0) return { code: 'OF_GENESIS' };
  const expected = versionAt(context.genesis, context.schedule, header.height);
  const version = Math.max(header.version, expected);
  if (version > context.protocolMax) return { code: 'UPGRADE_REQUIRED', version };
  if (header.version !== expected) return { code: 'WRONG_VERSION', version: header.version, expected };
  const before = { count: header.height, peaks };
  const computed = historyRoot(before);
  if (computed !== header.historyRoot || peaks.length !== peakCount(header.height))
    return { code: 'HISTORY_MISMATCH', stated: header.historyRoot, computed };
  const bytes = hexToBytes(manifest.view) ?? new Uint8Array(0);
  const view = context.rules.decodeView(bytes);
  if (isDecodeRejection(view)) return { code: 'BAD_VIEW', fact: `${view.code} ${view.detail}` };
  if (!equalBytes(context.rules.encodeView(view), bytes))
    return { code: 'BAD_VIEW', fact: 'not its canonical bytes' };
  return { view, before };
}

/** One peak for each one bit of the count. */
function peakCount(count: number): number {
  let peaks = 0;
  for (let rest = count; rest > 0; rest = Math.floor(rest / 2)) peaks += rest % 2;
  return peaks;
}

/** The view of an engine as a manifest carries it. */
export function viewText<View>(rules: Pick<ConsensusRules<View>, 'encodeView'>, view: View): string {
  return bytesToHex(rules.encodeView(view));
}
