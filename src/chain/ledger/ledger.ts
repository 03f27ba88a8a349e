/** Ledger: what the chain of one node answers to the rest of the node. Types only; open-ledger.ts builds one. */
import type { StorageFault } from '../../env/storage.ts';
import type { Ms } from '../../env/units.ts';
import type { BlockPlan, Candidate, ChainView, ConsensusRules } from '../consensus/consensus.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';
import type { State } from '../state/state.ts';
import type { Account, Receipt } from '../types/account.ts';
import type { Block, Header } from '../types/block.ts';
import type { PlaceInChain, TransactionPlace } from '../types/command.ts';
import type { RecordKind } from '../types/event.ts';
import type { Finality } from '../types/finality.ts';
import type { Genesis, UpgradeSchedule } from '../types/genesis.ts';
import type {
  BlockRejection,
  CertificateRejection,
  ConfigRejection,
  HeaderRejection,
} from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import type { AccountAddress, BlockHash, Hash, Height, TxId } from '../types/units.ts';

/** What a ledger is built from. */
export interface LedgerConfig<View> {
  readonly genesis: Genesis;
  readonly schedule: UpgradeSchedule;
  readonly rules: ConsensusRules<View>;
  /** The highest protocol version that this code executes: above it the node stops with UPGRADE_REQUIRED. */
  readonly protocolMax: number;
  /** Names the code that executes: part of every sharing key, so that mixed versions do not heal each other. */
  readonly codeVersion: string;
  /** Blocks whose bodies are kept below the head; never less than `baseDepth + undoDepth`. */
  readonly bodies: 'archive' | number;
  /** Where finality is not absolute, the base stands this far below the head. */
  readonly baseDepth: number;
  /** How far below the base a reorganisation can go before the node halts with REORG_BEYOND_PRUNED. */
  readonly undoDepth: number;
  /** A header further than this in the future of the local wall clock is held, never refused. */
  readonly futureMaxMs: Ms;
  /** Whether transactions can be looked up by account. By id they always can. */
  readonly accountIndex: boolean;
  /** Between two steps of the scrub that walks the whole disk; 0: records are checked when they are read, and only then. */
  readonly scrubIntervalMs: number;
  /** Records that one step of it reads; at least one height, however many transactions that has. */
  readonly scrubRecords: number;
  /** A flush is asked for when so many imports are not durable; 1: after every import. One is in flight at a time. */
  readonly flushBlocks: number;
  /** A snapshot is made at heights that this divides, when the base is one past it; 0: none is made. */
  readonly snapshotInterval: number;
  /** Leaves of one chunk, encoded: at most CHUNK_LEAVES_MAX_BYTES. Part of the snapshot's id: other sizes, other snapshots. */
  readonly snapshotChunkBytes: number;
  /** Begins an empty folder with the snapshot of that id, once it was received; kept while it is being received. */
  readonly trustedSnapshot: Hash | undefined;
}

/** What the ledger tells by itself, from a timer or a flush: never inside a call to it. */
export interface LedgerHooks {
  /**
   * A block that was held came due, or one of this disk whose lost parent came back was imported; the outcome is what
   * importBlock would have answered.
   */
  onReleased(block: Block, outcome: ImportOutcome): void;
  /** A scrub found blocks that the disk lost: missingBodies has them. */
  onLost(): void;
  /** A flush failed: nothing later becomes durable in this boot. The node stops. */
  onStorageFault(fault: StorageFault): void;
}

/** Why the node cannot go on without an operator. */
export type LedgerHalt = {
  readonly kind: 'halt';
  readonly code: 'UPGRADE_REQUIRED' | 'REORG_BEYOND_PRUNED';
  readonly fact: string;
};

/** Why the ledger refuses a header or a block. */
export type LedgerRejection =
  | HeaderRejection
  | BlockRejection
  | CertificateRejection
  /** Its branch leaves the main chain below what is final for ever. */
  | { readonly code: 'CONFLICTS_WITH_FINAL'; readonly base: BlockHash; readonly height: Height }
  /** The tree holds as many headers as it may, and this one is on no better branch. No fault of the sender. */
  | { readonly code: 'TREE_FULL'; readonly max: number };

/** What became of a header. */
export type HeaderOutcome =
  | { readonly kind: 'accepted'; readonly candidate: Candidate }
  | { readonly kind: 'known'; readonly id: BlockHash }
  | { readonly kind: 'orphan'; readonly parent: BlockHash }
  /** Only after its parent is executed can it be judged. */
  | { readonly kind: 'needsExecution'; readonly parent: BlockHash }
  /** Not held: the caller may ask again `retryMs` from now. */
  | { readonly kind: 'future'; readonly retryMs: Ms }
  | { readonly kind: 'rejected'; readonly why: LedgerRejection }
  | LedgerHalt;

/** A block with its id. */
export interface ChainBlock {
  readonly id: BlockHash;
  readonly block: Block;
}

/** How the main chain moved. */
export interface HeadChange {
  readonly from: Candidate;
  readonly to: Candidate;
  /** The newest block of both chains. */
  readonly ancestor: BlockHash;
  readonly ancestorHeight: Height;
  /** Left the main chain, highest first; empty when the head only grew. */
  readonly disconnected: readonly ChainBlock[];
  /** Joined the main chain, lowest first. */
  readonly connected: readonly ChainBlock[];
  /** Transactions of `disconnected` that no block of `connected` includes, in the order of the chain. */
  readonly returned: readonly Transaction[];
}

/** What became of a block. */
export type ImportOutcome =
  /** Executed and stored; `change` when the head moved. */
  | { readonly kind: 'imported'; readonly candidate: Candidate; readonly change: HeadChange | undefined }
  /** Nothing new, or a lost body that is now back (`repaired`). */
  | { readonly kind: 'known'; readonly id: BlockHash; readonly repaired: boolean }
  /** Its parent is not known, or not yet executed. Not kept: the caller keeps orphans, bounded by peer. */
  | { readonly kind: 'orphan'; readonly parent: BlockHash }
  /** Kept, and imported when it comes due; then hooks.onReleased. `held` is false when too many wait. */
  | { readonly kind: 'future'; readonly retryMs: Ms; readonly held: boolean }
  /** `covered`: the block's id covers what is wrong, so that it is marked and its descendants fail with INVALID_ANCESTOR.
   *  Otherwise only these bytes are wrong: whoever sent them is at fault, not the block. */
  | { readonly kind: 'rejected'; readonly why: LedgerRejection; readonly covered: boolean }
  | LedgerHalt;

/** A block that is refused. */
export type RejectedBlock = Extract<ImportOutcome, { readonly kind: 'rejected' }>;

/** An answer to a locator. */
export interface HeadersAfter {
  readonly headers: readonly Header[];
  /** What follows the locator lies below the snapshot that this chain began with: others have it. */
  readonly isBelow: boolean;
}

/** How far a block has come here. */
export type BlockStatus = 'unknown' | 'header' | 'executed' | 'invalid';

/** A record that the disk lost, and that only peers can bring back: import the block of that id. */
export interface MissingBlock {
  readonly id: BlockHash;
  readonly height: Height;
}

/** A transaction on the main chain. */
export interface FoundTransaction {
  readonly transaction: Transaction;
  readonly place: TransactionPlace;
  readonly receipt: Receipt | undefined;
  readonly final: boolean;
}

/** An account after the head, with a proof against the head's state root when asked. */
export interface FoundAccount {
  readonly account: Account;
  readonly at: BlockHash;
  readonly stateRoot: Hash;
  readonly proof: Uint8Array | undefined;
}

/** One bounded collection. */
export interface Bound {
  readonly name: string;
  readonly size: number;
  readonly max: number;
}

/** Why a data folder is not opened. */
export type OpenRejection =
  | { readonly code: 'OTHER_CHAIN'; readonly found: BlockHash; readonly expected: BlockHash }
  | { readonly code: 'NEWER_FORMAT'; readonly found: number; readonly known: number }
  /** An archive is wanted, and bodies below that height were deleted. */
  | { readonly code: 'PRUNED'; readonly below: Height }
  | ConfigRejection;

/** A ledger, and what opening it took. */
export interface OpenedLedger<View> {
  readonly ledger: Ledger<View>;
  /** Blocks executed again, for NodeStarted. */
  readonly reexecuted: number;
  /** Records that failed their check, by kind. */
  readonly corrupt: readonly { readonly key: string; readonly record: RecordKind }[];
  /** Set when the chain on disk cannot be followed by this code. */
  readonly halt: LedgerHalt | undefined;
}

/**
 * The chain of one node: import, fork choice, reorganisation, finality, base. Synchronous. Emits BlockImported,
 * BlockRejected, BlockHeld, HeadChanged, Reorganised, FinalityAdvanced, BaseAdvanced and the corruption events; the node
 * emits NodeStarted and NodeHalted from what it is told. Signatures of transactions and certificates are checked by the
 * caller before a block comes here.
 */
export interface Ledger<View> {
  readonly genesisId: BlockHash;

  /**
   * Checks fields, version, history root, seal and time against ancestors, and keeps the header; where blocks have
   * certificates it keeps none, and answers needsExecution for one that is worth fetching its block.
   */
  acceptHeader(header: Header): HeaderOutcome;
  /** Executes, stores, and moves the head when the block is better. `certificate`: hexadecimal, '' when there is none. */
  importBlock(block: Block, certificate: string): ImportOutcome;
  /** Every check of an import, nothing kept. PARENT_UNKNOWN also when the parent is not executed. */
  validate(block: Block): LedgerRejection | undefined;
  /**
   * Tells that a signature inside the block is wrong. Marks the block invalid when its body matches its header, so that
   * its id covers the fault, and, where blocks have certificates, this one certifies it.
   */
  markInvalid(block: Block, certificate: string, why: LedgerRejection): RejectedBlock;
  /** A block on `plan.parent` with the given transactions as far as they fit; seal empty. Undefined: the parent is not executed. */
  assemble(plan: BlockPlan, candidates: Iterable<Transaction>): Block | undefined;

  head(): Candidate;
  /** The best header known, on whose branch bodies may be missing; no header of an invalid branch. */
  bestHeader(): Candidate;
  /** The lowest blocks on the branch of bestHeader that are not executed, lowest first. */
  wantedBodies(limit: number): readonly MissingBlock[];
  /**
   * Nobody gives the body of this header: what stands on it is neither the best header nor wanted, until the block is
   * executed. Nothing for a block that is no header of the tree. The oldest of ASIDE_MAX gives way.
   */
  setAside(id: BlockHash): void;
  /** What was set aside and is still not executed. */
  asideBodies(): readonly MissingBlock[];
  /** Blocks at or below the base that the disk lost. Importing one repairs it. */
  missingBodies(): readonly MissingBlock[];
  base(): { readonly id: BlockHash; readonly height: Height };
  /** By the rules, of the current head. */
  finality(): Finality;
  /** The same, no further than what is durable here: what a client may be told. */
  durableFinality(): Finality;
  /** Calls back, as a later event, when all that was written so far is durable; not at all after a storage fault. */
  flushed(then: () => void): void;

  status(id: BlockHash): BlockStatus;
  candidate(id: BlockHash): Candidate | undefined;
  /** Main chain or branch, however old, while its header is kept. */
  header(id: BlockHash): Header | undefined;
  /** Main chain. */
  headerAt(height: Height): Header | undefined;
  /** Main chain. */
  idAt(height: Height): BlockHash | undefined;
  block(id: BlockHash): Block | undefined;
  /** Main chain. */
  blockAt(height: Height): ChainBlock | undefined;
  /** Of the transactions of that block, in their order: undefined where none is known here. */
  receiptsAt(height: Height, block: Block): readonly (Receipt | undefined)[];
  /** Hexadecimal; '' when none is stored. */
  certificate(id: BlockHash): string;
  /** Undefined for blocks that are not executed and for those deep below the base. */
  view(id: BlockHash): View | undefined;
  /** Undefined for blocks that are not executed and for those that the undo journal no longer reaches. */
  state(id: BlockHash): State | undefined;
  /** True when `ancestor` is `id` or one of its ancestors. */
  isAncestor(ancestor: BlockHash, id: BlockHash): boolean;
  isOnMainChain(id: BlockHash): boolean;
  chainView(): ChainView;

  transaction(id: TxId): FoundTransaction | undefined;
  /** Newest first, those before a place (undefined: from the head on). Limit at most ACCOUNT_PAGE_MAX. */
  accountTransactions(
    address: AccountAddress,
    before: PlaceInChain | undefined,
    limit: number,
  ): readonly (TransactionPlace & { readonly id: TxId })[];
  account(address: AccountAddress, prove: boolean): FoundAccount;

  /** Ids from the head down, at distances that double; ends with genesis. For a chain that is not the head's: `from`. */
  locator(from?: BlockHash): readonly BlockHash[];
  /** Main-chain headers after the newest id of `locator` that is on the main chain (or after genesis). */
  headersAfter(locator: readonly BlockHash[], limit: number): HeadersAfter;

  /** The snapshots on this disk: those that are served, and the trusted one while it is received. */
  readonly snapshots: SnapshotStore;
  /** The block that this chain began with; undefined: genesis. */
  origin(): { readonly id: BlockHash; readonly height: Height } | undefined;
  /** Bytes of an item of a snapshot of this chain, up to the base; undefined when there is none. */
  snapshotItem(id: Hash, item: number): Uint8Array | undefined;

  /** Checks records of `count` main-chain heights from `from` on: repairs indexes, reports lost bodies. Answers the next height. */
  scrub(from: Height, count: number): Height;
  /** Every bounded collection. */
  bounds(): readonly Bound[];
  /** Cancels the timers. */
  stop(): void;
}

/** Branches set aside at once: each has cost somebody the work of headers that weigh more than the chain. */
export const ASIDE_MAX = 64;
/** The most entries that one page of an account's transactions holds. */
export const ACCOUNT_PAGE_MAX = 1_000;
