/** Twenty blocks of each engine, with transactions that succeed and fail in every way, and an upgrade in between. */
import { sign } from '@noble/ed25519';
import type { ConsensusRules } from '../../src/chain/consensus/consensus.ts';
import { encodePowConfig } from '../../src/chain/consensus/pow/config.ts';
import { createPowRules } from '../../src/chain/consensus/pow/rules.ts';
import { searchNonce } from '../../src/chain/consensus/pow/search.ts';
import { scaledTarget, targetToBytes } from '../../src/chain/consensus/pow/target.ts';
import type { PowView } from '../../src/chain/consensus/pow/view.ts';
import {
  createRoundRobinRules,
  earliestMs,
  encodeTurn,
  producerAt,
  type RoundRobinView,
} from '../../src/chain/consensus/round-robin/rules.ts';
import { EMPTY_HISTORY, historyAppend, historyRoot } from '../../src/chain/crypto/history.ts';
import { sha256, taggedBytes } from '../../src/chain/crypto/sha256.ts';
import { TAG } from '../../src/chain/crypto/tags.ts';
import { assembleBlock } from '../../src/chain/execution/assemble-block.ts';
import { executeBlock } from '../../src/chain/execution/execute-block.ts';
import { buildGenesis } from '../../src/chain/execution/genesis.ts';
import { encodeReceipt } from '../../src/chain/types/account-codec.ts';
import type { Block, Header } from '../../src/chain/types/block.ts';
import { EMPTY_SYSTEM, encodeBlock } from '../../src/chain/types/block-codec.ts';
import type { Genesis, UpgradeSchedule } from '../../src/chain/types/genesis.ts';
import { encodeGenesis, versionAt } from '../../src/chain/types/genesis-codec.ts';
import { blockId, headerSignBytes } from '../../src/chain/types/header-codec.ts';
import { isRejection } from '../../src/chain/types/rejection.ts';
import type { Action, Transaction } from '../../src/chain/types/transaction.ts';
import { amount, type BlockHash, gas, type Hash, hash, height } from '../../src/chain/types/units.ts';
import { assert } from '../../src/env/assert.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { type UnixMs, unixMs } from '../../src/env/units.ts';
import { SAMPLE_GENESIS, SAMPLE_KEYS, type SampleKey, signSample } from './samples.ts';

const BLOCKS = 20;
const [ALICE, BOB, CAROL, DAVE] = SAMPLE_KEYS as [SampleKey, SampleKey, SampleKey, SampleKey];

/** Version 2 in the middle: `burn` is a transaction from there on. */
const SCHEDULE: UpgradeSchedule = [{ height: height(12), version: 2 }];

/** What one engine decides of a block. */
interface Producer<View> {
  readonly genesis: Genesis;
  readonly rules: ConsensusRules<View>;
  plan(view: View, at: number): { readonly timestampMs: UnixMs; readonly consensus: Uint8Array };
  /** The seal of a finished header. */
  seal(view: View, header: Header): string;
}

const ROUND_ROBIN: Producer<RoundRobinView> = {
  genesis: SAMPLE_GENESIS,
  rules: createRoundRobinRules(),
  plan(view, at) {
    const skipped = at % 5 === 0 ? 1 : 0;
    return {
      timestampMs: unixMs(earliestMs(view, skipped) + (at % 3)),
      consensus: encodeTurn({ skipped, producer: producerAt(view, skipped) }),
    };
  },
  seal(view, header) {
    const turn = producerAt(view, header.height % 5 === 0 ? 1 : 0);
    const producer = SAMPLE_KEYS.find(({ key }) => key === turn) ?? ALICE;
    return bytesToHex(sign(taggedBytes(TAG.signSeal, headerSignBytes(header)), producer.secret));
  },
};

const EASY = hash(`0f${'ff'.repeat(31)}`);

const POW: Producer<PowView> = {
  genesis: {
    ...SAMPLE_GENESIS,
    engine: 'pow',
    engineConfig: encodePowConfig({
      difficulty: { kind: 'asert', intervalMs: 10_000, halfLifeMs: 60_000 },
      initialTarget: EASY,
      powLimit: hash(`3f${'ff'.repeat(31)}`),
      powScale: amount(2n),
      finalityDepth: 6,
      issuance: [
        { height: height(1), reward: amount(5_000_000n) },
        { height: height(10), reward: amount(2_500_000n) },
      ],
    }),
  },
  rules: createPowRules(),
  plan(view, at) {
    const last = view.timestamps[view.timestamps.length - 1] ?? 0;
    return {
      timestampMs: unixMs(last + ([10_000, 2_000, 31_000, 500][at % 4] ?? 0)),
      consensus: targetToBytes(view.nextTarget),
    };
  },
  seal(view, header) {
    const checkTarget = scaledTarget(view.nextTarget, view.chain.config.powScale);
    const seal = searchNonce({ headerBytes: headerSignBytes(header), checkTarget }, 0n, 1_000_000, sha256);
    assert(seal !== undefined, 'the target of the vectors is easy');
    return bytesToHex(seal);
  },
};

/** What is sent for each height: from whom, the gas limit, and what it does. The nonces count by themselves. */
function scriptAt(at: number): readonly (readonly [SampleKey, number, Action])[] {
  const transfer = (to: SampleKey, value: bigint): Action => ({
    kind: 'transfer',
    to: to.address,
    amount: amount(value),
  });
  const everyBlock: (readonly [SampleKey, number, Action])[] = [
    [ALICE, 50_000, transfer(BOB, BigInt(at) * 1_000n)],
  ];
  switch (at) {
    case 2: // a new account without the gas for it: OUT_OF_GAS
      return [...everyBlock, [BOB, 10_000, transfer(DAVE, 1n)]];
    case 3: // the same with enough
      return [...everyBlock, [BOB, 60_000, transfer(DAVE, 900_000_000n)]];
    case 4: // more than there is: INSUFFICIENT_BALANCE
      return [
        ...everyBlock,
        [DAVE, 50_000, transfer(ALICE, 900_000_000n)],
        [DAVE, 50_000, transfer(DAVE, 5n)],
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

function chainOf<View>(producer: Producer<View>) {
  const { genesis, rules } = producer;
  const built = buildGenesis(genesis, rules);
  assert(!isRejection(built), 'the genesis of the vectors is valid');
  const context = { genesis, genesisId: built.id, schedule: SCHEDULE, rules };
  const chainId: Hash = built.id;
  const nonces = new Map<SampleKey, number>();
  function transactionsAt(at: number): readonly Transaction[] {
    return scriptAt(at).map(([from, gasLimit, action], index) => {
      const nonce = nonces.get(from) ?? 0;
      nonces.set(from, nonce + 1);
      return signSample(from, {
        version: versionAt(genesis, SCHEDULE, height(at)),
        chainId,
        nonce,
        validUntilHeight: height(index === 0 ? at : 0),
        gasLimit: gas(gasLimit),
        gasPrice: amount(BigInt(1 + (at % 3))),
        action,
      });
    });
  }
  let { block, id, state, view, weight } = built;
  let history = historyAppend(EMPTY_HISTORY, id);
  const blocks = [describe(block, id, weight, [])];
  for (let at = 1; at <= BLOCKS; at++) {
    const sent = transactionsAt(at);
    const plan = {
      parent: id,
      ...producer.plan(view, at),
      beneficiary: (at % 2 === 0 ? BOB : CAROL).address,
      system: EMPTY_SYSTEM,
    };
    const parent = { header: block.header, view, childHistoryRoot: historyRoot(history) };
    const { block: draft } = assembleBlock(context, plan, parent, state, sent);
    assert(draft.transactions.length === sent.length, 'every transaction of the script is included');
    block = { ...draft, header: { ...draft.header, seal: producer.seal(view, draft.header) } };
    const executed = executeBlock(context, view, state, block);
    assert(!isRejection(executed), `block ${at} of the vectors is valid`);
    weight = rules.weigh(weight, view, block.header);
    ({ state, view } = executed);
    id = blockId(block.header);
    history = historyAppend(history, id);
    blocks.push(
      describe(
        block,
        id,
        weight,
        executed.receipts.map((receipt) => bytesToHex(encodeReceipt(receipt))),
      ),
    );
  }
  return {
    engine: rules.name,
    genesis: bytesToHex(encodeGenesis(genesis)),
    schedule: SCHEDULE,
    blocks,
    finalStateRoot: state.root,
    finalLeaves: state.leaves(undefined, 100).map(({ namespace, id: leaf, value }) => ({
      namespace,
      id: leaf,
      value: bytesToHex(value),
    })),
  };
}

function describe(block: Block, id: BlockHash, weight: string, receipts: readonly string[]) {
  return { id, weight, bytes: bytesToHex(encodeBlock(block)), receipts };
}

/** One chain for each engine that exists. */
export function goldenChains() {
  return [chainOf(ROUND_ROBIN), chainOf(POW)];
}
