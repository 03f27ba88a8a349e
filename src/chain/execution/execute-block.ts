/** A block on the state of its parent: the state after it, or why it is no block of this chain. */
import type { SystemEffects } from '../consensus/consensus.ts';
import type { Sha256 } from '../crypto/sha256.ts';
import type { State, StateChange } from '../state/state.ts';
import type { Receipt } from '../types/account.ts';
import type { Block } from '../types/block.ts';
import { blockSizeBytes, receiptsRoot } from '../types/block-codec.ts';
import { versionAt } from '../types/genesis-codec.ts';
import { type BlockRejection, isRejection } from '../types/rejection.ts';
import { transactionId } from '../types/transaction-codec.ts';
import type { Gas, TxId } from '../types/units.ts';
import { BlockRun, type RunResult } from './block-run.ts';
import { checkBody } from './check-body.ts';
import type { ExecutionContext } from './context.ts';
import type { Supply } from './supply.ts';

/** What executing a block gave. */
export interface ExecutedBlock<View> {
  readonly state: State;
  /** Each leaf that changed, for the disk; leaves may be written with the value that they had. */
  readonly changes: readonly StateChange[];
  /** In the order of the transactions. */
  readonly receipts: readonly Receipt[];
  readonly gasUsed: Gas;
  /** Of phase 'begin', then of phase 'end'. */
  readonly effects: readonly [SystemEffects, SystemEffects];
  /** After this block's header and execution. */
  readonly view: View;
  readonly supply: Supply;
}

/** What running the transactions of a block gave, before it is compared with what the header states. */
export type BlockOutcome = RunResult | BlockRejection;

/**
 * Every rule of a block but those that need more than its parent: height, parent, history root and messages root are
 * the ledger's, and signatures are checked by the caller.
 * @param advanced what `rules.advance(parentView, block.header)` answered, when the caller has it.
 * @param known answers the run of an equal block on the same parent, or computes it.
 */
export function executeBlock<View>(
  context: ExecutionContext<View>,
  parentView: View,
  parentState: State,
  block: Block,
  advanced?: View,
  known: (compute: () => BlockOutcome) => BlockOutcome = (compute) => compute(),
): ExecutedBlock<View> | BlockRejection {
  const { header, system } = block;
  const { genesis, rules, schedule } = context;
  const expected = versionAt(genesis, schedule, header.height);
  if (header.version !== expected) {
    return { code: 'INVALID_HEADER', why: { code: 'WRONG_VERSION', version: header.version, expected } };
  }
  const view = advanced ?? rules.advance(parentView, header);
  if (isRejection(view)) return { code: 'INVALID_HEADER', why: view };
  const body = checkBody(block, context.sha256) ?? checkSize(block, genesis.parameters.blockBytesMax);
  const invalid = body ?? rules.checkSystem(parentView, block);
  if (invalid !== undefined) return invalid;

  const result = known(() => {
    const run = new BlockRun(context, parentView, parentState, header, system);
    return runTransactions(run, block, context.sha256) ?? run.end();
  });
  if (isRejection(result)) return result;
  const mismatch = checkResult(block, result, context.sha256);
  if (mismatch !== undefined) return mismatch;
  const [begun, ended] = result.effects;
  return { ...result, view: rules.afterExecution(rules.afterExecution(view, begun), ended) };
}

function checkSize(block: Block, maxBytes: number): BlockRejection | undefined {
  const sizeBytes = blockSizeBytes(block);
  return sizeBytes > maxBytes ? { code: 'BLOCK_TOO_LARGE', sizeBytes, maxBytes } : undefined;
}

function runTransactions<View>(
  run: BlockRun<View>,
  block: Block,
  hasher: Sha256 | undefined,
): BlockRejection | undefined {
  const seen = new Set<TxId>();
  for (const [index, transaction] of block.transactions.entries()) {
    const id = transactionId(transaction, hasher);
    if (seen.has(id)) return { code: 'DUPLICATE_TRANSACTION', id };
    seen.add(id);
    const receipt = run.include(transaction);
    if (!isRejection(receipt)) continue;
    if (receipt.code === 'BLOCK_GAS_EXCEEDED') return receipt;
    return { code: 'INVALID_TRANSACTION', index, id, why: receipt };
  }
  return undefined;
}

function checkResult(
  { header }: Block,
  result: RunResult,
  hasher: Sha256 | undefined,
): BlockRejection | undefined {
  if (header.gasUsed !== result.gasUsed) {
    return { code: 'GAS_USED_MISMATCH', stated: header.gasUsed, computed: result.gasUsed };
  }
  const ofReceipts = receiptsRoot(result.receipts, hasher);
  if (ofReceipts !== header.receiptsRoot) {
    return { code: 'RECEIPTS_ROOT_MISMATCH', stated: header.receiptsRoot, computed: ofReceipts };
  }
  const { root } = result.state;
  if (root === header.stateRoot) return undefined;
  return { code: 'STATE_ROOT_MISMATCH', stated: header.stateRoot, computed: root };
}
