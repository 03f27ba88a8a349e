/** Twenty blocks of each engine, with transactions that succeed and fail in every way, and an upgrade in between. */
import { encodePowConfig } from '../../src/chain/consensus/pow/config.ts';
import { createPowRules } from '../../src/chain/consensus/pow/rules.ts';
import type { PowView } from '../../src/chain/consensus/pow/view.ts';
import { createRoundRobinRules, type RoundRobinView } from '../../src/chain/consensus/round-robin/rules.ts';
import type { Action } from '../../src/chain/types/transaction.ts';
import { type AccountAddress, amount, hash, height } from '../../src/chain/types/units.ts';
import { chainOf, powSealing, roundRobinSealing, type Script, type Sent, transfer } from './golden-chain.ts';
import { PROOF_OF_STAKE } from './golden-stake.ts';
import { SAMPLE_GENESIS, SAMPLE_KEYS, type SampleKey } from './samples.ts';

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
  return [chainOf(ROUND_ROBIN).vector, chainOf(POW).vector, chainOf(PROOF_OF_STAKE).vector];
}
