/** Bytes, id and JSON of a transaction. PROTOCOL.md, Transaction. */
import type { DecodeRejection } from '../../env/network.ts';
import { type Sha256, sha256, ZERO_HASH } from '../crypto/sha256.ts';
import { TAG } from '../crypto/tags.ts';
import { decodeLayout, encodeLayout, encodeTagged, hashLayout } from './layout/codec.ts';
import {
  accountAddressField,
  amountField,
  gasField,
  heightField,
  publicKeyField,
  signatureField,
  u64Field,
  versionField,
} from './layout/fields.ts';
import { type Layout, mixText, repeatedHex } from './layout/layout.ts';
import { type FieldLayouts, struct, union } from './layout/struct.ts';
import type { Action, Transaction } from './transaction.ts';
import { DecodedTransaction, factsOf } from './transaction-facts.ts';
import {
  accountAddress,
  amount,
  bytesToHash,
  gas,
  type Hash,
  height,
  publicKey,
  signature,
  type TxId,
} from './units.ts';

/** The largest action of version 2 is a transfer of 41 bytes; 4 KiB leaves room for later kinds. */
export const TRANSACTION_MAX_BYTES = 4096;

const NO_AMOUNT = amount(0n);
const NO_ADDRESS = accountAddress(ZERO_HASH);
const NO_KEY = publicKey(ZERO_HASH);
const NO_SIGNATURE = signature(ZERO_HASH + ZERO_HASH);
const NO_ACTION: Action = { kind: 'burn', amount: NO_AMOUNT };

const NO_TRANSACTION: Transaction = {
  version: 0,
  chainId: ZERO_HASH,
  senderKey: NO_KEY,
  nonce: 0,
  validUntilHeight: height(0),
  gasLimit: gas(0),
  gasPrice: NO_AMOUNT,
  action: NO_ACTION,
  signature: NO_SIGNATURE,
};

/** Every action that any version of this code knows; which version may use it is a rule of execution. */
const actionLayout: Layout<Action> = union<Action>({
  transfer: {
    tag: 0,
    fields: { to: accountAddressField, amount: amountField },
    blank: () => ({ kind: 'transfer', to: NO_ADDRESS, amount: NO_AMOUNT }),
  },
  stake: { tag: 1, fields: { amount: amountField } },
  unstake: { tag: 2, fields: { amount: amountField } },
  burn: { tag: 3, fields: { amount: amountField } },
});

const unsignedLayouts: FieldLayouts<Omit<Transaction, 'signature'>> = {
  version: versionField,
  chainId: repeatedHex<Hash>(32),
  senderKey: publicKeyField,
  nonce: u64Field,
  validUntilHeight: heightField,
  gasLimit: gasField,
  gasPrice: amountField,
  action: actionLayout,
};
const unsignedFields = struct<Omit<Transaction, 'signature'>>(unsignedLayouts);
const fields: Layout<Transaction> = struct<Transaction>(
  { ...unsignedLayouts, signature: signatureField },
  () => new DecodedTransaction(NO_TRANSACTION),
);

/** An empty signature field: its length, which is zero. */
const EMPTY_SIGNATURE = Uint8Array.of(0);

/** A transaction inside a larger encoding: folded into fingerprints by its id, which covers all of it. */
export const transactionLayout: Layout<Transaction> = {
  ...fields,
  size: transactionSizeBytes,
  jsonSize(value) {
    const facts = factsOf(value);
    facts.jsonSize ??= fields.jsonSize(value);
    return facts.jsonSize;
  },
  mix: (value, hash) => mixText(hash, transactionId(value)),
};

/** The canonical bytes. Not cached: encoding again was measured to be no slower than keeping the bytes. */
export function encodeTransaction(transaction: Transaction): Uint8Array {
  return encodeLayout(fields, transaction);
}

/** The transaction of exactly these bytes. */
export function decodeTransaction(bytes: Uint8Array): Transaction | DecodeRejection {
  return decodeLayout(transactionLayout, bytes, TRANSACTION_MAX_BYTES);
}

/** What the sender signs: the tag, then the encoding with an empty signature, whatever stands there now. */
export function transactionSignBytes(transaction: Omit<Transaction, 'signature'>): Uint8Array {
  return encodeTagged(TAG.signTransaction, unsignedFields, transaction, EMPTY_SIGNATURE);
}

/** SHA-256 over all bytes, signature included; computed once per object. @param hasher as `Sha256` says. */
export function transactionId(transaction: Transaction, hasher: Sha256 = sha256): TxId {
  const facts = factsOf(transaction);
  facts.id ??= bytesToHash(hashLayout(TAG.transaction, fields, transaction, hasher)) as TxId;
  return facts.id;
}

/** Length of the encoding, without encoding; computed once per object. */
export function transactionSizeBytes(transaction: Transaction): number {
  const facts = factsOf(transaction);
  facts.sizeBytes ??= fields.size(transaction);
  return facts.sizeBytes;
}
