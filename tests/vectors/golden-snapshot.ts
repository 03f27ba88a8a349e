/** The golden snapshots: of one state in three sizes of chunks, and some range proofs with ends of their own. */
import { EMPTY_HISTORY, historyAppend, historyRoot } from '../../src/chain/crypto/history.ts';
import { hashTagged, sha256 } from '../../src/chain/crypto/sha256.ts';
import { TAG } from '../../src/chain/crypto/tags.ts';
import { cutChunk } from '../../src/chain/snapshot/chunk.ts';
import { encodeManifest, manifestOf, snapshotId } from '../../src/chain/snapshot/manifest.ts';
import { type PathRange, proveRange } from '../../src/chain/state/range-proof.ts';
import type { State } from '../../src/chain/state/state.ts';
import { type BlockHash, blockHash, type Hash, hash, height, weight } from '../../src/chain/types/units.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { SAMPLE_HEADERS } from './samples.ts';

/** The block of the snapshots: earlier ids give the history three peaks. */
const HEIGHT = 11;

function snapshotOf(state: State, leavesMaxBytes: number) {
  const ends: Hash[] = [];
  const chunks: string[] = [];
  for (let after: Hash | undefined; ; ) {
    const chunk = cutChunk(state, after, leavesMaxBytes);
    chunks.push(bytesToHex(chunk.bytes));
    if (chunk.upTo === undefined) break;
    ends.push(chunk.upTo);
    after = chunk.upTo;
  }
  let history = EMPTY_HISTORY;
  for (let i = 0; i < HEIGHT; i++)
    history = historyAppend(history, hashTagged(TAG.block, Uint8Array.of(i)) as BlockHash);
  const [sample] = SAMPLE_HEADERS.slice(1);
  if (sample === undefined) throw new Error('there is a sample header with everything');
  const header = {
    ...sample,
    height: height(HEIGHT),
    stateRoot: state.root,
    historyRoot: historyRoot(history),
  };
  const manifest = encodeManifest(
    manifestOf({
      genesisId: blockHash(hashTagged(TAG.block, Uint8Array.of(0))),
      header,
      certificate: 'aa55',
      weight: weight('00000000000000000000000000000b0b'),
      peaks: history.peaks,
      view: '0102030405',
      leafCount: state.size,
      ends,
    }),
  );
  return { leavesMaxBytes, id: snapshotId(manifest, sha256), manifest: bytesToHex(manifest), chunks };
}

/** Ends at leaves, between them, and none. */
function rangesOf(state: State): readonly PathRange[] {
  const paths = state.leaves(undefined, 100).map(({ key }) => hash(key));
  const between = (index: number) => hash(`${(paths[index] ?? '').slice(0, 62)}00`);
  return [
    { after: undefined, upTo: undefined },
    { after: undefined, upTo: paths[0] },
    { after: paths[2], upTo: paths[5] },
    { after: paths.at(-1), upTo: undefined },
    { after: between(3), upTo: between(7) },
    { after: hash('f'.repeat(64)), upTo: undefined },
    { after: hash(`${'0'.repeat(63)}1`), upTo: hash(`${'0'.repeat(63)}2`) },
  ];
}

/** @param state the last one of the vectors' own. */
export function goldenSnapshots(state: State) {
  return {
    ranges: rangesOf(state).map((range) => ({
      after: range.after ?? '',
      upTo: range.upTo ?? '',
      proof: bytesToHex(proveRange(state, range)),
    })),
    snapshots: [1, 200, 1_048_576].map((leavesMaxBytes) => snapshotOf(state, leavesMaxBytes)),
  };
}
