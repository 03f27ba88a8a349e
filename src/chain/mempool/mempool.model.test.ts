import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainTestRules, TestChain, testAddress, testGenesis, testKey } from '../execution/test-chain.ts';
import { readAccount } from '../state/accounts.ts';
import type { Block } from '../types/block.ts';
import { isRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionId, transactionSizeBytes } from '../types/transaction-codec.ts';
import { amount, gas, height, type TxId } from '../types/units.ts';
import { createMempool, type Dropped, type Mempool, replacementPrice } from './mempool.ts';

const SENDERS = 5;
const LIMITS = { countMax: 12, bytesMax: 2_600, perSenderMax: 5, gapMax: 3 };

type Step =
  | {
      readonly kind: 'add';
      readonly from: number;
      readonly ahead: number;
      readonly price: number;
      readonly gasLimit: number;
      readonly value: number;
      readonly until: number;
    }
  | { readonly kind: 'block'; readonly count: number; readonly foreign: boolean }
  | { readonly kind: 'reorg' };

const sender = fc.nat(SENDERS - 1);
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      from: sender,
      ahead: fc.nat(5),
      price: fc.integer({ min: 1, max: 30 }),
      gasLimit: fc.integer({ min: 330, max: 1_500 }),
      value: fc.nat(9_000),
      until: fc.nat(6),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('block' as const), count: fc.nat(6), foreign: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reorg' as const) }) },
);

/** What the mempool says of itself, held against what it lists. */
function checkLimits(pool: Mempool): void {
  const entries = [...pool.entries()];
  expect(pool.count).toBe(entries.length);
  expect(pool.count).toBeLessThanOrEqual(LIMITS.countMax);
  expect(pool.bytes).toBe(
    entries.reduce((sum, [, transaction]) => sum + transactionSizeBytes(transaction), 0),
  );
  expect(pool.bytes).toBeLessThanOrEqual(LIMITS.bytesMax);
  expect(pool.queued).toBe(entries.length - [...pool.select()].length);
  for (let from = 0; from < SENDERS; from++) {
    const own = entries.filter(([, { senderKey }]) => senderKey === testKey(from));
    expect(own.length).toBeLessThanOrEqual(LIMITS.perSenderMax);
    expect(new Set(own.map(([, { nonce }]) => nonce)).size).toBe(own.length);
  }
}

/** The ready ones are exactly those whose nonces follow the account's without a gap; any prefix respects them. */
function checkSelection(pool: Mempool, chain: TestChain<{ readonly height: number }>): void {
  const next = Array.from({ length: SENDERS }, (_, i) => readAccount(chain.state, testAddress(i)).nonce);
  const promised = Array.from({ length: SENDERS }, () => 0n);
  const selected = new Set<TxId>();
  const waiting = new Map([...pool.entries()]);
  for (const transaction of pool.select()) {
    const from = [0, 1, 2, 3, 4].find((i) => transaction.senderKey === testKey(i)) ?? expect.fail();
    expect(transaction.nonce).toBe(next[from]);
    next[from] = transaction.nonce + 1;
    // Nothing that could have been taken instead pays more.
    for (const other of waiting.values()) {
      const at = [0, 1, 2, 3, 4].find((i) => other.senderKey === testKey(i)) ?? 0;
      if (at !== from && other.nonce === next[at]) {
        expect(other.gasPrice).toBeLessThanOrEqual(transaction.gasPrice);
      }
    }
    waiting.delete(transactionId(transaction));
    selected.add(transactionId(transaction));
  }
  for (const [id, transaction] of pool.entries()) {
    const from = [0, 1, 2, 3, 4].find((i) => transaction.senderKey === testKey(i)) ?? expect.fail();
    promised[from] = (promised[from] ?? 0n) + BigInt(transaction.gasLimit) * transaction.gasPrice;
    if (!selected.has(id)) expect(transaction.nonce).toBeGreaterThan(next[from] ?? 0);
    expect(transaction.validUntilHeight === 0 || transaction.validUntilHeight > chain.header.height).toBe(
      true,
    );
  }
  for (const [from, fees] of promised.entries()) {
    expect(fees <= readAccount(chain.state, testAddress(from)).balance).toBe(true);
  }
}

describe('the mempool, against a model', () => {
  it('keeps its limits and orders, and loses nothing without saying why', () => {
    fc.assert(
      fc.property(fc.array(stepArbitrary, { maxLength: 60 }), (steps) => {
        const chain = new TestChain(testGenesis({}, SENDERS, 100_000n), plainTestRules());
        const head = () => ({ height: chain.header.height, state: chain.state });
        const pool = createMempool({ ...chain.context, limits: LIMITS }, head());
        const known = new Map<TxId, Transaction>();
        const forget = (dropped: readonly Dropped[]) => {
          for (const { id } of dropped) expect(known.delete(id)).toBe(true);
        };
        let undo: { readonly block: Block; readonly saved: readonly unknown[]; restore(): void } | undefined;

        const add = (transaction: Transaction) => {
          const id = transactionId(transaction);
          const rival = [...known.values()].find(
            ({ senderKey, nonce }) => senderKey === transaction.senderKey && nonce === transaction.nonce,
          );
          const refusal = pool.check(transaction);
          const admission = pool.add(transaction);
          if (refusal !== undefined) expect(admission).toEqual({ kind: 'refused', why: refusal });
          if (admission.kind === 'refused') return;
          if (rival !== undefined) {
            expect(transaction.gasPrice).toBeGreaterThanOrEqual(replacementPrice(rival.gasPrice));
            expect(admission.dropped).toContainEqual({ id: transactionId(rival), reason: 'replaced' });
          }
          forget(admission.dropped);
          known.set(id, transaction);
        };

        for (const step of steps) {
          if (step.kind === 'add') {
            const { nonce } = readAccount(chain.state, testAddress(step.from));
            const action = {
              kind: step.value % 2 === 0 ? 'stake' : 'unstake',
              amount: amount(BigInt(step.value)),
            } as const;
            add(
              chain.transaction(step.from, action, {
                nonce: Math.max(0, nonce + step.ahead - 1),
                gasPrice: amount(BigInt(step.price)),
                gasLimit: gas(step.gasLimit),
                validUntilHeight: height(step.until === 0 ? 0 : chain.header.height + step.until),
              }),
            );
          } else if (step.kind === 'block') {
            const foreign = Array.from({ length: SENDERS }, (_, from) =>
              chain.transfer(from, (from + 1) % SENDERS, 20_000n, {
                nonce: readAccount(chain.state, testAddress(from)).nonce,
              }),
            );
            const own = [...pool.select()];
            const block = chain.build((step.foreign ? foreign : own).slice(0, step.count));
            const { header, state, view } = chain;
            undo = {
              block,
              saved: [],
              restore: () => Object.assign(chain, { header, state, view }),
            };
            chain.append(block);
            const dropped = pool.onHead(head(), [block], []);
            for (const transaction of block.transactions) known.delete(transactionId(transaction));
            forget(dropped);
          } else if (undo !== undefined) {
            const { block } = undo;
            undo.restore();
            undo = undefined;
            forget(pool.onHead(head(), [], [block]));
            for (const transaction of block.transactions) add(transaction);
          }
          expect(new Set([...pool.entries()].map(([id]) => id))).toEqual(new Set(known.keys()));
          checkLimits(pool);
          checkSelection(pool, chain);
        }
        expect(isRejection(chain.execute(chain.build(pool.select())))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
