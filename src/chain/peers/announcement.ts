/** Announcements of blocks: what a node tells its peers of one, with its compact form where it has one. */
import { bytesToHex } from '../../env/bytes.ts';
import type { Env } from '../../env/program.ts';
import type { Candidate } from '../consensus/consensus.ts';
import type { Block } from '../types/block.ts';
import type { ChainWorld } from '../types/command.ts';
import type { BlockMessage } from '../types/message.ts';
import { transactionId } from '../types/transaction-codec.ts';
import { SHORT_ID_NONCE_BYTES, shortIdsOf, shortIdTable } from './compact.ts';

/**
 * What was received is passed on where it still says what this node would say; else it is made anew, with a new nonce.
 * @param certificate a compact form carries none, so that a block with one has no compact form.
 */
export function announcementOf(
  env: Pick<Env<ChainWorld>, 'memo' | 'crypto' | 'random'>,
  isCompact: boolean,
  block: Block,
  certificate: string,
  candidate: Candidate,
  received: BlockMessage | undefined,
): BlockMessage {
  const { header } = block;
  const { weight } = candidate;
  const hasShortIds = isCompact && certificate === '' && hasNoSystemData(block);
  if (received?.weight === weight && (received.shortIds !== undefined) === hasShortIds) return received;
  if (!hasShortIds) return { kind: 'Block', header, weight };
  const nonce = bytesToHex(env.random.bytes(SHORT_ID_NONCE_BYTES));
  const table = shortIdTable(env.memo, env.crypto, candidate.id, nonce);
  return {
    kind: 'Block',
    header,
    weight,
    shortIds: shortIdsOf(
      table,
      nonce,
      block.transactions.map((transaction) => transactionId(transaction)),
    ),
  };
}

/** A compact form carries no system data. */
function hasNoSystemData(block: Block): boolean {
  return block.system.lastCommit === '' && block.system.evidence.length === 0;
}
