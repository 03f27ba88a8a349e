/** Whether a body is the one that its header commits to. A mismatch says nothing against the header. */
import { type Sha256, sha256 } from '../crypto/sha256.ts';
import type { Block } from '../types/block.ts';
import { systemRoot, transactionsRoot } from '../types/block-codec.ts';
import type { BlockRejection } from '../types/rejection.ts';

/** Blocks whose body was found to match: a pure fact about an immutable value. */
const MATCHING = new WeakSet<Block>();

/** Count, transactions and system data against the header; computed once per object. @param hasher as `Sha256` says. */
export function checkBody(block: Block, hasher: Sha256 = sha256): BlockRejection | undefined {
  if (MATCHING.has(block)) return undefined;
  const { header, transactions, system } = block;
  if (header.txCount !== transactions.length) {
    return { code: 'TRANSACTION_COUNT_MISMATCH', stated: header.txCount, counted: transactions.length };
  }
  const ofTransactions = transactionsRoot(transactions, hasher);
  if (ofTransactions !== header.transactionsRoot) {
    return { code: 'TRANSACTIONS_ROOT_MISMATCH', stated: header.transactionsRoot, computed: ofTransactions };
  }
  const ofSystem = systemRoot(system, hasher);
  if (ofSystem !== header.systemRoot) {
    return { code: 'SYSTEM_ROOT_MISMATCH', stated: header.systemRoot, computed: ofSystem };
  }
  MATCHING.add(block);
  return undefined;
}
