/** Follows the main chain for one subscriber: a block a step, over every reorganisation, from what it has to the head. */
import { accountsOf } from '../../chain/ledger/fold.ts';
import type { Query } from '../../chain/node-commands.ts';
import { receiptLayout } from '../../chain/types/account-codec.ts';
import type { Block } from '../../chain/types/block.ts';
import type { Answer } from '../../chain/types/command.ts';
import { headerLayout } from '../../chain/types/header-codec.ts';
import { transactionId, transactionLayout } from '../../chain/types/transaction-codec.ts';
import { type BlockHash, height } from '../../chain/types/units.ts';
import { expected } from './answers.ts';
import type { EventMessage } from './event-forms.ts';
import { plain } from './plain.ts';
import type { Subscription } from './subscription.ts';

/** The chain of a node as it is at this moment: answers within one turn are of one chain. */
export interface ChainReader {
  /** @throws {ApiError} when the node has stopped. */
  query(query: Query): Answer;
}

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

/** A message of the stream, as layouts write it: `eventForm` says what they write. */
export type ToldEvent =
  | Extract<EventMessage, { readonly kind: 'rollback' | 'final' }>
  | (Omit<Extract<EventMessage, { readonly kind: 'head' }>, 'header'> & { readonly header: unknown })
  | (Omit<Extract<EventMessage, { readonly kind: 'transaction' }>, 'transaction' | 'receipt'> & {
      readonly transaction: unknown;
      readonly receipt: unknown;
    });

/** What one step came to. */
export type Step =
  | { readonly kind: 'told'; readonly messages: readonly ToldEvent[] }
  /** It is on its way: another step is needed. */
  | { readonly kind: 'walking' }
  /** Everything is told. */
  | { readonly kind: 'idle' }
  | Lost;

/** Blocks of a branch that one step goes back over, each of them read: a reorganisation of 1,000 takes a few turns. */
const WALK_BLOCKS = 32;
/** While old blocks are told, finality is told once in so many: a client that resumes there has no more to hear again. */
const FINAL_EVERY = 256;

/** Where the stream of a subscriber begins, or why it cannot. */
export function startFollower(chain: ChainReader, subscription: Subscription): ChainFollower | Lost {
  const { from, parent } = subscription;
  const head = headOf(chain);
  if (from === undefined) return new ChainFollower(chain, subscription, { height: head.height, id: head.id });
  const first = from <= head.height ? blockAt(chain, from) : undefined;
  if (parent !== undefined && first?.parent !== parent) {
    const answer = chain.query({ kind: 'GetBlock', at: { id: parent } });
    if (answer.kind !== 'Block') return unknown(parent);
    const { height: found } = answer.block.header;
    if (found !== from - 1)
      return { kind: 'lost', code: 'WRONG_HEIGHT', what: `parent is of height ${found}, from is ${from}` };
    return new ChainFollower(chain, subscription, { height: from - 1, id: parent });
  }
  if (from > head.height + 1)
    return { kind: 'lost', code: 'NOT_YET', what: `from=${from}: the head is ${head.height}` };
  if (from <= head.height && first === undefined) return notHere(from);
  const id = from === 0 ? undefined : (first?.parent ?? head.id);
  return new ChainFollower(chain, subscription, { height: from - 1, id });
}

export class ChainFollower {
  readonly #chain: ChainReader;
  readonly #subscription: Subscription;
  #at: Position;
  /** Height up to which finality was told: nothing yet. */
  #final = -1;
  /** On the way back along a branch that was left: the next block to look at. */
  #walk: Position | undefined;

  constructor(chain: ChainReader, subscription: Subscription, at: Position) {
    this.#chain = chain;
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
      const next = blockAt(this.#chain, at + 1);
      if (next === undefined) return notHere(at + 1);
      if (id === undefined || next.parent === id) return this.#extend(next, head.final);
    } else if (at === head.height && id === head.id) {
      const messages = this.#tellFinal(head.final, 1);
      return messages.length === 0 ? { kind: 'idle' } : { kind: 'told', messages };
    }
    return this.#goBack(this.#at, head.height);
  }

  #extend({ id, block }: Found, final: number): Step {
    const { header } = block;
    const messages = this.#transactionsOf(id, block);
    messages.push({ kind: 'head', id, header: plain(headerLayout, header) });
    this.#at = { height: header.height, id };
    messages.push(...this.#tellFinal(final, FINAL_EVERY));
    return { kind: 'told', messages };
  }

  #goBack(from: Position, headHeight: number): Step {
    let { height: at, id } = from;
    for (let steps = 0; steps < WALK_BLOCKS; steps++) {
      if (id === undefined || at < 0) return unknown(this.#at.id);
      if (at <= headHeight && idAt(this.#chain, at) === id) return this.#rollBack(at, id);
      const answer = this.#chain.query({ kind: 'GetBlock', at: { id } });
      if (answer.kind !== 'Block') return unknown(this.#at.id);
      id = answer.block.header.parent;
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
    return { kind: 'told', messages: [{ kind: 'rollback', height: at, id }] };
  }

  /** Where the subscriber's block is on the main chain: what of its chain is final, if that is `least` more than it knows. */
  #tellFinal(final: number, least: number): readonly ToldEvent[] {
    const now = Math.min(final, this.#at.height);
    if (now < this.#final + least) return [];
    const id = now === this.#at.height ? this.#at.id : idAt(this.#chain, now);
    if (id === undefined) return [];
    this.#final = now;
    return [{ kind: 'final', height: now, id }];
  }

  #transactionsOf(id: BlockHash, { header, transactions }: Block): ToldEvent[] {
    const { kinds, accounts } = this.#subscription;
    if (!kinds.has('transaction')) return [];
    const told: ToldEvent[] = [];
    for (const [index, transaction] of transactions.entries()) {
      if (accounts !== undefined && !accountsOf(transaction).some((one) => accounts.has(one))) continue;
      const answer = this.#chain.query({ kind: 'GetTransaction', id: transactionId(transaction) });
      const isHere = answer.kind === 'Transaction' && answer.place !== 'mempool' && answer.place.block === id;
      const receipt = isHere ? answer.receipt : undefined;
      told.push({
        kind: 'transaction',
        id: transactionId(transaction),
        block: id,
        height: header.height,
        index,
        transaction: plain(transactionLayout, transaction),
        receipt: receipt === undefined ? null : plain(receiptLayout, receipt),
      });
    }
    return told;
  }
}

interface Found {
  readonly id: BlockHash;
  readonly parent: BlockHash;
  readonly block: Block;
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

function blockAt(chain: ChainReader, at: number): Found | undefined {
  const answer = chain.query({ kind: 'GetBlock', at: { height: height(at) } });
  if (answer.kind !== 'Block') return undefined;
  return { id: answer.id, parent: answer.block.header.parent, block: answer.block };
}

/** Of the block of the main chain; undefined: there is none, or it is not kept. */
export function idAt(chain: ChainReader, at: number): BlockHash | undefined {
  return blockAt(chain, at)?.id;
}

function notHere(at: number): Lost {
  return { kind: 'lost', code: 'NOT_HERE', what: `block ${at} is not kept here` };
}

function unknown(id: BlockHash | undefined): Lost {
  return { kind: 'lost', code: 'UNKNOWN_BLOCK', what: `block ${id ?? 'of no id'} is not known here` };
}
