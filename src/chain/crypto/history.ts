/** History of a chain: a Merkle mountain range over all earlier block ids, which a light client needs but one root of. */
import { hexToBytes } from '../../env/bytes.ts';
import { type BlockHash, bytesToHash, type Hash } from '../types/units.ts';
import { appendPeak, merkleProof, rootOfPeaks, verifyMerkleProof } from './merkle.ts';
import { type Sha256, sha256 } from './sha256.ts';

/**
 * The peaks of the range, largest first, one for each bit of `count`. Joined from the right they give the root of
 * RFC 6962 over the ids, so that history and Merkle lists have one definition, one proof and one set of vectors.
 */
export interface HistoryRange {
  readonly count: number;
  readonly peaks: readonly Hash[];
}

/** No block yet. */
export const EMPTY_HISTORY: HistoryRange = { count: 0, peaks: [] };

function bytesOf(text: Hash): Uint8Array {
  return hexToBytes(text) ?? new Uint8Array(0);
}

/** The range with one more id behind the others: O(log count) hashes. @param hasher as `Sha256` says. */
export function historyAppend(history: HistoryRange, id: BlockHash, hasher: Sha256 = sha256): HistoryRange {
  const peaks = appendPeak(history.peaks.map(bytesOf), history.count, bytesOf(id), hasher);
  return { count: history.count + 1, peaks: peaks.map(bytesToHash) };
}

/** What the header after these blocks states. Of no block: SHA-256 of nothing, as RFC 6962 has it. @param hasher as `Sha256` says. */
export function historyRoot(history: HistoryRange, hasher: Sha256 = sha256): Hash {
  return bytesToHash(rootOfPeaks(history.peaks.map(bytesOf), hasher));
}

/** Proof that `ids[index]` is the block at that height, against the historyRoot of the header at height `ids.length`. */
export function historyProof(ids: readonly BlockHash[], index: number): readonly Hash[] {
  return merkleProof(ids.map(bytesOf), index);
}

/** True when `id` is the block at height `index` of the chain whose header at height `count` states `root`. */
export function verifyHistoryProof(
  root: Hash,
  count: number,
  index: number,
  id: BlockHash,
  proof: readonly Hash[],
): boolean {
  return verifyMerkleProof(root, count, index, bytesOf(id), proof);
}
