import { describe, expect, it } from 'vitest';
import { NO_EFFECTS } from '../consensus/default-rules.ts';
import { readAccount } from '../state/accounts.ts';
import type { Block, Header } from '../types/block.ts';
import { receiptsRoot, transactionsRoot } from '../types/block-codec.ts';
import { isRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import { amount, gas, hash, height, SUPPLY_MAX } from '../types/units.ts';
import { credit } from './apply-transaction.ts';
import { ASSEMBLY_MISSES_MAX } from './assemble-block.ts';
import { circulating, readSupply } from './supply.ts';
import { plainTestRules, TestChain, testAddress, testGenesis } from './test-chain.ts';

function plainChain(): TestChain<{ readonly height: number }> {
  return new TestChain(testGenesis(), plainTestRules());
}

/** Rules that issue `reward` to the beneficiary of every block. */
function issuing(reward: bigint) {
  return plainTestRules({
    execute(phase, _view, block, state) {
      if (phase === 'begin') return NO_EFFECTS;
      credit(state, block.header.beneficiary, reward);
      return { ...NO_EFFECTS, issued: amount(reward) };
    },
  });
}

function reheaded(block: Block, header: Partial<Header>): Block {
  return { ...block, header: { ...block.header, ...header } };
}

/** A block with other transactions than its roots say, the roots set right. */
function filled(block: Block, transactions: readonly Transaction[]): Block {
  const header = { txCount: transactions.length, transactionsRoot: transactionsRoot(transactions) };
  return { ...reheaded(block, header), transactions };
}

describe('a block', () => {
  it('that was assembled executes to the roots that its header states', () => {
    const chain = plainChain();
    const block = chain.build([
      chain.transfer(0, 1, 5n),
      chain.transfer(1, 8, 7n),
      chain.transfer(0, 1, 5n, { nonce: 1 }),
    ]);
    const executed = chain.append(block);
    expect(block.header.txCount).toBe(3);
    expect(executed.receipts.map((receipt) => receipt.status)).toEqual([0, 0, 0]);
    expect(executed.state.root).toBe(block.header.stateRoot);
    expect(chain.view.height).toBe(1);
  });

  it('pays its fees to the beneficiary, whose account it creates without gas', () => {
    const chain = plainChain();
    const { state, receipts } = chain.append(chain.build([chain.transfer(0, 1, 5n)]));
    expect(readAccount(state, testAddress(9)).balance).toBe(BigInt(receipts[0]?.gasUsed ?? 0));
  });

  it('without fees and rewards leaves the state as it was, and creates no beneficiary', () => {
    const chain = plainChain();
    const before = chain.state.root;
    const { changes, state } = chain.append(chain.build([]));
    expect(changes).toEqual([]);
    expect(state.root).toBe(before);
  });

  it('pays the beneficiary after the last transaction: fees of a block are not spent in it', () => {
    const chain = plainChain();
    const rich = chain.transfer(0, 9, 600n);
    const poor = chain.transfer(9, 0, 0n, { gasLimit: gas(700) });
    expect(chain.build([rich, poor]).header.txCount).toBe(1);
    chain.append(chain.build([rich]));
    expect(chain.build([poor]).header.txCount).toBe(1);
  });

  it('counts what transfers to its beneficiary together with the fees', () => {
    const chain = plainChain();
    const { state, receipts } = chain.append(chain.build([chain.transfer(0, 9, 50n)]));
    const gasUsed = receipts[0]?.gasUsed ?? 0;
    expect(gasUsed).toBeGreaterThan(500);
    expect(readAccount(state, testAddress(9)).balance).toBe(50n + BigInt(gasUsed));
  });

  it('may come from the account that receives its fees', () => {
    const chain = plainChain();
    const { state } = chain.append(chain.build([chain.transfer(0, 1, 5n)], 0));
    expect(readAccount(state, testAddress(0)).balance).toBe(1_000_000n - 5n);
  });

  it('is refused with the first fact that is wrong', () => {
    const chain = plainChain();
    const block = chain.build([chain.transfer(0, 1, 5n)]);
    const other = hash('ab'.repeat(32));
    expect(chain.execute(reheaded(block, { version: 2 }))).toEqual({
      code: 'INVALID_HEADER',
      why: { code: 'WRONG_VERSION', version: 2, expected: 1 },
    });
    expect(chain.execute(reheaded(block, { txCount: 2 }))).toMatchObject({
      code: 'TRANSACTION_COUNT_MISMATCH',
    });
    expect(chain.execute(reheaded(block, { transactionsRoot: other }))).toMatchObject({
      code: 'TRANSACTIONS_ROOT_MISMATCH',
      stated: other,
      computed: block.header.transactionsRoot,
    });
    expect(chain.execute(reheaded(block, { systemRoot: other }))).toMatchObject({
      code: 'SYSTEM_ROOT_MISMATCH',
    });
    expect(chain.execute(reheaded(block, { receiptsRoot: other }))).toMatchObject({
      code: 'RECEIPTS_ROOT_MISMATCH',
      computed: block.header.receiptsRoot,
    });
    expect(chain.execute(reheaded(block, { stateRoot: other }))).toMatchObject({
      code: 'STATE_ROOT_MISMATCH',
      computed: block.header.stateRoot,
    });
    expect(chain.execute(reheaded(block, { gasUsed: gas(1) }))).toEqual({
      code: 'GAS_USED_MISMATCH',
      stated: 1,
      computed: block.header.gasUsed,
    });
  });

  it('is refused whole for one transaction that no block may hold', () => {
    const chain = plainChain();
    const good = chain.transfer(0, 1, 5n);
    const bad = chain.transfer(1, 0, 5n, { nonce: 3 });
    const result = chain.execute(filled(chain.build([]), [good, bad]));
    expect(result).toMatchObject({
      code: 'INVALID_TRANSACTION',
      index: 1,
      why: { code: 'NONCE_GAP', nonce: 3, expected: 0 },
    });
  });

  it('holds no transaction twice', () => {
    const chain = plainChain();
    const transaction = chain.transfer(0, 1, 5n);
    const result = chain.execute(filled(chain.build([]), [transaction, transaction]));
    expect(result).toMatchObject({ code: 'DUPLICATE_TRANSACTION' });
  });

  it('holds no system data that the engine does not know', () => {
    const chain = plainChain();
    const block = chain.build([]);
    const system = { evidence: ['00'], lastCommit: '' };
    const result = chain.execute({ ...block, system });
    expect(result).toMatchObject({ code: 'SYSTEM_ROOT_MISMATCH' });
    const computed =
      isRejection(result) && result.code === 'SYSTEM_ROOT_MISMATCH' ? result.computed : undefined;
    const committed = { ...reheaded(block, { systemRoot: hash(computed ?? '') }), system };
    expect(chain.execute(committed)).toMatchObject({ code: 'SYSTEM_DATA_INVALID' });
  });
});

describe('the limits of a block', () => {
  const small = { ...testGenesis().parameters, blockBytesMax: 4_096, blockGasMax: gas(1_000) };

  it('gas: what does not fit is left out when built, and refused when received', () => {
    const chain = new TestChain(
      testGenesis({ parameters: { ...small, blockBytesMax: 65_536 } }),
      plainTestRules(),
    );
    const three = [0, 1, 2].map((from) => chain.transfer(from, 3, 1n, { gasLimit: gas(400) }));
    const four = [...three, chain.transfer(3, 0, 1n, { gasLimit: gas(400) })];
    const block = chain.build(four);
    const fits = Math.floor(1_000 / (block.header.gasUsed / block.header.txCount));
    expect(block.header.txCount).toBe(fits);
    expect(fits).toBeLessThan(4);
    expect(chain.execute(filled(block, four))).toMatchObject({ code: 'BLOCK_GAS_EXCEEDED', max: 1_000 });
  });

  it('gas: a block may use all of it', () => {
    const gasUsed = plainChain().build([plainChain().transfer(0, 3, 1n)]).header.gasUsed;
    const parameters = { ...small, blockBytesMax: 65_536, blockGasMax: gas(2 * gasUsed) };
    const chain = new TestChain(testGenesis({ parameters }), plainTestRules());
    const two = [0, 1].map((from) => chain.transfer(from, 3, 1n, { gasLimit: gas(gasUsed) }));
    const block = chain.build(two);
    expect(block.header.gasUsed).toBe(2 * gasUsed);
    expect(isRejection(chain.execute(block))).toBe(false);
  });

  it('gas: a smaller one that comes later still finds its place', () => {
    const chain = new TestChain(
      testGenesis({ parameters: { ...small, blockBytesMax: 65_536 } }),
      plainTestRules(),
    );
    const creating = chain.transfer(1, 8, 1n);
    const plain = chain.transfer(2, 3, 1n);
    const block = chain.build([chain.transfer(0, 3, 1n), creating, plain]);
    expect(block.transactions.map(({ senderKey }) => senderKey)).toEqual([
      chain.transfer(0, 3, 1n).senderKey,
      plain.senderKey,
    ]);
  });

  it('bytes: a built block leaves room for the largest seal', () => {
    const chain = new TestChain(
      testGenesis({ parameters: { ...small, blockGasMax: gas(1_000_000) } }),
      plainTestRules(),
    );
    const many = Array.from({ length: 64 }, (_, nonce) => chain.transfer(0, 1, 1n, { nonce }));
    const block = chain.build(many);
    expect(block.header.txCount).toBeGreaterThan(5);
    const sealed = reheaded(block, { seal: '00'.repeat(1_024) });
    expect(isRejection(chain.execute(sealed))).toBe(false);
    const more = many.slice(0, block.header.txCount + 5);
    expect(chain.execute(filled(sealed, more))).toMatchObject({ code: 'BLOCK_TOO_LARGE', maxBytes: 4_096 });
  });
});

describe('the supply', () => {
  it('is what genesis allotted, plus issued, less burnt', () => {
    const chain = new TestChain(testGenesis(), issuing(25n), [{ height: height(2), version: 2 }]);
    chain.append(chain.build([]));
    const burn = chain.transaction(0, { kind: 'burn', amount: amount(40n) }, { version: 2 });
    const { supply, state } = chain.append(chain.build([burn]));
    expect(supply).toEqual({ genesis: 4_000_000n, issued: 50n, burnt: 40n });
    expect(readSupply(state)).toEqual(supply);
    expect(circulating(supply)).toBe(4_000_010n);
    const balances = [0, 1, 2, 3, 9].map((index) => readAccount(state, testAddress(index)).balance);
    expect(balances.reduce((sum, balance) => sum + balance, 0n)).toBe(4_000_010n);
  });

  it('never passes 2^63 - 1', () => {
    const nearly = testGenesis({}, 1, SUPPLY_MAX - 10n);
    const within = new TestChain(nearly, issuing(10n));
    const block = within.build([]);
    expect(isRejection(within.execute(block))).toBe(false);
    const over = new TestChain(nearly, issuing(11n));
    const stated = reheaded(block, { stateRoot: over.header.stateRoot });
    expect(over.execute(stated)).toEqual({ code: 'SUPPLY_EXCEEDED', supply: SUPPLY_MAX + 1n });
  });

  it('is defended against an engine that credits more than it says', () => {
    const lying = plainTestRules({
      execute(phase, _view, block, state) {
        if (phase === 'end') credit(state, block.header.beneficiary, 1n);
        return NO_EFFECTS;
      },
    });
    const chain = new TestChain(testGenesis(), lying);
    expect(() => chain.build([])).toThrowError(/sum of balances/);
  });
});

describe('assembly', () => {
  it('leaves out what does not apply, and takes the rest', () => {
    const chain = plainChain();
    const block = chain.build([
      chain.transfer(0, 1, 1n, { nonce: 4 }),
      chain.transfer(7, 1, 0n),
      chain.transfer(1, 2, 1n),
      chain.transfer(1, 2, 1n),
    ]);
    expect(block.header.txCount).toBe(1);
    expect(isRejection(chain.execute(block))).toBe(false);
  });

  it('stops asking a source of nothing but misses', () => {
    const chain = plainChain();
    let asked = 0;
    function* endless() {
      for (;;) {
        asked++;
        yield chain.transfer(0, 1, 1n, { nonce: 5 });
      }
    }
    expect(chain.build(endless()).header.txCount).toBe(0);
    expect(asked).toBe(ASSEMBLY_MISSES_MAX);
  });

  it('goes on as long as something fits now and then', () => {
    const chain = plainChain();
    function* mixed() {
      for (let nonce = 0; nonce < 3; nonce++) {
        for (let miss = 1; miss < ASSEMBLY_MISSES_MAX; miss++) yield chain.transfer(0, 1, 1n, { nonce: 9 });
        yield chain.transfer(0, 1, 1n, { nonce });
      }
    }
    expect(chain.build(mixed()).header.txCount).toBe(3);
  });

  it('gives the engine the same phases and facts as execution does', () => {
    const seen: string[] = [];
    const watching = plainTestRules({
      execute(phase, view, { header, fees }) {
        seen.push(`${phase} ${view.height} ${header.height} ${fees}`);
        return { ...NO_EFFECTS, data: Uint8Array.of(phase === 'begin' ? 1 : 2) };
      },
      afterExecution(view, effects) {
        seen.push(`after ${view.height} ${effects.data[0]}`);
        return view;
      },
    });
    const chain = new TestChain(testGenesis(), watching);
    const block = chain.build([chain.transfer(0, 1, 1n)]);
    const built = seen.splice(0);
    chain.append(block);
    expect(seen.filter((line) => !line.startsWith('after'))).toEqual(built);
    expect(seen.slice(-2)).toEqual(['after 1 1', 'after 1 2']);
    expect(built[0]).toBe('begin 0 1 0');
    expect(built[1]).toBe(`end 0 1 ${block.header.gasUsed}`);
    expect(block.header.receiptsRoot).not.toBe(receiptsRoot([]));
  });
});
