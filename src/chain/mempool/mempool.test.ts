import { describe, expect, it } from 'vitest';
import { plainTestRules, TestChain, testAddress, testGenesis } from '../execution/test-chain.ts';
import type { UpgradeSchedule } from '../types/genesis.ts';
import { isRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionId, transactionSizeBytes } from '../types/transaction-codec.ts';
import { amount, height } from '../types/units.ts';
import { MEMPOOL_LIMITS, type MempoolLimits } from './limits.ts';
import { affectedAccounts, createMempool, replacementPrice } from './mempool.ts';

function setup(limits: Partial<MempoolLimits> = {}, accounts = 8, schedule: UpgradeSchedule = []) {
  const chain = new TestChain(testGenesis({}, accounts), plainTestRules(), schedule);
  const head = () => ({ height: chain.header.height, state: chain.state });
  const pool = createMempool({ ...chain.context, limits: { ...MEMPOOL_LIMITS, ...limits } }, head());
  return {
    chain,
    pool,
    head,
    pay: (from: number, nonce: number, price: bigint, more: Partial<Transaction> = {}) =>
      chain.transfer(from, 7, 1n, { nonce, gasPrice: amount(price), ...more }),
    accept: (transaction: Transaction) => {
      const admission = pool.add(transaction);
      if (admission.kind === 'refused') throw new Error(admission.why.code);
      return admission;
    },
    refusal: (transaction: Transaction) => {
      const admission = pool.add(transaction);
      return admission.kind === 'refused' ? admission.why : undefined;
    },
    selected: () => [...pool.select()].map(({ nonce, gasPrice }) => `${gasPrice}:${nonce}`),
  };
}

describe('admission', () => {
  it('takes what the next block could hold, and says that it is ready', () => {
    const { pool, pay, accept } = setup();
    const transaction = pay(0, 0, 5n);
    expect(accept(transaction)).toEqual({
      kind: 'accepted',
      id: transactionId(transaction),
      isReady: true,
      dropped: [],
    });
    expect(pool.has(transactionId(transaction))).toBe(true);
    expect(pool.get(transactionId(transaction))).toBe(transaction);
    expect([pool.count, pool.bytes, pool.queued]).toEqual([1, transactionSizeBytes(transaction), 0]);
  });

  it('refuses the same one twice', () => {
    const { pay, accept, refusal } = setup();
    accept(pay(0, 0, 5n));
    expect(refusal(pay(0, 0, 5n))).toMatchObject({ code: 'ALREADY_KNOWN' });
  });

  it('refuses what no state could make valid', () => {
    const { pay, refusal } = setup();
    expect(refusal(pay(0, 0, 0n))).toMatchObject({ code: 'GAS_PRICE_TOO_LOW' });
    expect(refusal(pay(0, 0, 5n, { version: 2 }))).toMatchObject({ code: 'BAD_VERSION' });
  });

  it('refuses unknown senders, used nonces, and what the next block is too late for', () => {
    const { chain, pool, head, pay, refusal } = setup();
    expect(refusal(pay(9, 0, 5n))).toEqual({ code: 'SENDER_UNKNOWN', sender: testAddress(9) });
    const block = chain.build([pay(0, 0, 1n)]);
    chain.append(block);
    pool.onHead(head(), [block], []);
    expect(refusal(pay(0, 0, 5n))).toEqual({ code: 'NONCE_USED', nonce: 0, expected: 1 });
    expect(refusal(pay(1, 0, 5n, { validUntilHeight: height(1) }))).toEqual({
      code: 'EXPIRED',
      validUntilHeight: 1,
      height: 2,
    });
    expect(refusal(pay(1, 0, 5n, { validUntilHeight: height(2) }))).toBeUndefined();
  });

  it('never lets a sender promise more fees than it has', () => {
    const { pay, accept, refusal } = setup();
    accept(pay(0, 0, 600n));
    expect(refusal(pay(0, 1, 401n))).toEqual({
      code: 'CANNOT_PAY_FEE',
      balance: 1_000_000n,
      needed: 1_001_000n,
    });
    accept(pay(0, 1, 400n));
    expect(refusal(pay(0, 1, 441n))).toMatchObject({ code: 'CANNOT_PAY_FEE', needed: 1_041_000n });
  });

  it('answers by `check` what `add` would, and changes nothing', () => {
    const { pool, pay, accept } = setup();
    const transaction = pay(0, 0, 5n);
    expect(pool.check(transaction)).toBeUndefined();
    expect(pool.count).toBe(0);
    accept(transaction);
    expect(pool.check(transaction)).toMatchObject({ code: 'ALREADY_KNOWN' });
  });
});

describe('nonces', () => {
  it('wait for a gap of at most 16 to fill', () => {
    const { pool, pay, accept, refusal, selected } = setup();
    expect(refusal(pay(0, 17, 5n))).toEqual({ code: 'NONCE_GAP', nonce: 17, expected: 0, gapMax: 16 });
    expect(accept(pay(0, 16, 5n)).isReady).toBe(false);
    for (let nonce = 1; nonce < 16; nonce++) accept(pay(0, nonce, 5n));
    expect([pool.count, pool.queued]).toEqual([16, 16]);
    expect(selected()).toEqual([]);
    accept(pay(0, 0, 5n));
    expect(pool.queued).toBe(0);
    expect(selected()).toHaveLength(17);
  });

  it('count the gap from the first that is missing', () => {
    const { pay, accept, refusal } = setup();
    accept(pay(0, 0, 5n));
    accept(pay(0, 1, 5n));
    expect(refusal(pay(0, 19, 5n))).toMatchObject({ code: 'NONCE_GAP', expected: 2 });
    accept(pay(0, 18, 5n));
  });

  it('of one sender are at most 64', () => {
    const { pool, pay, accept, refusal } = setup();
    for (let nonce = 0; nonce < 64; nonce++) accept(pay(0, nonce, 5n));
    expect(refusal(pay(0, 64, 500n))).toEqual({ code: 'SENDER_LIMIT', max: 64 });
    expect(pool.count).toBe(64);
  });

  it('that fill a gap push out the highest when the sender is full', () => {
    const { pay, accept, pool } = setup({ perSenderMax: 3 });
    const last = pay(0, 4, 9n);
    for (const transaction of [pay(0, 2, 9n), pay(0, 3, 9n), last]) accept(transaction);
    expect(accept(pay(0, 0, 9n)).dropped).toEqual([{ id: transactionId(last), reason: 'evicted' }]);
    expect(pool.count).toBe(3);
  });
});

describe('replacement', () => {
  it('demands 10 % more, rounded up, and always more', () => {
    expect([0n, 1n, 9n, 10n, 11n, 100n, 101n].map(replacementPrice)).toEqual([
      1n,
      2n,
      10n,
      11n,
      13n,
      110n,
      112n,
    ]);
  });

  it('takes the place of the old transaction and tells so', () => {
    const { pool, pay, accept, refusal, selected } = setup();
    const old = pay(0, 0, 11n);
    accept(old);
    accept(pay(0, 1, 5n));
    expect(refusal(pay(0, 0, 12n))).toEqual({ code: 'REPLACEMENT_UNDERPRICED', gasPrice: 12n, needed: 13n });
    expect(accept(pay(0, 0, 13n)).dropped).toEqual([{ id: transactionId(old), reason: 'replaced' }]);
    expect(pool.has(transactionId(old))).toBe(false);
    expect(selected()).toEqual(['13:0', '5:1']);
  });

  it('works in a full mempool', () => {
    const { pool, pay, accept } = setup({ countMax: 2 });
    accept(pay(0, 0, 10n));
    accept(pay(1, 0, 20n));
    accept(pay(0, 0, 11n));
    expect(pool.count).toBe(2);
  });
});

describe('selection', () => {
  it('is by price, then by arrival, each sender in the order of its nonces', () => {
    const { pay, accept, selected } = setup();
    accept(pay(0, 0, 5n));
    accept(pay(0, 1, 90n));
    accept(pay(1, 0, 50n));
    accept(pay(2, 0, 50n));
    accept(pay(3, 2, 99n));
    accept(pay(1, 1, 5n));
    expect(selected()).toEqual(['50:0', '50:0', '5:0', '90:1', '5:1']);
  });

  it('has ids in the same order, and entries of all', () => {
    const { pool, pay, accept } = setup();
    const transactions = [pay(0, 0, 5n), pay(1, 0, 9n), pay(2, 1, 7n)];
    for (const transaction of transactions) accept(transaction);
    const [low, high] = transactions.map((t) => transactionId(t));
    expect([...pool.ids()]).toEqual([high, low]);
    expect([...pool.entries()].map(([id]) => id)).toEqual(transactions.map((t) => transactionId(t)));
  });

  it('fills a block', () => {
    const { chain, pool, pay, accept } = setup();
    for (let nonce = 0; nonce < 20; nonce++)
      for (let from = 0; from < 5; from++) accept(pay(from, nonce, 5n));
    const block = chain.build(pool.select());
    expect(block.header.txCount).toBe(100);
    expect(isRejection(chain.execute(block))).toBe(false);
  });
});

describe('a full mempool', () => {
  it("evicts the cheapest sender's highest nonce", () => {
    const { pay, accept, selected } = setup({ countMax: 3 });
    accept(pay(0, 0, 5n));
    const highest = pay(0, 1, 80n);
    accept(highest);
    accept(pay(1, 0, 9n));
    expect(accept(pay(2, 0, 6n)).dropped).toEqual([{ id: transactionId(highest), reason: 'evicted' }]);
    expect(selected()).toEqual(['9:0', '6:0', '5:0']);
  });

  it('refuses what would be the first to go, and says what it has to pay more than', () => {
    const { pool, pay, refusal, accept } = setup({ countMax: 2 });
    accept(pay(0, 0, 5n));
    accept(pay(1, 0, 9n));
    expect(refusal(pay(2, 0, 5n))).toEqual({ code: 'MEMPOOL_FULL', gasPriceFloor: 5n });
    expect(refusal(pay(0, 1, 900n))).toMatchObject({ code: 'MEMPOOL_FULL' });
    expect(pool.count).toBe(2);
  });

  it('of equally cheap senders evicts the latest', () => {
    const { pay, accept, pool } = setup({ countMax: 2 });
    const [first, second] = [pay(0, 0, 5n), pay(1, 0, 5n)];
    accept(first);
    accept(second);
    accept(pay(2, 0, 6n));
    expect([pool.has(transactionId(first)), pool.has(transactionId(second))]).toEqual([true, false]);
  });

  it('first lets go of what waits for a missing nonce, however well it pays, and takes no more of it', () => {
    const { pool, pay, accept, refusal, selected } = setup({ countMax: 3 });
    accept(pay(0, 0, 1n));
    const waiting = pay(1, 1, 100n);
    accept(waiting);
    accept(pay(2, 0, 2n));
    expect(accept(pay(3, 0, 1n)).dropped).toEqual([{ id: transactionId(waiting), reason: 'evicted' }]);
    expect(refusal(pay(4, 1, 100n))).toMatchObject({ code: 'MEMPOOL_FULL' });
    expect([pool.queued, selected()]).toEqual([0, ['2:0', '1:0', '1:0']]);
  });

  it('is full by bytes too', () => {
    const { pay, accept, pool, refusal } = setup({ bytesMax: 700 });
    for (const from of [0, 1, 2]) accept(pay(from, 0, 5n));
    expect(pool.bytes).toBeLessThanOrEqual(700);
    expect(refusal(pay(3, 0, 5n))).toMatchObject({ code: 'MEMPOOL_FULL' });
    accept(pay(3, 0, 6n));
    expect(pool.count).toBe(3);
  });

  it('puts everything back when a newcomer does not survive what it would push out', () => {
    const { chain, pay, accept, refusal, pool } = setup({ bytesMax: 3 * 172 + 10 });
    const short = (from: number, price: bigint) =>
      chain.transaction(from, { kind: 'stake', amount: amount(1n) }, { gasPrice: amount(price) });
    const held = [short(0, 5n), short(1, 9n), short(2, 9n)];
    expect(held.map(transactionSizeBytes)).toEqual([172, 172, 172]);
    expect(transactionSizeBytes(pay(3, 0, 6n))).toBe(204);
    for (const transaction of held) accept(transaction);
    expect(refusal(pay(3, 0, 6n))).toEqual({ code: 'MEMPOOL_FULL', gasPriceFloor: 5n });
    expect([...pool.entries()].map(([id]) => id).sort()).toEqual(held.map((t) => transactionId(t)).sort());
  });
});

describe('a new head', () => {
  it('takes away what it includes, without a word, and readies what waited', () => {
    const { chain, pool, head, pay, accept, selected } = setup();
    const included = pay(0, 0, 5n);
    for (const transaction of [included, pay(0, 1, 5n), pay(1, 0, 6n)]) accept(transaction);
    const block = chain.build([included]);
    chain.append(block);
    expect(pool.onHead(head(), [block], [])).toEqual([]);
    expect(pool.has(transactionId(included))).toBe(false);
    expect(selected()).toEqual(['6:0', '5:1']);
  });

  it('drops as stale what another transaction of that nonce made impossible', () => {
    const { chain, pool, head, pay, accept } = setup();
    const here = pay(0, 0, 5n);
    accept(here);
    const block = chain.build([pay(0, 0, 4n)]);
    chain.append(block);
    expect(pool.onHead(head(), [block], [])).toEqual([{ id: transactionId(here), reason: 'stale' }]);
    expect([pool.count, pool.bytes, pool.queued]).toEqual([0, 0, 0]);
  });

  it('drops the highest nonces that a sender cannot pay any more', () => {
    const { chain, pool, head, pay, accept, selected } = setup();
    accept(pay(0, 1, 300n));
    const dear = pay(0, 2, 300n);
    accept(dear);
    const block = chain.build([chain.transfer(0, 1, 500_000n)]);
    chain.append(block);
    expect(pool.onHead(head(), [block], [])).toEqual([{ id: transactionId(dear), reason: 'stale' }]);
    expect(selected()).toEqual(['300:1']);
  });

  it('drops what expired', () => {
    const { chain, pool, head, pay, accept } = setup();
    const [soon, later] = [
      pay(0, 0, 5n, { validUntilHeight: height(1) }),
      pay(1, 0, 5n, { validUntilHeight: height(2) }),
    ];
    for (const transaction of [soon, later, pay(2, 0, 5n)]) accept(transaction);
    for (const expected of [soon, later]) {
      const block = chain.build([]);
      chain.append(block);
      expect(pool.onHead(head(), [block], [])).toEqual([{ id: transactionId(expected), reason: 'expired' }]);
    }
    expect(pool.count).toBe(1);
  });

  it('on another branch makes nonces wait again, until what returned is back', () => {
    const { chain, pool, head, pay, accept, selected } = setup();
    const before = head();
    const returned = pay(0, 0, 5n);
    const block = chain.build([returned]);
    chain.append(block);
    pool.onHead(head(), [block], []);
    accept(pay(0, 1, 5n));
    expect(pool.onHead(before, [], [block])).toEqual([]);
    expect([selected(), pool.queued]).toEqual([[], 1]);
    accept(returned);
    expect([selected(), pool.queued]).toEqual([['5:0', '5:1'], 0]);
  });

  it('on another branch makes what waits there the first to go', () => {
    const { chain, pool, head, pay, accept } = setup({ countMax: 3 });
    const before = head();
    const block = chain.build([pay(0, 0, 5n)]);
    chain.append(block);
    pool.onHead(head(), [block], []);
    accept(pay(1, 0, 2n));
    accept(pay(2, 0, 3n));
    const dear = pay(0, 1, 90n);
    accept(dear);
    pool.onHead(before, [], [block]);
    expect(accept(pay(3, 0, 1n)).dropped).toEqual([{ id: transactionId(dear), reason: 'evicted' }]);
  });

  it('without an account drops all that the account sent', () => {
    const { chain, pool, head, pay, accept } = setup({}, 4);
    const before = head();
    const block = chain.build([chain.transfer(0, 20, 50_000n)]);
    chain.append(block);
    pool.onHead(head(), [block], []);
    const orphan = pay(20, 0, 5n);
    accept(orphan);
    expect(pool.onHead(before, [], [block])).toEqual([{ id: transactionId(orphan), reason: 'stale' }]);
  });

  it('before an upgrade drops what the older version does not know', () => {
    const { chain, pool, head, pay, accept } = setup({}, 4, [{ height: height(2), version: 2 }]);
    const before = head();
    const block = chain.build([]);
    chain.append(block);
    pool.onHead(head(), [block], []);
    const newer = pay(0, 0, 5n, { version: 2 });
    accept(newer);
    accept(pay(1, 0, 5n));
    expect(pool.onHead(before, [], [block])).toEqual([{ id: transactionId(newer), reason: 'stale' }]);
    expect(pool.count).toBe(1);
  });

  it('looks at senders, receivers and beneficiaries of its blocks', () => {
    const { chain } = setup();
    const block = chain.build([chain.transfer(0, 1, 1n), chain.transfer(2, 2, 1n)]);
    expect([...affectedAccounts([block])]).toEqual([9, 0, 1, 2].map(testAddress));
  });
});

describe('remove', () => {
  it('leaves later nonces waiting', () => {
    const { pool, pay, accept } = setup();
    const first = pay(0, 0, 5n);
    accept(first);
    accept(pay(0, 1, 5n));
    expect(pool.remove(transactionId(first))).toBe(true);
    expect(pool.remove(transactionId(first))).toBe(false);
    expect([pool.count, pool.queued]).toEqual([1, 1]);
  });
});
