import { sign } from '@noble/ed25519';
import { describe, expect, it } from 'vitest';
import { SAMPLE_KEYS, type SampleKey } from '../../../../tests/vectors/samples.ts';
import { bytesToHex } from '../../../env/bytes.ts';
import { isDecodeRejection } from '../../../env/network.ts';
import { verifyZip215 } from '../../crypto/ed25519.ts';
import { taggedBytes } from '../../crypto/sha256.ts';
import { TAG } from '../../crypto/tags.ts';
import { testKey } from '../../execution/test-chain.ts';
import { hash, height, signature } from '../../types/units.ts';
import {
  accusedOf,
  decodeEvidence,
  duplicateProposal,
  duplicateVote,
  EVIDENCE_MAX_BYTES,
  encodeEvidence,
  evidenceId,
  evidenceItems,
  heightOf,
  type PosEvidence,
  pairFlaw,
} from './evidence.ts';
import type { Proposal } from './proposal.ts';
import { NO_SIGNATURE, testBlock, testVote } from './test-chain.ts';
import { VOTE, type Vote, voteSignBytes } from './vote.ts';

const CHAIN = hash('cd'.repeat(32));
const ONE = testVote(1, 7, '11');
const TWO = testVote(1, 7, '22');

function proposal(changes: Partial<Proposal> = {}): Proposal {
  return {
    height: height(7),
    round: 2,
    validRound: undefined,
    block: testBlock('11'),
    proposer: testKey(1),
    signature: NO_SIGNATURE,
    ...changes,
  };
}

describe('evidence', () => {
  it('has one order and one encoding, whichever was seen first', () => {
    expect(duplicateVote(TWO, ONE)).toEqual({ kind: 'duplicateVote', a: ONE, b: TWO });
    expect(duplicateVote(ONE, TWO)).toEqual(duplicateVote(TWO, ONE));
    const nil = testVote(1, 7, undefined);
    expect(duplicateVote(ONE, nil)).toMatchObject({ a: nil, b: ONE });
    const other = proposal({ block: testBlock('22'), validRound: 1 });
    expect(duplicateProposal(other, proposal())).toEqual({
      kind: 'duplicateProposal',
      a: proposal(),
      b: other,
    });
  });

  it('reads back what was written, in at most so many bytes', () => {
    const all = [
      duplicateVote(ONE, TWO),
      duplicateProposal(proposal(), proposal({ block: testBlock('22') })),
    ];
    const sizes = all.map((evidence) => {
      if (evidence === undefined) throw new Error('both accuse');
      const bytes = encodeEvidence(evidence);
      expect(decodeEvidence(bytes)).toEqual(evidence);
      expect([accusedOf(evidence), heightOf(evidence)]).toEqual([testKey(1), 7]);
      return bytes.length;
    });
    expect(sizes).toEqual([EVIDENCE_MAX_BYTES, 285]);
    expect(isDecodeRejection(decodeEvidence(new Uint8Array(EVIDENCE_MAX_BYTES + 1)))).toBe(true);
    expect(isDecodeRejection(decodeEvidence(Uint8Array.of(3)))).toBe(true);
  });

  it.each<[string, Partial<Vote>]>([
    ['another height', { height: height(8) }],
    ['another round', { round: 1 }],
    ['another type', { type: VOTE.prevote }],
    ['another key', { validator: testKey(2) }],
    ['the same block', { block: testBlock('11') }],
  ])('is no pair of votes with %s', (_name, changes) => {
    expect(duplicateVote(ONE, { ...TWO, ...changes })).toBeUndefined();
    expect(pairFlaw({ kind: 'duplicateVote', a: ONE, b: { ...TWO, ...changes } })).toBe('NOT_A_PAIR');
  });

  it.each<[string, Partial<Proposal>]>([
    ['another height', { height: height(8) }],
    ['another round', { round: 1 }],
    ['another key', { proposer: testKey(2) }],
    ['the same block', { block: testBlock('11'), validRound: 1 }],
  ])('is no pair of proposals with %s', (_name, changes) => {
    expect(duplicateProposal(proposal(), proposal({ block: testBlock('22'), ...changes }))).toBeUndefined();
  });

  it('out of order is told from no evidence', () => {
    expect(pairFlaw({ kind: 'duplicateVote', a: TWO, b: ONE })).toBe('WRONG_ORDER');
    expect(pairFlaw({ kind: 'duplicateVote', a: ONE, b: TWO })).toBeUndefined();
  });

  it('of other times has another id: an id covers every byte', () => {
    const one: PosEvidence = { kind: 'duplicateVote', a: ONE, b: TWO };
    const other: PosEvidence = { kind: 'duplicateVote', a: testVote(1, 7, '11', 2), b: TWO };
    expect(evidenceId(one)).not.toBe(evidenceId(other));
  });

  it('names the signatures that prove it, over the chain that they were given for', () => {
    const [{ secret, key }] = SAMPLE_KEYS as [SampleKey];
    const signed = (vote: Vote): Vote => {
      const own = { ...vote, validator: key };
      const message = taggedBytes(TAG.signVote, voteSignBytes(CHAIN, own));
      return { ...own, signature: signature(bytesToHex(sign(message, secret))) };
    };
    const evidence = duplicateVote(signed(ONE), signed(TWO));
    if (evidence === undefined) throw new Error('both accuse');
    const valid = (chain: typeof CHAIN) =>
      evidenceItems(chain, evidence).map((item) =>
        verifyZip215(item.signature, item.message, item.publicKey),
      );
    expect(valid(CHAIN)).toEqual([true, true]);
    expect(valid(hash('ab'.repeat(32)))).toEqual([false, false]);
    expect(evidenceItems(CHAIN, { kind: 'duplicateProposal', a: proposal(), b: proposal() })).toHaveLength(2);
  });
});
