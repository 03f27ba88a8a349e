/** Which refusals of a header or block are the fault of the peer that sent it. */
import type { LedgerRejection } from '../ledger/ledger.ts';
import type { PeerFault } from './fault.ts';

/** Undefined: an honest relayer may have sent it, since only this node's own state or the future decides. */
export function headerFault(why: LedgerRejection): PeerFault | undefined {
  switch (why.code) {
    case 'NEEDS_EXECUTION':
    case 'UPGRADE_REQUIRED':
    case 'WRONG_VERSION':
    case 'CONFLICTS_WITH_FINAL':
    case 'TREE_FULL':
    case 'INVALID_ANCESTOR':
    case 'PARENT_UNKNOWN':
      return undefined;
    case 'BAD_CERTIFICATE':
      return 'INVALID_CERTIFICATE';
    default:
      return 'INVALID_HEADER';
  }
}
