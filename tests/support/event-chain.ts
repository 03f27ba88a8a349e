/** A chain of bare blocks that grows, forks and becomes final as it is told, and answers the queries of /events. */
import type { Query } from '../../src/chain/node-commands.ts';
import type { Block } from '../../src/chain/types/block.ts';
import type { Answer } from '../../src/chain/types/command.ts';
import type { DomainEvent } from '../../src/chain/types/event.ts';
import { blockId } from '../../src/chain/types/header-codec.ts';
import type { Transaction } from '../../src/chain/types/transaction.ts';
import { type BlockHash, height } from '../../src/chain/types/units.ts';
import { unixMs } from '../../src/env/units.ts';
import { SAMPLE_HEADERS } from '../vectors/samples.ts';

interface Kept {
  readonly id: BlockHash;
  readonly block: Block;
}

export class EventChain {
  readonly chain: string;
  /** Events of the node, in its order. */
  onEvent: (event: DomainEvent) => void = () => {};
  /** By height. */
  readonly main: Kept[] = [];
  /** Heights whose transactions were asked for, in that order. */
  readonly bodiesRead: number[] = [];
  /** Below, transactions are not kept. */
  bodiesFrom = 0;
  readonly #known = new Map<BlockHash, Block>();
  readonly #evidence: readonly string[];
  #made = 0;
  #final = 0;

  /** @param evidence makes blocks larger. */
  constructor(evidence: readonly string[] = []) {
    this.#evidence = evidence;
    const [header] = SAMPLE_HEADERS;
    if (header === undefined) throw new Error('there is a sample');
    this.#add({
      header: { ...header, height: height(0), txCount: 0 },
      transactions: [],
      system: { evidence: [], lastCommit: '' },
    });
    this.chain = this.main[0]?.id ?? '';
  }

  get head(): Kept {
    const head = this.main.at(-1);
    if (head === undefined) throw new Error('a chain has its first block');
    return head;
  }

  get final(): number {
    return this.#final;
  }

  /** One block on the head. */
  extend(transactions: readonly Transaction[] = []): void {
    this.#add(this.#next(transactions));
    this.#tellHead();
  }

  /** `depth` blocks leave, and `length` others come: at once, as a node tells it. Not below what is final. */
  reorganise(depth: number, length: number): void {
    const from = this.head;
    const gone = Math.min(depth, from.block.header.height - this.#final);
    this.main.length -= gone;
    const ancestor = this.head.id;
    for (let i = 0; i < length; i++) this.#add(this.#next([]));
    if (gone > 0)
      this.onEvent({
        kind: 'Reorganised',
        from: from.id,
        to: this.head.id,
        ancestor,
        depth: gone,
        returned: 0,
      });
    this.#tellHead();
  }

  /** Up to so many blocks below the head. */
  finalise(below: number): void {
    const final = Math.max(this.#final, this.head.block.header.height - below);
    if (final === this.#final) return;
    this.#final = final;
    const finality = { final: height(final), acknowledged: height(final), kind: 'absolute' } as const;
    this.onEvent({ kind: 'FinalityAdvanced', finality, finalId: this.main[final]?.id ?? this.head.id });
  }

  /** Blocks of branches that were left are gone, as after a restart. */
  forgetBranches(): void {
    this.#known.clear();
    for (const { id, block } of this.main) this.#known.set(id, block);
  }

  query(query: Query): Answer {
    switch (query.kind) {
      case 'GetHead': {
        const { id, block } = this.head;
        const final = height(this.#final);
        return {
          kind: 'Head',
          id,
          header: block.header,
          finality: { final, acknowledged: final, kind: 'absolute' },
        };
      }
      case 'GetHeader': {
        const header = this.#blockOf(query.at)?.header;
        return header === undefined ? { kind: 'NotFound' } : { kind: 'Header', header, id: blockId(header) };
      }
      case 'GetReceipts': {
        this.bodiesRead.push(query.at);
        const block = query.at < this.bodiesFrom ? undefined : this.main[query.at]?.block;
        return block === undefined
          ? { kind: 'NotFound' }
          : { kind: 'Receipts', block, receipts: block.transactions.map(() => undefined) };
      }
      default:
        throw new Error(`no subscriber asks for ${query.kind}`);
    }
  }

  #blockOf(at: { readonly id: BlockHash } | { readonly height: number }): Block | undefined {
    return 'id' in at ? this.#known.get(at.id) : this.main[at.height]?.block;
  }

  /** Its time makes it another block than every other. */
  #next(transactions: readonly Transaction[]): Block {
    const { id, block } = this.head;
    return {
      header: {
        ...block.header,
        parent: id,
        height: height(block.header.height + 1),
        txCount: transactions.length,
        timestampMs: unixMs(1_700_000_000_000 + ++this.#made),
      },
      transactions,
      system: { evidence: this.#evidence, lastCommit: '' },
    };
  }

  #add(block: Block): void {
    const id = blockId(block.header);
    this.#known.set(id, block);
    this.main.push({ id, block });
  }

  #tellHead(): void {
    const { id, block } = this.head;
    this.onEvent({ kind: 'HeadChanged', id, height: block.header.height, parent: block.header.parent });
  }
}
