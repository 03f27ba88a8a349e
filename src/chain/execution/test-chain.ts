/** Chains for tests: accounts, transactions without real signatures, and blocks built and executed one on another. */
import { assert } from '../../env/assert.ts';
import { bytesToHex } from '../../env/bytes.ts';
import { unixMs } from '../../env/units.ts';
import type { ConsensusRules } from '../consensus/consensus.ts';
import { defaultRules } from '../consensus/default-rules.ts';
import { addressOf } from '../crypto/address.ts';
import { EMPTY_HISTORY, historyAppend, historyRoot } from '../crypto/history.ts';
import type { State } from '../state/state.ts';
import type { Block, Header } from '../types/block.ts';
import type { Genesis, UpgradeSchedule } from '../types/genesis.ts';
import { blockId } from '../types/header-codec.ts';
import { isRejection } from '../types/rejection.ts';
import type { Action, Transaction } from '../types/transaction.ts';
import {
  type AccountAddress,
  accountAddress,
  amount,
  gas,
  hash,
  height,
  type PublicKey,
  publicKey,
  signature,
  weight,
} from '../types/units.ts';
import { assembleBlock } from './assemble-block.ts';
import type { ExecutionContext } from './context.ts';
import { type ExecutedBlock, executeBlock } from './execute-block.ts';
import { buildGenesis } from './genesis.ts';

/** A canonical key, not of small order; nobody holds its private part. */
export function testKey(index: number): PublicKey {
  return publicKey(`${index.toString(16).padStart(4, '0')}${'5a'.repeat(29)}00`);
}

/** The account of testKey(index). */
export function testAddress(index: number): AccountAddress {
  return addressOf(testKey(index));
}

/** A genesis where the accounts 0 to `accounts` - 1 hold `balance` each. */
export function testGenesis(overrides: Partial<Genesis> = {}, accounts = 4, balance = 1_000_000n): Genesis {
  const allocation = Array.from({ length: accounts }, (_, i) => ({
    address: testAddress(i),
    balance: amount(balance),
  }));
  allocation.sort((a, b) => (a.address < b.address ? -1 : 1));
  return {
    name: 'test',
    shard: 0,
    engine: 'plain',
    engineConfig: '',
    parameters: {
      blockGasMax: gas(1_000_000),
      blockBytesMax: 65_536,
      gasPerByte: gas(1),
      gasPerSignature: gas(100),
      gasPerNewAccount: gas(500),
      gasPriceMin: amount(1n),
    },
    allocation,
    validators: [],
    timestampMs: unixMs(1_000_000),
    version: 1,
    ...overrides,
  };
}

/** Rules that accept every header; a view is a height. */
export function plainTestRules(
  overrides: Partial<ConsensusRules<{ readonly height: number }>> = {},
): ConsensusRules<{ readonly height: number }> {
  return {
    ...defaultRules<{ readonly height: number }>(),
    name: 'plain',
    genesis: () => ({ view: { height: 0 }, consensus: new Uint8Array(0), records: [], weight: weight('00') }),
    advance: (view) => ({ height: view.height + 1 }),
    weigh: (parent) => parent,
    compare: () => 0,
    finality: () => ({ final: height(0), acknowledged: height(0), kind: 'depth' }),
    encodeView: (view) => Uint8Array.of(view.height),
    decodeView: (bytes) => ({ height: bytes[0] ?? 0 }),
    ...overrides,
  };
}

/** One chain and its newest block. */
export class TestChain<View> {
  readonly context: ExecutionContext<View>;
  header: Header;
  state: State;
  view: View;
  #history = EMPTY_HISTORY;

  constructor(genesis: Genesis, rules: ConsensusRules<View>, schedule: UpgradeSchedule = []) {
    const built = buildGenesis(genesis, rules);
    assert(!isRejection(built), 'tests start from a valid genesis');
    this.context = { genesis, genesisId: built.id, schedule, rules };
    this.header = built.block.header;
    this.state = built.state;
    this.view = built.view;
  }

  /** A transaction of account `from`, its gas limit what a transfer to a new account uses. */
  transaction(from: number, action: Action, overrides: Partial<Transaction> = {}): Transaction {
    return {
      version: 1,
      chainId: hash(this.context.genesisId),
      senderKey: testKey(from),
      nonce: 0,
      validUntilHeight: height(0),
      gasLimit: gas(1_000),
      gasPrice: amount(1n),
      action,
      signature: signature('5a'.repeat(64)),
      ...overrides,
    };
  }

  transfer(from: number, to: number, value: bigint, overrides: Partial<Transaction> = {}): Transaction {
    return this.transaction(
      from,
      { kind: 'transfer', to: testAddress(to), amount: amount(value) },
      overrides,
    );
  }

  /** A block on the newest one; its seal is empty. */
  build(
    candidates: Iterable<Transaction>,
    beneficiary = 9,
    consensus: Uint8Array = new Uint8Array(0),
    stepMs = 1_000,
  ): Block {
    const parent = {
      header: this.header,
      view: this.view,
      childHistoryRoot: historyRoot(historyAppend(this.#history, blockId(this.header))),
    };
    const plan = {
      parent: blockId(this.header),
      timestampMs: unixMs(this.header.timestampMs + stepMs),
      beneficiary: beneficiary < 0 ? accountAddress('0'.repeat(64)) : testAddress(beneficiary),
      consensus,
      system: { evidence: [], lastCommit: '' },
    };
    return assembleBlock(this.context, plan, parent, this.state, candidates).block;
  }

  execute(block: Block): ReturnType<typeof executeBlock<View>> {
    return executeBlock(this.context, this.view, this.state, block);
  }

  /** Executes the block and makes it the newest. */
  append(block: Block): ExecutedBlock<View> {
    const executed = this.execute(block);
    assert(
      !isRejection(executed),
      `a test appends valid blocks, but: ${isRejection(executed) ? executed.code : ''}`,
    );
    this.#history = historyAppend(this.#history, blockId(this.header));
    this.header = block.header;
    this.state = executed.state;
    this.view = executed.view;
    return executed;
  }
}

/** The block with another seal. */
export function withSeal(block: Block, seal: Uint8Array): Block {
  return { ...block, header: { ...block.header, seal: bytesToHex(seal) } };
}
