/** Whether a body belongs to its header: the check that makes everything further the producer's responsibility. */
import type { Block } from '../types/block.ts';
import { systemRoot, transactionsRoot } from '../types/block-codec.ts';

/** Bodies that were found to match. A block is immutable, and an equal one gives an equal answer. */
const matching = new WeakSet<Block>();

/** True when count and roots of the body are those that the header states. */
export function bodyMatchesHeader(block: Block): boolean {
  if (matching.has(block)) return true;
  const { header, transactions, system } = block;
  if (transactions.length !== header.txCount) return false;
  if (transactionsRoot(transactions) !== header.transactionsRoot) return false;
  if (systemRoot(system) !== header.systemRoot) return false;
  matching.add(block);
  return true;
}
