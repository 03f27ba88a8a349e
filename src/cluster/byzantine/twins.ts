/**
 * Twins: two hosts with one key, each of them honest code; together they equivocate without any code for it. Bano et al., Twins:
 * BFT Systems Made Robust (OPODIS 2021).
 */
import type { Consensus, SigningBytes } from '../../chain/consensus/consensus.ts';
import { blockId } from '../../chain/types/header-codec.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import { withHost } from './engine-door.ts';

/** Parents whose first child is remembered: later ones are deeper than any branch. */
const PARENTS_MAX = 1_024;

/** What the hosts of one key did, for the whole run. */
export class TwinWatch {
  readonly #children = new Map<BlockHash, BlockHash>();
  /** The host that signed a vote or a proposal last. */
  #lastVoter: number | undefined;

  /**
   * The engine of one of them. It deviates by a second block on one parent, and by a vote after one of its twin: which votes
   * contradict each other only the engine knows.
   */
  watch(host: number, honest: Consensus, deviated: () => void): Consensus {
    return withHost(honest, (node) => ({
      submit: (block, certificate) => {
        // A block that others proposed was built by whoever did.
        if (
          block.header.beneficiary === node.beneficiary &&
          this.#isSecond(block.header.parent, blockId(block.header))
        )
          deviated();
        node.submit(block, certificate);
      },
      sign: (what) => {
        if (this.#isTurnOver(host, what)) deviated();
        return node.sign(what);
      },
    }));
  }

  #isSecond(parent: BlockHash, id: BlockHash): boolean {
    const first = this.#children.get(parent);
    if (first !== undefined) return first !== id;
    const [oldest] = this.#children.keys();
    if (oldest !== undefined && this.#children.size >= PARENTS_MAX) this.#children.delete(oldest);
    this.#children.set(parent, id);
    return false;
  }

  #isTurnOver(host: number, { tag }: SigningBytes): boolean {
    if (tag === 'seal') return false;
    const before = this.#lastVoter;
    this.#lastVoter = host;
    return before !== undefined && before !== host;
  }
}
