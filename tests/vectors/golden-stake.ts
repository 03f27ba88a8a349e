/** The golden chain with stake: newcomers, refusals of every kind, both kinds of evidence, rounds, a changing set, the unbonding queue. */
import { sign } from '@noble/ed25519';
import { bftTime } from '../../src/chain/consensus/pos/bft-time.ts';
import { type Commit, encodeCommit } from '../../src/chain/consensus/pos/commit.ts';
import { encodePosConfig, POS_NAME } from '../../src/chain/consensus/pos/config.ts';
import { encodeEvidence, type PosEvidence } from '../../src/chain/consensus/pos/evidence.ts';
import { type ProposalContent, proposalSignBytes } from '../../src/chain/consensus/pos/proposal.ts';
import { proposerOf } from '../../src/chain/consensus/pos/proposer-priority.ts';
import { encodeRoundField } from '../../src/chain/consensus/pos/round.ts';
import { createPosRules } from '../../src/chain/consensus/pos/rules.ts';
import { validatorsHash } from '../../src/chain/consensus/pos/validators-hash.ts';
import type { PosView } from '../../src/chain/consensus/pos/view.ts';
import { VOTE, type VoteContent, voteSignBytes } from '../../src/chain/consensus/pos/vote.ts';
import { taggedBytes } from '../../src/chain/crypto/sha256.ts';
import { TAG, type Tag } from '../../src/chain/crypto/tags.ts';
import type { Header } from '../../src/chain/types/block.ts';
import { genesisHash } from '../../src/chain/types/genesis-codec.ts';
import type { Action } from '../../src/chain/types/transaction.ts';
import {
  amount,
  type BlockHash,
  blockHash,
  height,
  type Signature,
  signature,
} from '../../src/chain/types/units.ts';
import { assert } from '../../src/env/assert.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { unixMs } from '../../src/env/units.ts';
import { type Script, transfer } from './golden-chain.ts';
import { SAMPLE_GENESIS, SAMPLE_KEYS, type SampleKey, sampleKey } from './samples.ts';

const [ALICE, BOB, CAROL, DAVE] = SAMPLE_KEYS as [SampleKey, SampleKey, SampleKey, SampleKey];
const FRANK = sampleKey(5);
const KEYS = [...SAMPLE_KEYS, FRANK];

const GENESIS = {
  ...SAMPLE_GENESIS,
  name: 'golden-4',
  engine: POS_NAME,
  engineConfig: encodePosConfig({
    proposeMs: 3_000,
    proposeDeltaMs: 500,
    prevoteMs: 1_000,
    prevoteDeltaMs: 500,
    precommitMs: 1_000,
    precommitDeltaMs: 500,
    commitMs: 1_000,
    stakeMin: amount(1_000n),
    validatorsMax: 4,
    unbondingBlocks: 5,
    unbondingMs: 6_000,
    evidenceBlocks: 4,
    evidenceMs: 4_000,
    slashPermille: 55,
    safeHeights: 5,
  }),
  validators: (
    [
      [ALICE, 4_000n],
      [BOB, 3_000n],
      [CAROL, 2_000n],
    ] as const
  )
    .map(([{ key }, power]) => ({ key, power: amount(power) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1)),
};
const CHAIN = genesisHash(GENESIS);

function signed(tag: Tag, bytes: Uint8Array, secret: Uint8Array): Signature {
  return signature(bytesToHex(sign(taggedBytes(tag, bytes), secret)));
}

function secretOf(key: string): Uint8Array {
  const found = KEYS.find((sample) => sample.key === key);
  assert(found !== undefined, 'the validators of the vectors are sample keys');
  return found.secret;
}

/** Precommits for the parent: every fourth block is decided in a later round, every third without its first validator. */
function commitOf({ last, height: at, timestampMs }: PosView, id: BlockHash): Commit | undefined {
  if (last === undefined) return undefined;
  const head = { height: at, round: at % 4 === 0 ? 2 : 0, block: id };
  const votes = last.validators.map(({ key }, validator) => {
    // Times are in another order than places.
    const time = unixMs(timestampMs + 1_000 + ((7 * validator + at) % 5) * 100);
    const content = { type: VOTE.precommit, ...head, timestampMs: time };
    return {
      validator,
      timestampMs: time,
      signature: signed(TAG.signVote, voteSignBytes(CHAIN, content), secretOf(key)),
    };
  });
  const isLight = (last.validators[0]?.power ?? 0n) * 3n < last.totalPower;
  return { ...head, votes: at % 3 === 0 && isLight ? votes.slice(1) : votes };
}

const ONE = blockHash('11'.repeat(32));
const TWO = blockHash('22'.repeat(32));

function voteOf({ key, secret }: SampleKey, at: number, block: BlockHash | undefined) {
  const content: VoteContent = {
    type: VOTE.prevote,
    height: height(at),
    round: 1,
    block,
    timestampMs: unixMs(at),
  };
  return {
    ...content,
    validator: key,
    signature: signed(TAG.signVote, voteSignBytes(CHAIN, content), secret),
  };
}

function proposalOf(
  { key, secret }: SampleKey,
  at: number,
  block: BlockHash,
  validRound: number | undefined,
) {
  const content: ProposalContent = { height: height(at), round: 3, validRound, block };
  const bytes = proposalSignBytes(CHAIN, content);
  return { ...content, proposer: key, signature: signed(TAG.signProposal, bytes, secret) };
}

/** Bob votes for nil and for a block; Dave, who has left, proposed twice in his last height. */
function evidenceAt(at: number): readonly PosEvidence[] {
  if (at === 6) return [{ kind: 'duplicateVote', a: voteOf(BOB, 5, undefined), b: voteOf(BOB, 5, TWO) }];
  if (at !== 10) return [];
  return [
    { kind: 'duplicateProposal', a: proposalOf(DAVE, 9, ONE, undefined), b: proposalOf(DAVE, 9, TWO, 2) },
  ];
}

/** What is sent for each height: from whom, and what it does. */
function sentAt(at: number): readonly (readonly [SampleKey, Action])[] {
  const stake = (value: bigint): Action => ({ kind: 'stake', amount: amount(value) });
  const unstake = (value: bigint): Action => ({ kind: 'unstake', amount: amount(value) });
  switch (at) {
    case 1:
      return [
        [ALICE, transfer(DAVE.address, 900_000_000n)],
        [BOB, transfer(FRANK.address, 900_000_000n)],
      ];
    case 2: // STAKE_TOO_LOW, OK, INSUFFICIENT_BALANCE
      return [
        [DAVE, stake(999n)],
        [DAVE, stake(5_000n)],
        [ALICE, stake(2n ** 60n)],
      ];
    case 3: // OK, OK, STAKE_TOO_LOW
      return [
        [BOB, stake(500n)],
        [CAROL, unstake(500n)],
        [CAROL, unstake(501n)],
      ];
    case 4: // STAKE_REFUSED thrice
      return [
        [DAVE, unstake(5_001n)],
        [CAROL, unstake(0n)],
        [CAROL, stake(0n)],
      ];
    case 5: // TOO_MANY_VALIDATORS
      return [[FRANK, stake(1_000n)]];
    case 6: // STAKE_REFUSED, TOMBSTONED: the evidence of this block comes first
      return [
        [BOB, unstake(3_500n)],
        [BOB, stake(1_000n)],
      ];
    case 7:
      return [[FRANK, stake(1_777n)]];
    case 8:
      return [[DAVE, unstake(5_000n)]];
    case 11:
      return [[CAROL, unstake(1_500n)]];
    case 13: // OK, LAST_VALIDATOR, OK
      return [
        [ALICE, unstake(4_000n)],
        [FRANK, unstake(1_777n)],
        [FRANK, unstake(777n)],
      ];
    case 14: // in and out: never a member
      return [
        [CAROL, stake(1_234n)],
        [CAROL, unstake(1_234n)],
      ];
    case 16:
      return [[ALICE, stake(8_000n)]];
    default:
      return [];
  }
}

/** Version 2 from height 12 on. */
export const PROOF_OF_STAKE: Script<PosView> = {
  rules: createPosRules(),
  genesis: GENESIS,
  schedule: [{ height: height(12), version: 2 }],
  blocks: 20,
  beneficiaryAt: (at) => (at % 2 === 0 ? BOB : CAROL).address,
  sentAt: (at) =>
    sentAt(at).map(([from, action]) => ({ from, action, gasLimit: 30_000, gasPrice: BigInt(1 + (at % 3)) })),
  plan(view, at, { header, id }) {
    const commit = commitOf(view, id);
    const round = at % 5 === 0 ? 1 : at % 7 === 0 ? 3 : 0;
    return {
      timestampMs: timeOf(view, header, commit),
      consensus: encodeRoundField({
        round,
        proposer: proposerOf(view.current, round).key,
        validatorsHash: validatorsHash(view.current),
        nextValidatorsHash: validatorsHash(view.next),
      }),
      system: {
        evidence: evidenceAt(at).map((item) => bytesToHex(encodeEvidence(item))),
        lastCommit: commit === undefined ? '' : bytesToHex(encodeCommit(commit)),
      },
    };
  },
  seal: () => '',
};

function timeOf({ last }: PosView, parent: Header, commit: Commit | undefined) {
  return commit === undefined || last === undefined ? parent.timestampMs : bftTime(commit, last);
}
