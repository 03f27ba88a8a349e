/** What a transaction's signature is checked with, and whose account it speaks for. */
import { assert } from '../../env/assert.ts';
import { hexToBytes } from '../../env/bytes.ts';
import type { SignedItem } from '../../env/crypto.ts';
import { addressOf } from '../crypto/address.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionSignBytes } from '../types/transaction-codec.ts';
import type { AccountAddress } from '../types/units.ts';

const senders = new WeakMap<Transaction, AccountAddress>();

/** The account that the key of the transaction speaks for; computed once per object. */
export function senderOf(transaction: Transaction): AccountAddress {
  const known = senders.get(transaction);
  if (known !== undefined) return known;
  const sender = addressOf(transaction.senderKey);
  senders.set(transaction, sender);
  return sender;
}

const items = new WeakMap<Transaction, SignedItem>();

/** The item that env.crypto.verify is to answer for this transaction; made once per object. */
export function signedItemOf(transaction: Transaction): SignedItem {
  const known = items.get(transaction);
  if (known !== undefined) return known;
  const item = {
    publicKey: bytesOf(transaction.senderKey),
    message: transactionSignBytes(transaction),
    signature: bytesOf(transaction.signature),
  };
  items.set(transaction, item);
  return item;
}

function bytesOf(text: string): Uint8Array {
  const bytes = hexToBytes(text);
  assert(bytes !== undefined, 'keys and signatures of a decoded transaction are hexadecimal text');
  return bytes;
}
