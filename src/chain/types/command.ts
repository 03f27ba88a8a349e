/** What a host asks of its own node: HTTP, command line and workloads; and what a node shows of itself. */
import type { Address } from '../../env/units.ts';
import type { EngineStatus } from '../consensus/consensus.ts';
import type { Account, Receipt } from './account.ts';
import type { Block, Header } from './block.ts';
import type { DomainEvent } from './event.ts';
import type { Finality } from './finality.ts';
import type { HeadClaim, Message } from './message.ts';
import type { TransactionRejection } from './rejection.ts';
import type { Transaction } from './transaction.ts';
import type { AccountAddress, BlockHash, Hash, Height, PeerId, TxId } from './units.ts';

export type Command =
  | { readonly kind: 'SubmitTransaction'; readonly transaction: Transaction }
  /** Their signatures are checked as one batch; at most SUBMIT_BATCH_MAX. */
  | { readonly kind: 'SubmitTransactions'; readonly transactions: readonly Transaction[] }
  | { readonly kind: 'GetHead' }
  | { readonly kind: 'GetBlock'; readonly at: { readonly id: BlockHash } | { readonly height: Height } }
  /** By id: of a block that was executed here, on a branch too, as long as it is kept. Its body may be deleted. */
  | { readonly kind: 'GetHeader'; readonly at: { readonly id: BlockHash } | { readonly height: Height } }
  /** Of a block of the main chain. */
  | { readonly kind: 'GetReceipts'; readonly at: Height }
  | { readonly kind: 'GetTransaction'; readonly id: TxId }
  | {
      readonly kind: 'GetAccountTransactions';
      readonly address: AccountAddress;
      readonly before: PlaceInChain | undefined;
      readonly limit: number;
    }
  | { readonly kind: 'GetAccount'; readonly address: AccountAddress; readonly prove: boolean }
  | { readonly kind: 'Dial'; readonly address: Address }
  /** What this node shall propose to the others, in the engine's own bytes as hexadecimal text. */
  | { readonly kind: 'Propose'; readonly body: string };

/** One batch holds at most so many: a few milliseconds of signature checks, for which nobody waits noticeably. */
export const SUBMIT_BATCH_MAX = 100;

/** What became of a transaction that was submitted. */
export type Submission =
  | { readonly kind: 'Accepted'; readonly id: TxId }
  | { readonly kind: 'Refused'; readonly why: TransactionRejection };

/** A place among the transactions of the main chain: what comes before it has a lower height, or in its block a lower index. */
export interface PlaceInChain {
  readonly height: Height;
  readonly index: number;
}

/** Where a transaction stands on the main chain. */
export interface TransactionPlace extends PlaceInChain {
  readonly block: BlockHash;
}

export type Answer =
  | Submission
  /** One for each transaction of the batch, in its order. */
  | { readonly kind: 'Submissions'; readonly submissions: readonly Submission[] }
  | { readonly kind: 'Head'; readonly header: Header; readonly id: BlockHash; readonly finality: Finality }
  | { readonly kind: 'Block'; readonly block: Block; readonly id: BlockHash }
  | { readonly kind: 'Header'; readonly header: Header; readonly id: BlockHash }
  /** With its transactions, in their order; a receipt that this node does not have is undefined. */
  | { readonly kind: 'Receipts'; readonly block: Block; readonly receipts: readonly (Receipt | undefined)[] }
  | {
      readonly kind: 'Transaction';
      readonly transaction: Transaction;
      readonly place: TransactionPlace | 'mempool';
      readonly receipt: Receipt | undefined;
      readonly final: boolean;
    }
  | {
      readonly kind: 'AccountTransactions';
      readonly places: readonly (TransactionPlace & { readonly id: TxId })[];
    }
  | {
      readonly kind: 'Account';
      readonly account: Account;
      /** The lowest nonce that neither the chain nor the mempool has a transaction for. */
      readonly nextNonce: number;
      readonly at: BlockHash;
      readonly stateRoot: Hash;
      readonly proof: string | undefined;
    }
  | { readonly kind: 'NotProposed'; readonly why: string }
  | { readonly kind: 'NotFound' }
  | { readonly kind: 'Done' };

/** What one peer looks like from here. */
export interface PeerSnapshot {
  readonly peer: PeerId;
  readonly address: Address;
  readonly direction: 'in' | 'out';
  /** As it stated it last. */
  readonly head: HeadClaim;
  /** The same height, or a higher one that its messages to the engine show. */
  readonly height: Height;
  readonly score: number;
}

/** JSON-able state of a node: for oracles, the API and people. */
export interface NodeSnapshot {
  readonly nodeKey: PeerId;
  readonly halted: string | undefined;
  readonly head: HeadClaim;
  readonly stateRoot: Hash;
  /** What the head alone adds to the weight of its chain, decimal: where blocks are mined, its difficulty in expected hashes. */
  readonly headWeight: string;
  /** Accounts of the head's state. */
  readonly accounts: number;
  readonly base: { readonly id: BlockHash; readonly height: Height };
  /** The block of the snapshot that this chain began with; undefined: genesis. */
  readonly origin: { readonly id: BlockHash; readonly height: Height } | undefined;
  readonly finality: Finality;
  readonly peers: readonly PeerSnapshot[];
  readonly knownAddresses: number;
  readonly bannedPeers: number;
  readonly mempool: { readonly count: number; readonly bytes: number; readonly queued: number };
  readonly sync: { readonly phase: string; readonly target: Height };
  readonly engine: EngineStatus;
  /** Sizes of every bounded collection, with their bounds: what the memory oracle reads. */
  readonly bounds: readonly { readonly name: string; readonly size: number; readonly max: number }[];
}

/** The types that a node speaks: its World. */
export type ChainWorld = {
  message: Message;
  event: DomainEvent;
  command: Command;
  answer: Answer;
  snapshot: NodeSnapshot;
};
