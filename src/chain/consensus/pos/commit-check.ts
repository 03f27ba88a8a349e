/** Whether precommits decide a block: more than 2/3 of the power of the set of its height. arXiv:1807.04938, line 49. */
import { hexToBytes } from '../../../env/bytes.ts';
import type { SignedItem } from '../../../env/crypto.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import type { UnixMs } from '../../../env/units.ts';
import type { SystemData } from '../../types/block.ts';
import type { BlockHash, Hash, Height } from '../../types/units.ts';
import { type Commit, decodeCommit } from './commit.ts';
import { isQuorum } from './quorum.ts';
import type { ValidatorSet } from './validator-set.ts';
import { VOTE, voteSignedItem } from './vote.ts';

/** The block that a commit is to decide. */
export interface Decided {
  readonly height: Height;
  readonly block: BlockHash;
  readonly timestampMs: UnixMs;
}

/** Why a commit decides nothing. */
export type CommitFlaw =
  | 'MALFORMED'
  | 'WRONG_HEIGHT'
  | 'WRONG_BLOCK'
  | 'UNKNOWN_PLACE'
  | 'PLACES_OUT_OF_ORDER'
  | 'VOTE_NOT_AFTER_BLOCK'
  | 'NO_QUORUM';

/**
 * What is wrong with a commit, its signatures aside: height and block, places ascending and inside the set, each time
 * later than the block's, more than 2/3 of the POWER. @param set of the block's height.
 */
export function commitFlaw(
  commit: Commit | undefined,
  set: ValidatorSet,
  decided: Decided,
): CommitFlaw | undefined {
  if (commit === undefined) return 'MALFORMED';
  if (commit.height !== decided.height) return 'WRONG_HEIGHT';
  if (commit.block !== decided.block) return 'WRONG_BLOCK';
  let power = 0n;
  let previous = -1;
  for (const { validator, timestampMs } of commit.votes) {
    const voter = set.validators[validator];
    if (voter === undefined) return 'UNKNOWN_PLACE';
    if (validator <= previous) return 'PLACES_OUT_OF_ORDER';
    if (timestampMs <= decided.timestampMs) return 'VOTE_NOT_AFTER_BLOCK';
    power += voter.power;
    previous = validator;
  }
  return isQuorum(power, set.totalPower) ? undefined : 'NO_QUORUM';
}

/** Signatures of a commit's votes, as far as the set has their places. Made once for each commit and set. */
export function commitItems(chain: Hash, set: ValidatorSet, commit: Commit): readonly SignedItem[] {
  const known = itemsOf.get(commit);
  if (known?.set === set) return known.items;
  const { height, round, block } = commit;
  const items: SignedItem[] = [];
  for (const { validator: place, timestampMs, signature } of commit.votes) {
    const validator = set.validators[place]?.key;
    if (validator === undefined) continue;
    const vote = { type: VOTE.precommit, height, round, block, timestampMs, validator, signature };
    items.push(voteSignedItem(chain, vote));
  }
  itemsOf.set(commit, { set, items });
  return items;
}

const itemsOf = new WeakMap<Commit, { readonly set: ValidatorSet; readonly items: readonly SignedItem[] }>();

function decoded(bytes: Uint8Array | undefined): Commit | undefined {
  const commit = bytes === undefined ? undefined : decodeCommit(bytes);
  return commit === undefined || isDecodeRejection(commit) ? undefined : commit;
}

/** Commits by the immutable values that hold them: decoded once. `undefined` as a value: it is none. */
const ofSystem = new WeakMap<SystemData, { readonly commit: Commit | undefined }>();
const ofCertificates = new WeakMap<Uint8Array, { readonly commit: Commit | undefined }>();

/** The last commit that a block carries; undefined: these bytes are none. */
export function lastCommitOf(system: SystemData): Commit | undefined {
  const known = ofSystem.get(system);
  if (known !== undefined) return known.commit;
  const commit = decoded(hexToBytes(system.lastCommit));
  ofSystem.set(system, { commit });
  return commit;
}

/** The commit that a certificate is; undefined: these bytes are none. */
export function commitOfCertificate(certificate: Uint8Array): Commit | undefined {
  const known = ofCertificates.get(certificate);
  if (known !== undefined) return known.commit;
  const commit = decoded(certificate);
  ofCertificates.set(certificate, { commit });
  return commit;
}
