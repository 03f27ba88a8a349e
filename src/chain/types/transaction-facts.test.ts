import { describe, expect, it } from 'vitest';
import { testKey } from '../execution/test-chain.ts';
import type { Transaction } from './transaction.ts';
import {
  decodeTransaction,
  encodeTransaction,
  transactionId,
  transactionSizeBytes,
} from './transaction-codec.ts';
import { factsOf } from './transaction-facts.ts';
import { accountAddress, amount, gas, hash, height, signature } from './units.ts';

const written: Transaction = {
  version: 1,
  chainId: hash('01'.repeat(32)),
  senderKey: testKey(1),
  nonce: 1,
  validUntilHeight: height(0),
  gasLimit: gas(1_000),
  gasPrice: amount(1n),
  action: { kind: 'transfer', to: accountAddress('02'.repeat(32)), amount: amount(5n) },
  signature: signature('03'.repeat(64)),
};

describe.each([
  ['that was written down', () => ({ ...written })],
  ['that was decoded', () => decodeTransaction(encodeTransaction(written)) as Transaction],
])('facts of a transaction %s', (_, make) => {
  it('stay with the object', () => {
    const transaction = make();
    const id = transactionId(transaction);
    expect(factsOf(transaction).id).toBe(id);
    expect(factsOf(transaction)).toBe(factsOf(transaction));
    expect(id).toBe(transactionId(written));
  });

  it('are not taken along by a copy with other fields', () => {
    const transaction = make();
    const id = transactionId(transaction);
    const size = transactionSizeBytes(transaction);
    const other = { ...transaction, nonce: 2, action: { kind: 'stake', amount: amount(5n) } } as const;
    expect(transactionId(other)).not.toBe(id);
    expect(transactionSizeBytes(other)).toBeLessThan(size);
    expect(transactionId(transaction)).toBe(id);
  });

  it('are no fields', () => {
    const transaction = make();
    transactionId(transaction);
    expect(Object.keys(transaction)).toEqual(Object.keys(written));
    expect(structuredClone(transaction)).toStrictEqual(written);
  });
});
