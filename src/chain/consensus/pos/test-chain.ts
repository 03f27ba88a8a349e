/** Chains with stake for tests: validators without real signatures, blocks with their commits and evidence. */
import { assert } from '../../../env/assert.ts';
import { bytesToHex } from '../../../env/bytes.ts';
import { type UnixMs, unixMs } from '../../../env/units.ts';
import { EMPTY_HISTORY, historyAppend, historyRoot } from '../../crypto/history.ts';
import { assembleBlock } from '../../execution/assemble-block.ts';
import type { ExecutionContext } from '../../execution/context.ts';
import { type ExecutedBlock, executeBlock } from '../../execution/execute-block.ts';
import { buildGenesis } from '../../execution/genesis.ts';
import { testAddress, testGenesis, testKey } from '../../execution/test-chain.ts';
import type { State } from '../../state/state.ts';
import type { Block, Header } from '../../types/block.ts';
import type { Genesis } from '../../types/genesis.ts';
import { blockId } from '../../types/header-codec.ts';
import { isRejection } from '../../types/rejection.ts';
import type { Action, Transaction } from '../../types/transaction.ts';
import { amount, type BlockHash, blockHash, gas, hash, height, signature } from '../../types/units.ts';
import { bftTime } from './bft-time.ts';
import { type Commit, encodeCommit } from './commit.ts';
import { encodePosConfig, POS_NAME, type PosConfig } from './config.ts';
import { encodeEvidence, type PosEvidence } from './evidence.ts';
import { proposerOf } from './proposer-priority.ts';
import { encodeRoundField } from './round.ts';
import { createPosRules } from './rules.ts';
import type { ValidatorSet } from './validator-set.ts';
import { validatorsHash } from './validators-hash.ts';
import type { PosView } from './view.ts';
import { VOTE, type Vote } from './vote.ts';

/** Of nobody: the rules count on signatures that others check. */
export const NO_SIGNATURE = signature('5a'.repeat(64));

/** Short windows, so that a test reaches their ends. */
export function posTestConfig(overrides: Partial<PosConfig> = {}): PosConfig {
  return {
    proposeMs: 1,
    proposeDeltaMs: 1,
    prevoteMs: 1,
    prevoteDeltaMs: 1,
    precommitMs: 1,
    precommitDeltaMs: 1,
    commitMs: 1,
    stakeMin: amount(1_000n),
    validatorsMax: 8,
    unbondingBlocks: 6,
    unbondingMs: 6_000,
    evidenceBlocks: 4,
    evidenceMs: 4_000,
    slashPermille: 50,
    safeHeights: 2,
    ...overrides,
  };
}

/** Validators are the keys from 0 on with these stakes; the accounts 0 to 15 have a million each beside them. */
export function posTestGenesis(stakes: readonly bigint[], overrides: Partial<PosConfig> = {}): Genesis {
  return testGenesis(
    {
      engine: POS_NAME,
      engineConfig: encodePosConfig(posTestConfig(overrides)),
      validators: stakes.map((power, index) => ({ key: testKey(index), power: amount(power) })),
    },
    16,
  );
}

/** Precommits of all validators of the set but those left out, each a second after the block, or so long. */
export function testCommit(
  set: ValidatorSet,
  header: Header,
  without: readonly number[] = [],
  gapMs = 1_000,
): Commit {
  const timestampMs = unixMs(header.timestampMs + gapMs);
  const votes = set.validators
    .map((_, validator) => ({ validator, timestampMs, signature: NO_SIGNATURE }))
    .filter(({ validator }) => !without.includes(validator));
  return { height: header.height, round: 0, block: blockId(header), votes };
}

/** A precommit of key `index` in round 0. */
export function testVote(index: number, at: number, block: string | undefined, timestampMs = 1): Vote {
  return {
    type: VOTE.precommit,
    height: height(at),
    round: 0,
    block: block === undefined ? undefined : testBlock(block),
    timestampMs: unixMs(timestampMs),
    validator: testKey(index),
    signature: NO_SIGNATURE,
  };
}

/** A block id of one repeated byte. */
export function testBlock(byte: string): BlockHash {
  return blockHash(byte.repeat(32));
}

/** Two precommits of key `index` at that height for two blocks. */
export function testEvidence(index: number, at: number): PosEvidence {
  return { kind: 'duplicateVote', a: testVote(index, at, '11'), b: testVote(index, at, '22') };
}

/** What a block is made of; what is left out is as the rules demand it. */
export interface BlockParts {
  readonly transactions?: readonly Transaction[];
  readonly evidence?: readonly PosEvidence[];
  readonly lastCommit?: Commit | undefined;
  readonly round?: number;
  readonly timestampMs?: UnixMs;
  /** From the block before to this one. */
  readonly gapMs?: number;
}

/** One chain and its newest block. */
export class PosTestChain {
  readonly rules = createPosRules();
  readonly context: ExecutionContext<PosView>;
  header: Header;
  state: State;
  view: PosView;
  /** From height 1 on. */
  readonly blocks: Block[] = [];
  #history = EMPTY_HISTORY;
  readonly #nonces = new Map<number, number>();

  constructor(genesis: Genesis) {
    const built = buildGenesis(genesis, this.rules);
    assert(!isRejection(built), 'tests start from a valid genesis');
    this.context = { genesis, genesisId: built.id, schedule: [], rules: this.rules };
    this.header = built.block.header;
    this.state = built.state;
    this.view = built.view;
  }

  /** The next transaction of account `from`; its nonce counts as included. */
  transaction(from: number, action: Action): Transaction {
    const nonce = this.#nonces.get(from) ?? 0;
    this.#nonces.set(from, nonce + 1);
    return {
      version: 1,
      chainId: hash(this.context.genesisId),
      senderKey: testKey(from),
      nonce,
      validUntilHeight: height(0),
      gasLimit: gas(1_000),
      gasPrice: amount(1n),
      action,
      signature: NO_SIGNATURE,
    };
  }

  stake(from: number, value: bigint): Transaction {
    return this.transaction(from, { kind: 'stake', amount: amount(value) });
  }

  unstake(from: number, value: bigint): Transaction {
    return this.transaction(from, { kind: 'unstake', amount: amount(value) });
  }

  /** A block on the newest one. */
  build(parts: BlockParts = {}): Block {
    const { current, next, last } = this.view;
    const round = parts.round ?? 0;
    const commit =
      'lastCommit' in parts ? parts.lastCommit : last && testCommit(last, this.header, [], parts.gapMs);
    const plan = {
      parent: blockId(this.header),
      timestampMs: parts.timestampMs ?? (commit && last ? bftTime(commit, last) : this.header.timestampMs),
      beneficiary: testAddress(15),
      consensus: encodeRoundField({
        round,
        proposer: proposerOf(current, round).key,
        validatorsHash: validatorsHash(current),
        nextValidatorsHash: validatorsHash(next),
      }),
      system: {
        evidence: (parts.evidence ?? []).map((item) => bytesToHex(encodeEvidence(item))),
        lastCommit: commit === undefined ? '' : bytesToHex(encodeCommit(commit)),
      },
    };
    const parent = {
      header: this.header,
      view: this.view,
      childHistoryRoot: historyRoot(historyAppend(this.#history, blockId(this.header))),
    };
    return assembleBlock(this.context, plan, parent, this.state, parts.transactions ?? []).block;
  }

  execute(block: Block): ReturnType<typeof executeBlock<PosView>> {
    return executeBlock(this.context, this.view, this.state, block);
  }

  /** Executes a block of these parts and makes it the newest. */
  append(parts: BlockParts = {}): ExecutedBlock<PosView> {
    const block = this.build(parts);
    const executed = this.execute(block);
    assert(!isRejection(executed), `a test appends valid blocks: ${JSON.stringify(executed, plain)}`);
    assert(
      executed.receipts.length === (parts.transactions?.length ?? 0),
      'all transactions of a test are included',
    );
    this.#history = historyAppend(this.#history, blockId(this.header));
    this.blocks.push(block);
    this.header = block.header;
    this.state = executed.state;
    this.view = executed.view;
    return executed;
  }

  /** Appends so many empty blocks. */
  run(blocks: number): void {
    for (let i = 0; i < blocks; i++) this.append();
  }

  /** Index of the key and power of each member, by index. */
  membersOf(set: ValidatorSet): readonly (readonly [number, bigint])[] {
    const indexes = new Map(Array.from({ length: 32 }, (_, index) => [testKey(index), index]));
    return set.validators
      .map(({ key, power }): readonly [number, bigint] => [indexes.get(key) ?? -1, power])
      .sort(([a], [b]) => a - b);
  }
}

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
