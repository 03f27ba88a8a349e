/** Moves the base: up behind the head, down when the head leaves the chain below it; and forgets what lies too deep. */
import { assert } from '../../env/assert.ts';
import { batchOf } from '../blockstore/block-store.ts';
import { blockKey } from '../blockstore/records.ts';
import { height } from '../types/units.ts';
import type { ChainState } from './chain-state.ts';

/** Heights pruned with one step of the base: a changed configuration catches up without a long pause. */
const PRUNE_STEPS_MAX = 4;

export class BaseMover<View> {
  readonly #chain: ChainState<View>;
  #prunedTo: number | undefined;

  constructor(chain: ChainState<View>) {
    this.#chain = chain;
  }

  /** Moves the base to where finality or depth wants it. */
  advance(): void {
    const { kind, final } = this.#chain.finality;
    const wanted =
      kind === 'absolute' ? final : this.#chain.heightOf(this.#chain.headSlot) - this.#chain.config.baseDepth;
    while (this.#chain.heightOf(this.#chain.baseSlot) < wanted) if (!this.#advanceOnce()) return;
    if (this.#chain.missing.size > 0) this.#forgetLostBranches();
  }

  /** Moves the base down to an ancestor, one block a batch. */
  retreatTo(ancestor: number): void {
    const undos = this.#chain.undosDownTo(this.#chain.heightOf(ancestor));
    assert(undos !== undefined, 'a branch below the base is adopted only when the journal reaches it');
    for (const undo of undos) {
      const left = this.#chain.tree.resultOf(this.#chain.baseSlot);
      assert(left !== undefined, 'the state at the base is kept');
      const link = this.#chain.tree.item(this.#chain.baseSlot);
      this.#chain.store.write(this.#chain.batches.retreat(link, undo, this.#chain.bodyOf(link)));
      this.#chain.tree.setResult(this.#chain.baseSlot, undefined);
      this.#chain.baseSlot = this.#chain.tree.parentOf(this.#chain.baseSlot);
      const parent = this.#chain.tree.item(this.#chain.baseSlot);
      const state = left.state.update(undo.leaves);
      assert(state.root === parent.header.stateRoot, 'undoing a block gives the state before it');
      this.#chain.tree.setResult(this.#chain.baseSlot, { link: parent, state, entries: [], changes: [] });
    }
  }

  /** Forgets what lies below the journal, with the branches that start there. */
  raiseFloor(): void {
    // What is final for ever keeps no branch from below it; the view of its parent is what its certificate is checked on.
    const depth = this.#chain.finality.kind === 'absolute' ? 1 : this.#chain.config.undoDepth;
    while (this.#chain.floor < this.#chain.heightOf(this.#chain.baseSlot) - depth) {
      const root = this.#chain.tree.root;
      const next = this.#chain.main[1] as number;
      for (const child of this.#chain.tree.childrenOf(root))
        if (child !== next) this.#chain.removeBranch(child);
      this.#chain.tree.promote(next);
      this.#chain.main.shift();
    }
  }

  /** Whether the configuration keeps the bodies of that height. */
  keepsBodyAt(at: number): boolean {
    if (this.#chain.isBelowOrigin(at)) return false;
    if (at === 0 || at >= this.#chain.floor) return true;
    return this.#chain.config.bodies === 'archive' || at >= this.#prunedHeight();
  }

  #advanceOnce(): boolean {
    const from = this.#chain.tree.resultOf(this.#chain.baseSlot);
    assert(from !== undefined, 'the state at the base is kept');
    const next = this.#chain.mainSlot(this.#chain.heightOf(this.#chain.baseSlot) + 1);
    const to = this.#chain.executedAt(next);
    if (to === undefined) return false;
    this.#chain.store.write(this.#chain.batches.advance(from, to));
    this.#chain.tree.setResult(this.#chain.baseSlot, undefined);
    this.#chain.tree.setResult(next, to);
    this.#chain.baseSlot = next;
    this.#chain.env.emit({ kind: 'BaseAdvanced', id: to.link.id, height: to.link.header.height });
    this.#chain.onBaseAdvanced?.(from, to);
    this.raiseFloor();
    this.#pruneBodies();
    return true;
  }

  /** Lost blocks that the main chain went past are needed no more. */
  #forgetLostBranches(): void {
    for (const [id, at] of this.#chain.missing) {
      if (at > this.#chain.heightOf(this.#chain.baseSlot) || this.#chain.idAt(at) === id) continue;
      this.#chain.missing.delete(id);
      const key = blockKey(at, id);
      this.#chain.store.write(batchOf([{ kind: 'delete', key }]));
      this.#chain.store.repaired(key);
    }
  }

  /** Deletes bodies that are older than the configuration keeps; genesis stays. */
  #pruneBodies(): void {
    const { bodies } = this.#chain.config;
    if (bodies === 'archive') return;
    const end = Math.min(this.#chain.floor, this.#chain.heightOf(this.#chain.headSlot) - bodies + 1);
    let at = this.#prunedHeight();
    // Told before it is done: what is missing below is not lost, whatever a crash cuts off.
    const upTo = Math.min(end, at + PRUNE_STEPS_MAX);
    if (upTo > at) this.#chain.store.write(batchOf([this.#chain.batches.prunedOp(height(upTo))]));
    for (let steps = 0; at < end && steps < PRUNE_STEPS_MAX; steps++) this.#chain.store.deleteBlocksAt(at++);
    this.#prunedTo = at;
  }

  /** The lowest height above genesis whose bodies are kept. */
  #prunedHeight(): number {
    this.#prunedTo ??= this.#chain.store.lowestBlock(1) ?? this.#chain.floor;
    return this.#prunedTo;
  }
}
