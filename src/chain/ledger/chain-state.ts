/** The chain around the base as it stands: tree, main chain, head and base, and what can be read or derived of them. */
import { assert } from '../../env/assert.ts';
import { type BlockStore, batchOf } from '../blockstore/block-store.ts';
import type { UndoRecord } from '../blockstore/record-codecs.ts';
import { blockKey, certificateKey } from '../blockstore/records.ts';
import { BlockTree, NO_SLOT, NODE } from '../blockstore/tree.ts';
import type { ChainView, ConsensusRules } from '../consensus/consensus.ts';
import type { State } from '../state/state.ts';
import { RECEIPT_STATUS, type Receipt } from '../types/account.ts';
import type { Block, Header } from '../types/block.ts';
import type { Finality } from '../types/finality.ts';
import { blockId } from '../types/header-codec.ts';
import { isRejection } from '../types/rejection.ts';
import { type BlockHash, type Height, height } from '../types/units.ts';
import type { Batches } from './batches.ts';
import type { Executed, Fold, LedgerEnv, Link } from './fold.ts';
import type { LedgerConfig } from './ledger.ts';

/** Headers of the tree beside those between journal and head: two such branches; a header is about 1.5 kB in memory. */
const TREE_SPARE_MAX = 4_096;
/** States kept beside those between base and head: forks near the head. Others are derived again when asked for. */
const STATES_SPARE_MAX = 64;
/** Blocks that the disk lost, as many as are asked of peers in a while; more are found again by the next scrub. */
export const MISSING_MAX = 4_096;

/** States kept below the base while stored blocks are executed again: a branch is then an eighth of the journal away. */
const STEPS_MAX = 8;

/** What a chain is made of. */
export interface ChainParts<View> {
  readonly env: LedgerEnv;
  readonly config: LedgerConfig<View>;
  readonly store: BlockStore;
  readonly batches: Batches<View>;
  readonly fold: Fold<View>;
}

/** Slots are those of the tree. The fields change by the chain and by the mover of the base only. */
export class ChainState<View> {
  readonly env: LedgerEnv;
  readonly config: LedgerConfig<View>;
  readonly rules: ConsensusRules<View>;
  readonly store: BlockStore;
  readonly batches: Batches<View>;
  readonly fold: Fold<View>;
  readonly tree = new BlockTree<Link<View>, Executed<View>>();
  /** Blocks of the main chain, or just above it, whose body or certificate the disk lost. */
  readonly missing = new Map<BlockHash, Height>();
  /** Headers whose body nobody gives: branches on them are not followed. In the order in which they were set aside. */
  readonly aside = new Map<BlockHash, Height>();
  /** Slots of the main chain from the root up. */
  readonly main: number[] = [];
  headSlot = NO_SLOT;
  /** The best header of a branch that is not invalid. */
  bestSlot = NO_SLOT;
  baseSlot = NO_SLOT;
  /** The block of the snapshot that this chain began with; undefined: genesis. */
  beginning: { readonly id: BlockHash; readonly height: Height } | undefined;
  /** Told of every step of the base up, after it was written. */
  onBaseAdvanced: ((from: Executed<View>, to: Executed<View>) => void) | undefined;
  /** While blocks of this disk are executed again: the clock has let them in before. */
  replaying = false;
  /** States of the main chain below the base by height, while replaying: many stored branches leave it there. */
  readonly #steps = new Map<number, State>();
  #stepsBase = NO_SLOT;
  #finality: Finality = { final: height(0), acknowledged: height(0), kind: 'depth' };

  constructor(parts: ChainParts<View>) {
    this.env = parts.env;
    this.config = parts.config;
    this.rules = parts.config.rules;
    this.store = parts.store;
    this.batches = parts.batches;
    this.fold = parts.fold;
  }

  /**
   * Starts from the disk: `path` are main-chain blocks, parent before child, whose last is the base with its state.
   */
  begin(path: readonly Link<View>[], base: Executed<View>): void {
    assert(this.tree.size === 0, 'a chain begins once');
    for (const link of path) {
      this.baseSlot = this.tree.add(link, this.baseSlot, NODE.executed);
      this.main.push(this.baseSlot);
    }
    assert(this.tree.item(this.baseSlot).id === base.link.id, 'the path ends with the base');
    this.tree.setResult(this.baseSlot, base);
    this.headSlot = this.baseSlot;
    this.bestSlot = this.baseSlot;
    this.updateFinality();
  }

  get head(): Link<View> {
    return this.tree.item(this.headSlot);
  }

  get best(): Link<View> {
    return this.tree.item(this.bestSlot);
  }

  get base(): Link<View> {
    return this.tree.item(this.baseSlot);
  }

  /** The lowest height whose blocks are in the tree: how far back a reorganisation can go. */
  get floor(): number {
    return this.heightOf(this.tree.root);
  }

  get finality(): Finality {
    return this.#finality;
  }

  /** Height of the block that this chain began with: below it nothing is here but genesis. */
  get origin(): number {
    return this.beginning?.height ?? 0;
  }

  /** The lowest height of which everything is kept here that is kept of heights: genesis, or the first above a snapshot. */
  get lowest(): number {
    return this.origin === 0 ? 0 : this.origin + 1;
  }

  get treeMax(): number {
    return 2 * (this.config.baseDepth + this.config.undoDepth) + TREE_SPARE_MAX;
  }

  get statesMax(): number {
    return 2 * this.config.baseDepth + STATES_SPARE_MAX;
  }

  /** The slot at a height of the main chain; NO_SLOT below the root and above the head. */
  mainSlot(at: number): number {
    return this.main[at - this.floor] ?? NO_SLOT;
  }

  isMain(slot: number): boolean {
    return this.mainSlot(this.tree.item(slot).header.height) === slot;
  }

  heightOf(slot: number): Height {
    return this.tree.item(slot).header.height;
  }

  /** What executing the block gave: kept, derived again from an older state, or from the journal. */
  executedAt(slot: number): Executed<View> | undefined {
    const path: number[] = [];
    let at = slot;
    let from: Executed<View> | undefined;
    for (;;) {
      if (at === NO_SLOT || this.tree.statusOf(at) !== NODE.executed) return undefined;
      from = this.tree.resultOf(at);
      if (from === undefined && this.isMain(at) && this.heightOf(at) < this.heightOf(this.baseSlot)) {
        from = this.#belowBase(at);
        if (from === undefined) return undefined;
      }
      if (from !== undefined) break;
      path.push(at);
      at = this.tree.parentOf(at);
    }
    for (let i = path.length - 1; i >= 0; i--) {
      const next = path[i] as number;
      const link = this.tree.item(next);
      const block = this.bodyOf(link);
      if (block === undefined) return undefined;
      const executed = this.fold.execute(from, link, block);
      assert(!isRejection(executed), 'a block that was executed once executes again');
      from = executed;
    }
    if (path.length > 0) this.keepResult(slot, from);
    return from;
  }

  /** The body of an executed block, from memory or disk; a lost one is noted, so that peers are asked. */
  bodyOf(link: { readonly id: BlockHash; readonly header: Header }): Block | undefined {
    if (this.isBelowOrigin(link.header.height)) return undefined;
    const block = this.store.block(link.header.height, link.id);
    if (block !== undefined && block !== 'corrupt') return block;
    if (block === undefined) this.store.report(blockKey(link.header.height, link.id));
    this.noteMissing(link.id, link.header.height);
    return undefined;
  }

  /** True for heights whose bodies this chain never had: those up to the snapshot that it began with, genesis aside. */
  isBelowOrigin(at: number): boolean {
    return at > 0 && at <= this.origin;
  }

  /** How many transactions of a block failed, while its result is in memory. */
  failedIn(id: BlockHash): number {
    const slot = this.tree.slotOf(id);
    const entries = slot === NO_SLOT ? [] : (this.tree.resultOf(slot)?.entries ?? []);
    return entries.filter(({ receipt }) => (receipt?.status ?? RECEIPT_STATUS.OK) !== RECEIPT_STATUS.OK)
      .length;
  }

  /** Receipts of a block of the main chain, while they are in memory. */
  receiptsOf(at: number): readonly Receipt[] {
    const slot = this.mainSlot(at);
    const entries = slot === NO_SLOT ? [] : (this.tree.resultOf(slot)?.entries ?? []);
    return entries.flatMap(({ receipt }) => (receipt === undefined ? [] : [receipt]));
  }

  noteMissing(id: BlockHash, at: Height): void {
    if (this.missing.size < MISSING_MAX) this.missing.set(id, at);
  }

  /** The main chain as finality reads it: tree first, then disk. */
  readonly view: ChainView = {
    idAt: (at) => this.idAt(at),
    headerOf: (id) => this.headerOf(id),
  };

  idAt(at: Height): BlockHash | undefined {
    const slot = this.mainSlot(at);
    if (slot !== NO_SLOT) return this.tree.item(slot).id;
    if (at >= this.floor) return undefined;
    const header = this.store.headerAt(at);
    return header === undefined || header === 'corrupt' ? undefined : blockId(header, this.store.sha256);
  }

  headerOf(id: BlockHash): Header | undefined {
    const slot = this.tree.slotOf(id);
    if (slot !== NO_SLOT) return this.tree.item(slot).header;
    const at = this.store.heightOf(id);
    if (at === undefined || at === 'corrupt') return undefined;
    const header = this.store.headerAt(at);
    if (header === undefined || header === 'corrupt') return undefined;
    return blockId(header, this.store.sha256) === id ? header : undefined;
  }

  keepResult(slot: number, result: Executed<View>): void {
    this.tree.setResult(slot, result);
    if (this.tree.resultCount <= this.statesMax) return;
    let lowest = NO_SLOT;
    for (const at of this.tree.all()) {
      if (at === this.baseSlot || at === this.headSlot || at === slot || this.tree.resultOf(at) === undefined)
        continue;
      if (lowest === NO_SLOT || this.heightOf(at) < this.heightOf(lowest)) lowest = at;
    }
    if (lowest !== NO_SLOT) this.tree.setResult(lowest, undefined);
  }

  /** Journal of the blocks from the base, or `from` below it, down to (not including) that height, highest first; undefined when one is lost. */
  undosDownTo(to: number, from: number = this.heightOf(this.baseSlot)): readonly UndoRecord[] | undefined {
    const undos: UndoRecord[] = [];
    for (let at = from; at > to; at--) {
      const undo = this.store.undo(at);
      if (undo === undefined || undo === 'corrupt') return undefined;
      if (undo.id !== this.tree.item(this.mainSlot(at)).id) return undefined;
      undos.push(undo);
    }
    return undos;
  }

  /** Removes a branch with its records. */
  removeBranch(slot: number): void {
    const ops = [];
    for (const at of this.tree.subtree(slot)) {
      const { id, header } = this.tree.item(at);
      if (this.tree.statusOf(at) === NODE.executed) {
        ops.push(
          { kind: 'delete', key: blockKey(header.height, id) } as const,
          { kind: 'delete', key: certificateKey(header.height, id) } as const,
        );
      }
      this.store.forget(id);
      this.missing.delete(id);
    }
    const bestGone = this.tree.subtree(slot).includes(this.bestSlot);
    this.tree.removeSubtree(slot);
    if (bestGone) this.findBest();
    if (ops.length > 0) this.store.write(batchOf(ops));
  }

  findBest(): void {
    this.bestSlot = this.headSlot;
    const aside = new Set<number>();
    for (const id of this.aside.keys()) {
      const root = this.tree.slotOf(id);
      if (root !== NO_SLOT) for (const slot of this.tree.subtree(root)) aside.add(slot);
    }
    for (const slot of this.tree.all()) {
      if (this.tree.statusOf(slot) === NODE.invalid || aside.has(slot)) continue;
      if (this.rules.compare(this.best, this.tree.item(slot)) === -1) this.bestSlot = slot;
    }
  }

  /** The header stands on one that was set aside, or is one. */
  isAside(slot: number): boolean {
    if (this.aside.size === 0) return false;
    for (
      let at = slot;
      at !== NO_SLOT && this.tree.statusOf(at) === NODE.header;
      at = this.tree.parentOf(at)
    ) {
      if (this.aside.has(this.tree.item(at).id)) return true;
    }
    return false;
  }

  /** Forgets those that were executed, found invalid or removed. */
  pruneAside(): void {
    for (const id of this.aside.keys()) {
      const slot = this.tree.slotOf(id);
      if (slot === NO_SLOT || this.tree.statusOf(slot) !== NODE.header) this.aside.delete(id);
    }
  }

  updateFinality(): void {
    this.#finality = this.rules.finality(this.head, this.view, this.head.view);
  }

  /** Drops what `#belowBase` keeps for the next question. */
  forgetSteps(): void {
    this.#steps.clear();
  }

  /** The state of the main chain at a block below the base, by the journal. */
  #belowBase(slot: number): Executed<View> | undefined {
    const link = this.tree.item(slot);
    const to = link.header.height;
    const start = this.#stepAbove(to);
    let { state } = start;
    if (state === undefined) return undefined;
    const undos = this.undosDownTo(to, start.height);
    if (undos === undefined) return undefined;
    const everySteps = Math.ceil(undos.length / STEPS_MAX);
    for (const [i, undo] of undos.entries()) {
      state = state.update(undo.leaves);
      const isStep = this.replaying && start.height === this.base.header.height && (i + 1) % everySteps === 0;
      if (isStep) this.#steps.set(start.height - i - 1, state);
    }
    if (state.root !== link.header.stateRoot) return undefined;
    return { link, state, entries: [], changes: [] };
  }

  /** The lowest known state of the main chain at or above a height that lies below the base. */
  #stepAbove(to: number): { readonly height: number; readonly state: State | undefined } {
    if (this.#stepsBase !== this.baseSlot) this.#steps.clear();
    this.#stepsBase = this.baseSlot;
    let height: number = this.base.header.height;
    let state = this.tree.resultOf(this.baseSlot)?.state;
    for (const [at, step] of this.#steps) {
      if (at < to || at >= height) continue;
      height = at;
      state = step;
    }
    return { height, state };
  }
}
