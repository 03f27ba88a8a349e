/**
 * Two chains and a block that tell execution rules apart which others leave open: what an action may spend, when an
 * account is created, old versions after an upgrade, more than two validators, constant difficulty, the end of issuance.
 */
import { encodePowConfig } from '../../src/chain/consensus/pow/config.ts';
import { createPowRules } from '../../src/chain/consensus/pow/rules.ts';
import type { PowView } from '../../src/chain/consensus/pow/view.ts';
import { createRoundRobinRules, type RoundRobinView } from '../../src/chain/consensus/round-robin/rules.ts';
import { ZERO_HASH } from '../../src/chain/crypto/sha256.ts';
import { assembleBlock } from '../../src/chain/execution/assemble-block.ts';
import { executeBlock } from '../../src/chain/execution/execute-block.ts';
import { EMPTY_ACCOUNT, encodeAccount } from '../../src/chain/types/account-codec.ts';
import type { Block } from '../../src/chain/types/block.ts';
import {
  EMPTY_SYSTEM,
  encodeBlock,
  receiptsRoot,
  transactionsRoot,
} from '../../src/chain/types/block-codec.ts';
import { blockId } from '../../src/chain/types/header-codec.ts';
import { isRejection } from '../../src/chain/types/rejection.ts';
import { transactionId } from '../../src/chain/types/transaction-codec.ts';
import { amount, gas, hash, height, SUPPLY_MAX } from '../../src/chain/types/units.ts';
import { assert } from '../../src/env/assert.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import {
  type BuiltChain,
  chainOf,
  powSealing,
  roundRobinSealing,
  type Script,
  type Sent,
  transfer,
} from './golden-chain.ts';
import { SAMPLE_GENESIS, SAMPLE_KEYS, type SampleKey, sampleKey, signSample } from './samples.ts';

const [ALICE, BOB, CAROL, DAVE] = SAMPLE_KEYS as [SampleKey, SampleKey, SampleKey, SampleKey];
const FRANK = sampleKey(5);
const GRACE = sampleKey(6);
/** Never has an account. */
const EVE = sampleKey(4);

/** 204 bytes at 10 gas, and 2,000 for the signature. */
const TRANSFER_GAS = 4_040;
const GAS_LIMIT = 60_000;
const PRICE = 3n;

/** Four producers; one, two or three are passed over now and then; from height 4 on the version is 2; gas may be free. */
const FOUR_PRODUCERS: Script<RoundRobinView> = {
  ...roundRobinSealing(createRoundRobinRules(), (at) => [0, 0, 1, 3, 2][at % 5] ?? 0),
  genesis: {
    ...SAMPLE_GENESIS,
    name: 'golden-2',
    parameters: { ...SAMPLE_GENESIS.parameters, gasPriceMin: amount(0n) },
    validators: SAMPLE_KEYS.map(({ key }) => ({ key, power: amount(1n) })).sort((a, b) =>
      a.key < b.key ? -1 : 1,
    ),
  },
  schedule: [{ height: height(4), version: 2 }],
  blocks: 9,
  beneficiaryAt: () => CAROL.address,
  sentAt(at, balanceOf) {
    const sent = { from: BOB, gasLimit: GAS_LIMIT, gasPrice: PRICE };
    /** What is left when gasLimit × gasPrice is set aside. */
    const spendable = balanceOf(BOB) - BigInt(GAS_LIMIT) * PRICE;
    switch (at) {
      case 1: // a unit more than what is left when the whole gas limit is set aside, though the fee takes less of it
        return [{ ...sent, action: transfer(ALICE.address, spendable + 1n) }];
      case 2: // nothing for nobody: no account, and no gas for one; the gas limit has no room for it
        return [
          { ...sent, action: transfer(FRANK.address, 0n) },
          { ...sent, gasLimit: TRANSFER_GAS, action: transfer(GRACE.address, 0n) },
        ];
      case 3: // more than there is, to nobody: the gas for the account is not taken
        return [{ ...sent, action: transfer(DAVE.address, spendable + 1n) }];
      case 5: // of version 1 in a block of version 2
        return [{ ...sent, version: 1, action: transfer(ALICE.address, 1_000n) }];
      case 6:
        return [{ ...sent, action: { kind: 'burn', amount: amount(spendable + 1n) } }];
      case 7: // all that is left, to a new account
        return [{ ...sent, action: transfer(DAVE.address, spendable) }];
      default:
        return [];
    }
  },
};

/** Base units below the limit of supply at genesis: two rewards and a part of a third. */
const ROOM = 12_000_000n;

/** Constant difficulty, however early or late blocks are, and rewards until all is issued. */
const LAST_REWARDS: Script<PowView> = {
  ...powSealing(createPowRules()),
  genesis: {
    ...SAMPLE_GENESIS,
    name: 'golden-3',
    engine: 'pow',
    engineConfig: encodePowConfig({
      difficulty: { kind: 'constant' },
      initialTarget: hash(`1f${'ff'.repeat(31)}`),
      powLimit: hash(`7f${'ff'.repeat(31)}`),
      powScale: amount(1n),
      finalityDepth: 6,
      issuance: [{ height: height(1), reward: amount(5_000_000n) }],
    }),
    allocation: [{ address: ALICE.address, balance: amount(SUPPLY_MAX - ROOM) }],
    validators: [],
  },
  schedule: [{ height: height(5), version: 2 }],
  blocks: 9,
  beneficiaryAt: () => BOB.address,
  sentAt(at): readonly Sent[] {
    // What is burnt in a block makes no room in it: the next one may issue it.
    if (at !== 6) return [];
    return [
      { from: ALICE, gasLimit: 20_000, gasPrice: 1n, action: { kind: 'burn', amount: amount(7_000_000n) } },
    ];
  },
};

/** A block on top of the first chain which is valid but for its one transaction: its sender has no leaf, and pays nothing. */
function blockOfNobody({ context, parent }: BuiltChain<RoundRobinView>): Block {
  const at = parent.header.height + 1;
  const transaction = signSample(EVE, {
    version: 1,
    chainId: context.genesisId,
    nonce: 0,
    validUntilHeight: height(0),
    gasLimit: gas(TRANSFER_GAS),
    gasPrice: amount(0n),
    action: transfer(BOB.address, 0n),
  });
  const { block: empty } = assembleBlock(
    context,
    {
      parent: parent.id,
      system: EMPTY_SYSTEM,
      ...FOUR_PRODUCERS.plan(parent.view, at, parent),
      beneficiary: CAROL.address,
    },
    parent,
    parent.state,
    [],
  );
  const gasUsed = gas(TRANSFER_GAS);
  const receipt = { txId: transactionId(transaction), status: 0, gasUsed, logsRoot: ZERO_HASH } as const;
  // As if the address without a leaf were an account with nothing.
  const eve = { ...EMPTY_ACCOUNT, nonce: 1 };
  const state = parent.state.update([{ namespace: 'accounts', id: EVE.address, value: encodeAccount(eve) }]);
  const header = {
    ...empty.header,
    txCount: 1,
    transactionsRoot: transactionsRoot([transaction]),
    receiptsRoot: receiptsRoot([receipt]),
    gasUsed,
    stateRoot: state.root,
  };
  const block = {
    ...empty,
    header: { ...header, seal: FOUR_PRODUCERS.seal(parent.view, header) },
    transactions: [transaction],
  };
  const outcome = executeBlock(context, parent.view, parent.state, block);
  assert(isRejection(outcome) && outcome.code === 'INVALID_TRANSACTION', 'nobody sends nothing');
  assert(outcome.why.code === 'SENDER_UNKNOWN', 'and that alone is wrong');
  return block;
}

/** The chains, and blocks that must be refused on top of one of them (`parent`: the id of its last block). */
export function goldenRules() {
  const four = chainOf(FOUR_PRODUCERS);
  const block = blockOfNobody(four);
  return {
    chains: [four.vector, chainOf(LAST_REWARDS).vector],
    refused: [
      {
        breaks: 'transaction-sender',
        parent: four.parent.id,
        id: blockId(block.header),
        bytes: bytesToHex(encodeBlock(block)),
      },
    ],
  };
}
