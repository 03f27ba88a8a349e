/** Bytes of an account's leaf and of a receipt. PROTOCOL.md, State and receipts. */
import type { DecodeRejection } from '../../env/network.ts';
import { ZERO_HASH } from '../crypto/sha256.ts';
import { type Account, RECEIPT_STATUS, type Receipt, type ReceiptStatus } from './account.ts';
import { decodeLayout, encodeLayout } from './layout/codec.ts';
import { amountField, gasField, txIdField, u64Field, versionField } from './layout/fields.ts';
import { type Layout, repeatedHex, unsigned } from './layout/layout.ts';
import { struct } from './layout/struct.ts';
import { amount, type Hash } from './units.ts';

/** Version of the account leaf. */
const ACCOUNT_VERSION = 1;

/** The account of an address that has no leaf. */
export const EMPTY_ACCOUNT: Account = {
  version: ACCOUNT_VERSION,
  nonce: 0,
  balance: amount(0n),
  codeHash: ZERO_HASH,
  storageRoot: ZERO_HASH,
};

/** Bytes and JSON of an account. */
export const accountLayout: Layout<Account> = struct<Account>({
  version: versionField,
  nonce: u64Field,
  balance: amountField,
  codeHash: repeatedHex<Hash>(32),
  storageRoot: repeatedHex<Hash>(32),
});

/** Bytes and JSON of a receipt. Statuses are numbered without gaps, so that a bound is the whole check. */
export const receiptLayout: Layout<Receipt> = struct<Receipt>({
  txId: txIdField,
  status: unsigned<ReceiptStatus>(8, Math.max(...Object.values(RECEIPT_STATUS))),
  gasUsed: gasField,
  logsRoot: repeatedHex<Hash>(32),
});

/** The canonical bytes: 82. */
export function encodeAccount(account: Account): Uint8Array {
  return encodeLayout(accountLayout, account);
}

/** The account of exactly these bytes. */
export function decodeAccount(bytes: Uint8Array): Account | DecodeRejection {
  return decodeLayout(accountLayout, bytes, accountLayout.bytesMin);
}

/** The canonical bytes: 73. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encodeLayout(receiptLayout, receipt);
}

/** The receipt of exactly these bytes. */
export function decodeReceipt(bytes: Uint8Array): Receipt | DecodeRejection {
  return decodeLayout(receiptLayout, bytes, receiptLayout.bytesMin);
}
