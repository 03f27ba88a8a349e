import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Memo } from '../../env/memo.ts';
import { sha256 } from '../crypto/sha256.ts';
import type { Transaction } from '../types/transaction.ts';
import { blockHash, type TxId, txId } from '../types/units.ts';
import {
  completePartial,
  fillFromMempool,
  fillPartial,
  type PartialBlock,
  type ShortIdTable,
  shortIdsOf,
  shortIdTable,
} from './compact.ts';

const memo: Memo = { get: (_kind, _key, compute) => compute() };
const crypto = {
  sha256,
  verify: () => undefined,
  sign: () => new Uint8Array(64),
  publicKey: () => new Uint8Array(32),
};
const header = blockHash('5a'.repeat(32));
const tableOf = (nonce: string): ShortIdTable => shortIdTable(memo, crypto, header, nonce);
const idOf = (i: number): TxId => txId(i.toString(16).padStart(64, '0'));
/** Only identity matters here: the parts under test never look into a transaction. */
const transactions = Array.from({ length: 64 }, (_, i) => ({ nonce: i }) as Transaction);
const pair = (i: number): readonly [TxId, Transaction] => [idOf(i), transactions[i] as Transaction];

describe('short ids', () => {
  it('have 12 hexadecimal digits and depend on header, nonce and transaction', () => {
    const one = tableOf('0000000000000001').of(idOf(1));
    expect(one).toMatch(/^[0-9a-f]{12}$/);
    expect(tableOf('0000000000000001').of(idOf(1))).toBe(one);
    expect(tableOf('0000000000000002').of(idOf(1))).not.toBe(one);
    expect(tableOf('0000000000000001').of(idOf(2))).not.toBe(one);
    expect(shortIdTable(memo, crypto, blockHash('5b'.repeat(32)), '0000000000000001').of(idOf(1))).not.toBe(
      one,
    );
  });
});

describe('fillFromMempool, fillPartial and completePartial', () => {
  it('rebuild the block in order from any mempool and what is then asked for', () => {
    const inBlock = fc.uniqueArray(fc.nat(63), { maxLength: 30 });
    const inMempool = fc.uniqueArray(fc.nat(63), { maxLength: 64 });
    const perAnswer = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(inBlock, inMempool, perAnswer, (block, mempool, most) => {
        const table = tableOf('00000000000000aa');
        const { ids } = shortIdsOf(table, '00000000000000aa', block.map(idOf));
        const partial = fillFromMempool(table, ids, mempool.map(pair));
        if (partial === undefined) throw new Error('short ids collided');
        expect(partial.missing.map((index) => block[index])).toEqual(
          block.filter((i) => !mempool.includes(i)),
        );
        let left: PartialBlock | undefined = partial;
        while (left !== undefined && left.missing.length > 0) {
          expect(completePartial(left)).toBeUndefined();
          const indexes: readonly number[] = left.missing.slice(0, most);
          const answer = indexes.map((index) => transactions[block[index] as number] as Transaction);
          left = fillPartial(left, indexes, answer);
        }
        expect(left === undefined ? undefined : completePartial(left)).toEqual(
          block.map((i) => transactions[i]),
        );
      }),
    );
  });

  it('ask for the whole block when two of its short ids are equal', () => {
    expect(
      fillFromMempool(tableOf('0000000000000000'), ['000000000001', '000000000001'], []),
    ).toBeUndefined();
  });

  it('leave an index open that two transactions of the mempool claim', () => {
    const colliding = { of: () => '000000000007' } as unknown as ShortIdTable;
    const partial = fillFromMempool(colliding, ['000000000007'], [pair(1), pair(2)]);
    expect(partial).toEqual({ transactions: [undefined], missing: [0] });
  });

  it('refuse an answer for other indexes than those asked for', () => {
    const table = tableOf('0000000000000000');
    const { ids } = shortIdsOf(table, '0000000000000000', [idOf(1), idOf(2), idOf(3)]);
    const partial = fillFromMempool(table, ids, [pair(2)]);
    expect(partial?.missing).toEqual([0, 2]);
    if (partial === undefined) return;
    const [a, b] = [transactions[1] as Transaction, transactions[3] as Transaction];
    expect(fillPartial(partial, [], [])).toBeUndefined();
    expect(fillPartial(partial, [2], [b])).toBeUndefined();
    expect(fillPartial(partial, [0, 1], [a, b])).toBeUndefined();
    expect(fillPartial(partial, [0, 2], [a])).toBeUndefined();
    expect(fillPartial(partial, [0, 2, 3], [a, b, b])).toBeUndefined();
    expect(fillPartial(partial, [0], [a])).toEqual({
      transactions: [a, transactions[2], undefined],
      missing: [2],
    });
    expect(fillPartial(partial, [0, 2], [a, b])).toEqual({
      transactions: [a, transactions[2], b],
      missing: [],
    });
    expect(partial.transactions[0]).toBeUndefined();
  });
});
