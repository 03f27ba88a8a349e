/** Where a client of /events stands: what it asks for when it comes back, and what of the messages its user is told. */
import { assertNever } from '../../env/assert.ts';
import type { EventMessage } from '../api/event-forms.ts';

/** What a user is told: every message but that the stream is alive. */
export type CursorEvent = Exclude<EventMessage, { readonly kind: 'alive' }>;

/** What a node does that no node of this version does. */
export interface CursorProblem {
  readonly code: 'OTHER_CHAIN' | 'NOT_A_NODE';
  readonly what: string;
}

interface Place {
  readonly height: number;
  readonly id: string | null;
}

export class EventCursor {
  #from: number | undefined;
  #parent: string | undefined;
  #chain: string | undefined;
  /** The last block that the user was told of; undefined: never subscribed. */
  #at: Place | undefined;
  /** Where to go back to when a node does not know that block: the last one that is final, else where all began. */
  #anchor: Place | undefined;
  #final = -1;
  /** Transactions of a block whose head has not come yet. */
  #held: CursorEvent[] = [];

  /** @param from absent: from the head on. @param parent the block below, which the user has. */
  constructor(from: number | undefined, parent: string | undefined) {
    this.#from = from;
    this.#parent = parent;
  }

  /** A node has answered before. */
  get isSubscribed(): boolean {
    return this.#at !== undefined;
  }

  /** What to ask for now. A block that was told in part is told again. */
  request(): { readonly from: number | undefined; readonly parent: string | undefined } {
    this.#held = [];
    return { from: this.#from, parent: this.#parent };
  }

  /** The node does not know the user's block: back to the anchor. Undefined: it was there already. */
  fallBack(): CursorEvent | undefined {
    const anchor = this.#anchor;
    if (anchor === undefined || this.#at === undefined || anchor.height >= this.#at.height) return undefined;
    const { height, id } = anchor;
    if (id === null) return undefined;
    this.#moveTo({ height, id });
    return { kind: 'rollback', height, id };
  }

  /** What the user is told of it, or what is wrong with it. */
  apply(message: EventMessage): readonly CursorEvent[] | CursorProblem {
    switch (message.kind) {
      case 'subscribed':
        return this.#onSubscribed(message);
      case 'head': {
        const { id, header } = message;
        const { height, id: parent } = this.#at ?? { height: undefined, id: null };
        if (
          height === undefined ||
          header.height !== height + 1 ||
          (parent !== null && header.parent !== parent)
        )
          return notANode(
            `block ${id} of height ${header.height} does not follow block ${parent} of height ${height}`,
          );
        this.#moveTo({ height: header.height, id });
        const held = this.#held;
        this.#held = [];
        return [...held, message];
      }
      case 'rollback': {
        const { height, id } = message;
        if (this.#at === undefined || height >= this.#at.height) return notANode(`rollback up to ${height}`);
        this.#held = [];
        this.#moveTo({ height, id });
        if (this.#anchor !== undefined && this.#anchor.height > height) this.#anchor = { height, id };
        this.#final = Math.min(this.#final, height);
        return [message];
      }
      case 'final': {
        const { height, id } = message;
        if (height <= this.#final) return [];
        this.#final = height;
        this.#anchor = { height, id };
        return [message];
      }
      case 'transaction':
        this.#held.push(message);
        return [];
      case 'alive':
        return [];
      default:
        return assertNever(message);
    }
  }

  #onSubscribed(
    message: Extract<EventMessage, { readonly kind: 'subscribed' }>,
  ): readonly CursorEvent[] | CursorProblem {
    const { chain, after, final } = message;
    if (this.#chain !== undefined && chain !== this.#chain)
      return {
        code: 'OTHER_CHAIN',
        what: `this node is of chain ${chain}, the one before was of ${this.#chain}`,
      };
    this.#chain = chain;
    const at = this.#at;
    if (at === undefined) {
      this.#anchor = final !== null && final.height < after.height ? final : after;
      // The id of a chain is that of its first block, which nothing replaces.
      if (after.id === null) this.#anchor = { height: 0, id: chain };
      this.#moveTo(after);
    } else if (at.height !== after.height || at.id !== after.id)
      return notANode('it begins elsewhere than asked');
    return [message];
  }

  #moveTo(at: Place): void {
    this.#at = at;
    this.#from = at.height + 1;
    this.#parent = at.id ?? undefined;
  }
}

function notANode(what: string): CursorProblem {
  return { code: 'NOT_A_NODE', what };
}
