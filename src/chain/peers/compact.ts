/** Compact blocks: short ids in place of transactions that the other side has already. After BIP 152. */
import { hexToBytes } from '../../env/bytes.ts';
import type { Crypto } from '../../env/crypto.ts';
import type { Memo } from '../../env/memo.ts';
import { taggedBytes } from '../crypto/sha256.ts';
import { TAG } from '../crypto/tags.ts';
import type { ShortIds } from '../types/message.ts';
import type { Transaction } from '../types/transaction.ts';
import type { BlockHash, TxId } from '../types/units.ts';
import { type SipKey, sipHash24 } from './siphash.ts';

/** Bytes of the random nonce that keys the short ids of one announcement. */
export const SHORT_ID_NONCE_BYTES = 8;

/** Short ids of one announcement: SipHash-2-4 of the transaction id, its low 6 bytes. Remembers what it computed. */
export class ShortIdTable {
  readonly #key: SipKey;
  readonly #known = new Map<TxId, string>();

  constructor(key: SipKey) {
    this.#key = key;
  }

  /** 12 hexadecimal digits. */
  of(id: TxId): string {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const { low, high } = sipHash24(this.#key, hexToBytes(id) ?? NO_BYTES);
    const short = (high & 0xffff).toString(16).padStart(4, '0') + low.toString(16).padStart(8, '0');
    this.#known.set(id, short);
    return short;
  }
}

const NO_BYTES = new Uint8Array(0);

/** The table of one announcement, keyed by SHA-256(tag ‖ header id ‖ nonce) as BIP 152 does. Shared where the memo is. */
export function shortIdTable(memo: Memo, crypto: Crypto, header: BlockHash, nonce: string): ShortIdTable {
  return memo.get('shortIds', header + nonce, () => {
    const digest = crypto.sha256(taggedBytes(TAG.shortId, hexToBytes(header + nonce) ?? NO_BYTES));
    const words = new DataView(digest.buffer, digest.byteOffset, 16);
    return new ShortIdTable([
      words.getInt32(0, true),
      words.getInt32(4, true),
      words.getInt32(8, true),
      words.getInt32(12, true),
    ]);
  });
}

/** Short ids of a block's transactions, in block order. */
export function shortIdsOf(table: ShortIdTable, nonce: string, ids: readonly TxId[]): ShortIds {
  return { nonce, ids: ids.map((id) => table.of(id)) };
}

/** What the mempool could fill in, and which indexes are left to ask for. */
export interface PartialBlock {
  readonly transactions: (Transaction | undefined)[];
  /** Strictly growing. */
  readonly missing: readonly number[];
}

/**
 * Places the transactions that are here. `undefined`: the short ids name one transaction twice, ask for the whole
 * block. An index that two transactions claim is left missing: only the sender knows which one it meant.
 */
export function fillFromMempool(
  table: ShortIdTable,
  shortIds: readonly string[],
  mempool: Iterable<readonly [TxId, Transaction]>,
): PartialBlock | undefined {
  const indexes = new Map<string, number>();
  for (let i = 0; i < shortIds.length; i++) indexes.set(shortIds[i] as string, i);
  if (indexes.size !== shortIds.length) return undefined;
  const transactions = new Array<Transaction | undefined>(shortIds.length).fill(undefined);
  const contested = new Set<number>();
  if (shortIds.length > 0) {
    for (const [id, transaction] of mempool) {
      const index = indexes.get(table.of(id));
      if (index === undefined) continue;
      if (transactions[index] !== undefined) contested.add(index);
      transactions[index] = transaction;
    }
  }
  for (const index of contested) transactions[index] = undefined;
  const missing: number[] = [];
  for (let i = 0; i < transactions.length; i++) if (transactions[i] === undefined) missing.push(i);
  return { transactions, missing };
}

/** All transactions, when none is missing. */
export function completePartial({ transactions }: PartialBlock): readonly Transaction[] | undefined {
  return transactions.every((known) => known !== undefined) ? transactions : undefined;
}

/** Puts in the first of those that were asked for, at least one; undefined when the answer is for anything else. */
export function fillPartial(
  partial: PartialBlock,
  indexes: readonly number[],
  answer: readonly Transaction[],
): PartialBlock | undefined {
  const { missing } = partial;
  const count = indexes.length;
  if (count === 0 || count > missing.length || count !== answer.length) return undefined;
  const transactions = [...partial.transactions];
  for (let i = 0; i < count; i++) {
    const index = missing[i] as number;
    if (indexes[i] !== index) return undefined;
    transactions[index] = answer[i];
  }
  return { transactions, missing: missing.slice(count) };
}
