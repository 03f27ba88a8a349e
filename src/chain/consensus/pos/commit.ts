/** A commit: the precommits that decided a block; its certificate, and the lastCommit of the next block. */
import type { DecodeRejection } from '../../../env/network.ts';
import type { UnixMs } from '../../../env/units.ts';
import { decodeLayout, encodeLayout } from '../../types/layout/codec.ts';
import { blockHashField, heightField, signatureField, timeField } from '../../types/layout/fields.ts';
import { type Layout, listOf, unsigned } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import type { BlockHash, Height, Signature } from '../../types/units.ts';
import { roundField } from './vote.ts';

/** Validators of one set: a commit of so many takes 38 kB, below what a block may carry as its last commit. */
export const VALIDATORS_MAX = 512;
/** The largest encoded commit. */
const COMMIT_MAX_BYTES = 65_536;

/** One precommit for the block; what the commit says of all of them is not repeated. */
export interface CommitVote {
  /** Place of the validator in the set of that height. */
  readonly validator: number;
  readonly timestampMs: UnixMs;
  readonly signature: Signature;
}

/** Precommits for one block of one round, with more than 2/3 of the power of the set of its height. */
export interface Commit {
  readonly height: Height;
  readonly round: number;
  readonly block: BlockHash;
  /** By place, ascending, none twice. */
  readonly votes: readonly CommitVote[];
}

const commitVoteLayout: Layout<CommitVote> = struct<CommitVote>({
  validator: unsigned<number>(16, VALIDATORS_MAX - 1),
  timestampMs: timeField,
  signature: signatureField,
});

const commitLayout: Layout<Commit> = struct<Commit>({
  height: heightField,
  round: roundField,
  block: blockHashField,
  votes: listOf(commitVoteLayout, 16, VALIDATORS_MAX),
});

/** The canonical bytes: 46, and 75 for each vote. */
export function encodeCommit(commit: Commit): Uint8Array {
  return encodeLayout(commitLayout, commit);
}

/** The commit of exactly these bytes. Whether it proves anything, only the set of its height can tell. */
export function decodeCommit(bytes: Uint8Array): Commit | DecodeRejection {
  return decodeLayout(commitLayout, bytes, COMMIT_MAX_BYTES);
}
