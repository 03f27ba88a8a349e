/** Commands that only read: what a host asks its own node about the chain. */
import { assertNever } from '../env/assert.ts';
import { bytesToHex } from '../env/bytes.ts';
import { ACCOUNT_PAGE_MAX, type Ledger } from './ledger/ledger.ts';
import type { Header } from './types/block.ts';
import type { Answer, Command } from './types/command.ts';
import { blockId } from './types/header-codec.ts';
import type { Transaction } from './types/transaction.ts';
import type { AccountAddress, BlockHash, TxId } from './types/units.ts';

/** Every command but those that act. It is answered before onCommand returns. */
export type Query = Exclude<
  Command,
  { kind: 'SubmitTransaction' | 'SubmitTransactions' | 'Dial' | 'Propose' }
>;

/** What queries ask of the mempool. */
export interface QueriedPool {
  get(id: TxId): Transaction | undefined;
  /** The lowest nonce of the account that neither the chain nor the mempool has a transaction for. */
  nextNonce(of: AccountAddress): number;
}

const NOT_FOUND: Answer = { kind: 'NotFound' };

/** Answers from the ledger and the mempool. What it calls final is durable here. */
export function answerQuery(ledger: Ledger<unknown>, pool: QueriedPool, query: Query): Answer {
  switch (query.kind) {
    case 'GetHead': {
      const { header, id } = ledger.head();
      return { kind: 'Head', header, id, finality: ledger.durableFinality() };
    }
    case 'GetBlock': {
      const block = 'id' in query.at ? ledger.block(query.at.id) : ledger.blockAt(query.at.height)?.block;
      return block === undefined ? NOT_FOUND : { kind: 'Block', block, id: blockId(block.header) };
    }
    case 'GetHeader': {
      const header =
        'id' in query.at ? executedHeader(ledger, query.at.id) : ledger.headerAt(query.at.height);
      return header === undefined ? NOT_FOUND : { kind: 'Header', header, id: blockId(header) };
    }
    case 'GetReceipts': {
      const block = ledger.blockAt(query.at)?.block;
      if (block === undefined) return NOT_FOUND;
      return { kind: 'Receipts', block, receipts: ledger.receiptsAt(query.at, block) };
    }
    case 'GetTransaction': {
      const found = ledger.transaction(query.id);
      if (found !== undefined) return { kind: 'Transaction', ...found };
      const transaction = pool.get(query.id);
      if (transaction === undefined) return NOT_FOUND;
      return { kind: 'Transaction', transaction, place: 'mempool', receipt: undefined, final: false };
    }
    case 'GetAccountTransactions': {
      const limit = Math.min(query.limit, ACCOUNT_PAGE_MAX);
      const places = ledger.accountTransactions(query.address, query.before, limit);
      return { kind: 'AccountTransactions', places };
    }
    case 'GetAccount': {
      const { account, at, stateRoot, proof } = ledger.account(query.address, query.prove);
      return {
        kind: 'Account',
        account,
        nextNonce: pool.nextNonce(query.address),
        at,
        stateRoot,
        proof: proof === undefined ? undefined : bytesToHex(proof),
      };
    }
    default:
      return assertNever(query);
  }
}

/** A header alone is a claim: what nobody has executed here may never be a block. */
function executedHeader(ledger: Ledger<unknown>, id: BlockHash): Header | undefined {
  return ledger.status(id) === 'executed' ? ledger.header(id) : undefined;
}
