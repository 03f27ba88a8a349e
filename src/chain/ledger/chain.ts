/** The chain of one node: judges headers, imports blocks, and chooses the head. */
import { type Ms, ms } from '../../env/units.ts';
import { blockKey, certificateKey } from '../blockstore/records.ts';
import { NO_SLOT, NODE } from '../blockstore/tree.ts';
import type { Block, Header } from '../types/block.ts';
import { versionAt } from '../types/genesis-codec.ts';
import { blockId } from '../types/header-codec.ts';
import { type CertificateRejection, isRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionId } from '../types/transaction-codec.ts';
import { type BlockHash, height } from '../types/units.ts';
import { BaseMover } from './base-mover.ts';
import { writeParentCertificate } from './certificates.ts';
import { ChainState } from './chain-state.ts';
import type { Executed, Link } from './fold.ts';
import {
  ASIDE_MAX,
  type ChainBlock,
  type HeadChange,
  type HeaderOutcome,
  type ImportOutcome,
  type LedgerHalt,
  type LedgerRejection,
} from './ledger.ts';

/** Headers in a row without a body: four responses of sync, so that bodies can be fetched from many peers at once. */
const HEADERS_AHEAD_MAX = 2_048;
/** Judges headers whose parent is not in the tree; undefined: nothing is known of it. */
export interface BelowTree {
  extend(header: Header, id: BlockHash): HeaderOutcome | undefined;
}

type Judged<View> =
  | { readonly kind: 'judged'; readonly link: Link<View>; readonly parent: number }
  | Exclude<HeaderOutcome, { readonly kind: 'known' | 'accepted' }>;

export class Chain<View> extends ChainState<View> {
  readonly mover = new BaseMover<View>(this);
  #deep: BelowTree | undefined;

  /** Where branches are followed that leave the main chain below the journal. */
  attachDeep(deep: BelowTree): void {
    this.#deep = deep;
  }

  /**
   * Fields, seal and time of a header; `certificate` vouches for a version that this code cannot execute; undefined: the
   * header came without its block. `anyTime`: whatever the clock says.
   */
  judge(
    header: Header,
    id: BlockHash,
    certificate: string | undefined,
    clock: 'clock' | 'anyTime',
  ): Judged<View> {
    const parent = this.tree.slotOf(header.parent);
    if (parent === NO_SLOT) return { kind: 'orphan', parent: header.parent };
    if (this.tree.statusOf(parent) === NODE.invalid) {
      return { kind: 'rejected', why: { code: 'INVALID_ANCESTOR', ancestor: header.parent } };
    }
    const parentLink = this.tree.item(parent);
    if (parentLink.header.height < this.base.header.height && this.finality.kind === 'absolute') {
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
    certificate: string | undefined,
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

  /**
   * How long until this clock lets the header in; 0: now. Where blocks are certified a quorum has agreed on their time: a
   * clock here that is behind keeps nobody from following.
   */
  futureMs(header: Header): Ms {
    if (this.config.rules.isCertified) return ms(0);
    const early = header.timestampMs - this.config.futureMaxMs - this.env.clock.wallMs();
    return ms(Math.max(0, early));
  }

  /** Checks a header and keeps it, unless it counts with its block and certificate only. */
  acceptHeader(header: Header): HeaderOutcome {
    const id = blockId(header);
    const known = this.tree.slotOf(id);
    if (known !== NO_SLOT) {
      if (this.tree.statusOf(known) !== NODE.invalid) return { kind: 'known', id };
      return { kind: 'rejected', why: { code: 'INVALID_ANCESTOR', ancestor: id } };
    }
    const judged = this.judge(header, id, undefined, 'clock');
    if (judged.kind === 'orphan') return this.#deep?.extend(header, id) ?? judged;
    if (this.rules.isCertified && isWorthItsBlock(judged)) {
      return { kind: 'needsExecution', parent: header.parent };
    }
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
    if (this.tree.statusOf(this.bestSlot) === NODE.invalid) this.findBest();
    return true;
  }

  /** Leaves a branch alone whose lowest body nobody gives. */
  setAside(id: BlockHash): void {
    const slot = this.tree.slotOf(id);
    if (slot === NO_SLOT || this.tree.statusOf(slot) !== NODE.header) return;
    this.pruneAside();
    const [oldest] = this.aside.keys();
    if (this.aside.size >= ASIDE_MAX && oldest !== undefined) this.aside.delete(oldest);
    this.aside.set(id, this.heightOf(slot));
    this.findBest();
  }

  /** The slot of a block that is about to be marked; NO_SLOT when it cannot be judged, a rejection when it is not certified. */
  insertHeader(block: Block, certificate: string): number | CertificateRejection {
    const id = blockId(block.header);
    const known = this.tree.slotOf(id);
    if (known !== NO_SLOT) return known;
    const judged = this.judge(block.header, id, certificate, 'anyTime');
    if (judged.kind !== 'judged') return NO_SLOT;
    const uncertified = this.rules.isCertified
      ? this.fold.checkCertificate(judged.link, certificate)
      : undefined;
    return uncertified ?? this.#insert(judged.link, judged.parent);
  }

  /** Makes `slot` the head where it is equal to it: the order of arrival that the disk remembers. */
  preferHead(slot: number): void {
    if (slot === this.headSlot || this.tree.statusOf(slot) !== NODE.executed) return;
    if (this.rules.compare(this.head, this.tree.item(slot)) === 0) this.#switchHead(slot);
  }

  #upgradeRequired(
    link: Link<View>,
    certificate: string | undefined,
  ): LedgerHalt | { readonly kind: 'rejected'; readonly why: LedgerRejection } {
    const { version, height: at } = link.header;
    const uncertified = this.fold.checkCertificate(link, certificate ?? '');
    if (uncertified !== undefined && certificate !== undefined) return { kind: 'rejected', why: uncertified };
    // Only a block that would be the head stops the node: old headers are cheap to make.
    if (uncertified !== undefined || this.rules.compare(this.head, link) !== -1) {
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
        return { ...judged, covered: judged.why.code !== 'BAD_CERTIFICATE' };
      default:
        return judged;
    }
  }

  /** Puts a judged header into the tree, evicting a worse leaf when it is full; NO_SLOT when it finds no place. */
  #insert(link: Link<View>, parent: number): number {
    if (link.unexecuted > HEADERS_AHEAD_MAX) return NO_SLOT;
    if (this.tree.size >= this.treeMax && !this.#evictWorseThan(link, parent)) return NO_SLOT;
    const slot = this.tree.add(link, parent, NODE.header);
    if (this.rules.compare(this.tree.item(this.bestSlot), link) === -1 && !this.isAside(slot))
      this.bestSlot = slot;
    return slot;
  }

  #evictWorseThan(link: Link<View>, keep: number): boolean {
    let worst = NO_SLOT;
    for (const slot of this.tree.all()) {
      if (!this.tree.isLeaf(slot) || slot === this.bestSlot || slot === keep || this.isMain(slot)) continue;
      if (worst === NO_SLOT || this.rules.compare(this.tree.item(worst), this.tree.item(slot)) === 1)
        worst = slot;
    }
    if (worst === NO_SLOT || this.rules.compare(this.tree.item(worst), link) !== -1) return false;
    this.removeBranch(worst);
    return true;
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
    this.keepResult(slot, executed);
    this.store.remember(link.id, block);
    if (!stored) this.#write(link, block, certificate, better);
    if (this.aside.delete(link.id)) this.findBest();
    if (this.rules.compare(this.best, link) === -1) this.bestSlot = slot;
    const change = better ? this.#switchHead(slot) : undefined;
    return { kind: 'imported', candidate: link, change };
  }

  #write(link: Link<View>, block: Block, certificate: string, better: boolean): void {
    this.store.write(this.batches.imported(link, block, certificate, better));
    if (this.store.corruptCount > 0) {
      this.store.repaired(blockKey(link.header.height, link.id));
      if (certificate !== '') this.store.repaired(certificateKey(link.header.height, link.id));
      writeParentCertificate(this, block);
    }
    this.missing.delete(link.id);
  }

  #canReach(slot: number): boolean {
    const ancestor = this.tree.commonAncestor(this.headSlot, slot);
    if (ancestor === NO_SLOT) return false;
    return this.undosDownTo(this.heightOf(ancestor)) !== undefined;
  }

  /** Moves the head to an executed block. */
  #switchHead(slot: number): HeadChange {
    const from = this.head;
    const ancestor = this.tree.commonAncestor(this.headSlot, slot);
    const disconnected = this.#bodies(this.headSlot, ancestor);
    const connected = this.#bodies(slot, ancestor);
    connected.reverse();
    const ancestorHeight = this.heightOf(ancestor);
    if (ancestorHeight < this.heightOf(this.baseSlot)) this.mover.retreatTo(ancestor);
    this.main.length = ancestorHeight - this.floor + 1;
    const path: number[] = [];
    for (let at = slot; at !== ancestor; at = this.tree.parentOf(at)) path.push(at);
    for (let i = path.length - 1; i >= 0; i--) this.main.push(path[i] as number);
    this.headSlot = slot;
    this.updateFinality();
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
}

/** True for a header that would be kept, or would stop this node, if its block and certificate were here. */
function isWorthItsBlock<View>(judged: Judged<View>): boolean {
  return judged.kind === 'judged' || (judged.kind === 'rejected' && judged.why.code === 'UPGRADE_REQUIRED');
}

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
