/** Builds a block: takes transactions in the order given as far as they fit, executes them, and states the roots. */
import { assert } from '../../env/assert.ts';
import { bytesToHex } from '../../env/bytes.ts';
import type { BlockPlan } from '../consensus/consensus.ts';
import { ZERO_HASH } from '../crypto/sha256.ts';
import type { State } from '../state/state.ts';
import { type Block, CONSENSUS_FIELD_MAX_BYTES, type Header } from '../types/block.ts';
import { blockSizeBytes, receiptsRoot, systemRoot, transactionsRoot } from '../types/block-codec.ts';
import { versionAt } from '../types/genesis-codec.ts';
import { isRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionSizeBytes } from '../types/transaction-codec.ts';
import { gas, type Hash, height } from '../types/units.ts';
import { BlockRun, type RunResult } from './block-run.ts';
import type { ExecutionContext } from './context.ts';

/** Transactions that do not fit or do not apply, one after another: then the block is full enough, or the source is stale. */
export const ASSEMBLY_MISSES_MAX = 256;

/** The block to build on. */
export interface AssemblyParent<View> {
  readonly header: Header;
  readonly view: View;
  /** Over all ids up to and including the parent's. */
  readonly childHistoryRoot: Hash;
}

/** A block that was built, and what its transactions did. */
export interface AssembledBlock {
  readonly block: Block;
  readonly result: RunResult;
}

/** The block; its seal is empty, and room for the largest seal is left. @param candidates the best first; each sender's in the order of nonces. */
export function assembleBlock<View>(
  context: ExecutionContext<View>,
  plan: BlockPlan,
  parent: AssemblyParent<View>,
  parentState: State,
  candidates: Iterable<Transaction>,
): AssembledBlock {
  const at = height(parent.header.height + 1);
  const draft: Header = {
    version: versionAt(context.genesis, context.schedule, at),
    height: at,
    parent: plan.parent,
    timestampMs: plan.timestampMs,
    beneficiary: plan.beneficiary,
    txCount: 0,
    transactionsRoot: ZERO_HASH,
    receiptsRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    systemRoot: systemRoot(plan.system, context.sha256),
    messagesRoot: ZERO_HASH,
    historyRoot: parent.childHistoryRoot,
    gasUsed: gas(0),
    consensus: bytesToHex(plan.consensus),
    seal: '',
  };
  const run = new BlockRun(context, parent.view, parentState, draft, plan.system);
  const empty = blockSizeBytes({ header: draft, transactions: [], system: plan.system });
  const room = context.genesis.parameters.blockBytesMax - empty - CONSENSUS_FIELD_MAX_BYTES;
  const transactions = include(run, candidates, room);
  const result = run.end();
  assert(!isRejection(result), 'an engine issues no more than the supply allows');
  const header: Header = {
    ...draft,
    txCount: transactions.length,
    transactionsRoot: transactionsRoot(transactions, context.sha256),
    receiptsRoot: receiptsRoot(result.receipts, context.sha256),
    stateRoot: result.state.root,
    gasUsed: result.gasUsed,
  };
  return { block: { header, transactions, system: plan.system }, result };
}

/** What was included. A transaction that cannot be is left out, and with it, by their nonces, its sender's later ones. */
function include<View>(
  run: BlockRun<View>,
  candidates: Iterable<Transaction>,
  roomBytes: number,
): readonly Transaction[] {
  const included: Transaction[] = [];
  let room = roomBytes;
  let misses = 0;
  for (const transaction of candidates) {
    const sizeBytes = transactionSizeBytes(transaction);
    if (sizeBytes <= room && !isRejection(run.include(transaction))) {
      included.push(transaction);
      room -= sizeBytes;
      misses = 0;
    } else if (++misses >= ASSEMBLY_MISSES_MAX) break;
  }
  return included;
}
