/** Makes snapshots: at every so-manieth height of the base, one chunk an event, from a state that later blocks do not change. */
import type { Timer } from '../../env/clock.ts';
import { ms } from '../../env/units.ts';
import { NO_SLOT } from '../blockstore/tree.ts';
import { type CutChunk, cutChunk } from '../snapshot/chunk.ts';
import { CHUNKS_MAX, encodeManifest, manifestOf, viewText } from '../snapshot/manifest.ts';
import { SNAPSHOTS_MAX, type SnapshotStore } from '../snapshot/snapshot-store.ts';
import type { State } from '../state/state.ts';
import type { BlockHash, Hash } from '../types/units.ts';
import { linkOfBase } from './batches.ts';
import type { Chain } from './chain.ts';
import type { Executed, Link } from './fold.ts';

/** A snapshot in the making. The state is a version of its own: what it shares with the base costs no memory. */
interface Making<View> {
  readonly link: Link<View>;
  readonly state: State;
  readonly peaks: readonly Hash[];
  readonly certificate: string;
  readonly ends: Hash[];
  index: number;
  leafCount: number;
}

export class SnapshotMaker<View> {
  readonly #chain: Chain<View>;
  readonly #snapshots: SnapshotStore;
  readonly #genesisId: BlockHash;
  #making: Making<View> | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(chain: Chain<View>, snapshots: SnapshotStore, genesisId: BlockHash) {
    this.#chain = chain;
    this.#snapshots = snapshots;
    this.#genesisId = genesisId;
  }

  /** After recovery: what is not of this chain goes, and what a crash cut short is made anew while the journal reaches it. */
  start(): void {
    const base = this.#chain.base.header.height;
    for (const { height, block } of this.#snapshots.stored)
      if (height > base || this.#chain.idAt(height) !== block) this.#snapshots.drop(height);
    const { snapshotInterval } = this.#chain.config;
    if (snapshotInterval === 0 || base === 0) return;
    const target = base - 1 - ((base - 1) % snapshotInterval);
    const slot = this.#chain.mainSlot(target);
    if (slot === NO_SLOT || this.#isThere(target)) return;
    const at = this.#chain.executedAt(slot);
    if (at !== undefined) this.#begin(at, this.#chain.tree.item(this.#chain.mainSlot(target + 1)));
  }

  /** The base has moved from a block to its child: the child's commit is what certifies the block for everybody alike. */
  onBaseAdvanced(from: Executed<View>, to: Executed<View>): void {
    const { height } = to.link.header;
    const replaced = this.#snapshots.stored.find((snapshot) => snapshot.height === height);
    if (replaced !== undefined && replaced.block !== to.link.id) this.#snapshots.drop(height);
    const { snapshotInterval } = this.#chain.config;
    if (snapshotInterval > 0 && from.link.header.height % snapshotInterval === 0) this.#begin(from, to.link);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#making = undefined;
  }

  #begin({ link, state }: Executed<View>, child: Link<View>): void {
    const { height } = link.header;
    // One at a time: a node too slow for its interval leaves one out.
    if (height === 0 || this.#stopped || this.#making !== undefined) return;
    if (this.#isThere(height)) return;
    const undo = this.#chain.store.undo(height);
    const before = undo === undefined || undo === 'corrupt' ? undefined : undo.parent;
    const parent =
      before === undefined ? undefined : linkOfBase(this.#chain.rules, before, this.#chain.store.sha256);
    const body = this.#chain.bodyOf(child);
    if (parent?.id !== link.header.parent || body === undefined) return;
    this.#making = {
      link,
      state,
      peaks: parent.history.peaks,
      certificate: body.system.lastCommit,
      ends: [],
      index: 0,
      leafCount: 0,
    };
    this.#stepSoon();
  }

  #isThere(at: number): boolean {
    return this.#snapshots.stored.some(({ height }) => height === at);
  }

  #stepSoon(): void {
    this.#timer = this.#chain.env.clock.setTimer('ledger.snapshot', ms(0), () => {
      this.#timer = undefined;
      if (this.#making !== undefined) this.#step(this.#making);
    });
  }

  #step(making: Making<View>): void {
    const { link, ends, index } = making;
    const { height } = link.header;
    // A reorganisation may have taken the base back below it.
    const isCurrent = this.#chain.base.header.height > height && this.#chain.idAt(height) === link.id;
    if (!isCurrent || index >= CHUNKS_MAX) return this.#abandon(height);
    const chunk = this.#cut(making);
    this.#snapshots.putChunk(height, index, chunk.bytes);
    making.leafCount += chunk.leafCount;
    making.index++;
    if (chunk.upTo === undefined) return this.#finish(making);
    ends.push(chunk.upTo);
    this.#stepSoon();
  }

  /** Equal for all hosts with that state: cut once. */
  #cut({ state, ends }: Making<View>): CutChunk {
    const { env, config, fold } = this.#chain;
    const after = ends.at(-1);
    const key = `${fold.prefix}${state.root}${after ?? ''}/${config.snapshotChunkBytes}`;
    const chunk = env.memo.get('ledger.cutChunk', key, () =>
      cutChunk(state, after, config.snapshotChunkBytes),
    );
    env.spend('hash', Math.ceil(chunk.bytes.length / 64));
    return chunk;
  }

  #finish({ link, peaks, certificate, ends, leafCount }: Making<View>): void {
    this.#making = undefined;
    const { env, rules } = this.#chain;
    const manifest = manifestOf({
      genesisId: this.#genesisId,
      header: link.header,
      certificate,
      weight: link.weight,
      peaks,
      view: viewText(rules, link.view),
      leafCount,
      ends,
    });
    const made = this.#snapshots.putManifest(encodeManifest(manifest));
    if (made === undefined) return;
    const { height, id, block } = made;
    const chunks = ends.length + 1;
    env.emit({ kind: 'SnapshotMade', id, height, block, chunks });
    // The one that is next in the making needs a place too.
    const old = this.#snapshots.stored.slice(0, 1 - SNAPSHOTS_MAX);
    for (const snapshot of old) this.#snapshots.drop(snapshot.height);
  }

  #abandon(height: number): void {
    this.#making = undefined;
    this.#snapshots.drop(height);
  }
}
