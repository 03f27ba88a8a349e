import { describe, expect, it } from 'vitest';
import { readAccount } from '../state/accounts.ts';
import { createStateWriter } from '../state/state-writer.ts';
import { RECEIPT_STATUS } from '../types/account.ts';
import { isRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionSizeBytes } from '../types/transaction-codec.ts';
import { amount, gas, hash, height, publicKey } from '../types/units.ts';
import { type AppliedTransaction, applyTransaction } from './apply-transaction.ts';
import { plainTestRules, TestChain, testAddress, testGenesis } from './test-chain.ts';

function setup(version = 1, rules = plainTestRules()) {
  const chain = new TestChain(testGenesis(), rules);
  const state = createStateWriter(chain.state);
  const header = { ...chain.header, version, height: height(5) };
  const block = { header, system: { evidence: [], lastCommit: '' }, fees: amount(0n) };
  const { genesis, genesisId } = chain.context;
  const apply = (transaction: Transaction) =>
    applyTransaction({ genesis, genesisId, rules, view: chain.view, block, state }, transaction);
  return {
    chain,
    state,
    apply,
    applied: (transaction: Transaction): AppliedTransaction => {
      const result = apply(transaction);
      if (isRejection(result)) throw new Error(result.code);
      return result;
    },
    balance: (index: number) => readAccount(state, testAddress(index)).balance,
    nonce: (index: number) => readAccount(state, testAddress(index)).nonce,
  };
}

describe('a transfer', () => {
  it('moves the amount, takes gas for bytes and signature as the fee, and counts the nonce', () => {
    const { chain, applied, balance, nonce } = setup();
    const transaction = chain.transfer(0, 1, 70n, { gasPrice: amount(3n) });
    const { receipt, fee } = applied(transaction);
    const expectedGas = transactionSizeBytes(transaction) + 100;
    expect(receipt).toMatchObject({ status: RECEIPT_STATUS.OK, gasUsed: expectedGas });
    expect(fee).toBe(BigInt(expectedGas) * 3n);
    expect(balance(0)).toBe(1_000_000n - 70n - fee);
    expect(balance(1)).toBe(1_000_070n);
    expect(nonce(0)).toBe(1);
    expect(nonce(1)).toBe(0);
  });

  it('pays gas for a new account, once', () => {
    const { chain, applied } = setup();
    const first = applied(chain.transfer(0, 8, 1n)).receipt.gasUsed;
    const second = applied(chain.transfer(0, 8, 1n, { nonce: 1 })).receipt.gasUsed;
    expect(first - second).toBe(500);
  });

  it('of nothing to nobody creates no account and pays for none', () => {
    const { chain, applied, state } = setup();
    const { receipt } = applied(chain.transfer(0, 8, 0n, { gasLimit: gas(400) }));
    expect(receipt.status).toBe(RECEIPT_STATUS.OK);
    expect(state.get('accounts', testAddress(8))).toBeUndefined();
  });

  it('to oneself costs the fee and nothing else, and needs the amount', () => {
    const { chain, applied, balance } = setup();
    const { fee, receipt } = applied(chain.transfer(0, 0, 900_000n));
    expect(receipt.status).toBe(RECEIPT_STATUS.OK);
    expect(balance(0)).toBe(1_000_000n - fee);
    const refused = applied(chain.transfer(0, 0, 1_000_001n, { nonce: 1 }));
    expect(refused.receipt.status).toBe(RECEIPT_STATUS.INSUFFICIENT_BALANCE);
  });

  it('spends what is left when gasLimit × gasPrice is set aside, and not a unit more', () => {
    const { chain, applied, balance } = setup();
    const most = 1_000_000n - 1_000n;
    const over = applied(chain.transfer(0, 1, most + 1n));
    expect(over.receipt.status).toBe(RECEIPT_STATUS.INSUFFICIENT_BALANCE);
    expect(balance(0)).toBe(1_000_000n - over.fee);
    expect(balance(1)).toBe(1_000_000n);
    const { applied: again, balance: left } = setup();
    const all = again(chain.transfer(0, 1, most));
    expect(all.receipt.status).toBe(RECEIPT_STATUS.OK);
    expect(left(0)).toBe(1_000n - all.fee);
  });

  it('that runs out of gas for a new account pays its whole limit and does nothing', () => {
    const { chain, applied, balance, state, nonce } = setup();
    const transaction = chain.transfer(0, 8, 5n, { gasLimit: gas(800) });
    const { receipt, fee } = applied(transaction);
    expect(receipt).toMatchObject({ status: RECEIPT_STATUS.OUT_OF_GAS, gasUsed: 800 });
    expect(balance(0)).toBe(1_000_000n - fee);
    expect(fee).toBe(800n);
    expect(nonce(0)).toBe(1);
    expect(state.get('accounts', testAddress(8))).toBeUndefined();
  });

  it('has just enough gas for a new account', () => {
    const { chain, applied } = setup();
    const size = transactionSizeBytes(chain.transfer(0, 8, 5n));
    const { receipt } = applied(chain.transfer(0, 8, 5n, { gasLimit: gas(size + 600) }));
    expect(receipt).toMatchObject({ status: RECEIPT_STATUS.OK, gasUsed: size + 600 });
  });

  it('that fails for want of balance pays no gas for the account that it did not create', () => {
    const { chain, applied, state } = setup();
    const { receipt } = applied(chain.transfer(0, 8, 2_000_000n));
    expect(receipt.gasUsed).toBe(transactionSizeBytes(chain.transfer(0, 8, 0n)) + 100);
    expect(state.get('accounts', testAddress(8))).toBeUndefined();
  });
});

describe('other actions', () => {
  it('burn exists from version 2 on', () => {
    const action = { kind: 'burn', amount: amount(10n) } as const;
    const one = setup(1);
    const v1 = one.chain.transaction(0, action);
    const v2 = one.chain.transaction(0, action, { version: 2 });
    expect(one.apply(v1)).toEqual({ code: 'ACTION_NOT_YET_VALID', action: 'burn', version: 1 });
    expect(one.apply(v2)).toEqual({ code: 'BAD_VERSION', version: 2 });
    const two = setup(2);
    expect(two.apply(v1)).toMatchObject({ code: 'ACTION_NOT_YET_VALID' });
    const { burnt, fee } = two.applied(v2);
    expect(burnt).toBe(10n);
    expect(two.balance(0)).toBe(1_000_000n - 10n - fee);
  });

  it('a burn of more than there is fails and burns nothing', () => {
    const { chain, applied, balance } = setup(2);
    const action = { kind: 'burn', amount: amount(2_000_000n) } as const;
    const { burnt, receipt, fee } = applied(chain.transaction(0, action, { version: 2 }));
    expect(receipt.status).toBe(RECEIPT_STATUS.INSUFFICIENT_BALANCE);
    expect(burnt).toBe(0n);
    expect(balance(0)).toBe(1_000_000n - fee);
  });

  it('transactions of an older version stay valid', () => {
    const { chain, applied } = setup(2);
    expect(applied(chain.transfer(0, 1, 1n)).receipt.status).toBe(RECEIPT_STATUS.OK);
  });

  it('stake without an engine that has stake is included and says so', () => {
    const { chain, applied, nonce } = setup();
    for (const [index, kind] of (['stake', 'unstake'] as const).entries()) {
      const transaction = chain.transaction(0, { kind, amount: amount(1n) }, { nonce: index });
      expect(applied(transaction).receipt.status).toBe(RECEIPT_STATUS.STAKE_UNSUPPORTED);
    }
    expect(nonce(0)).toBe(2);
  });

  it('stake goes to the engine that has stake, and is undone when it refuses', () => {
    const refusing = plainTestRules({
      applyAction(_view, _block, staker, _action, state) {
        state.put('validators', staker.address, Uint8Array.of(1));
        return RECEIPT_STATUS.STAKE_REFUSED;
      },
    });
    const { chain, applied, state } = setup(1, refusing);
    const { receipt } = applied(chain.transaction(0, { kind: 'stake', amount: amount(1n) }));
    expect(receipt.status).toBe(RECEIPT_STATUS.STAKE_REFUSED);
    expect(state.get('validators', testAddress(0))).toBeUndefined();
  });
});

describe('a transaction that no block may hold', () => {
  const { chain, apply, state } = setup();
  const { genesisId } = chain.context;
  const size = transactionSizeBytes(chain.transfer(0, 1, 1n));
  it.each([
    ['of version 0', { version: 0 }, { code: 'BAD_VERSION', version: 0 }],
    ['of another chain', { chainId: hash('ab'.repeat(32)) }, { code: 'WRONG_CHAIN', expected: genesisId }],
    ['of a key that is not canonical', { senderKey: publicKey('ff'.repeat(32)) }, { code: 'BAD_PUBLIC_KEY' }],
    ['of a key of small order', { senderKey: publicKey(`01${'00'.repeat(31)}`) }, { code: 'BAD_PUBLIC_KEY' }],
    [
      'with too little gas for its bytes and signature',
      { gasLimit: gas(size + 99) },
      { code: 'GAS_LIMIT_TOO_LOW', needed: size + 100 },
    ],
    [
      'with more gas than a block has',
      { gasLimit: gas(1_000_001) },
      { code: 'GAS_LIMIT_TOO_HIGH', max: 1_000_000 },
    ],
    ['below the least price', { gasPrice: amount(0n) }, { code: 'GAS_PRICE_TOO_LOW', min: 1n }],
    ['ahead of the nonce', { nonce: 1 }, { code: 'NONCE_GAP', nonce: 1, expected: 0 }],
    [
      'past its last height',
      { validUntilHeight: height(4) },
      { code: 'EXPIRED', validUntilHeight: 4, height: 5 },
    ],
    [
      'that cannot pay its limit',
      { gasPrice: amount(1_001n) },
      { code: 'CANNOT_PAY_FEE', balance: 1_000_000n, needed: 1_001_000n },
    ],
    [
      'that cannot pay more than 2^64',
      { gasPrice: amount(2n ** 64n - 1n) },
      { code: 'CANNOT_PAY_FEE', needed: 1_000n * (2n ** 64n - 1n) },
    ],
  ])('%s', (_name, overrides, expected) => {
    expect(apply(chain.transfer(0, 1, 1n, overrides))).toMatchObject(expected);
  });

  it('of an account that does not exist', () => {
    expect(apply(chain.transfer(7, 1, 0n))).toEqual({ code: 'SENDER_UNKNOWN', sender: testAddress(7) });
  });

  it('leaves the state as it was', () => {
    expect(state.changes()).toEqual([]);
  });

  it('with a used nonce', () => {
    const again = setup();
    again.applied(chain.transfer(0, 1, 1n));
    expect(again.apply(chain.transfer(0, 1, 2n))).toEqual({ code: 'NONCE_USED', nonce: 0, expected: 1 });
  });

  it('is accepted at its very last height', () => {
    const again = setup();
    expect(again.applied(chain.transfer(0, 1, 1n, { validUntilHeight: height(5) })).receipt.status).toBe(0);
  });
});
