/** What the stream of events says of a block, as it goes over the wire: made once, for every subscriber that stands there. */
import { accountsOf } from '../../chain/ledger/fold.ts';
import type { Query } from '../../chain/node-commands.ts';
import { receiptLayout } from '../../chain/types/account-codec.ts';
import type { Header } from '../../chain/types/block.ts';
import type { Answer } from '../../chain/types/command.ts';
import { headerLayout } from '../../chain/types/header-codec.ts';
import { toJsonText } from '../../chain/types/layout/codec.ts';
import { transactionId, transactionLayout } from '../../chain/types/transaction-codec.ts';
import type { AccountAddress, BlockHash } from '../../chain/types/units.ts';
import type { EventMessage } from './event-forms.ts';

/** The chain of a node as it is at this moment: answers within one turn are of one chain. */
export interface ChainReader {
  /** @throws {ApiError} when the node has stopped. */
  query(query: Query): Answer;
}

/** One message as JSON: `eventForm` says what stands in it. Many are sent the same bytes, which nobody changes. */
export type Told = Uint8Array;

/** A transaction of a block. */
export interface ToldTransaction {
  readonly message: Told;
  /** Accounts that it concerns. */
  readonly concerns: readonly AccountAddress[];
}

interface BlockTexts {
  head: Told | undefined;
  transactions: readonly ToldTransaction[] | undefined;
  bytes: number;
}

/**
 * What is kept for the next one: a full block as JSON takes 3 MB, and subscribers at the head of the chain stand on the same one or two. What
 * was used longest ago is made anew when it is asked for.
 */
const KEPT_MAX_BYTES = 16_777_216;
/** About what an entry takes beside its text. */
const ENTRY_BYTES = 256;

type Of<K extends EventMessage['kind']> = Extract<EventMessage, { readonly kind: K }>;

/** A message that is of one subscriber. */
export function told(message: Of<'subscribed' | 'rollback' | 'final' | 'alive'>): Told {
  return Buffer.from(JSON.stringify(message));
}

export class EventTexts {
  readonly #chain: ChainReader;
  readonly #keptMaxBytes: number;
  /** By block, what was used longest ago first. */
  readonly #blocks = new Map<BlockHash, BlockTexts>();
  #bytes = 0;

  constructor(chain: ChainReader, keptMaxBytes = KEPT_MAX_BYTES) {
    this.#chain = chain;
    this.#keptMaxBytes = keptMaxBytes;
  }

  head(id: BlockHash, header: Header): Told {
    const texts = this.#textsOf(id);
    if (texts.head !== undefined) return texts.head;
    const made = withParts<Of<'head'>, 'header'>(
      { kind: 'head', id },
      { header: toJsonText(headerLayout, header) },
    );
    texts.head = made;
    this.#keep(texts, made.length);
    return made;
  }

  /** Of a block of the main chain, in their order; undefined: it is not kept here. */
  transactions(id: BlockHash, header: Header): readonly ToldTransaction[] | undefined {
    const texts = this.#textsOf(id);
    if (texts.transactions !== undefined) return texts.transactions;
    const answer = this.#chain.query({ kind: 'GetReceipts', at: header.height });
    if (answer.kind !== 'Receipts') return undefined;
    let bytes = 0;
    const made = answer.block.transactions.map((transaction, index) => {
      const receipt = answer.receipts[index];
      const message = withParts<Of<'transaction'>, 'transaction' | 'receipt'>(
        { kind: 'transaction', id: transactionId(transaction), block: id, height: header.height, index },
        {
          transaction: toJsonText(transactionLayout, transaction),
          receipt: receipt === undefined ? 'null' : toJsonText(receiptLayout, receipt),
        },
      );
      bytes += ENTRY_BYTES + message.length;
      return { message, concerns: accountsOf(transaction) };
    });
    texts.transactions = made;
    this.#keep(texts, bytes);
    return made;
  }

  /** The entry of a block, which is now the newest. */
  #textsOf(id: BlockHash): BlockTexts {
    const known = this.#blocks.get(id);
    const texts = known ?? { head: undefined, transactions: undefined, bytes: 0 };
    if (known === undefined) this.#keep(texts, ENTRY_BYTES);
    else this.#blocks.delete(id);
    this.#blocks.set(id, texts);
    return texts;
  }

  #keep(texts: BlockTexts, bytes: number): void {
    texts.bytes += bytes;
    this.#bytes += bytes;
    for (const [id, oldest] of this.#blocks) {
      if (this.#bytes <= this.#keptMaxBytes) return;
      this.#blocks.delete(id);
      this.#bytes -= oldest.bytes;
    }
  }
}

/** @param parts the JSON that stands under the other names. */
function withParts<M extends EventMessage, Name extends keyof M & string>(
  message: Omit<M, Name>,
  parts: Readonly<Record<Name, string>>,
): Told {
  const text = JSON.stringify(message).slice(0, -1);
  const rest = Object.entries<string>(parts).map(([name, json]) => `,"${name}":${json}`);
  return Buffer.from(`${text}${rest.join('')}}`);
}
