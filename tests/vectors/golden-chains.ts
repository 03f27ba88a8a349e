/** Twenty blocks of each engine, with transactions that succeed and fail in every way, and an upgrade in between. */
import { encodePoaConfig, TIE_BREAK } from '../../src/chain/consensus/poa/config.ts';
import { createPoaRules, maySign } from '../../src/chain/consensus/poa/rules.ts';
import type { PoaView } from '../../src/chain/consensus/poa/view.ts';
import type { Vote } from '../../src/chain/consensus/poa/votes.ts';
import { encodePowConfig } from '../../src/chain/consensus/pow/config.ts';
import { createPowRules } from '../../src/chain/consensus/pow/rules.ts';
import type { PowView } from '../../src/chain/consensus/pow/view.ts';
import { createRoundRobinRules, type RoundRobinView } from '../../src/chain/consensus/round-robin/rules.ts';
import type { Action } from '../../src/chain/types/transaction.ts';
import { type AccountAddress, amount, hash, height } from '../../src/chain/types/units.ts';
import {
  chainOf,
  poaSealing,
  powSealing,
  roundRobinSealing,
  type Script,
  type Sent,
  transfer,
} from './golden-chain.ts';
import { PROOF_OF_STAKE } from './golden-stake.ts';
import { SAMPLE_GENESIS, SAMPLE_KEYS, type SampleKey, sampleKey } from './samples.ts';

const [ALICE, BOB, CAROL, DAVE] = SAMPLE_KEYS as [SampleKey, SampleKey, SampleKey, SampleKey];

/** Version 2 in the middle: `burn` is a transaction from there on. */
const COMMON = {
  schedule: [{ height: height(12), version: 2 }],
  blocks: 20,
  beneficiaryAt: (at: number): AccountAddress => (at % 2 === 0 ? BOB : CAROL).address,
  sentAt: (at: number): readonly Sent[] =>
    scriptAt(at).map(([from, gasLimit, action], index) => ({
      from,
      gasLimit,
      action,
      gasPrice: BigInt(1 + (at % 3)),
      validUntil: index === 0 ? at : 0,
    })),
};

const ROUND_ROBIN: Script<RoundRobinView> = {
  ...COMMON,
  ...roundRobinSealing(createRoundRobinRules(), (at) => (at % 5 === 0 ? 1 : 0)),
  genesis: SAMPLE_GENESIS,
};

const POW: Script<PowView> = {
  ...COMMON,
  ...powSealing(createPowRules()),
  genesis: {
    ...SAMPLE_GENESIS,
    engine: 'pow',
    engineConfig: encodePowConfig({
      difficulty: { kind: 'asert', intervalMs: 10_000, halfLifeMs: 60_000 },
      initialTarget: hash(`0f${'ff'.repeat(31)}`),
      powLimit: hash(`3f${'ff'.repeat(31)}`),
      powScale: amount(2n),
      finalityDepth: 6,
      issuance: [
        { height: height(1), reward: amount(5_000_000n) },
        { height: height(10), reward: amount(2_500_000n) },
      ],
    }),
  },
};

/** Six keys, the first four of which sign from the start. */
const POA_KEYS: readonly SampleKey[] = [0, 1, 2, 3, 5, 6].map(sampleKey);
const [, , , , FRANK, GRACE] = POA_KEYS as [SampleKey, SampleKey, SampleKey, SampleKey, SampleKey, SampleKey];

/** A vote to add Frank passes at 4; one to add Grace is forgotten at the epoch of 8; from 10 on Dave is dropped. */
function voteAt(at: number): Vote | undefined {
  if (at >= 2 && at <= 4) return { target: FRANK.key, add: true };
  if (at === 6 || at === 7 || at === 9) return { target: GRACE.key, add: true };
  if (at >= 10 && at <= 14) return { target: DAVE.key, add: false };
  // What changes nothing is allowed: to drop nobody's key.
  return at === 17 ? { target: GRACE.key, add: false } : undefined;
}

/** In turn where he may, every third time the next who may. */
function signerAt(view: PoaView, at: number): number {
  const { signers } = view;
  const order = signers.map((_, i) => (at + (at % 3 === 0 ? 1 : 0) + i) % signers.length);
  return order.find((i) => maySign(view, signers[i] ?? ALICE.key)) ?? 0;
}

const POA: Script<PoaView> = {
  ...COMMON,
  ...poaSealing(createPoaRules(), POA_KEYS, signerAt, voteAt),
  genesis: {
    ...SAMPLE_GENESIS,
    engine: 'poa',
    engineConfig: encodePoaConfig({
      periodMs: 1_000,
      wiggleMs: 500,
      epoch: 8,
      tieBreak: TIE_BREAK['eip-3436'],
    }),
    validators: SAMPLE_KEYS.map(({ key }) => ({ key, power: amount(1n) })).sort((a, b) =>
      a.key < b.key ? -1 : 1,
    ),
  },
};

/** What is sent for each height: from whom, the gas limit, and what it does. */
function scriptAt(at: number): readonly (readonly [SampleKey, number, Action])[] {
  const everyBlock: (readonly [SampleKey, number, Action])[] = [
    [ALICE, 50_000, transfer(BOB.address, BigInt(at) * 1_000n)],
  ];
  switch (at) {
    case 2: // a new account without the gas for it: OUT_OF_GAS
      return [...everyBlock, [BOB, 10_000, transfer(DAVE.address, 1n)]];
    case 3: // the same with enough
      return [...everyBlock, [BOB, 60_000, transfer(DAVE.address, 900_000_000n)]];
    case 4: // more than there is: INSUFFICIENT_BALANCE
      return [
        ...everyBlock,
        [DAVE, 50_000, transfer(ALICE.address, 900_000_000n)],
        [DAVE, 50_000, transfer(DAVE.address, 5n)],
      ];
    case 6: // no stake in these engines
      return [
        ...everyBlock,
        [BOB, 20_000, { kind: 'stake', amount: amount(5n) }],
        [BOB, 20_000, { kind: 'unstake', amount: amount(5n) }],
      ];
    case 9:
      return [];
    case 13: // from version 2 on
      return [...everyBlock, [BOB, 20_000, { kind: 'burn', amount: amount(7_000n) }]];
    case 14: // more than there is
      return [...everyBlock, [DAVE, 20_000, { kind: 'burn', amount: amount(2n ** 63n) }]];
    default:
      return everyBlock;
  }
}

/** Twenty blocks of each engine. */
export function goldenChains() {
  return [
    chainOf(ROUND_ROBIN).vector,
    chainOf(POW).vector,
    chainOf(POA).vector,
    chainOf(PROOF_OF_STAKE).vector,
  ];
}
