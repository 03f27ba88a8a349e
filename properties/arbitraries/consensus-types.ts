/** Arbitrary values of what engines put into headers, messages, states and snapshots; all can be encoded, few are true. */
import fc from 'fast-check';
import type { PoaConfig } from '../../src/chain/consensus/poa/config.ts';
import type { PoaField } from '../../src/chain/consensus/poa/header-field.ts';
import type { Commit } from '../../src/chain/consensus/pos/commit.ts';
import type { PosConfig } from '../../src/chain/consensus/pos/config.ts';
import type { PosEvidence } from '../../src/chain/consensus/pos/evidence.ts';
import type { PosMessage } from '../../src/chain/consensus/pos/messages.ts';
import type { Proposal } from '../../src/chain/consensus/pos/proposal.ts';
import type { RoundField } from '../../src/chain/consensus/pos/round.ts';
import type { Vote } from '../../src/chain/consensus/pos/vote.ts';
import type { PowConfig } from '../../src/chain/consensus/pow/config.ts';
import type { RoundRobinConfig } from '../../src/chain/consensus/round-robin/config.ts';
import { type Manifest, manifestOf } from '../../src/chain/snapshot/manifest.ts';
import { blockId } from '../../src/chain/types/header-codec.ts';
import {
  amount,
  blockHash,
  hash,
  height,
  publicKey,
  signature,
  weight,
} from '../../src/chain/types/units.ts';
import { unixMs } from '../../src/env/units.ts';
import {
  amounts,
  blocks,
  hash32,
  headClaims,
  headers,
  heights,
  hexText,
  record,
  u32,
} from './chain-types.ts';

const rounds = fc.nat({ max: 9_999 });
const times = fc.maxSafeNat().map(unixMs);
const keys = hash32.map(publicKey);
const signatures = hexText(64, 64).map(signature);
const blockIds = hash32.map(blockHash);
const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(values, { nil: undefined });

/** Votes of both types, for blocks and for nil. */
export const votes: fc.Arbitrary<Vote> = record({
  type: fc.constantFrom(1 as const, 2 as const),
  height: heights,
  round: rounds,
  block: maybe(blockIds),
  timestampMs: times,
  validator: keys,
  signature: signatures,
});

/** Proposals with and without a valid round, which is before their own. */
const proposals: fc.Arbitrary<Proposal> = record({
  height: heights,
  round: rounds,
  validRound: maybe(rounds),
  block: blockIds,
  proposer: keys,
  signature: signatures,
}).map((one) =>
  one.validRound === undefined || one.validRound < one.round ? one : { ...one, validRound: undefined },
);

/** Commits of a few votes. */
export const commits: fc.Arbitrary<Commit> = record({
  height: heights,
  round: rounds,
  block: blockIds,
  votes: fc.array(record({ validator: fc.nat({ max: 511 }), timestampMs: times, signature: signatures }), {
    maxLength: 4,
  }),
});

/** Pairs of votes and pairs of proposals. */
export const evidences: fc.Arbitrary<PosEvidence> = fc.oneof(
  record({ kind: fc.constant('duplicateVote' as const), a: votes, b: votes }),
  record({ kind: fc.constant('duplicateProposal' as const), a: proposals, b: proposals }),
);

const values = fc.array(record({ voters: hexText(0, 8), block: maybe(blockIds) }), { maxLength: 3 });

/** Every kind of message of proof of stake. */
export const posMessages: fc.Arbitrary<PosMessage> = fc.oneof(
  fc.tuple(proposals, maybe(blocks)).map(
    ([proposal, block]): PosMessage => ({
      kind: 'proposal',
      proposal: block === undefined ? proposal : { ...proposal, block: blockId(block.header) },
      block,
    }),
  ),
  record({ kind: fc.constant('vote' as const), vote: votes }),
  record({
    kind: fc.constant('status' as const),
    height: heights,
    round: rounds,
    head: headClaims,
    rounds: fc.array(
      record({ round: u32, hasProposal: fc.boolean(), prevotes: values, precommits: values }),
      { maxLength: 3 },
    ),
  }),
  record({ kind: fc.constant('evidence' as const), bytes: hexText(0, 60) }),
);

/** The `consensus` field of a header of proof of stake. */
export const roundFields: fc.Arbitrary<RoundField> = record({
  round: rounds,
  proposer: keys,
  validatorsHash: hash32.map(hash),
  nextValidatorsHash: hash32.map(hash),
});

/** The same of proof of authority. */
export const poaFields: fc.Arbitrary<PoaField> = record({
  difficulty: fc.nat({ max: 2 }),
  signer: keys,
  vote: maybe(record({ target: keys, add: fc.boolean() })),
  checkpoint: fc.array(keys, { maxLength: 3 }),
});

const atLeastOne = fc.integer({ min: 1, max: 0xffff_ffff });

/** Configurations of proof of stake that are valid. */
export const posConfigs: fc.Arbitrary<PosConfig> = record({
  proposeMs: atLeastOne,
  proposeDeltaMs: atLeastOne,
  prevoteMs: atLeastOne,
  prevoteDeltaMs: atLeastOne,
  precommitMs: atLeastOne,
  precommitDeltaMs: atLeastOne,
  commitMs: atLeastOne,
  stakeMin: fc.integer({ min: 1, max: 1_000_000 }).map((units) => amount(BigInt(units))),
  validatorsMax: fc.integer({ min: 1, max: 512 }),
  unbondingBlocks: fc.integer({ min: 101, max: 1_000 }),
  unbondingMs: fc.integer({ min: 100_001, max: 1_000_000 }),
  evidenceBlocks: fc.integer({ min: 1, max: 100 }),
  evidenceMs: fc.integer({ min: 1, max: 100_000 }),
  slashPermille: fc.integer({ min: 1, max: 1_000 }),
  safeHeights: fc.integer({ min: 2, max: 100 }),
});

/** Configurations of proof of work that are valid. */
export const powConfigs: fc.Arbitrary<PowConfig> = record({
  difficulty: fc.oneof(
    record({ kind: fc.constant('constant' as const) }),
    record({
      kind: fc.constant('asert' as const),
      intervalMs: fc.integer({ min: 1, max: 600_000 }),
      halfLifeMs: fc.integer({ min: 1, max: 172_800_000 }),
    }),
  ),
  initialTarget: fc.constant(hash(`00${'7f'.repeat(31)}`)),
  powLimit: fc.constant(hash('ff'.repeat(32))),
  powScale: fc.constant(amount(1n)),
  finalityDepth: fc.integer({ min: 1, max: 1_000 }),
  issuance: fc
    .uniqueArray(
      record({
        height: fc.integer({ min: 1, max: 1_000_000 }).map(height),
        reward: amounts.map((one) => amount(one >> 1n)),
      }),
      {
        maxLength: 3,
        selector: (step) => step.height,
      },
    )
    .map((steps) => [...steps].sort((a, b) => a.height - b.height)),
});

/** Configurations of proof of authority that are valid. */
export const poaConfigs: fc.Arbitrary<PoaConfig> = record({
  periodMs: atLeastOne,
  wiggleMs: u32,
  epoch: atLeastOne,
  tieBreak: fc.constantFrom(0 as const, 1 as const),
});

/** Configurations of the rotation that are valid. */
export const roundRobinConfigs: fc.Arbitrary<RoundRobinConfig> = record({
  periodMs: atLeastOne,
  skipMs: atLeastOne,
  finalityDepth: atLeastOne,
});

/** Manifests whose ends grow. */
export const manifests: fc.Arbitrary<Manifest> = record({
  genesisId: blockIds,
  header: headers,
  certificate: hexText(0, 20),
  weight: hexText(0, 64).map(weight),
  peaks: fc.array(hash32.map(hash), { maxLength: 3 }),
  view: hexText(0, 20),
  leafCount: fc.maxSafeNat(),
  ends: fc
    .uniqueArray(hash32.map(hash), { maxLength: 3 })
    .map((ends) => [...ends].sort((a, b) => (a < b ? -1 : 1))),
}).map(manifestOf);
