/** An account's leaf in the state tree, and receipts: what execution writes. PROTOCOL.md, State and receipts. */
import type { Amount, Gas, Hash, TxId } from './units.ts';

export interface Account {
  readonly version: number;
  /** How many transactions of this account were included. */
  readonly nonce: number;
  readonly balance: Amount;
  /** Zero until contracts exist. */
  readonly codeHash: Hash;
  /** Zero until contracts exist. */
  readonly storageRoot: Hash;
}

/** Outcome of an included transaction. Numbers are part of the protocol; names are for people. */
export const RECEIPT_STATUS = {
  OK: 0,
  INSUFFICIENT_BALANCE: 1,
  OUT_OF_GAS: 2,
  ACTION_UNKNOWN: 3,
  BALANCE_OVERFLOW: 4,
  STAKE_UNSUPPORTED: 5,
  STAKE_REFUSED: 6,
  STAKE_TOO_LOW: 7,
  STAKE_TOO_HIGH: 8,
  TOO_MANY_VALIDATORS: 9,
  LAST_VALIDATOR: 10,
  TOO_MANY_UNBONDING: 11,
  TOMBSTONED: 12,
} as const;

/** One of the numbers of RECEIPT_STATUS. */
export type ReceiptStatus = (typeof RECEIPT_STATUS)[keyof typeof RECEIPT_STATUS];

export interface Receipt {
  readonly txId: TxId;
  readonly status: ReceiptStatus;
  readonly gasUsed: Gas;
  /** Zero until contracts exist. */
  readonly logsRoot: Hash;
}
