/** Rogue blocks: blocks that a Byzantine host offers past its own node, which would refuse them or tell everybody. */
import type { ConsensusHost, ConsensusRules } from '../../chain/consensus/consensus.ts';
import type { Block } from '../../chain/types/block.ts';
import { blockId } from '../../chain/types/header-codec.ts';
import type { Message } from '../../chain/types/message.ts';
import type { BlockHash, Weight } from '../../chain/types/units.ts';
import type { Link, Links } from './connections.ts';

/** Offered blocks that are still served: who wants one asks at once. */
const SERVED_MAX = 16;

/** The weight of a block with its seal, as anybody reckons it; undefined: its parent is not at hand, or the rules refuse it. */
export function weightOf(
  rules: ConsensusRules<unknown>,
  host: ConsensusHost<unknown>,
  block: Block,
): Weight | undefined {
  const parent = host.head();
  const view = host.view(block.header.parent);
  if (parent.id !== block.header.parent || view === undefined) return undefined;
  return rules.weigh(parent.weight, view, block.header);
}

/** One per layer and boot. */
export class RogueBlocks {
  readonly #links: Links;
  readonly #served = new Map<BlockHash, Block>();

  constructor(links: Links) {
    this.#links = links;
  }

  /** Announces the block to those whom it is meant for, and serves it to whoever asks. Answers how many were told. */
  offer(block: Block, weight: Weight, isMeantFor: (link: Link) => boolean = () => true): number {
    const [oldest] = this.#served.keys();
    if (oldest !== undefined && this.#served.size >= SERVED_MAX) this.#served.delete(oldest);
    this.#served.set(blockId(block.header), block);
    const message: Message = { kind: 'Block', header: block.header, weight };
    return this.#links.ready().filter((link) => isMeantFor(link) && this.#links.send(link, message)).length;
  }

  /** True when the message asked for a block that was offered here. */
  answer(link: Link, message: Message): boolean {
    if (message.kind !== 'GetBlock') return false;
    const block = this.#served.get(message.id);
    if (block === undefined) return false;
    const { id, indexes } = message;
    const result =
      indexes === undefined
        ? ({ kind: 'block', block, certificate: '' } as const)
        : ({
            kind: 'transactions',
            indexes,
            transactions: indexes.flatMap((index) => block.transactions[index] ?? []),
          } as const);
    if (result.kind === 'transactions' && result.transactions.length !== result.indexes.length) return false;
    this.#links.send(link, { kind: 'GetBlockResponse', id, result });
    return true;
  }
}
