/** Stake and unstake: a validator's stake is its power. PROTOCOL.md, PoS. */
import { readAccount, writeAccount } from '../../state/accounts.ts';
import type { StateWriter } from '../../state/state.ts';
import { RECEIPT_STATUS, type ReceiptStatus } from '../../types/account.ts';
import { type Amount, amount, height } from '../../types/units.ts';
import type { BlockContext, StakeAction, Staker } from '../consensus.ts';
import { SEATS_MAX, seatCount } from './evidence-window.ts';
import {
  readStake,
  readTombstone,
  readTotals,
  type StakeRecord,
  type StakeTotals,
  UNBONDING_ENTRIES_MAX,
  writeChange,
  writeStake,
  writeTotals,
  writeUnbonding,
} from './stake-records.ts';
import { placeOf, TOTAL_POWER_MAX } from './validator-set.ts';
import type { PosView } from './view.ts';

/** For `ConsensusRules.applyAction`. The key of the sender is the validator's. */
export function applyStakeAction(
  view: PosView,
  block: BlockContext,
  staker: Staker,
  action: StakeAction,
  state: StateWriter,
): ReceiptStatus {
  if (action.amount === 0n) return RECEIPT_STATUS.STAKE_REFUSED;
  const before = readStake(state, staker.address) ?? { key: staker.key, bonded: amount(0n), entries: [] };
  return action.kind === 'stake'
    ? stake(view, staker, action.amount, before, state)
    : unstake(view, block, staker, action.amount, before, state);
}

function stake(
  view: PosView,
  { address, key }: Staker,
  value: Amount,
  before: StakeRecord,
  state: StateWriter,
): ReceiptStatus {
  const totals = readTotals(state);
  const account = readAccount(state, address);
  if (readTombstone(state, address) !== undefined) return RECEIPT_STATUS.TOMBSTONED;
  if (account.balance < value) return RECEIPT_STATUS.INSUFFICIENT_BALANCE;
  if (before.bonded + value < view.config.stakeMin) return RECEIPT_STATUS.STAKE_TOO_LOW;
  if (totals.bonded + value > TOTAL_POWER_MAX) return RECEIPT_STATUS.STAKE_TOO_HIGH;
  const isNew = before.bonded === 0n;
  if (isNew && isFull(view, totals)) return RECEIPT_STATUS.TOO_MANY_VALIDATORS;
  const joins = isNew && placeOf(view.next, key) === undefined;
  writeAccount(state, address, { ...account, balance: amount(account.balance - value) });
  writeStake(state, address, { ...before, bonded: amount(before.bonded + value) });
  noteChange(state, key, {
    ...totals,
    count: totals.count + (isNew ? 1 : 0),
    bonded: amount(totals.bonded + value),
    joined: totals.joined + (joins ? 1 : 0),
  });
  return RECEIPT_STATUS.OK;
}

/** A full set refuses: nobody is displaced, and of those who left nobody is forgotten while they may be accused. */
function isFull({ config, window }: PosView, { count, joined }: StakeTotals): boolean {
  return count >= config.validatorsMax || seatCount(window) + joined >= SEATS_MAX;
}

function unstake(
  view: PosView,
  block: BlockContext,
  { address, key }: Staker,
  value: Amount,
  before: StakeRecord,
  state: StateWriter,
): ReceiptStatus {
  if (value > before.bonded) return RECEIPT_STATUS.STAKE_REFUSED;
  const rest = amount(before.bonded - value);
  const totals = readTotals(state);
  if (rest > 0n && rest < view.config.stakeMin) return RECEIPT_STATUS.STAKE_TOO_LOW;
  if (rest === 0n && totals.count === 1) return RECEIPT_STATUS.LAST_VALIDATOR;
  if (before.entries.length >= UNBONDING_ENTRIES_MAX) return RECEIPT_STATUS.TOO_MANY_UNBONDING;
  unbond(state, block, { address, key }, { ...before, bonded: rest }, value, {
    ...totals,
    count: totals.count - (rest === 0n ? 1 : 0),
    bonded: amount(totals.bonded - value),
  });
  return RECEIPT_STATUS.OK;
}

/** Puts stake that `stake` and `totals` count no more at the end of the queue, and notes the change. */
export function unbond(
  state: StateWriter,
  { header }: BlockContext,
  { address, key }: Staker,
  record: StakeRecord,
  value: Amount,
  totals: StakeTotals,
): void {
  const index = totals.end;
  const { timestampMs } = header;
  writeUnbonding(state, index, {
    owner: address,
    amount: value,
    height: height(header.height + 1),
    timestampMs,
  });
  writeStake(state, address, { ...record, entries: [...record.entries, index] });
  noteChange(state, key, { ...totals, unbonding: amount(totals.unbonding + value), end: index + 1 });
}

/** Writes the totals, with one change more for the next set. */
export function noteChange(state: StateWriter, key: Staker['key'], totals: StakeTotals): void {
  writeChange(state, totals.changes, key);
  writeTotals(state, { ...totals, changes: totals.changes + 1 });
}
