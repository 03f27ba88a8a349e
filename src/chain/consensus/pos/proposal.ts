/** A proposal: what the proposer of a round signs. arXiv:1807.04938, line 19. */
import { hexToBytes } from '../../../env/bytes.ts';
import type { SignedItem } from '../../../env/crypto.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import { taggedBytes } from '../../crypto/sha256.ts';
import { TAG } from '../../crypto/tags.ts';
import { decodeLayout, encodeLayout } from '../../types/layout/codec.ts';
import {
  blockHashField,
  hashField,
  heightField,
  publicKeyField,
  signatureField,
} from '../../types/layout/fields.ts';
import type { Layout } from '../../types/layout/layout.ts';
import { struct } from '../../types/layout/struct.ts';
import type { BlockHash, Hash, Height, PublicKey, Signature } from '../../types/units.ts';
import { roundField, SIGN_BYTES_MAX } from './vote.ts';

export interface Proposal {
  readonly height: Height;
  readonly round: number;
  /** validRound of the paper: the round in which the proposer saw a polka for this block; undefined: -1, none. */
  readonly validRound: number | undefined;
  /** id(v). */
  readonly block: BlockHash;
  readonly proposer: PublicKey;
  readonly signature: Signature;
}

/** What is signed of a proposal, beside the chain. */
export type ProposalContent = Omit<Proposal, 'proposer' | 'signature'>;

/** The canonical bytes of a proposal. */
export const proposalLayout: Layout<Proposal> = struct<Proposal>({
  height: heightField,
  round: roundField,
  validRound: { optional: roundField },
  block: blockHashField,
  proposer: publicKeyField,
  signature: signatureField,
});

interface SignedProposal extends ProposalContent {
  readonly chain: Hash;
}

const signedProposalLayout: Layout<SignedProposal> = struct<SignedProposal>({
  chain: hashField,
  height: heightField,
  round: roundField,
  validRound: { optional: roundField },
  block: blockHashField,
});

/** What a proposer signs, without its tag: `host.sign({ tag: 'proposal', bytes })`. @param chain hash of the genesis. */
export function proposalSignBytes(chain: Hash, proposal: ProposalContent): Uint8Array {
  const { height, round, validRound, block } = proposal;
  return encodeLayout(signedProposalLayout, { chain, height, round, validRound, block });
}

/** What exactly these signed bytes say; undefined: they are no proposal's. For oracles. */
export function readProposalSignBytes(
  bytes: Uint8Array,
): (ProposalContent & { readonly chain: Hash }) | undefined {
  const proposal = decodeLayout(signedProposalLayout, bytes, SIGN_BYTES_MAX);
  return isDecodeRejection(proposal) ? undefined : proposal;
}

/** The signature of a proposal, to be checked. */
export function proposalSignedItem(chain: Hash, proposal: Proposal): SignedItem {
  return {
    publicKey: hexToBytes(proposal.proposer) ?? new Uint8Array(0),
    message: taggedBytes(TAG.signProposal, proposalSignBytes(chain, proposal)),
    signature: hexToBytes(proposal.signature) ?? new Uint8Array(0),
  };
}
