import { describe, expect, it } from 'vitest';
import { testAddress, testKey } from '../../execution/test-chain.ts';
import { readAccount } from '../../state/accounts.ts';
import { createStateWriter } from '../../state/state-writer.ts';
import { RECEIPT_STATUS } from '../../types/account.ts';
import { amount, height } from '../../types/units.ts';
import type { StakeAction } from '../consensus.ts';
import { SEATS_MAX } from './evidence-window.ts';
import { readStake, readTotals, readUnbonding, UNBONDING_ENTRIES_MAX } from './stake-records.ts';
import { applyStakeAction } from './staking.ts';
import { type BlockParts, PosTestChain, posTestGenesis } from './test-chain.ts';
import { RELEASES_MAX } from './unbonding.ts';
import { TOTAL_POWER_MAX } from './validator-set.ts';

function chainOf(
  stakes: readonly bigint[] = [4_000n, 3_000n],
  overrides: Parameters<typeof posTestGenesis>[1] = {},
): PosTestChain {
  return new PosTestChain(posTestGenesis(stakes, overrides));
}

/** Statuses of the block's transactions. */
function statuses(chain: PosTestChain, parts: BlockParts): readonly number[] {
  return chain.append(parts).receipts.map(({ status }) => status);
}

function staked(chain: PosTestChain, index: number): bigint {
  return readStake(chain.state, testAddress(index))?.bonded ?? 0n;
}

describe('stake', () => {
  it('makes a validator from 1,000 on, and not of one unit less', () => {
    const chain = chainOf();
    expect(statuses(chain, { transactions: [chain.stake(5, 999n), chain.stake(6, 1_000n)] })).toEqual([
      RECEIPT_STATUS.STAKE_TOO_LOW,
      RECEIPT_STATUS.OK,
    ]);
    expect([staked(chain, 5), staked(chain, 6)]).toEqual([0n, 1_000n]);
    expect(readTotals(chain.state)).toMatchObject({ count: 3, bonded: 8_000n, unbonding: 0n });
  });

  it('acts two heights later', () => {
    const chain = chainOf();
    chain.append({ transactions: [chain.stake(5, 2_000n)] });
    const { current, next } = chain.view;
    expect(chain.membersOf(current)).toEqual([
      [0, 4_000n],
      [1, 3_000n],
    ]);
    expect(chain.membersOf(next)).toEqual([
      [0, 4_000n],
      [1, 3_000n],
      [5, 2_000n],
    ]);
  });

  it('is added to what is there, by any amount above nothing', () => {
    const chain = chainOf();
    expect(statuses(chain, { transactions: [chain.stake(1, 1n), chain.stake(1, 0n)] })).toEqual([
      RECEIPT_STATUS.OK,
      RECEIPT_STATUS.STAKE_REFUSED,
    ]);
    expect(chain.membersOf(chain.view.next)).toEqual([
      [0, 4_000n],
      [1, 3_001n],
    ]);
  });

  it('takes from the balance what is left beside the fee', () => {
    const chain = chainOf();
    const most = 1_000_000n - 1_000n;
    expect(statuses(chain, { transactions: [chain.stake(5, most + 1n), chain.stake(6, most)] })).toEqual([
      RECEIPT_STATUS.INSUFFICIENT_BALANCE,
      RECEIPT_STATUS.OK,
    ]);
    expect(readAccount(chain.state, testAddress(6)).balance).toBeLessThan(1_000n);
  });

  it('is refused to a newcomer when the set is full, and not to who is there', () => {
    const chain = chainOf([4_000n, 3_000n], { validatorsMax: 3 });
    const transactions = [chain.stake(5, 1_000n), chain.stake(6, 900_000n), chain.stake(1, 50n)];
    expect(statuses(chain, { transactions })).toEqual([
      RECEIPT_STATUS.OK,
      RECEIPT_STATUS.TOO_MANY_VALIDATORS,
      RECEIPT_STATUS.OK,
    ]);
    // Who leaves makes room at once.
    const swap = [chain.unstake(5, 1_000n), chain.stake(6, 1_000n)];
    expect(statuses(chain, { transactions: swap })).toEqual([RECEIPT_STATUS.OK, RECEIPT_STATUS.OK]);
    expect(chain.membersOf(chain.view.next).map(([index]) => index)).toEqual([0, 1, 6]);
  });

  it('is refused to a newcomer when the seats that may be accused are full', () => {
    const chain = chainOf();
    const state = createStateWriter(chain.state);
    const block = {
      header: chain.build().header,
      system: { evidence: [], lastCommit: '' },
      fees: amount(0n),
    };
    const seat = { key: testKey(20), from: height(1), until: height(1), isTombstoned: false };
    const left = (count: number) => Array.from({ length: count }, () => seat);
    const stakeOn = (count: number, index: number) =>
      applyStakeAction(
        { ...chain.view, window: { ...chain.view.window, left: left(count) } },
        block,
        { address: testAddress(index), key: testKey(index) },
        { kind: 'stake', amount: amount(1_000n) } satisfies StakeAction,
        state,
      );
    expect(stakeOn(SEATS_MAX - 3, 5)).toBe(RECEIPT_STATUS.OK);
    expect(stakeOn(SEATS_MAX - 3, 6)).toBe(RECEIPT_STATUS.TOO_MANY_VALIDATORS);
    expect(stakeOn(SEATS_MAX - 4, 6)).toBe(RECEIPT_STATUS.OK);
  });

  it('is refused when the power would pass what priorities can count', () => {
    const chain = chainOf([TOTAL_POWER_MAX - 2_000n, 1_000n]);
    const transactions = [chain.stake(5, 1_001n), chain.stake(5, 1_000n)];
    expect(statuses(chain, { transactions })).toEqual([RECEIPT_STATUS.STAKE_TOO_HIGH, RECEIPT_STATUS.OK]);
    expect(chain.view.next.totalPower).toBe(TOTAL_POWER_MAX);
  });

  it('that fails costs the fee alone', () => {
    const chain = chainOf();
    const { receipts } = chain.append({ transactions: [chain.stake(5, 999n)] });
    const fee = BigInt(receipts[0]?.gasUsed ?? 0);
    expect(readAccount(chain.state, testAddress(5)).balance).toBe(1_000_000n - fee);
    expect(readTotals(chain.state)).toMatchObject({ count: 2, changes: 0, joined: 0 });
  });
});

describe('unstake', () => {
  it('leaves nothing or at least 1,000', () => {
    const chain = chainOf();
    const transactions = [
      chain.unstake(1, 3_001n),
      chain.unstake(1, 2_001n),
      chain.unstake(1, 0n),
      chain.unstake(1, 2_000n),
      chain.unstake(7, 1n),
    ];
    expect(statuses(chain, { transactions })).toEqual([
      RECEIPT_STATUS.STAKE_REFUSED,
      RECEIPT_STATUS.STAKE_TOO_LOW,
      RECEIPT_STATUS.STAKE_REFUSED,
      RECEIPT_STATUS.OK,
      RECEIPT_STATUS.STAKE_REFUSED,
    ]);
    expect(chain.membersOf(chain.view.next)).toEqual([
      [0, 4_000n],
      [1, 1_000n],
    ]);
    expect(readTotals(chain.state)).toMatchObject({ count: 2, bonded: 5_000n, unbonding: 2_000n });
  });

  it('of everything ends the seat two heights later, but not that of the last validator', () => {
    const chain = chainOf();
    const transactions = [chain.unstake(1, 3_000n), chain.unstake(0, 4_000n)];
    expect(statuses(chain, { transactions })).toEqual([RECEIPT_STATUS.OK, RECEIPT_STATUS.LAST_VALIDATOR]);
    expect(chain.membersOf(chain.view.current)).toEqual([
      [0, 4_000n],
      [1, 3_000n],
    ]);
    expect(chain.membersOf(chain.view.next)).toEqual([[0, 4_000n]]);
    // The last may take back a part, and all when somebody else is there.
    expect(statuses(chain, { transactions: [chain.unstake(0, 1_000n)] })).toEqual([RECEIPT_STATUS.OK]);
    const both = [chain.stake(5, 1_000n), chain.unstake(0, 3_000n)];
    expect(statuses(chain, { transactions: both })).toEqual([RECEIPT_STATUS.OK, RECEIPT_STATUS.OK]);
    expect(chain.membersOf(chain.view.next)).toEqual([[5, 1_000n]]);
  });

  it('in the block of the stake leaves no trace in the set', () => {
    const chain = chainOf();
    const before = chain.membersOf(chain.view.next);
    const transactions = [chain.stake(5, 1_000n), chain.unstake(5, 1_000n)];
    expect(statuses(chain, { transactions })).toEqual([RECEIPT_STATUS.OK, RECEIPT_STATUS.OK]);
    expect(chain.membersOf(chain.view.next)).toEqual(before);
    expect(readTotals(chain.state)).toMatchObject({ changes: 0, joined: 0, unbonding: 1_000n });
  });

  it(`is refused while ${UNBONDING_ENTRIES_MAX} of the validator wait`, () => {
    const chain = chainOf([4_000n, 3_000n]);
    const transactions = Array.from({ length: UNBONDING_ENTRIES_MAX + 1 }, () => chain.unstake(1, 1n));
    const answers = statuses(chain, { transactions });
    expect(answers.slice(0, -1)).toEqual(answers.slice(0, -1).map(() => RECEIPT_STATUS.OK));
    expect(answers.at(-1)).toBe(RECEIPT_STATUS.TOO_MANY_UNBONDING);
  });
});

describe('unbonding', () => {
  /** Blocks come a second apart: what blocks and time ask for are told apart by the numbers. */
  function released(overrides: Parameters<typeof posTestGenesis>[1]): number {
    const chain = chainOf([4_000n, 3_000n], overrides);
    chain.append({ transactions: [chain.unstake(1, 1_500n)] });
    const began = chain.header.height;
    const before = readAccount(chain.state, testAddress(1)).balance;
    while (readTotals(chain.state).unbonding > 0n) {
      expect(readAccount(chain.state, testAddress(1)).balance).toBe(before);
      expect(readUnbonding(chain.state, 0)).toMatchObject({ amount: 1_500n, height: began + 1 });
      chain.append();
    }
    expect(readAccount(chain.state, testAddress(1)).balance).toBe(before + 1_500n);
    expect(readUnbonding(chain.state, 0)).toBeUndefined();
    expect(readStake(chain.state, testAddress(1))?.entries).toEqual([]);
    return chain.header.height - began;
  }

  it('takes so many blocks after the last height that the stake counted in', () => {
    expect(released({ unbondingBlocks: 6, unbondingMs: 4_001 })).toBe(7);
    expect(released({ unbondingBlocks: 9, unbondingMs: 4_001 })).toBe(10);
  });

  it('takes so long, when blocks are fast', () => {
    expect(released({ unbondingBlocks: 5, unbondingMs: 9_000 })).toBe(9);
    expect(released({ unbondingBlocks: 5, unbondingMs: 9_001 })).toBe(10);
  });

  it('deletes the record of who left, when all came back', () => {
    const chain = chainOf();
    chain.append({ transactions: [chain.unstake(1, 3_000n)] });
    expect(readStake(chain.state, testAddress(1))).toMatchObject({ bonded: 0n, entries: [0] });
    chain.run(7);
    expect(readStake(chain.state, testAddress(1))).toBeUndefined();
    expect(chain.rules.held?.(chain.state)).toBe(4_000n);
  });

  it('gives back in the order of the queue, a bounded number in a block', () => {
    const chain = chainOf(Array.from({ length: 8 }, () => 2_000n));
    const transactions = [...Array.from({ length: 8 * 10 }).keys()].map((i) => chain.unstake(i % 8, 1n));
    chain.append({ transactions });
    chain.run(6);
    expect(readTotals(chain.state)).toMatchObject({ first: 0, end: 80 });
    chain.append();
    expect(readTotals(chain.state)).toMatchObject({ first: RELEASES_MAX, unbonding: 80n - 64n });
    chain.append();
    expect(readTotals(chain.state)).toMatchObject({ first: 80, unbonding: 0n });
  });
});
