/** Builds one chain of the vectors: blocks that the code under test assembles, executes and describes. */
import { sign } from '@noble/ed25519';
import type { ConsensusRules } from '../../src/chain/consensus/consensus.ts';
import { poaFieldOf } from '../../src/chain/consensus/poa/header-field.ts';
import { fieldOn, earliestMs as poaEarliestMs } from '../../src/chain/consensus/poa/rules.ts';
import type { PoaView } from '../../src/chain/consensus/poa/view.ts';
import type { Vote } from '../../src/chain/consensus/poa/votes.ts';
import { searchNonce } from '../../src/chain/consensus/pow/search.ts';
import { scaledTarget, targetToBytes } from '../../src/chain/consensus/pow/target.ts';
import type { PowView } from '../../src/chain/consensus/pow/view.ts';
import {
  earliestMs,
  encodeTurn,
  producerAt,
  type RoundRobinView,
} from '../../src/chain/consensus/round-robin/rules.ts';
import { EMPTY_HISTORY, historyAppend, historyRoot } from '../../src/chain/crypto/history.ts';
import { sha256, taggedBytes } from '../../src/chain/crypto/sha256.ts';
import { TAG } from '../../src/chain/crypto/tags.ts';
import { type AssemblyParent, assembleBlock } from '../../src/chain/execution/assemble-block.ts';
import type { ExecutionContext } from '../../src/chain/execution/context.ts';
import { executeBlock } from '../../src/chain/execution/execute-block.ts';
import { buildGenesis } from '../../src/chain/execution/genesis.ts';
import { readAccount } from '../../src/chain/state/accounts.ts';
import type { State } from '../../src/chain/state/state.ts';
import { encodeReceipt } from '../../src/chain/types/account-codec.ts';
import type { Block, Header, SystemData } from '../../src/chain/types/block.ts';
import { EMPTY_SYSTEM, encodeBlock } from '../../src/chain/types/block-codec.ts';
import type { Genesis, UpgradeSchedule } from '../../src/chain/types/genesis.ts';
import { encodeGenesis, versionAt } from '../../src/chain/types/genesis-codec.ts';
import { blockId, headerSignBytes } from '../../src/chain/types/header-codec.ts';
import { isRejection } from '../../src/chain/types/rejection.ts';
import type { Action, Transaction } from '../../src/chain/types/transaction.ts';
import {
  type AccountAddress,
  amount,
  type BlockHash,
  gas,
  type Hash,
  height,
} from '../../src/chain/types/units.ts';
import { assert } from '../../src/env/assert.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import { type UnixMs, unixMs } from '../../src/env/units.ts';
import { SAMPLE_KEYS, type SampleKey, signSample } from './samples.ts';

/** One transaction of a script. The nonces count by themselves. */
export interface Sent {
  readonly from: SampleKey;
  readonly action: Action;
  readonly gasLimit: number;
  readonly gasPrice: bigint;
  /** 0: no limit. */
  readonly validUntil?: number;
  /** Absent: the version of the block. */
  readonly version?: number;
}

/** What an engine decides of a block. */
export interface Sealing<View> {
  readonly rules: ConsensusRules<View>;
  plan(
    view: View,
    at: number,
    parent: { readonly header: Header; readonly id: BlockHash },
  ): {
    readonly timestampMs: UnixMs;
    readonly consensus: Uint8Array;
    /** Absent: none. */
    readonly system?: SystemData;
  };
  /** The seal of a finished header. */
  seal(view: View, header: Header): string;
}

/** One chain: its genesis, its engine, and what is sent. */
export interface Script<View> extends Sealing<View> {
  readonly genesis: Genesis;
  readonly schedule: UpgradeSchedule;
  readonly blocks: number;
  beneficiaryAt(at: number): AccountAddress;
  /** @param balanceOf after the block before. */
  sentAt(at: number, balanceOf: (who: SampleKey) => bigint): readonly Sent[];
}

/** A chain as the vectors hold it, and what a block on top of it needs. */
export interface BuiltChain<View> {
  readonly vector: ReturnType<typeof vectorOf>;
  readonly context: ExecutionContext<View>;
  readonly parent: AssemblyParent<View> & { readonly id: BlockHash; readonly state: State };
}

/** Round robin, where `skippedAt` tells how many producers are passed over. */
export function roundRobinSealing(
  rules: ConsensusRules<RoundRobinView>,
  skippedAt: (at: number) => number,
): Sealing<RoundRobinView> {
  return {
    rules,
    plan(view, at) {
      const skipped = skippedAt(at);
      return {
        timestampMs: unixMs(earliestMs(view, skipped) + (at % 3)),
        consensus: encodeTurn({ skipped, producer: producerAt(view, skipped) }),
      };
    },
    seal(view, header) {
      const turn = producerAt(view, skippedAt(header.height));
      const producer = SAMPLE_KEYS.find(({ key }) => key === turn);
      assert(producer !== undefined, 'the producers of the vectors are sample keys');
      return bytesToHex(sign(taggedBytes(TAG.signSeal, headerSignBytes(header)), producer.secret));
    },
  };
}

/** Proof of authority, where `signerAt` tells which place among the signers signs and `voteAt` what he votes. */
export function poaSealing(
  rules: ConsensusRules<PoaView>,
  keys: readonly SampleKey[],
  signerAt: (view: PoaView, at: number) => number,
  voteAt: (at: number) => Vote | undefined,
): Sealing<PoaView> {
  return {
    rules,
    plan(view, at) {
      const signer = view.signers[signerAt(view, at)];
      assert(signer !== undefined, 'the vectors name signers that there are');
      return {
        timestampMs: unixMs(poaEarliestMs(view) + (at % 4) * 7),
        consensus: fieldOn(view, signer, voteAt(at)),
      };
    },
    seal(_view, header) {
      const signer = keys.find(({ key }) => key === poaFieldOf(header)?.signer);
      assert(signer !== undefined, 'the signers of the vectors are sample keys');
      return bytesToHex(sign(taggedBytes(TAG.signSeal, headerSignBytes(header)), signer.secret));
    },
  };
}

/** Proof of work, where blocks come early and late in turn. */
export function powSealing(rules: ConsensusRules<PowView>): Sealing<PowView> {
  return {
    rules,
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
}

/** Builds and executes the whole chain. */
export function chainOf<View>(script: Script<View>): BuiltChain<View> {
  const { genesis, rules, schedule } = script;
  const built = buildGenesis(genesis, rules);
  assert(!isRejection(built), 'the genesis of the vectors is valid');
  const context = { genesis, genesisId: built.id, schedule, rules };
  const signed = signer(context, built.id);
  let { block, id, state, view, weight } = built;
  let history = historyAppend(EMPTY_HISTORY, id);
  const blocks = [describe(block, id, weight, [])];
  for (let at = 1; at <= script.blocks; at++) {
    const sent = script
      .sentAt(at, (who) => readAccount(state, who.address).balance)
      .map((s) => signed(s, at));
    const parent = { header: block.header, view, childHistoryRoot: historyRoot(history) };
    const plan = {
      parent: id,
      system: EMPTY_SYSTEM,
      ...script.plan(view, at, { header: block.header, id }),
      beneficiary: script.beneficiaryAt(at),
    };
    const { block: draft } = assembleBlock(context, plan, parent, state, sent);
    assert(draft.transactions.length === sent.length, 'every transaction of the script is included');
    block = { ...draft, header: { ...draft.header, seal: script.seal(view, draft.header) } };
    const executed = executeBlock(context, view, state, block);
    assert(!isRejection(executed), `block ${at} of the vectors is valid`);
    ({ state, view } = executed);
    weight = rules.weigh(weight, view, block.header);
    id = blockId(block.header);
    history = historyAppend(history, id);
    const receipts = executed.receipts.map((receipt) => bytesToHex(encodeReceipt(receipt)));
    blocks.push(describe(block, id, weight, receipts));
  }
  const parent = { header: block.header, view, childHistoryRoot: historyRoot(history), id, state };
  return { vector: vectorOf(script, blocks, state), context, parent };
}

/** Signs what a script sends, and counts each sender's nonces. */
function signer<View>(
  { genesis, schedule }: ExecutionContext<View>,
  chainId: Hash,
): (sent: Sent, at: number) => Transaction {
  const nonces = new Map<SampleKey, number>();
  return ({ from, action, gasLimit, gasPrice, validUntil = 0, version }, at) => {
    const nonce = nonces.get(from) ?? 0;
    nonces.set(from, nonce + 1);
    return signSample(from, {
      version: version ?? versionAt(genesis, schedule, height(at)),
      chainId,
      nonce,
      validUntilHeight: height(validUntil),
      gasLimit: gas(gasLimit),
      gasPrice: amount(gasPrice),
      action,
    });
  };
}

function vectorOf<View>(
  { genesis, rules, schedule }: Script<View>,
  blocks: readonly ReturnType<typeof describe>[],
  state: State,
) {
  return {
    engine: rules.name,
    genesis: bytesToHex(encodeGenesis(genesis)),
    schedule,
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

/** A transfer as an action. */
export function transfer(to: AccountAddress, value: bigint): Action {
  return { kind: 'transfer', to, amount: amount(value) };
}
