/** A vote: what a validator signs in the two voting steps of a round. arXiv:1807.04938, algorithm 1. */
import { hexToBytes } from '../../../env/bytes.ts';
import type { SignedItem } from '../../../env/crypto.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import type { UnixMs } from '../../../env/units.ts';
import { taggedBytes } from '../../crypto/sha256.ts';
import { TAG } from '../../crypto/tags.ts';
import { decodeLayout, encodeLayout } from '../../types/layout/codec.ts';
import {
  blockHashField,
  hashField,
  heightField,
  publicKeyField,
  signatureField,
  timeField,
} from '../../types/layout/fields.ts';
import { type Layout, unsigned } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import type { BlockHash, Hash, Height, PublicKey, Signature } from '../../types/units.ts';

/** PREVOTE and PRECOMMIT of the paper, as they are encoded. */
export const VOTE = { prevote: 1, precommit: 2 } as const;
export type VoteType = keyof typeof VOTE;
/** What is signed of a vote takes 86 bytes, of a proposal 82. */
export const SIGN_BYTES_MAX = 128;
type VoteCode = (typeof VOTE)[VoteType];

/**
 * The last round of a height. Time-outs grow with the round: with the shortest of 1 ms it comes after two days. The
 * proposer of a round is found by advancing the priorities so often: what a message names must be bounded.
 */
export const ROUND_MAX = 9_999;

export interface Vote {
  readonly type: VoteCode;
  readonly height: Height;
  readonly round: number;
  /** id(v) of the paper; undefined: nil. */
  readonly block: BlockHash | undefined;
  /** Wall clock of the validator, later than the block's time: what BFT time is the median of. */
  readonly timestampMs: UnixMs;
  readonly validator: PublicKey;
  readonly signature: Signature;
}

/** What is signed of a vote, beside the chain. */
export type VoteContent = Omit<Vote, 'validator' | 'signature'>;

/** The type of a vote. */
const voteCodeField: Layout<VoteCode> = unsigned<VoteCode>(8, VOTE.precommit);
/** A round: a number from 0 on. */
export const roundField: Layout<number> = unsigned<number>(32, ROUND_MAX);

/** The canonical bytes of a vote. */
export const voteLayout: Layout<Vote> = struct<Vote>({
  type: voteCodeField,
  height: heightField,
  round: roundField,
  block: { optional: blockHashField },
  timestampMs: timeField,
  validator: publicKeyField,
  signature: signatureField,
});

interface SignedVote extends VoteContent {
  readonly chain: Hash;
}

const signedVoteLayout: Layout<SignedVote> = struct<SignedVote>({
  chain: hashField,
  type: voteCodeField,
  height: heightField,
  round: roundField,
  block: { optional: blockHashField },
  timestampMs: timeField,
});

/** What a validator signs, without its tag: `host.sign({ tag: 'vote', bytes })`. @param chain hash of the genesis. */
export function voteSignBytes(chain: Hash, vote: VoteContent): Uint8Array {
  const { type, height, round, block, timestampMs } = vote;
  return encodeLayout(signedVoteLayout, { chain, type, height, round, block, timestampMs });
}

/** What exactly these signed bytes say; undefined: they are no vote's. For oracles, which see what a key has signed. */
export function readVoteSignBytes(bytes: Uint8Array): (VoteContent & { readonly chain: Hash }) | undefined {
  const vote = decodeLayout(signedVoteLayout, bytes, SIGN_BYTES_MAX);
  return isDecodeRejection(vote) ? undefined : vote;
}

/** The signature of a vote, to be checked. */
export function voteSignedItem(chain: Hash, vote: Vote): SignedItem {
  return {
    publicKey: hexToBytes(vote.validator) ?? new Uint8Array(0),
    message: taggedBytes(TAG.signVote, voteSignBytes(chain, vote)),
    signature: hexToBytes(vote.signature) ?? new Uint8Array(0),
  };
}
