/** Evidence that one key signed two things where one is allowed: two votes, or two proposals. PROTOCOL.md, PoS. */
import { hexToBytes } from '../../../env/bytes.ts';
import type { SignedItem } from '../../../env/crypto.ts';
import type { DecodeRejection } from '../../../env/network.ts';
import { hashTagged } from '../../crypto/sha256.ts';
import { TAG } from '../../crypto/tags.ts';
import { decodeLayout, encodeLayout } from '../../types/layout/codec.ts';
import { union } from '../../types/layout/struct.ts';
import type { Hash, Height, PublicKey } from '../../types/units.ts';
import { type Proposal, proposalLayout, proposalSignedItem } from './proposal.ts';
import { type Vote, voteLayout, voteSignedItem } from './vote.ts';

/** Two votes of 151 bytes each are the largest; one byte says which kind. */
export const EVIDENCE_MAX_BYTES = 303;

/** What is accused on the chain. Amnesia is not: it is judged from kept logs. */
export type PosEvidence =
  | { readonly kind: 'duplicateVote'; readonly a: Vote; readonly b: Vote }
  | { readonly kind: 'duplicateProposal'; readonly a: Proposal; readonly b: Proposal };

const evidenceLayout = union<PosEvidence>({
  duplicateVote: { tag: 1, fields: { a: voteLayout, b: voteLayout } },
  duplicateProposal: { tag: 2, fields: { a: proposalLayout, b: proposalLayout } },
});

/** The canonical bytes, at most EVIDENCE_MAX_BYTES. */
export function encodeEvidence(evidence: PosEvidence): Uint8Array {
  return encodeLayout(evidenceLayout, evidence);
}

/** The evidence of exactly these bytes. Whether it is one, `pairFlaw` says, and a view. */
export function decodeEvidence(bytes: Uint8Array): PosEvidence | DecodeRejection {
  return decodeLayout(evidenceLayout, bytes, EVIDENCE_MAX_BYTES);
}

/** The evidence that stands in a block as text; undefined: it is none. */
export function evidenceOfText(text: string): PosEvidence | undefined {
  const bytes = hexToBytes(text);
  const evidence = bytes === undefined ? undefined : decodeEvidence(bytes);
  return evidence === undefined || 'code' in evidence ? undefined : evidence;
}

/** SHA-256(tag ‖ bytes). */
export function evidenceId(evidence: PosEvidence): Hash {
  return hashTagged(TAG.evidence, encodeEvidence(evidence));
}

/** Whose key signed both. */
export function accusedOf(evidence: PosEvidence): PublicKey {
  return evidence.kind === 'duplicateVote' ? evidence.a.validator : evidence.a.proposer;
}

/** The height that both are of. */
export function heightOf({ a }: PosEvidence): Height {
  return a.height;
}

/** Both signatures, to be checked. @param chain hash of the genesis. */
export function evidenceItems(chain: Hash, evidence: PosEvidence): readonly SignedItem[] {
  if (evidence.kind === 'duplicateVote') {
    return [voteSignedItem(chain, evidence.a), voteSignedItem(chain, evidence.b)];
  }
  return [proposalSignedItem(chain, evidence.a), proposalSignedItem(chain, evidence.b)];
}

/** Evidence of two votes in canonical order; undefined: they do not accuse anybody. */
export function duplicateVote(one: Vote, other: Vote): PosEvidence | undefined {
  const [a, b] = inOrder(one, other);
  const evidence: PosEvidence = { kind: 'duplicateVote', a, b };
  return pairFlaw(evidence) === undefined ? evidence : undefined;
}

/** Evidence of two proposals in canonical order; undefined: they do not accuse anybody. */
export function duplicateProposal(one: Proposal, other: Proposal): PosEvidence | undefined {
  const [a, b] = inOrder(one, other);
  const evidence: PosEvidence = { kind: 'duplicateProposal', a, b };
  return pairFlaw(evidence) === undefined ? evidence : undefined;
}

/** nil before all blocks, blocks by id. */
function inOrder<T extends { readonly block: string | undefined }>(one: T, other: T): readonly [T, T] {
  return (one.block ?? '') <= (other.block ?? '') ? [one, other] : [other, one];
}

/**
 * Why this pair accuses nobody, without a view: one key, height, round and type, for two different blocks (nil counts as
 * one), the lower id first. CometBFT, spec/consensus/evidence.md, DuplicateVoteEvidence.
 */
export function pairFlaw(evidence: PosEvidence): 'NOT_A_PAIR' | 'WRONG_ORDER' | undefined {
  const { a, b } = evidence;
  const isSameSlot = a.height === b.height && a.round === b.round && a.block !== b.block;
  if (!isSameSlot || !isSameSigner(evidence)) return 'NOT_A_PAIR';
  return (a.block ?? '') < (b.block ?? '') ? undefined : 'WRONG_ORDER';
}

function isSameSigner(evidence: PosEvidence): boolean {
  if (evidence.kind === 'duplicateProposal') return evidence.a.proposer === evidence.b.proposer;
  const { a, b } = evidence;
  return a.validator === b.validator && a.type === b.type;
}
