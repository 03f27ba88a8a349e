/** Follows the main chain for one subscriber: a block a step, over every reorganisation, from what it has to the head. */
import type { Query } from '../../chain/node-commands.ts';
import type { Header } from '../../chain/types/block.ts';
import { type BlockHash, height } from '../../chain/types/units.ts';
import { expected } from './answers.ts';
import { type ChainReader, type EventTexts, type Told, told } from './event-texts.ts';
import type { Subscription } from './subscription.ts';

/** A block of the subscriber's chain. Height -1 with no id: what genesis stands on. */
export interface Position {
  readonly height: number;
  readonly id: BlockHash | undefined;
}

/** Why a subscriber cannot be told what it asks for. */
export interface Lost {
  readonly kind: 'lost';
  readonly code: 'NOT_YET' | 'NOT_HERE' | 'UNKNOWN_BLOCK' | 'WRONG_HEIGHT';
  readonly what: string;
}

/** What one step came to. */
export type Step =
  | { readonly kind: 'told'; readonly messages: readonly Told[] }
  /** It is on its way: another step is needed. */
  | { readonly kind: 'walking' }
  /** Everything is told. */
  | { readonly kind: 'idle' }
  | Lost;

/** Headers of a branch that one step goes back over: a reorganisation of 1,000 takes a few turns. */
const WALK_BLOCKS = 32;
/** While old blocks are told, finality is told once in so many: a client that resumes there has no more to hear again. */
const FINAL_EVERY = 256;

/** Where the stream of a subscriber begins, or why it cannot. */
export function startFollower(
  chain: ChainReader,
  texts: EventTexts,
  subscription: Subscription,
): ChainFollower | Lost {
  const { from, parent } = subscription;
  const head = headOf(chain);
  const followFrom = (at: Position): ChainFollower => new ChainFollower(chain, texts, subscription, at);
  if (from === undefined) return followFrom({ height: head.height, id: head.id });
  const first = from <= head.height ? foundAt(chain, from) : undefined;
  if (parent !== undefined && first?.header.parent !== parent) {
    const found = foundAs(chain, parent)?.header.height;
    if (found === undefined) return unknown(parent);
    if (found !== from - 1)
      return { kind: 'lost', code: 'WRONG_HEIGHT', what: `parent is of height ${found}, from is ${from}` };
    return followFrom({ height: from - 1, id: parent });
  }
  if (from > head.height + 1)
    return { kind: 'lost', code: 'NOT_YET', what: `from=${from}: the head is ${head.height}` };
  if (from <= head.height && first === undefined) return notHere(from);
  const id = from === 0 ? undefined : (first?.header.parent ?? head.id);
  return followFrom({ height: from - 1, id });
}

export class ChainFollower {
  readonly #chain: ChainReader;
  readonly #texts: EventTexts;
  readonly #subscription: Subscription;
  #at: Position;
  /** Height up to which finality was told: nothing yet. */
  #final = -1;
  /** On the way back along a branch that was left: the next block to look at. */
  #walk: Position | undefined;

  constructor(chain: ChainReader, texts: EventTexts, subscription: Subscription, at: Position) {
    this.#chain = chain;
    this.#texts = texts;
    this.#subscription = subscription;
    this.#at = at;
  }

  /** The last block that was told. */
  get at(): Position {
    return this.#at;
  }

  /** Reads one block at most, or a few of a branch, all of it of one chain. */
  step(): Step {
    const head = headOf(this.#chain);
    if (this.#walk !== undefined) return this.#goBack(this.#walk, head.height);
    const { height: at, id } = this.#at;
    if (at < head.height) {
      const next = foundAt(this.#chain, at + 1);
      if (next === undefined) return notHere(at + 1);
      if (id === undefined || next.header.parent === id) return this.#extend(next, head.final);
    } else if (at === head.height && id === head.id) {
      const final = this.#tellFinal(head.final, 1);
      return final === undefined ? { kind: 'idle' } : { kind: 'told', messages: [final] };
    }
    return this.#goBack(this.#at, head.height);
  }

  #extend(next: Found, headFinal: number): Step {
    const { kinds } = this.#subscription;
    const messages = this.#transactionsOf(next);
    if (messages === undefined) return notHere(next.header.height);
    if (kinds.has('head')) messages.push(this.#texts.head(next.id, next.header));
    this.#at = { height: next.header.height, id: next.id };
    const final = this.#tellFinal(headFinal, FINAL_EVERY);
    if (final !== undefined) messages.push(final);
    return { kind: 'told', messages };
  }

  #goBack(from: Position, headHeight: number): Step {
    let { height: at, id } = from;
    for (let steps = 0; steps < WALK_BLOCKS; steps++) {
      if (id === undefined || at < 0) return unknown(this.#at.id);
      if (at <= headHeight && idAt(this.#chain, at) === id) return this.#rollBack(at, id);
      const left = foundAs(this.#chain, id);
      if (left === undefined) return unknown(this.#at.id);
      id = left.header.parent;
      at--;
    }
    this.#walk = { height: at, id };
    return { kind: 'walking' };
  }

  /** To a block that is on the main chain; it may be the one where the subscriber is, when the chain came back to it. */
  #rollBack(at: number, id: BlockHash): Step {
    this.#walk = undefined;
    if (at === this.#at.height) return { kind: 'walking' };
    this.#at = { height: at, id };
    this.#final = Math.min(this.#final, at);
    // A block that left takes its transactions along: a rollback is for everybody.
    return { kind: 'told', messages: [told({ kind: 'rollback', height: at, id })] };
  }

  /** Where the subscriber's block is on the main chain: what of its chain is final, if that is `least` more than it knows. */
  #tellFinal(final: number, least: number): Told | undefined {
    if (!this.#subscription.kinds.has('final')) return undefined;
    const now = Math.min(final, this.#at.height);
    if (now < this.#final + least) return undefined;
    const id = now === this.#at.height ? this.#at.id : idAt(this.#chain, now);
    if (id === undefined) return undefined;
    this.#final = now;
    return told({ kind: 'final', height: now, id });
  }

  /** Those that are asked for; undefined: the node does not keep them. */
  #transactionsOf({ id, header }: Found): Told[] | undefined {
    const { kinds, accounts } = this.#subscription;
    if (!kinds.has('transaction') || header.txCount === 0) return [];
    const all = this.#texts.transactions(id, header);
    if (accounts === undefined) return all?.map(({ message }) => message);
    return all?.flatMap(({ message, concerns }) =>
      concerns.some((account) => accounts.has(account)) ? [message] : [],
    );
  }
}

type HeaderQuery = Extract<Query, { readonly kind: 'GetHeader' }>;

interface Found {
  readonly id: BlockHash;
  readonly header: Header;
}

interface Head {
  readonly id: BlockHash;
  readonly height: number;
  /** Durable here. */
  readonly final: number;
}

/** The newest block, and up to which height the chain is final and durable here. */
export function headOf(chain: ChainReader): Head {
  const { id, header, finality } = expected(chain.query({ kind: 'GetHead' }), 'Head');
  return { id, height: header.height, final: finality.final };
}

/** A block of the main chain; undefined: there is none, or it is not kept. */
function foundAt(chain: ChainReader, at: number): Found | undefined {
  return foundBy(chain, { height: height(at) });
}

/** A block of any branch that is known here. */
function foundAs(chain: ChainReader, id: BlockHash): Found | undefined {
  return foundBy(chain, { id });
}

function foundBy(chain: ChainReader, at: HeaderQuery['at']): Found | undefined {
  const answer = chain.query({ kind: 'GetHeader', at });
  return answer.kind === 'Header' ? answer : undefined;
}

/** Of the block of the main chain; undefined: there is none, or it is not kept. */
export function idAt(chain: ChainReader, at: number): BlockHash | undefined {
  return foundAt(chain, at)?.id;
}

function notHere(at: number): Lost {
  return { kind: 'lost', code: 'NOT_HERE', what: `block ${at} is not kept here` };
}

function unknown(id: BlockHash | undefined): Lost {
  return { kind: 'lost', code: 'UNKNOWN_BLOCK', what: `block ${id ?? 'of no id'} is not known here` };
}
