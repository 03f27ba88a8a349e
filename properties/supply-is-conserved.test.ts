import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SystemEffects } from '../src/chain/consensus/consensus.ts';
import { NO_EFFECTS } from '../src/chain/consensus/default-rules.ts';
import { credit } from '../src/chain/execution/apply-transaction.ts';
import { circulating, readSupply } from '../src/chain/execution/supply.ts';
import { plainTestRules, TestChain, testAddress, testGenesis } from '../src/chain/execution/test-chain.ts';
import { readAccount } from '../src/chain/state/accounts.ts';
import type { State } from '../src/chain/state/state.ts';
import { RECEIPT_STATUS } from '../src/chain/types/account.ts';
import { decodeAccount } from '../src/chain/types/account-codec.ts';
import type { Action, Transaction } from '../src/chain/types/transaction.ts';
import { amount, gas, height } from '../src/chain/types/units.ts';
import { isDecodeRejection } from '../src/env/network.ts';
import { checkLaw } from './check-law.ts';

const ACCOUNTS = 4;
/** Small, so that transfers fail now and then. */
const BALANCE = 20_000n;

/** Accounts beyond those of genesis are new. */
const account = fc.nat({ max: ACCOUNTS + 2 });
const values = fc.oneof(fc.constantFrom(0n, 1n, BALANCE), fc.bigInt({ min: 0n, max: 2n * BALANCE }));

const payments = fc.record({
  from: account,
  to: account,
  kind: fc.constantFrom('transfer' as const, 'transfer' as const, 'burn' as const, 'stake' as const),
  value: values,
  gasLimit: fc.integer({ min: 300, max: 1_500 }),
  gasPrice: fc.integer({ min: 1, max: 9 }),
});
type Payment = typeof payments extends fc.Arbitrary<infer T> ? T : never;

const lives = fc.array(fc.record({ payments: fc.array(payments, { maxLength: 6 }), beneficiary: account }), {
  minLength: 1,
  maxLength: 8,
});
type Life = typeof lives extends fc.Arbitrary<infer T> ? T : never;

type Reward = (chain: { readonly height: number }) => SystemEffects;

function actionOf({ kind, to, value }: Payment): Action {
  return kind === 'transfer'
    ? { kind, to: testAddress(to), amount: amount(value) }
    : { kind, amount: amount(value) };
}

/** Every account that there is. */
function balancesOf(state: State): bigint {
  let sum = 0n;
  for (const { namespace, value } of state.leaves(undefined, 1_000)) {
    if (namespace !== 'accounts') continue;
    const found = decodeAccount(value);
    if (!isDecodeRejection(found)) sum += found.balance;
  }
  return sum;
}

interface Totals {
  issued: bigint;
  burnt: bigint;
  burns: number;
}

/** Plays a life; after each block what exists must be what genesis allotted, was issued and was not burnt. */
function play(life: Life, reward: bigint, told: Reward): Totals {
  const rules = plainTestRules({
    execute(phase, view, block, state) {
      if (phase === 'begin') return NO_EFFECTS;
      if (reward > 0n) credit(state, block.header.beneficiary, reward);
      return told(view);
    },
  });
  const chain = new TestChain(testGenesis({}, ACCOUNTS, BALANCE), rules, [{ height: height(2), version: 2 }]);
  const totals: Totals = { issued: 0n, burnt: 0n, burns: 0 };
  for (const { payments: wanted, beneficiary } of life) {
    const nonces = new Map<number, number>();
    const version = chain.header.height + 1 < 2 ? 1 : 2;
    const transactions = wanted.map((payment): Transaction => {
      const { nonce } = readAccount(chain.state, testAddress(payment.from));
      const own = nonces.get(payment.from) ?? nonce;
      nonces.set(payment.from, own + 1);
      return chain.transaction(payment.from, actionOf(payment), {
        version,
        nonce: own,
        gasLimit: gas(payment.gasLimit),
        gasPrice: amount(BigInt(payment.gasPrice)),
      });
    });
    const block = chain.build(transactions, beneficiary);
    const { receipts, state, supply } = chain.append(block);
    totals.issued += reward;
    for (const [index, { action }] of block.transactions.entries()) {
      if (action.kind !== 'burn' || receipts[index]?.status !== RECEIPT_STATUS.OK) continue;
      totals.burnt += action.amount;
      totals.burns++;
    }
    const exists = BigInt(ACCOUNTS) * BALANCE + totals.issued - totals.burnt;
    expect(balancesOf(state)).toBe(exists);
    expect(circulating(supply)).toBe(exists);
    expect(readSupply(state)).toEqual(supply);
  }
  return totals;
}

describe('Over any blocks of transfers, burns, failures and fees', () => {
  it('all balances are what genesis allotted, plus what was issued, less what was burnt', () => {
    let burns = 0;
    let runs = 0;
    checkLaw(
      fc.property(lives, fc.bigInt({ min: 0n, max: 50n }), (life, reward) => {
        runs++;
        burns += play(life, reward, () => ({ ...NO_EFFECTS, issued: amount(reward) })).burns;
      }),
      { numRuns: 400 },
    );
    expect(burns).toBeGreaterThanOrEqual(runs > 100 ? runs / 10 : 0);
  });

  it('an engine that credits more than it tells is found, and one that tells more than it credits', () => {
    const isFound = (reward: bigint, issued: bigint): boolean =>
      fc.check(
        fc.property(lives, (life) => {
          play(life, reward, (view) => ({
            ...NO_EFFECTS,
            issued: amount(view.height === 3 ? issued : reward),
          }));
        }),
        { numRuns: 50, seed: 1 },
      ).failed;
    expect(isFound(5n, 4n)).toBe(true);
    expect(isFound(5n, 6n)).toBe(true);
    expect(isFound(5n, 5n)).toBe(false);
  });
});
