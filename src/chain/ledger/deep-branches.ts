/** Branches that leave the main chain below the undo journal: only their newest header is kept, to know when one outweighs the head. */
import { Lru } from '../blockstore/lru.ts';
import { checkpointKey } from '../blockstore/records.ts';
import type { Header } from '../types/block.ts';
import { blockId } from '../types/header-codec.ts';
import type { BlockHash, Height } from '../types/units.ts';
import { CHECKPOINT_INTERVAL, linkOfBase } from './batches.ts';
import type { Chain } from './chain.ts';
import type { Link } from './fold.ts';
import type { HeaderOutcome } from './ledger.ts';

/** Such branches kept at once, and blocks they may leave from: a real one is rare, a made-up one must not cost memory. */
export const DEEP_BRANCHES_MAX = 16;

interface DeepBranch<View> {
  readonly link: Link<View>;
  /** Where it leaves the main chain. */
  readonly fork: Height;
}

export class DeepBranches<View> {
  readonly #chain: Chain<View>;
  readonly #tips = new Map<BlockHash, DeepBranch<View>>();
  readonly #anchors = new Lru<BlockHash, Link<View>>(DEEP_BRANCHES_MAX);

  constructor(chain: Chain<View>) {
    this.#chain = chain;
  }

  get size(): number {
    return this.#tips.size;
  }

  /** The newest header of a branch, and the height at which it leaves the main chain. */
  tip(id: BlockHash): DeepBranch<View> | undefined {
    return this.#tips.get(id);
  }

  /** A header whose parent is not in the tree. Undefined: the parent is on no known branch. */
  extend(header: Header, id: BlockHash): HeaderOutcome | undefined {
    const known = this.#tips.get(id) ?? this.#chain.store.heightOf(id) !== undefined;
    if (known !== false) return { kind: 'known', id };
    // What the operator trusts is final here: no branch from below it is followed.
    if (this.#chain.isBelowOrigin(header.height)) return { kind: 'rejected', why: this.#chain.conflict() };
    if (this.#chain.finality.kind === 'absolute') {
      if (this.#chain.headerOf(header.parent) === undefined) return undefined;
      return { kind: 'rejected', why: this.#chain.conflict() };
    }
    const before = this.#tips.get(header.parent);
    const parent = before?.link ?? this.#anchor(header.parent);
    if (parent === undefined) return undefined;
    const link = this.#chain.judgeOn(parent, header, id, '', 'clock');
    if ('kind' in link) return link;
    if (this.#chain.rules.compare(this.#chain.head, link) === -1) {
      return {
        kind: 'halt',
        code: 'REORG_BEYOND_PRUNED',
        fact: `the better branch of block ${id} leaves the main chain at height ${before?.fork ?? parent.header.height}, below the undo journal, which begins at ${this.#chain.floor}`,
      };
    }
    this.#tips.delete(header.parent);
    this.#tips.set(id, { link, fork: before?.fork ?? parent.header.height });
    if (this.#tips.size > DEEP_BRANCHES_MAX) this.#dropLightest();
    return { kind: 'accepted', candidate: link };
  }

  #dropLightest(): void {
    let lightest: DeepBranch<View> | undefined;
    for (const branch of this.#tips.values()) {
      if (lightest === undefined || this.#chain.rules.compare(lightest.link, branch.link) === 1)
        lightest = branch;
    }
    if (lightest !== undefined) this.#tips.delete(lightest.link.id);
  }

  /** A main-chain block below the tree, folded again from the nearest checkpoint. */
  #anchor(id: BlockHash): Link<View> | undefined {
    const cached = this.#anchors.get(id);
    if (cached !== undefined) return cached;
    const { store, fold } = this.#chain;
    const height = store.heightOf(id);
    if (height === undefined || height === 'corrupt' || height >= this.#chain.floor) return undefined;
    let link = this.#checkpointBelow(height);
    while (link !== undefined && link.header.height < height) {
      const header = store.headerAt(link.header.height + 1);
      if (header === undefined || header === 'corrupt' || header.parent !== link.id) return undefined;
      const next = fold.advance(link, header, blockId(header));
      link = 'code' in next ? undefined : next;
    }
    if (link?.id !== id) return undefined;
    this.#anchors.set(id, link);
    return link;
  }

  #checkpointBelow(height: number): Link<View> | undefined {
    const { store, rules } = this.#chain;
    for (let at = height - (height % CHECKPOINT_INTERVAL); at >= 0; at -= CHECKPOINT_INTERVAL) {
      const payload = store.read(checkpointKey(at));
      if (payload === undefined || payload === 'corrupt') continue;
      const link = linkOfBase(rules, payload, this.#chain.store.sha256);
      if (link !== undefined) return link;
    }
    return undefined;
  }
}
