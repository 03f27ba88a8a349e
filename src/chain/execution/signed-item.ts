/** What a transaction's signature is checked with, and whose account it speaks for. */
import { assert } from '../../env/assert.ts';
import { hexToBytes } from '../../env/bytes.ts';
import type { SignedItem } from '../../env/crypto.ts';
import { Lru } from '../blockstore/lru.ts';
import { addressOf } from '../crypto/address.ts';
import { isCanonicalPublicKey } from '../crypto/public-key.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionSignBytes } from '../types/transaction-codec.ts';
import { factsOf, type Sender } from '../types/transaction-facts.ts';
import type { AccountAddress, PublicKey } from '../types/units.ts';

/** Keys whose facts are remembered: senders come again; about 400 bytes each. */
const SENDERS_MAX = 4_096;

const senders = new Lru<PublicKey, Sender>(SENDERS_MAX);

function senderFacts(transaction: Transaction): Sender {
  const facts = factsOf(transaction);
  if (facts.sender !== undefined) return facts.sender;
  const { senderKey } = transaction;
  let sender = senders.get(senderKey);
  if (sender === undefined) {
    const keyBytes = bytesOf(senderKey);
    sender = { address: addressOf(senderKey), keyBytes, isCanonical: isCanonicalPublicKey(keyBytes) };
    senders.set(senderKey, sender);
  }
  facts.sender = sender;
  return sender;
}

/** The account that the key of the transaction speaks for; computed once per object. */
export function senderOf(transaction: Transaction): AccountAddress {
  return senderFacts(transaction).address;
}

/** Whether the sender's key is canonical and not of small order: `isCanonicalPublicKey`, computed once per object. */
export function hasCanonicalKey(transaction: Transaction): boolean {
  return senderFacts(transaction).isCanonical;
}

/** The item that env.crypto.verify is to answer for this transaction; made once per object. */
export function signedItemOf(transaction: Transaction): SignedItem {
  const facts = factsOf(transaction);
  facts.signedItem ??= {
    publicKey: senderFacts(transaction).keyBytes,
    message: transactionSignBytes(transaction),
    signature: bytesOf(transaction.signature),
  };
  return facts.signedItem;
}

function bytesOf(text: string): Uint8Array {
  const bytes = hexToBytes(text);
  assert(bytes !== undefined, 'keys and signatures of a decoded transaction are hexadecimal text');
  return bytes;
}
