/** What is derived from a transaction, which is immutable: kept in one place, for a look into a weak map is what costs. */
import type { SignedItem } from '../../env/crypto.ts';
import type { Transaction } from './transaction.ts';
import type { AccountAddress, TxId } from './units.ts';

/** What a public key says of its owner. */
export interface Sender {
  readonly address: AccountAddress;
  /** `isCanonicalPublicKey`. */
  readonly isCanonical: boolean;
}

/** Each is undefined until somebody has asked for it. */
export interface TransactionFacts {
  /** Of the encoding. */
  sizeBytes: number | undefined;
  /** Of the canonical JSON. */
  jsonSize: number | undefined;
  id: TxId | undefined;
  /** Its hash as a leaf of the Merkle tree of a block. */
  leaf: Uint8Array | undefined;
  sender: Sender | undefined;
  signedItem: SignedItem | undefined;
}

const known = new WeakMap<Transaction, TransactionFacts>();

/** The facts of this object, for the modules that compute them. */
export function factsOf(transaction: Transaction): TransactionFacts {
  const found = known.get(transaction);
  if (found !== undefined) return found;
  const facts = {
    sizeBytes: undefined,
    jsonSize: undefined,
    id: undefined,
    leaf: undefined,
    sender: undefined,
    signedItem: undefined,
  };
  known.set(transaction, facts);
  return facts;
}
