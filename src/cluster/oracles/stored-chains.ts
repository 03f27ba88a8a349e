/** The blocks that hosts keep on disk, read by the records' own layout and checked against their ids; decoded once for all. */

import { decodeHead } from '../../chain/blockstore/record-codecs.ts';
import { blockKey, META, metaKey, openRecord } from '../../chain/blockstore/records.ts';
import type { Sha256 } from '../../chain/crypto/sha256.ts';
import type { Block } from '../../chain/types/block.ts';
import { decodeBlock } from '../../chain/types/block-codec.ts';
import { blockId } from '../../chain/types/header-codec.ts';
import { isRejection } from '../../chain/types/rejection.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import type { Storage } from '../../env/storage.ts';

type Disk = Pick<Storage, 'get' | 'scan'>;

/** A main chain from low to high, as far down as bodies are kept. */
export interface StoredChain {
  readonly blocks: readonly { readonly id: BlockHash; readonly block: Block }[];
  /** Set when a body between the head and genesis is not on the disk: its id. */
  readonly missing: BlockHash | undefined;
}

/** One for a run. Blocks are immutable and named by their content, so the first host that has one serves for all. */
export class StoredChains {
  readonly #blocks = new Map<BlockHash, Block>();
  readonly #sha256: Sha256;

  /** @param sha256 as `Sha256` says. */
  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** The block that the disk holds under that height and id; undefined when it is absent or not what it should be. */
  read(disk: Disk, height: number, id: BlockHash): Block | undefined {
    const key = blockKey(height, id);
    const value = disk.get(key);
    if (value === undefined) return undefined;
    const known = this.#blocks.get(id);
    if (known !== undefined) return known;
    const payload = openRecord(this.#sha256, key, value);
    if (payload === 'corrupt') return undefined;
    const block = decodeBlock(payload);
    if (isRejection(block) || blockId(block.header) !== id) return undefined;
    this.#blocks.set(id, block);
    return block;
  }

  /** The block of the snapshot that the chain on this disk began with; undefined: genesis. */
  origin(disk: Disk): { readonly id: BlockHash; readonly height: number } | undefined {
    const key = metaKey(META.origin);
    const value = disk.get(key);
    const payload = value === undefined ? 'corrupt' : openRecord(this.#sha256, key, value);
    return payload === 'corrupt' ? undefined : decodeHead(payload);
  }

  /**
   * The main chain of a host from its head down to height `until`. Where it began with a snapshot, what lies below is read
   * from whichever disk holds it: ids name their content, so nothing less is judged.
   */
  wholeChain(
    disks: readonly Disk[],
    host: number,
    head: { readonly id: BlockHash; readonly height: number },
    until = 1,
  ): StoredChain {
    const own = disks[host];
    if (own === undefined) return { blocks: [], missing: head.id };
    const origin = this.origin(own);
    const above = this.chain(own, head, Math.max(until, origin === undefined ? 1 : origin.height + 1));
    if (origin === undefined || above.missing !== undefined) return above;
    const below: { id: BlockHash; block: Block }[] = [];
    let { id } = origin;
    for (let { height } = origin; height >= until; height--) {
      const block = this.#readAnywhere(disks, height, id);
      if (block === undefined) return { blocks: above.blocks, missing: id };
      below.push({ id, block });
      id = block.header.parent;
    }
    return { blocks: [...below.reverse(), ...above.blocks], missing: undefined };
  }

  #readAnywhere(disks: readonly Disk[], height: number, id: BlockHash): Block | undefined {
    for (const disk of disks) {
      const block = this.read(disk, height, id);
      if (block !== undefined) return block;
    }
    return undefined;
  }

  /** From the head down to genesis, following parents. `until`: stop at this height. */
  chain(disk: Disk, head: { readonly id: BlockHash; readonly height: number }, until = 1): StoredChain {
    const blocks: { id: BlockHash; block: Block }[] = [];
    let { id } = head;
    for (let height = head.height; height >= until; height--) {
      const block = this.read(disk, height, id);
      if (block === undefined) return { blocks: blocks.reverse(), missing: id };
      blocks.push({ id, block });
      id = block.header.parent;
    }
    return { blocks: blocks.reverse(), missing: undefined };
  }
}
