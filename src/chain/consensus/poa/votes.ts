/** Votes that add and drop signers: what stands, what counts, and what a vote decides. EIP-225, Voting on signers. */
import { hexToBytes } from '../../../env/bytes.ts';
import { isCanonicalPublicKey } from '../../crypto/public-key.ts';
import { publicKeyField } from '../../types/layout/fields.ts';
import { booleanLayout, type Layout } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import type { PublicKey } from '../../types/units.ts';
import { POA_SIGNERS_MAX, signerLimit } from './signers.ts';

/** What a header proposes: NONCE_AUTH or NONCE_DROP, and whom about. */
export interface Vote {
  readonly target: PublicKey;
  /** True: to add the target as a signer; false: to drop it. */
  readonly add: boolean;
}

/** A vote that stands until it decides, is replaced, or its epoch ends. */
export interface CastVote extends Vote {
  readonly signer: PublicKey;
}

/** Signers, and the votes that stand. */
export interface Electorate {
  /** By key, ascending. */
  readonly signers: readonly PublicKey[];
  /** The oldest first. */
  readonly votes: readonly CastVote[];
}

/**
 * Votes of one signer that stand at once; a further one ends its oldest. EIP-225 bounds them by the epoch alone, which at
 * 30,000 blocks would be megabytes in every view.
 */
export const VOTES_OF_SIGNER_MAX = 16;
/** Votes that stand at once, of all signers. */
export const VOTES_MAX: number = POA_SIGNERS_MAX * VOTES_OF_SIGNER_MAX;

/** Bytes of what a header proposes. */
export const voteLayout: Layout<Vote> = struct<Vote>({ target: publicKeyField, add: booleanLayout });
/** Bytes of a vote that stands. */
export const castVoteLayout: Layout<CastVote> = struct<CastVote>({
  target: publicKeyField,
  add: booleanLayout,
  signer: publicKeyField,
});

/**
 * Whether a vote can change anything: to drop a signer, or to add a key that is none while there is room. Any other is
 * allowed in a header and not counted. EIP-225: arbitrary values are permitted, invalid proposals are not penalized.
 */
export function isCountable(signers: readonly PublicKey[], { target, add }: Vote): boolean {
  const isSigner = signers.includes(target);
  if (!add) return isSigner;
  return (
    !isSigner &&
    signers.length < POA_SIGNERS_MAX &&
    isCanonicalPublicKey(hexToBytes(target) ?? new Uint8Array(0))
  );
}

/** How many signers stand behind the vote. Those for the opposite do not exist: they would not be countable. */
export function tallyOf(votes: readonly CastVote[], { target, add }: Vote): number {
  return votes.filter((vote) => vote.target === target && vote.add === add).length;
}

/** After a block of `signer` with this vote. EIP-225: one a block, only the latest for a target is kept of a signer. */
export function castVote(electorate: Electorate, signer: PublicKey, vote: Vote): Electorate {
  const { signers } = electorate;
  const others = electorate.votes.filter((cast) => cast.signer !== signer || cast.target !== vote.target);
  const votes = isCountable(signers, vote) ? withVote(others, { ...vote, signer }) : others;
  // EIP-225, Cascading votes: only the target of this very vote may change.
  return hasMajority(signers, votes, vote.target)
    ? decided({ signers, votes }, vote.target)
    : { signers, votes };
}

/** After an epoch: EIP-225, all non settled votes are discarded, and tallying starts from scratch. */
export function withoutVotes(electorate: Electorate): Electorate {
  return electorate.votes.length === 0 ? electorate : { signers: electorate.signers, votes: [] };
}

function withVote(votes: readonly CastVote[], cast: CastVote): readonly CastVote[] {
  const own = votes.filter((vote) => vote.signer === cast.signer);
  const oldest = own.length < VOTES_OF_SIGNER_MAX ? undefined : own[0];
  return [...votes.filter((vote) => vote !== oldest), cast];
}

/** EIP-225: proposals reaching majority consensus SIGNER_LIMIT come into effect immediately. */
function hasMajority(signers: readonly PublicKey[], votes: readonly CastVote[], target: PublicKey): boolean {
  const add = !signers.includes(target);
  if (add && signers.length >= POA_SIGNERS_MAX) return false;
  return tallyOf(votes, { target, add }) >= signerLimit(signers.length);
}

/** EIP-225: a change discards every vote about its target; votes of a signer who is dropped go with him. */
function decided({ signers, votes }: Electorate, target: PublicKey): Electorate {
  const left = votes.filter((vote) => vote.target !== target);
  if (!signers.includes(target))
    return { signers: [...signers, target].sort((a, b) => (a < b ? -1 : 1)), votes: left };
  return {
    signers: signers.filter((signer) => signer !== target),
    votes: left.filter((vote) => vote.signer !== target),
  };
}
