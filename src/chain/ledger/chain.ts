/** The chain around the base: which blocks are known, which is the head, and how base and head move. */
import { assert } from '../../env/assert.ts';
import { type Ms, ms } from '../../env/units.ts';
import type { BlockStore } from '../blockstore/block-store.ts';
import { batchOf } from '../blockstore/block-store.ts';
import type { UndoRecord } from '../blockstore/record-codecs.ts';
import { blockKey, certificateKey } from '../blockstore/records.ts';
import { BlockTree, NO_SLOT, NODE } from '../blockstore/tree.ts';
import type { ChainView, ConsensusRules } from '../consensus/consensus.ts';
import type { Receipt } from '../types/account.ts';
import type { Block, Header } from '../types/block.ts';
import type { Finality } from '../types/finality.ts';
import { versionAt } from '../types/genesis-codec.ts';
import { blockId } from '../types/header-codec.ts';
import { isRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionId } from '../types/transaction-codec.ts';
import { type BlockHash, type Height, height } from '../types/units.ts';
import type { Batches } from './batches.ts';
import type { Executed, Fold, LedgerEnv, Link } from './fold.ts';
import type {
  ChainBlock,
  HeadChange,
  HeaderOutcome,
  ImportOutcome,
  LedgerConfig,
  LedgerHalt,
  LedgerRejection,
} from './ledger.ts';

/** Headers in a row without a body: four responses of sync, so that bodies can be fetched from many peers at once. */
export const HEADERS_AHEAD_MAX = 2_048;
/** Headers of the tree beside those between journal and head: two such branches; a header is about 1.5 kB in memory. */
export const TREE_SPARE_MAX = 4_096;
/** States kept beside those between base and head: forks near the head. Others are derived again when asked for. */
export const STATES_SPARE_MAX = 64;
/** Blocks that the disk lost, as many as are asked of peers in a while; more are found again by the next scrub. */
export const MISSING_MAX = 4_096;

/** What a chain is made of. */
export interface ChainParts<View> {
  readonly env: LedgerEnv;
  readonly config: LedgerConfig<View>;
  readonly store: BlockStore;
  readonly batches: Batches<View>;
  readonly fold: Fold<View>;
}

/** Judges headers whose parent is not in the tree; undefined: nothing is known of it. */
export interface BelowTree {
  extend(header: Header, id: BlockHash): HeaderOutcome | undefined;
}

type Judged<View> =
  | { readonly kind: 'judged'; readonly link: Link<View>; readonly parent: number }
  | Exclude<HeaderOutcome, { readonly kind: 'known' | 'accepted' }>;

export class Chain<View> {
  readonly env: LedgerEnv;
  readonly config: LedgerConfig<View>;
  readonly rules: ConsensusRules<View>;
  readonly store: BlockStore;
  readonly batches: Batches<View>;
  readonly fold: Fold<View>;
  readonly tree = new BlockTree<Link<View>, Executed<View>>();
  /** Blocks of the main chain, or just above it, whose body or certificate the disk lost. */
  readonly missing = new Map<BlockHash, Height>();
  /** While blocks of this disk are executed again: the clock has let them in before. */
  replaying = false;
  /** Slots of the main chain from the root up. */
  readonly #main: number[] = [];
  #deep: BelowTree | undefined;
  #head = NO_SLOT;
  #best = NO_SLOT;
  #base = NO_SLOT;
  #finality: Finality = { final: height(0), acknowledged: height(0), kind: 'depth' };
  #prunedTo: number | undefined;

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
      this.#base = this.tree.add(link, this.#base, NODE.executed);
      this.#main.push(this.#base);
    }
    assert(this.tree.item(this.#base).id === base.link.id, 'the path ends with the base');
    this.tree.setResult(this.#base, base);
    this.#head = this.#base;
    this.#best = this.#base;
    this.#updateFinality();
  }

  /** Where branches are followed that leave the main chain below the journal. */
  attachDeep(deep: BelowTree): void {
    this.#deep = deep;
  }

  get head(): Link<View> {
    return this.tree.item(this.#head);
  }

  get best(): Link<View> {
    return this.tree.item(this.#best);
  }

  get base(): Link<View> {
    return this.tree.item(this.#base);
  }

  get headSlot(): number {
    return this.#head;
  }

  get bestSlot(): number {
    return this.#best;
  }

  /** The lowest height whose blocks are in the tree: how far back a reorganisation can go. */
  get floor(): number {
    return this.#rootHeight();
  }

  get finality(): Finality {
    return this.#finality;
  }

  get treeMax(): number {
    return 2 * (this.config.baseDepth + this.config.undoDepth) + TREE_SPARE_MAX;
  }

  get statesMax(): number {
    return 2 * this.config.baseDepth + STATES_SPARE_MAX;
  }

  /** The slot at a height of the main chain; NO_SLOT below the root and above the head. */
  mainSlot(at: number): number {
    return this.#main[at - this.#rootHeight()] ?? NO_SLOT;
  }

  isMain(slot: number): boolean {
    return this.mainSlot(this.tree.item(slot).header.height) === slot;
  }

  /** Fields, seal and time of a header; `certificate` vouches for a version that this code cannot execute. `anyTime`: whatever the clock says. */
  judge(header: Header, id: BlockHash, certificate: string, clock: 'clock' | 'anyTime'): Judged<View> {
    const parent = this.tree.slotOf(header.parent);
    if (parent === NO_SLOT) return { kind: 'orphan', parent: header.parent };
    if (this.tree.statusOf(parent) === NODE.invalid) {
      return { kind: 'rejected', why: { code: 'INVALID_ANCESTOR', ancestor: header.parent } };
    }
    const parentLink = this.tree.item(parent);
    if (parentLink.header.height < this.base.header.height && this.#finality.kind === 'absolute') {
      return { kind: 'rejected', why: this.conflict() };
    }
    const link = this.judgeOn(parentLink, header, id, certificate, clock);
    return 'kind' in link ? link : { kind: 'judged', link, parent };
  }

  /** The same on a parent that need not be in the tree. */
  judgeOn(
    parent: Link<View>,
    header: Header,
    id: BlockHash,
    certificate: string,
    clock: 'clock' | 'anyTime',
  ): Link<View> | Exclude<Judged<View>, { readonly kind: 'judged' }> {
    const { protocolMax, genesis, schedule } = this.config;
    const expected = versionAt(genesis, schedule, height(parent.header.height + 1));
    const upgrade = header.version > protocolMax || expected > protocolMax;
    if (!upgrade && header.version !== expected) {
      return { kind: 'rejected', why: { code: 'WRONG_VERSION', version: header.version, expected } };
    }
    const link = this.fold.advance(parent, header, id);
    if ('code' in link) {
      if (link.code === 'NEEDS_EXECUTION') return { kind: 'needsExecution', parent: header.parent };
      return { kind: 'rejected', why: link };
    }
    if (upgrade) return this.#upgradeRequired(link, certificate);
    const retryMs = this.replaying || clock === 'anyTime' ? ms(0) : this.futureMs(header);
    return retryMs > 0 ? { kind: 'future', retryMs } : link;
  }

  conflict(): LedgerRejection {
    return { code: 'CONFLICTS_WITH_FINAL', base: this.base.id, height: this.base.header.height };
  }

  /** How long until this clock lets the header in; 0: now. */
  futureMs(header: Header): Ms {
    const early = header.timestampMs - this.config.futureMaxMs - this.env.clock.wallMs();
    return ms(Math.max(0, early));
  }

  /** Checks a header and keeps it. */
  acceptHeader(header: Header): HeaderOutcome {
    const id = blockId(header);
    const known = this.tree.slotOf(id);
    if (known !== NO_SLOT) {
      if (this.tree.statusOf(known) !== NODE.invalid) return { kind: 'known', id };
      return { kind: 'rejected', why: { code: 'INVALID_ANCESTOR', ancestor: id } };
    }
    const judged = this.judge(header, id, '', 'clock');
    if (judged.kind === 'orphan') return this.#deep?.extend(header, id) ?? judged;
    if (judged.kind !== 'judged') return judged;
    const slot = this.#insert(judged.link, judged.parent);
    if (slot === NO_SLOT) return { kind: 'rejected', why: { code: 'TREE_FULL', max: this.treeMax } };
    return { kind: 'accepted', candidate: judged.link };
  }

  /** Executes a block on its parent's state, keeping nothing. */
  executeOn(parent: number, advanced: Link<View>, block: Block): Executed<View> | LedgerRejection {
    const before = this.executedAt(parent);
    if (before === undefined) return { code: 'PARENT_UNKNOWN', parent: block.header.parent };
    return this.fold.execute(before, advanced, block);
  }

  /** The import of a block that is not from the future; `stored`: it comes from this disk. */
  importBlock(block: Block, certificate: string, stored: boolean): ImportOutcome {
    const id = blockId(block.header);
    let slot = this.tree.slotOf(id);
    if (slot !== NO_SLOT && this.tree.statusOf(slot) !== NODE.header) {
      if (this.tree.statusOf(slot) === NODE.executed) return { kind: 'known', id, repaired: false };
      return { kind: 'rejected', why: { code: 'INVALID_ANCESTOR', ancestor: id }, covered: true };
    }
    const mismatch = this.fold.checkBody(block);
    if (mismatch !== undefined) return { kind: 'rejected', why: mismatch, covered: false };
    const link = slot === NO_SLOT ? this.#judgeImport(block, id, certificate) : this.tree.item(slot);
    if ('kind' in link) return link;
    const parent = this.tree.slotOf(block.header.parent);
    const before = this.executedAt(parent);
    if (before === undefined) return { kind: 'orphan', parent: block.header.parent };
    // The view of a header that was accepted ahead of its parent's execution was folded without it.
    const advanced = link.unexecuted === 1 ? link : this.fold.advance(before.link, block.header, id);
    if ('code' in advanced) return this.#refuse(slot, { code: 'INVALID_HEADER', why: advanced });
    const uncertified = this.fold.checkCertificate(advanced, certificate);
    if (uncertified !== undefined) return { kind: 'rejected', why: uncertified, covered: false };
    const executed = this.fold.execute(before, advanced, block);
    if (slot === NO_SLOT) slot = this.#insert(advanced, parent);
    if (slot === NO_SLOT) {
      return { kind: 'rejected', why: { code: 'TREE_FULL', max: this.treeMax }, covered: false };
    }
    if (isRejection(executed)) return this.#refuse(slot, executed);
    return this.#adopt(slot, executed, block, certificate, stored);
  }

  /** Marks a block and its descendants as invalid; false when it is executed or not known. */
  markInvalid(slot: number): boolean {
    if (slot === NO_SLOT || this.tree.statusOf(slot) !== NODE.header) return false;
    for (const at of this.tree.subtree(slot)) this.tree.setStatus(at, NODE.invalid);
    if (this.tree.statusOf(this.#best) === NODE.invalid) this.#findBest();
    return true;
  }

  /** A header of a block that is about to be marked, or undefined when it cannot be judged. */
  insertHeader(block: Block): number {
    const id = blockId(block.header);
    const known = this.tree.slotOf(id);
    if (known !== NO_SLOT) return known;
    const judged = this.judge(block.header, id, '', 'anyTime');
    return judged.kind === 'judged' ? this.#insert(judged.link, judged.parent) : NO_SLOT;
  }

  /** What executing the block gave: kept, derived again from an older state, or from the journal. */
  executedAt(slot: number): Executed<View> | undefined {
    const path: number[] = [];
    let at = slot;
    let from: Executed<View> | undefined;
    for (;;) {
      if (at === NO_SLOT || this.tree.statusOf(at) !== NODE.executed) return undefined;
      from = this.tree.resultOf(at);
      if (from === undefined && this.isMain(at) && this.#heightOf(at) < this.#heightOf(this.#base)) {
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
    if (path.length > 0) this.#keepResult(slot, from);
    return from;
  }

  /** The body from memory or disk; a lost one is noted, so that peers are asked. */
  bodyOf(link: { readonly id: BlockHash; readonly header: Header }): Block | undefined {
    const block = this.store.block(link.header.height, link.id);
    if (block !== undefined && block !== 'corrupt') return block;
    this.noteMissing(link.id, link.header.height);
    return undefined;
  }

  /** Whether the configuration keeps the bodies of that height. */
  keepsBodyAt(at: number): boolean {
    if (at === 0 || at >= this.floor) return true;
    return this.config.bodies === 'archive' || at >= this.#prunedHeight();
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
    if (at >= this.#rootHeight()) return undefined;
    const header = this.store.headerAt(at);
    return header === undefined || header === 'corrupt' ? undefined : blockId(header);
  }

  headerOf(id: BlockHash): Header | undefined {
    const slot = this.tree.slotOf(id);
    if (slot !== NO_SLOT) return this.tree.item(slot).header;
    const at = this.store.heightOf(id);
    if (at === undefined || at === 'corrupt') return undefined;
    const header = this.store.headerAt(at);
    return header === undefined || header === 'corrupt' || blockId(header) !== id ? undefined : header;
  }

  /** Makes `slot` the head where it is equal to it: the order of arrival that the disk remembers. */
  preferHead(slot: number): void {
    if (slot === this.#head || this.tree.statusOf(slot) !== NODE.executed) return;
    if (this.rules.compare(this.head, this.tree.item(slot)) === 0) this.#switchHead(slot);
  }

  /** Moves the base to where finality or depth wants it. */
  advanceBase(): void {
    const { kind, final } = this.#finality;
    const wanted = kind === 'absolute' ? final : this.#heightOf(this.#head) - this.config.baseDepth;
    while (this.#heightOf(this.#base) < wanted) if (!this.#advanceBaseOnce()) return;
    if (this.missing.size > 0) this.#forgetLostBranches();
  }

  #heightOf(slot: number): Height {
    return this.tree.item(slot).header.height;
  }

  #rootHeight(): number {
    return this.#heightOf(this.tree.root);
  }

  #upgradeRequired(
    link: Link<View>,
    certificate: string,
  ): LedgerHalt | { readonly kind: 'rejected'; readonly why: LedgerRejection } {
    const { version, height: at } = link.header;
    const vouched = this.fold.checkCertificate(link, certificate) === undefined;
    // Only a block that would be the head stops the node: old headers are cheap to make.
    if (!vouched || this.rules.compare(this.head, link) !== -1) {
      return { kind: 'rejected', why: { code: 'UPGRADE_REQUIRED', version, height: at } };
    }
    return {
      kind: 'halt',
      code: 'UPGRADE_REQUIRED',
      fact: `block ${link.id} at height ${at} needs protocol version ${version}; this code executes up to ${this.config.protocolMax}`,
    };
  }

  #judgeImport(block: Block, id: BlockHash, certificate: string): Link<View> | ImportOutcome {
    const judged = this.judge(block.header, id, certificate, 'clock');
    switch (judged.kind) {
      case 'judged':
        return judged.link;
      case 'orphan': {
        const deep = this.#deep?.extend(block.header, id) ?? judged;
        if (deep.kind === 'rejected') return { ...deep, covered: true };
        if (deep.kind === 'known') return { ...deep, repaired: false };
        return deep.kind === 'halt' ? deep : { kind: 'orphan', parent: block.header.parent };
      }
      case 'needsExecution':
        return { kind: 'orphan', parent: judged.parent };
      case 'future':
        return { ...judged, held: false };
      case 'rejected':
        return { ...judged, covered: true };
      default:
        return judged;
    }
  }

  /** Puts a judged header into the tree, evicting a worse leaf when it is full; NO_SLOT when it finds no place. */
  #insert(link: Link<View>, parent: number): number {
    if (link.unexecuted > HEADERS_AHEAD_MAX) return NO_SLOT;
    if (this.tree.size >= this.treeMax && !this.#evictWorseThan(link, parent)) return NO_SLOT;
    const slot = this.tree.add(link, parent, NODE.header);
    if (this.rules.compare(this.tree.item(this.#best), link) === -1) this.#best = slot;
    return slot;
  }

  #evictWorseThan(link: Link<View>, keep: number): boolean {
    let worst = NO_SLOT;
    for (const slot of this.tree.all()) {
      if (!this.tree.isLeaf(slot) || slot === this.#best || slot === keep || this.isMain(slot)) continue;
      if (worst === NO_SLOT || this.rules.compare(this.tree.item(worst), this.tree.item(slot)) === 1)
        worst = slot;
    }
    if (worst === NO_SLOT || this.rules.compare(this.tree.item(worst), link) !== -1) return false;
    this.#removeBranch(worst);
    return true;
  }

  /** Removes a branch with its records. */
  #removeBranch(slot: number): void {
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
    const bestGone = this.tree.subtree(slot).includes(this.#best);
    this.tree.removeSubtree(slot);
    if (bestGone) this.#findBest();
    if (ops.length > 0) this.store.write(batchOf(ops));
  }

  #findBest(): void {
    this.#best = this.#head;
    for (const slot of this.tree.all()) {
      if (this.tree.statusOf(slot) === NODE.invalid) continue;
      if (this.rules.compare(this.best, this.tree.item(slot)) === -1) this.#best = slot;
    }
  }

  #refuse(slot: number, why: LedgerRejection): ImportOutcome {
    this.markInvalid(slot);
    return { kind: 'rejected', why, covered: true };
  }

  #adopt(
    slot: number,
    executed: Executed<View>,
    block: Block,
    certificate: string,
    stored: boolean,
  ): ImportOutcome {
    const { link } = executed;
    const better = this.rules.compare(this.head, link) === -1;
    if (better && !this.#canReach(slot)) {
      return {
        kind: 'halt',
        code: 'REORG_BEYOND_PRUNED',
        fact: `the better block ${link.id} leaves the main chain where the undo journal cannot be read`,
      };
    }
    this.tree.setItem(slot, link);
    this.tree.setStatus(slot, NODE.executed);
    this.#keepResult(slot, executed);
    this.store.remember(link.id, block);
    if (!stored) this.#write(link, block, certificate, better);
    if (this.rules.compare(this.best, link) === -1) this.#best = slot;
    const change = better ? this.#switchHead(slot) : undefined;
    return { kind: 'imported', candidate: link, change };
  }

  #write(link: Link<View>, block: Block, certificate: string, better: boolean): void {
    this.store.write(this.batches.imported(link, block, certificate, better));
    if (this.store.corruptCount > 0) {
      this.store.repaired(blockKey(link.header.height, link.id));
      if (certificate !== '') this.store.repaired(certificateKey(link.header.height, link.id));
    }
    this.missing.delete(link.id);
  }

  #keepResult(slot: number, result: Executed<View>): void {
    this.tree.setResult(slot, result);
    if (this.tree.resultCount <= this.statesMax) return;
    let lowest = NO_SLOT;
    for (const at of this.tree.all()) {
      if (at === this.#base || at === this.#head || at === slot || this.tree.resultOf(at) === undefined)
        continue;
      if (lowest === NO_SLOT || this.#heightOf(at) < this.#heightOf(lowest)) lowest = at;
    }
    if (lowest !== NO_SLOT) this.tree.setResult(lowest, undefined);
  }

  /** Journal of the blocks from the base down to (not including) that height, highest first; undefined when one is lost. */
  #undosDownTo(to: number): readonly UndoRecord[] | undefined {
    const undos: UndoRecord[] = [];
    for (let at = this.#heightOf(this.#base); at > to; at--) {
      const undo = this.store.undo(at);
      if (undo === undefined || undo === 'corrupt') return undefined;
      if (undo.id !== this.tree.item(this.mainSlot(at)).id) return undefined;
      undos.push(undo);
    }
    return undos;
  }

  #canReach(slot: number): boolean {
    const ancestor = this.tree.commonAncestor(this.#head, slot);
    if (ancestor === NO_SLOT) return false;
    return this.#undosDownTo(this.#heightOf(ancestor)) !== undefined;
  }

  #belowBase(slot: number): Executed<View> | undefined {
    const undos = this.#undosDownTo(this.#heightOf(slot));
    let state = this.tree.resultOf(this.#base)?.state;
    if (undos === undefined || state === undefined) return undefined;
    for (const undo of undos) state = state.update(undo.leaves);
    const link = this.tree.item(slot);
    if (state.root !== link.header.stateRoot) return undefined;
    return { link, state, entries: [], changes: [] };
  }

  /** Moves the head to an executed block. */
  #switchHead(slot: number): HeadChange {
    const from = this.head;
    const ancestor = this.tree.commonAncestor(this.#head, slot);
    const disconnected = this.#bodies(this.#head, ancestor);
    const connected = this.#bodies(slot, ancestor);
    connected.reverse();
    const ancestorHeight = this.#heightOf(ancestor);
    if (ancestorHeight < this.#heightOf(this.#base)) this.#retreatBaseTo(ancestor);
    this.#main.length = ancestorHeight - this.#rootHeight() + 1;
    const path: number[] = [];
    for (let at = slot; at !== ancestor; at = this.tree.parentOf(at)) path.push(at);
    for (let i = path.length - 1; i >= 0; i--) this.#main.push(path[i] as number);
    this.#head = slot;
    this.#updateFinality();
    return {
      from,
      to: this.head,
      ancestor: this.tree.item(ancestor).id,
      ancestorHeight,
      disconnected,
      connected,
      returned: returnedBy(disconnected, connected),
    };
  }

  #bodies(from: number, ancestor: number): ChainBlock[] {
    const blocks: ChainBlock[] = [];
    for (let at = from; at !== ancestor; at = this.tree.parentOf(at)) {
      const link = this.tree.item(at);
      const block = this.bodyOf(link);
      if (block !== undefined) blocks.push({ id: link.id, block });
    }
    return blocks;
  }

  #updateFinality(): void {
    this.#finality = this.rules.finality(this.head, this.view, this.head.view);
  }

  #advanceBaseOnce(): boolean {
    const from = this.tree.resultOf(this.#base);
    assert(from !== undefined, 'the state at the base is kept');
    const next = this.mainSlot(this.#heightOf(this.#base) + 1);
    const to = this.executedAt(next);
    if (to === undefined) return false;
    this.store.write(this.batches.advance(from, to));
    this.tree.setResult(this.#base, undefined);
    this.tree.setResult(next, to);
    this.#base = next;
    this.env.emit({ kind: 'BaseAdvanced', id: to.link.id, height: to.link.header.height });
    this.raiseFloor();
    this.#pruneBodies();
    return true;
  }

  #retreatBaseTo(ancestor: number): void {
    const undos = this.#undosDownTo(this.#heightOf(ancestor));
    assert(undos !== undefined, 'a branch below the base is adopted only when the journal reaches it');
    for (const undo of undos) {
      const left = this.tree.resultOf(this.#base);
      assert(left !== undefined, 'the state at the base is kept');
      const link = this.tree.item(this.#base);
      this.store.write(this.batches.retreat(link, undo, this.bodyOf(link)));
      this.tree.setResult(this.#base, undefined);
      this.#base = this.tree.parentOf(this.#base);
      const parent = this.tree.item(this.#base);
      const state = left.state.update(undo.leaves);
      assert(state.root === parent.header.stateRoot, 'undoing a block gives the state before it');
      this.tree.setResult(this.#base, { link: parent, state, entries: [], changes: [] });
    }
  }

  /** Forgets what lies below the journal, with the branches that start there. */
  raiseFloor(): void {
    // What is final for ever keeps no branch from below it.
    const depth = this.#finality.kind === 'absolute' ? 0 : this.config.undoDepth;
    while (this.#rootHeight() < this.#heightOf(this.#base) - depth) {
      const root = this.tree.root;
      const next = this.#main[1] as number;
      for (const child of this.tree.childrenOf(root)) if (child !== next) this.#removeBranch(child);
      this.tree.promote(next);
      this.#main.shift();
    }
  }

  /** Lost blocks that the main chain went past are needed no more. */
  #forgetLostBranches(): void {
    for (const [id, at] of this.missing) {
      if (at > this.#heightOf(this.#base) || this.idAt(at) === id) continue;
      this.missing.delete(id);
      const key = blockKey(at, id);
      this.store.write(batchOf([{ kind: 'delete', key }]));
      this.store.repaired(key);
    }
  }

  /** Deletes bodies that are older than the configuration keeps; genesis stays. */
  #pruneBodies(): void {
    const { bodies } = this.config;
    if (bodies === 'archive') return;
    const end = Math.min(this.#rootHeight(), this.#heightOf(this.#head) - bodies + 1);
    let at = this.#prunedHeight();
    for (let steps = 0; at < end && steps < PRUNE_STEPS_MAX; steps++) this.store.deleteBlocksAt(at++);
    this.#prunedTo = at;
  }

  /** The lowest height above genesis whose bodies are kept. */
  #prunedHeight(): number {
    this.#prunedTo ??= this.store.lowestBlock(1) ?? this.#rootHeight();
    return this.#prunedTo;
  }
}

/** Heights pruned with one step of the base: a changed configuration catches up without a long pause. */
const PRUNE_STEPS_MAX = 4;

function returnedBy(
  disconnected: readonly ChainBlock[],
  connected: readonly ChainBlock[],
): readonly Transaction[] {
  if (disconnected.length === 0) return [];
  const included = new Set<string>();
  for (const { block } of connected) for (const t of block.transactions) included.add(transactionId(t));
  const returned: Transaction[] = [];
  for (let i = disconnected.length - 1; i >= 0; i--) {
    for (const transaction of (disconnected[i] as ChainBlock).block.transactions) {
      if (!included.has(transactionId(transaction))) returned.push(transaction);
    }
  }
  return returned;
}
