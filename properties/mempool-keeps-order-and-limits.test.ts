import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasAccount } from '../src/chain/execution/apply-transaction.ts';
import {
  plainTestRules,
  TestChain,
  testAddress,
  testGenesis,
  testKey,
} from '../src/chain/execution/test-chain.ts';
import type { MempoolLimits } from '../src/chain/mempool/limits.ts';
import { createMempool, type Dropped, type Mempool } from '../src/chain/mempool/mempool.ts';
import { readAccount } from '../src/chain/state/accounts.ts';
import type { Block } from '../src/chain/types/block.ts';
import type { Transaction } from '../src/chain/types/transaction.ts';
import { amount, gas, height } from '../src/chain/types/units.ts';
import { type AccountAt, ModelPool } from './arbitraries/mempool-model.ts';
import { checkLaw } from './check-law.ts';

/** The last one has no account until somebody pays him. */
const SENDERS = 5;
const LIMITS: MempoolLimits = { countMax: 9, bytesMax: 1_900, perSenderMax: 4, gapMax: 2 };

type View = { readonly height: number };

/** The mempool and the chain that it serves. */
interface Real {
  readonly chain: TestChain<View>;
  readonly pool: Mempool;
}

interface Model {
  readonly pool: ModelPool;
  readonly seen: Map<string, number>;
  undo:
    | { readonly block: Block; readonly before: Pick<TestChain<View>, 'header' | 'state' | 'view'> }
    | undefined;
}

/** As a command of fast-check, of which a list shrinks and is repeated by seed and path alone. */
interface Step {
  run(model: Model, real: Real): void;
  toString(): string;
}

function accountAt({ chain }: Real): AccountAt {
  return (senderKey) => {
    const index = Array.from({ length: SENDERS }, (_, i) => i).find((i) => testKey(i) === senderKey);
    if (index === undefined || !hasAccount(chain.state, testAddress(index))) return undefined;
    return readAccount(chain.state, testAddress(index));
  };
}

function nextHeight({ chain }: Real): number {
  return chain.header.height + 1;
}

function sorted(dropped: readonly Dropped[]): readonly string[] {
  return dropped.map(({ id, reason }) => `${reason} ${id}`).sort();
}

/** Everything that a mempool shows, from both. */
function compare(model: Model, real: Real): void {
  expect([...real.pool.entries()].map(([id]) => id).sort()).toEqual([...model.pool.ids].sort());
  expect([...real.pool.ids()]).toEqual(model.pool.select(accountAt(real)));
  expect(real.pool.count).toBe(model.pool.ids.length);
  expect(real.pool.bytes).toBe(model.pool.bytes);
  expect(real.pool.queued).toBe(real.pool.count - model.pool.select(accountAt(real)).length);
  expect(real.pool.count).toBeLessThanOrEqual(LIMITS.countMax);
  expect(real.pool.bytes).toBeLessThanOrEqual(LIMITS.bytesMax);
}

function submit(model: Model, real: Real, transaction: Transaction): void {
  const expected = model.pool.add(transaction, accountAt(real), nextHeight(real));
  const refusal = real.pool.check(transaction);
  const admission = real.pool.add(transaction);
  if (admission.kind === 'refused') expect({ kind: 'refused', code: admission.why.code }).toEqual(expected);
  else {
    const { isReady, dropped } = admission;
    const got = { kind: 'accepted', isReady, dropped: sorted(dropped) };
    expect(got).toEqual(
      expected.kind === 'accepted' ? { ...expected, dropped: sorted(expected.dropped) } : expected,
    );
  }
  if (refusal !== undefined) expect(admission.kind).toBe('refused');
  const what = admission.kind === 'refused' ? admission.why.code : 'accepted';
  model.seen.set(what, (model.seen.get(what) ?? 0) + 1);
}

/** The head has moved: what both drop. */
function follow(model: Model, real: Real, connected: readonly Block[], disconnected: readonly Block[]): void {
  const { chain, pool } = real;
  const dropped = pool.onHead({ height: chain.header.height, state: chain.state }, connected, disconnected);
  const included = connected.flatMap(({ transactions }) => transactions);
  expect(sorted(dropped)).toEqual(sorted(model.pool.onHead(included, accountAt(real), nextHeight(real))));
}

function step(name: string, run: (model: Model, real: Real) => void): Step {
  return {
    run(model, real) {
      run(model, real);
      compare(model, real);
    },
    toString: () => name,
  };
}

const adds = fc
  .record({
    from: fc.nat({ max: SENDERS - 1 }),
    ahead: fc.integer({ min: -1, max: 5 }),
    price: fc.integer({ min: 1, max: 30 }),
    gasLimit: fc.integer({ min: 400, max: 1_500 }),
    value: fc.nat({ max: 9_000 }),
    until: fc.nat({ max: 5 }),
  })
  .map((one) =>
    step(`add ${fc.stringify(one)}`, (model, real) => {
      const { from, ahead, price, gasLimit, value, until } = one;
      const { chain } = real;
      const { nonce } = readAccount(chain.state, testAddress(from));
      submit(
        model,
        real,
        chain.transfer(from, (from + 1) % SENDERS, BigInt(value), {
          nonce: Math.max(0, nonce + ahead),
          gasPrice: amount(BigInt(price)),
          gasLimit: gas(gasLimit),
          validUntilHeight: height(until === 0 ? 0 : chain.header.height + until - 1),
        }),
      );
    }),
  );

const blocks = fc.record({ count: fc.nat({ max: 6 }), isForeign: fc.boolean() }).map(({ count, isForeign }) =>
  step(`block of ${count}${isForeign ? ', foreign' : ''}`, (model, real) => {
    const { chain, pool } = real;
    const foreign = Array.from({ length: SENDERS - 1 }, (_, from) => {
      const { nonce } = readAccount(chain.state, testAddress(from));
      return chain.transfer(from, (from + 1) % (SENDERS - 1), 20_000n, { nonce });
    });
    const { header, state, view } = chain;
    const block = chain.build((isForeign ? foreign : [...pool.select()]).slice(0, count));
    model.undo = { block, before: { header, state, view } };
    chain.append(block);
    follow(model, real, [block], []);
  }),
);

const reorganisations = fc.constant(
  step('undo the last block', (model, real) => {
    const { chain } = real;
    const { undo } = model;
    if (undo === undefined) return;
    model.undo = undefined;
    Object.assign(chain, undo.before);
    follow(model, real, [], [undo.block]);
    for (const transaction of undo.block.transactions) submit(model, real, transaction);
  }),
);

const lives = fc.array(fc.oneof({ weight: 6, arbitrary: adds }, blocks, reorganisations), {
  maxLength: 60,
  size: 'max',
});

/** @param plant makes another mempool of the one under test. */
function play(
  steps: readonly Step[],
  seen: Map<string, number>,
  plant: (pool: Mempool) => Mempool = (pool) => pool,
): void {
  const chain = new TestChain(testGenesis({}, SENDERS - 1, 100_000n), plainTestRules());
  const pool = createMempool({ ...chain.context, limits: LIMITS }, { height: height(0), state: chain.state });
  const model: Model = { pool: new ModelPool(LIMITS), seen, undo: undefined };
  for (const one of steps) one.run(model, { chain, pool: plant(pool) });
}

describe('A mempool', () => {
  it('takes, refuses, drops and orders transactions as the plain rules say, and keeps its limits', () => {
    const seen = new Map<string, number>();
    let runs = 0;
    checkLaw(
      fc.property(lives, (steps) => {
        runs++;
        play(steps, seen);
      }),
      { numRuns: 300 },
    );
    const wanted = ['accepted', 'MEMPOOL_FULL', 'REPLACEMENT_UNDERPRICED', 'NONCE_GAP', 'SENDER_LIMIT'];
    const others = ['CANNOT_PAY_FEE', 'EXPIRED', 'NONCE_USED', 'SENDER_UNKNOWN'];
    const missing = [...wanted, ...others].filter((what) => !seen.has(what));
    expect(runs > 100 ? missing : []).toEqual([]);
  });

  it('is found to break them when it orders by arrival, tells of no replacement, or does not follow the head', () => {
    const isFound = (plant: (pool: Mempool) => Mempool): boolean =>
      fc.check(
        fc.property(lives, (steps) => play(steps, new Map(), plant)),
        { numRuns: 60, seed: 1, endOnFailure: true },
      ).failed;
    const wrapped = (pool: Mempool, lie: Partial<Mempool>): Mempool =>
      new Proxy(pool, {
        get(target, name) {
          const value: unknown = Reflect.get(name in lie ? lie : target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    expect(isFound((pool) => wrapped(pool, { ids: () => [...pool.entries()].map(([id]) => id) }))).toBe(true);
    const forgetful = (pool: Mempool): Mempool =>
      wrapped(pool, {
        add(transaction) {
          const admission = pool.add(transaction);
          if (admission.kind === 'refused') return admission;
          return { ...admission, dropped: admission.dropped.filter(({ reason }) => reason !== 'replaced') };
        },
      });
    expect(isFound(forgetful)).toBe(true);
    const stubborn = (pool: Mempool): Mempool => wrapped(pool, { onHead: () => [] });
    expect(isFound(stubborn)).toBe(true);
    expect(isFound((pool) => wrapped(pool, {}))).toBe(false);
  });
});
