/** One transaction on a state: a rejection that makes its block invalid, or a receipt. PROTOCOL.md, Transaction. */
import { assertNever } from '../../env/assert.ts';
import type { BlockContext, ConsensusRules } from '../consensus/consensus.ts';
import { ZERO_HASH } from '../crypto/sha256.ts';
import { readAccount, writeAccount } from '../state/accounts.ts';
import type { StateReader, StateWriter } from '../state/state.ts';
import { RECEIPT_STATUS, type Receipt, type ReceiptStatus } from '../types/account.ts';
import type { TransactionRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionId, transactionSizeBytes } from '../types/transaction-codec.ts';
import { type AccountAddress, AMOUNT_MAX, type Amount, amount, type Gas, gas } from '../types/units.ts';
import {
  checkAgainstAccount,
  checkTransactionStateless,
  feeMax,
  intrinsicGas,
  type TransactionRules,
} from './check-transaction.ts';
import { senderOf } from './signed-item.ts';

/** Where a transaction is applied. */
export interface TransactionContext<View> extends TransactionRules {
  readonly rules: ConsensusRules<View>;
  /** Of the parent. */
  readonly view: View;
  readonly block: BlockContext;
  readonly state: StateWriter;
}

/** An included transaction: the fee is taken from the sender and not yet paid to anybody. */
export interface AppliedTransaction {
  readonly receipt: Receipt;
  readonly fee: bigint;
  readonly burnt: bigint;
}

interface Outcome {
  readonly status: ReceiptStatus;
  readonly burnt: bigint;
}

const OK: Outcome = { status: RECEIPT_STATUS.OK, burnt: 0n };

/**
 * Checks everything but the signature, sets gasLimit × gasPrice aside, applies the action to what is left, and gives
 * back what was not used. After a failed action nothing of it stands; nonce and fee do. On a rejection the state is as
 * it was.
 */
export function applyTransaction<View>(
  context: TransactionContext<View>,
  transaction: Transaction,
): AppliedTransaction | TransactionRejection {
  const { state, block, genesis } = context;
  const { header } = block;
  const stateless = checkTransactionStateless(context, header.version, transaction);
  if (stateless !== undefined) return stateless;
  const sender = senderOf(transaction);
  if (!hasAccount(state, sender)) return { code: 'SENDER_UNKNOWN', sender };
  const account = readAccount(state, sender);
  const rejection = checkAgainstAccount(account, transaction, header.height);
  if (rejection !== undefined) return rejection;

  const reserved = feeMax(transaction);
  const left = amount(account.balance - reserved);
  writeAccount(state, sender, { ...account, nonce: account.nonce + 1, balance: left });

  const intrinsic = intrinsicGas(genesis.parameters, transactionSizeBytes(transaction));
  const creates = createsAccount(state, transaction) ? genesis.parameters.gasPerNewAccount : 0;
  const isOutOfGas = creates > transaction.gasLimit - intrinsic;
  const checkpoint = state.checkpoint();
  const outcome = isOutOfGas
    ? { status: RECEIPT_STATUS.OUT_OF_GAS, burnt: 0n }
    : applyAction(context, transaction, sender);
  const isOk = outcome.status === RECEIPT_STATUS.OK;
  if (!isOk) state.revert(checkpoint);

  const gasUsed = gasOf(transaction, intrinsic, creates, outcome.status);
  const fee = BigInt(gasUsed) * transaction.gasPrice;
  if (reserved > fee) credit(state, sender, reserved - fee);
  const receipt = { txId: transactionId(transaction), status: outcome.status, gasUsed, logsRoot: ZERO_HASH };
  return { receipt, fee, burnt: isOk ? outcome.burnt : 0n };
}

/** True when the address has a leaf. */
export function hasAccount(state: StateReader, address: AccountAddress): boolean {
  return state.get('accounts', address) !== undefined;
}

/** Adds to a balance, which creates the account when it has no leaf. @throws {RangeError} past 2^64 - 1: a bug, since the supply is below 2^63. */
export function credit(state: StateWriter, address: AccountAddress, value: bigint): void {
  const account = readAccount(state, address);
  writeAccount(state, address, { ...account, balance: amount(account.balance + value) });
}

/** Only a transfer of more than nothing creates an account. */
function createsAccount(state: StateReader, transaction: Transaction): boolean {
  const { action } = transaction;
  return action.kind === 'transfer' && action.amount > 0n && !hasAccount(state, action.to);
}

/** Out of gas takes all that was offered; another failure created no account. */
function gasOf(transaction: Transaction, intrinsic: Gas, creates: number, status: ReceiptStatus): Gas {
  if (status === RECEIPT_STATUS.OUT_OF_GAS) return transaction.gasLimit;
  return status === RECEIPT_STATUS.OK ? gas(intrinsic + creates) : intrinsic;
}

function applyAction<View>(
  context: TransactionContext<View>,
  transaction: Transaction,
  sender: AccountAddress,
): Outcome {
  const { action } = transaction;
  switch (action.kind) {
    case 'transfer':
      return transfer(context.state, sender, action.to, action.amount);
    case 'burn':
      return burn(context.state, sender, action.amount);
    case 'stake':
    case 'unstake': {
      const { rules, view, block, state } = context;
      if (rules.applyAction === undefined) return failed(RECEIPT_STATUS.STAKE_UNSUPPORTED);
      const staker = { address: sender, key: transaction.senderKey };
      return { status: rules.applyAction(view, block, staker, action, state), burnt: 0n };
    }
    default:
      return assertNever(action);
  }
}

function failed(status: ReceiptStatus): Outcome {
  return { status, burnt: 0n };
}

function debit(state: StateWriter, sender: AccountAddress, value: Amount): ReceiptStatus {
  const account = readAccount(state, sender);
  if (account.balance < value) return RECEIPT_STATUS.INSUFFICIENT_BALANCE;
  writeAccount(state, sender, { ...account, balance: amount(account.balance - value) });
  return RECEIPT_STATUS.OK;
}

function transfer(state: StateWriter, sender: AccountAddress, to: AccountAddress, value: Amount): Outcome {
  const status = debit(state, sender, value);
  if (status !== RECEIPT_STATUS.OK) return failed(status);
  if (value === 0n) return OK;
  if (readAccount(state, to).balance + value > AMOUNT_MAX) return failed(RECEIPT_STATUS.BALANCE_OVERFLOW);
  credit(state, to, value);
  return OK;
}

function burn(state: StateWriter, sender: AccountAddress, value: Amount): Outcome {
  const status = debit(state, sender, value);
  return status === RECEIPT_STATUS.OK ? { status, burnt: value } : failed(status);
}
