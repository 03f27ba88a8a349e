/** Hidden blocks: what a miner keeps to himself, so that no message of his node tells of it until he publishes. */
import type { Candidate } from '../../chain/consensus/consensus.ts';
import type { Block, Header } from '../../chain/types/block.ts';
import { blockId } from '../../chain/types/header-codec.ts';
import type { HeadClaim, Message } from '../../chain/types/message.ts';
import type { BlockHash, Weight } from '../../chain/types/units.ts';
import type { Links } from './connections.ts';

interface Hidden {
  readonly header: Header;
  readonly weight: Weight;
}

/** One per layer and boot. */
export class HiddenBlocks {
  readonly #links: Links;
  /** In the order of their heights. */
  #hidden = new Map<BlockHash, Hidden>();
  /** Kept back for good. */
  readonly #dropped = new Set<BlockHash>();
  /** What others are told in place of a hidden head. */
  #shown: HeadClaim | undefined;

  constructor(links: Links) {
    this.#links = links;
  }

  get count(): number {
    return this.#hidden.size;
  }

  isHidden(id: BlockHash): boolean {
    return this.#hidden.has(id) || this.#dropped.has(id);
  }

  /** @param head of the node before this block: shown in place of it, where it is public. */
  hide(block: Block, weight: Weight, head: Candidate): void {
    if (!this.isHidden(head.id))
      this.#shown = { id: head.id, height: head.header.height, weight: head.weight };
    this.#hidden.set(blockId(block.header), { header: block.header, weight });
  }

  /** Tells everybody of all of it, the lowest first. Answers how many blocks that were. */
  publish(): number {
    const all = [...this.#hidden.values()];
    this.#hidden = new Map();
    for (const { header, weight } of all)
      for (const link of this.#links.ready()) this.#links.send(link, { kind: 'Block', header, weight });
    return all.length;
  }

  /** Keeps it back for ever: others have more. */
  drop(): void {
    for (const id of this.#hidden.keys()) this.#dropped.add(id);
    this.#hidden = new Map();
  }

  /** What leaves of a message of the node; undefined: nothing. */
  filter(message: Message): Message | undefined {
    if (this.#hidden.size === 0 && this.#dropped.size === 0) return message;
    switch (message.kind) {
      case 'Block':
        return this.isHidden(blockId(message.header)) ? undefined : message;
      case 'Handshake':
      case 'Ping':
      case 'Pong': {
        const head = this.#claim(message.head);
        return head === message.head ? message : { ...message, head };
      }
      case 'SyncResponse':
        return this.#syncResponse(message);
      default:
        return message;
    }
  }

  #claim(head: HeadClaim): HeadClaim {
    return this.isHidden(head.id) ? (this.#shown ?? head) : head;
  }

  #syncResponse(message: Extract<Message, { kind: 'SyncResponse' }>): Message {
    const { result } = message;
    const head = this.#claim(message.head);
    if (result.kind === 'headers') {
      const at = result.headers.findIndex((header) => this.isHidden(blockId(header)));
      if (at < 0) return head === message.head ? message : { ...message, head };
      const headers = result.headers.slice(0, at);
      return {
        ...message,
        head,
        result: { ...result, headers, certificates: result.certificates.slice(0, at) },
      };
    }
    return head === message.head ? message : { ...message, head };
  }
}
