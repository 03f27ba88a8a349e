/** The ledger of one node: the chain, with its events, timers and flushes, behind the one interface. */
import { assertNever } from '../../env/assert.ts';
import type { Timer } from '../../env/clock.ts';
import { ms } from '../../env/units.ts';
import { BLOCK_CACHE_MAX, type BlockStore, CORRUPT_RECORDS_MAX } from '../blockstore/block-store.ts';
import { NO_SLOT, NODE } from '../blockstore/tree.ts';
import type { BlockPlan, Candidate, ChainView } from '../consensus/consensus.ts';
import { assembleBlock } from '../execution/assemble-block.ts';
import type { ExecutionContext } from '../execution/context.ts';
import { SNAPSHOTS_MAX, type SnapshotStore } from '../snapshot/snapshot-store.ts';
import type { State } from '../state/state.ts';
import type { Receipt } from '../types/account.ts';
import type { Block, Header } from '../types/block.ts';
import type { PlaceInChain, TransactionPlace } from '../types/command.ts';
import type { Finality } from '../types/finality.ts';
import { blockId } from '../types/header-codec.ts';
import { isRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import {
  type AccountAddress,
  type BlockHash,
  type Hash,
  type Height,
  height,
  type TxId,
} from '../types/units.ts';
import { storedCertificate } from './certificates.ts';
import type { Chain } from './chain.ts';
import { MISSING_MAX } from './chain-state.ts';
import { DEEP_BRANCHES_MAX, type DeepBranches } from './deep-branches.ts';
import { Durability } from './durability.ts';
import { HELD_BLOCKS_MAX, type HeldBlock, HeldBlocks } from './held-blocks.ts';
import {
  ASIDE_MAX,
  type BlockStatus,
  type Bound,
  type ChainBlock,
  type FoundAccount,
  type FoundTransaction,
  type HeadChange,
  type HeaderOutcome,
  type HeadersAfter,
  type ImportOutcome,
  type Ledger,
  type LedgerHooks,
  type LedgerRejection,
  type MissingBlock,
  type RejectedBlock,
} from './ledger.ts';
import { Queries } from './queries.ts';
import { DETACHED_MAX, type Detached } from './recovery.ts';
import { repairBlock } from './repair.ts';
import { scrubHeights } from './scrub.ts';
import { Scrubber } from './scrubber.ts';
import type { SnapshotMaker } from './snapshot-maker.ts';

/** What a node's ledger is made of. */
export interface NodeLedgerParts<View> {
  readonly chain: Chain<View>;
  readonly deep: DeepBranches<View>;
  readonly store: BlockStore;
  readonly context: ExecutionContext<View>;
  readonly hooks: LedgerHooks;
  readonly detached: Detached;
  readonly genesisId: BlockHash;
  readonly snapshots: SnapshotStore;
  /** Undefined while the folder waits for a snapshot to begin with. */
  readonly maker: SnapshotMaker<View> | undefined;
}

export class NodeLedger<View> implements Ledger<View> {
  readonly genesisId: BlockHash;
  readonly snapshots: SnapshotStore;
  readonly #maker: SnapshotMaker<View> | undefined;
  readonly #chain: Chain<View>;
  readonly #deep: DeepBranches<View>;
  readonly #store: BlockStore;
  readonly #context: ExecutionContext<View>;
  readonly #hooks: LedgerHooks;
  readonly #detached: Detached;
  readonly #held: HeldBlocks;
  readonly #durability: Durability;
  readonly #queries: Queries<View>;
  readonly #scrubber: Scrubber<View>;
  #told: Finality | undefined;
  #attaching: Timer | undefined;
  #stopped = false;

  constructor(parts: NodeLedgerParts<View>) {
    const { env, config } = parts.chain;
    this.genesisId = parts.genesisId;
    this.snapshots = parts.snapshots;
    this.#maker = parts.maker;
    this.#chain = parts.chain;
    this.#deep = parts.deep;
    this.#store = parts.store;
    this.#context = parts.context;
    this.#hooks = parts.hooks;
    this.#detached = parts.detached;
    this.#held = new HeldBlocks(env.clock, (due) => this.#release(due));
    this.#scrubber = new Scrubber(parts.chain, () => parts.hooks.onLost());
    this.#queries = new Queries(parts.chain, parts.deep, () => this.#scrubber.hurry());
    this.#durability = new Durability(
      env.storage,
      config.flushBlocks,
      () => this.#tellFinality(),
      (fault) => parts.hooks.onStorageFault(fault),
    );
  }

  /** After recovery: makes durable what was found, and looks on where something was corrupt. */
  start(): void {
    this.#durability.onOpened(this.#chain.head.header.height);
    if (this.#store.corruptCount > 0) this.#scrubber.hurry();
    this.#scrubber.start();
    this.#maker?.start();
  }

  acceptHeader(header: Header): HeaderOutcome {
    const outcome = this.#chain.acceptHeader(header);
    if (outcome.kind === 'rejected') this.#tellRejected(blockId(header), header.height, outcome.why);
    return outcome;
  }

  importBlock(block: Block, certificate: string): ImportOutcome {
    const id = blockId(block.header);
    const repair = repairBlock(this.#chain, id, block, certificate);
    if (repair === 'repaired') return { kind: 'known', id, repaired: true };
    if (repair !== 'notLost') return { kind: 'rejected', why: repair, covered: false };
    const outcome = this.#chain.importBlock(block, certificate, false);
    switch (outcome.kind) {
      case 'imported':
        this.#onImported(block, outcome.candidate, outcome.change);
        return outcome;
      case 'rejected':
        if (outcome.covered) this.#chain.missing.delete(id);
        this.#tellRejected(id, block.header.height, outcome.why);
        return outcome;
      case 'future':
        return this.#hold({ id, block, certificate }, outcome);
      case 'known':
      case 'orphan':
      case 'halt':
        return outcome;
      default:
        return assertNever(outcome);
    }
  }

  validate(block: Block): LedgerRejection | undefined {
    const id = blockId(block.header);
    const slot = this.#chain.tree.slotOf(id);
    if (slot !== NO_SLOT && this.#chain.tree.statusOf(slot) === NODE.executed) return undefined;
    const mismatch = this.#chain.fold.checkBody(block);
    if (mismatch !== undefined) return mismatch;
    const judged = this.#chain.judge(block.header, id, undefined, 'anyTime');
    switch (judged.kind) {
      case 'judged': {
        const result = this.#chain.executeOn(judged.parent, judged.link, block);
        return isRejection(result) ? result : undefined;
      }
      case 'rejected':
        return judged.why;
      default:
        return { code: 'PARENT_UNKNOWN', parent: block.header.parent };
    }
  }

  markInvalid(block: Block, certificate: string, why: LedgerRejection): RejectedBlock {
    if (this.#chain.fold.checkBody(block) !== undefined) return { kind: 'rejected', why, covered: false };
    const slot = this.#chain.insertHeader(block, certificate);
    if (typeof slot !== 'number') return { kind: 'rejected', why: slot, covered: false };
    const covered = this.#chain.markInvalid(slot);
    if (covered) this.#tellRejected(blockId(block.header), block.header.height, why);
    return { kind: 'rejected', why, covered };
  }

  assemble(plan: BlockPlan, candidates: Iterable<Transaction>): Block | undefined {
    const slot = this.#chain.tree.slotOf(plan.parent);
    const parent = slot === NO_SLOT ? undefined : this.#chain.executedAt(slot);
    if (parent === undefined) return undefined;
    const assembled = assembleBlock(this.#context, plan, parent.link, parent.state, candidates);
    this.#chain.fold.assembled(parent, assembled);
    return assembled.block;
  }

  head(): Candidate {
    return this.#chain.head;
  }

  bestHeader(): Candidate {
    return this.#chain.best;
  }

  wantedBodies(limit: number): readonly MissingBlock[] {
    const { tree } = this.#chain;
    const wanted: MissingBlock[] = [];
    let slot = this.#chain.bestSlot;
    while (slot !== NO_SLOT && tree.statusOf(slot) === NODE.header) {
      const { id, header } = tree.item(slot);
      wanted.push({ id, height: header.height });
      slot = tree.parentOf(slot);
    }
    return wanted.reverse().slice(0, limit);
  }

  setAside(id: BlockHash): void {
    this.#chain.setAside(id);
  }

  asideBodies(): readonly MissingBlock[] {
    this.#chain.pruneAside();
    return [...this.#chain.aside].map(([id, at]) => ({ id, height: at }));
  }

  missingBodies(): readonly MissingBlock[] {
    return [...this.#chain.missing].map(([id, at]) => ({ id, height: at }));
  }

  base(): { readonly id: BlockHash; readonly height: Height } {
    const { id, header } = this.#chain.base;
    return { id, height: header.height };
  }

  finality(): Finality {
    return this.#chain.finality;
  }

  durableFinality(): Finality {
    const { final, acknowledged, kind } = this.#chain.finality;
    const durable = this.#durability.height;
    return {
      final: height(Math.min(final, durable)),
      acknowledged: height(Math.min(acknowledged, durable)),
      kind,
    };
  }

  flushed(then: () => void): void {
    this.#durability.flushed(then);
  }

  status(id: BlockHash): BlockStatus {
    const slot = this.#chain.tree.slotOf(id);
    if (slot === NO_SLOT) {
      if (this.#deep.tip(id) !== undefined) return 'header';
      return this.#chain.headerOf(id) === undefined ? 'unknown' : 'executed';
    }
    const status = this.#chain.tree.statusOf(slot);
    return status === NODE.executed ? 'executed' : status === NODE.invalid ? 'invalid' : 'header';
  }

  candidate(id: BlockHash): Candidate | undefined {
    const slot = this.#chain.tree.slotOf(id);
    return slot === NO_SLOT ? this.#deep.tip(id)?.link : this.#chain.tree.item(slot);
  }

  header(id: BlockHash): Header | undefined {
    return this.#chain.headerOf(id);
  }

  headerAt(at: Height): Header | undefined {
    return this.#queries.headerAt(at);
  }

  idAt(at: Height): BlockHash | undefined {
    return this.#chain.idAt(at);
  }

  block(id: BlockHash): Block | undefined {
    return this.#queries.block(id);
  }

  blockAt(at: Height): ChainBlock | undefined {
    return this.#queries.blockAt(at);
  }

  receiptsAt(at: Height, block: Block): readonly (Receipt | undefined)[] {
    return this.#queries.receiptsAt(at, block);
  }

  certificate(id: BlockHash): string {
    return this.#queries.certificate(id);
  }

  view(id: BlockHash): View | undefined {
    const slot = this.#chain.tree.slotOf(id);
    if (slot === NO_SLOT || this.#chain.tree.statusOf(slot) !== NODE.executed) return undefined;
    return this.#chain.tree.item(slot).view;
  }

  state(id: BlockHash): State | undefined {
    const slot = this.#chain.tree.slotOf(id);
    return slot === NO_SLOT ? undefined : this.#chain.executedAt(slot)?.state;
  }

  isAncestor(ancestor: BlockHash, id: BlockHash): boolean {
    return this.#queries.isAncestor(ancestor, id);
  }

  isOnMainChain(id: BlockHash): boolean {
    return this.#queries.isOnMainChain(id);
  }

  chainView(): ChainView {
    return this.#chain.view;
  }

  transaction(id: TxId): FoundTransaction | undefined {
    return this.#queries.transaction(id);
  }

  accountTransactions(
    address: AccountAddress,
    before: PlaceInChain | undefined,
    limit: number,
  ): readonly (TransactionPlace & { readonly id: TxId })[] {
    return this.#queries.accountTransactions(address, before, limit);
  }

  account(address: AccountAddress, prove: boolean): FoundAccount {
    return this.#queries.account(address, prove);
  }

  locator(from?: BlockHash): readonly BlockHash[] {
    return this.#queries.locator(from);
  }

  headersAfter(locator: readonly BlockHash[], limit: number): HeadersAfter {
    return this.#queries.headersAfter(locator, limit);
  }

  origin(): { readonly id: BlockHash; readonly height: Height } | undefined {
    return this.#chain.beginning;
  }

  snapshotItem(id: Hash, item: number): Uint8Array | undefined {
    const found = this.snapshots.find(id);
    // Above the base it may be of a branch that was left.
    if (found === undefined || found.height > this.#chain.base.header.height) return undefined;
    return this.snapshots.item(found.height, item);
  }

  scrub(from: Height, count: number): Height {
    return scrubHeights(this.#chain, from, count);
  }

  bounds(): readonly Bound[] {
    const { tree, treeMax, statesMax, missing } = this.#chain;
    let detached = 0;
    for (const waiting of this.#detached.values()) detached += waiting.length;
    return [
      { name: 'ledger.tree', size: tree.size, max: treeMax },
      { name: 'ledger.states', size: tree.resultCount, max: statesMax },
      { name: 'ledger.missing', size: missing.size, max: MISSING_MAX },
      { name: 'ledger.aside', size: this.#chain.aside.size, max: ASIDE_MAX },
      { name: 'ledger.deep', size: this.#deep.size, max: DEEP_BRANCHES_MAX },
      { name: 'ledger.snapshots', size: this.snapshots.stored.length, max: SNAPSHOTS_MAX },
      { name: 'ledger.held', size: this.#held.size, max: HELD_BLOCKS_MAX },
      { name: 'ledger.detached', size: detached, max: DETACHED_MAX },
      { name: 'store.blocks', size: this.#store.cachedBlocks, max: BLOCK_CACHE_MAX },
      { name: 'store.corrupt', size: this.#store.corruptCount, max: CORRUPT_RECORDS_MAX },
    ];
  }

  stop(): void {
    this.#stopped = true;
    this.#held.stop();
    this.#scrubber.stop();
    this.#maker?.stop();
    this.#attaching?.cancel();
  }

  #onImported(block: Block, candidate: Candidate, change: HeadChange | undefined): void {
    const { env } = this.#chain;
    const { id } = candidate;
    env.emit({
      kind: 'BlockImported',
      id,
      height: block.header.height,
      txCount: block.transactions.length,
      failedCount: this.#chain.failedIn(id),
    });
    if (change !== undefined) {
      this.#tellHead(change);
      this.#chain.mover.advance();
      this.#chain.mover.raiseFloor();
    }
    this.#durability.onWritten(this.#chain.head.header.height);
    if (this.#detached.size > 0 && this.#detached.has(id)) this.#attachSoon(id);
  }

  #tellHead(change: HeadChange): void {
    const { env } = this.#chain;
    const { id, header } = change.to;
    if (change.disconnected.length > 0 || change.ancestor !== change.from.id) {
      this.#durability.onReorg(change.ancestorHeight);
      env.emit({
        kind: 'Reorganised',
        from: change.from.id,
        to: id,
        ancestor: change.ancestor,
        depth: change.from.header.height - change.ancestorHeight,
        returned: change.returned.length,
      });
    }
    env.emit({ kind: 'HeadChanged', id, height: header.height, parent: header.parent });
  }

  #tellRejected(id: BlockHash, at: Height, why: LedgerRejection): void {
    this.#chain.env.emit({ kind: 'BlockRejected', id, height: at, code: why.code });
  }

  /** Finality is told when it is durable here: what a crash cannot take back. */
  #tellFinality(): void {
    const finality = this.durableFinality();
    const told = this.#told;
    if (told !== undefined && finality.final <= told.final && finality.acknowledged <= told.acknowledged)
      return;
    this.#told = finality;
    const finalId = this.#chain.idAt(finality.final);
    if (finalId !== undefined) this.#chain.env.emit({ kind: 'FinalityAdvanced', finality, finalId });
  }

  #hold(held: HeldBlock, outcome: Extract<ImportOutcome, { kind: 'future' }>): ImportOutcome {
    if (this.#stopped || !this.#held.hold(held, outcome.retryMs)) return outcome;
    const untilMs = held.block.header.timestampMs - this.#chain.config.futureMaxMs;
    this.#chain.env.emit({ kind: 'BlockHeld', id: held.id, untilMs });
    return { ...outcome, held: true };
  }

  #release(due: readonly HeldBlock[]): void {
    for (const { block, certificate } of due) {
      const outcome = this.importBlock(block, certificate);
      if (outcome.kind !== 'future') this.#hooks.onReleased(block, outcome);
    }
  }

  /** Stored blocks whose parent was lost and is back: imported from the disk, as events of their own. */
  #attachSoon(parent: BlockHash): void {
    this.#attaching ??= this.#chain.env.clock.setTimer('ledger.attach', ms(0), () => {
      this.#attaching = undefined;
      this.#attach(parent);
    });
  }

  #attach(parent: BlockHash): void {
    const queue = [parent];
    let isLost = false;
    for (let i = 0; i < queue.length; i++) {
      const at = queue[i] as BlockHash;
      const waiting = this.#detached.get(at) ?? [];
      this.#detached.delete(at);
      for (const { id, height: where } of waiting) {
        const block = this.#store.block(where, id);
        if (block === undefined || block === 'corrupt') continue;
        const certificate = storedCertificate(this.#chain, where, id);
        const outcome = this.#chain.importBlock(block, certificate, true);
        if (outcome.kind === 'rejected' && !outcome.covered) {
          this.#chain.noteMissing(id, block.header.height);
          isLost = true;
        }
        if (outcome.kind !== 'imported') continue;
        this.#onImported(block, outcome.candidate, outcome.change);
        this.#hooks.onReleased(block, outcome);
        queue.push(id);
      }
    }
    if (isLost) this.#hooks.onLost();
  }
}
