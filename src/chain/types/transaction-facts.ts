/** What is derived from a transaction, which is immutable: kept in one place, for a look into a weak map is what costs. */
import type { SignedItem } from '../../env/crypto.ts';
import type { Action, Transaction } from './transaction.ts';
import type { AccountAddress, Amount, Gas, Hash, Height, PublicKey, Signature, TxId } from './units.ts';

/** What a public key says of its owner. */
export interface Sender {
  readonly address: AccountAddress;
  /** The key itself, 32 bytes: one array for all transactions of the sender. */
  readonly keyBytes: Uint8Array;
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

/** Of transactions that no decoder made. */
const known = new WeakMap<Transaction, TransactionFacts>();

/**
 * A transaction as decoders make it: its facts stand inside, where nobody who copies its fields takes them along. A weak map
 * of all transactions on their way was measured to cost the thread of a busy node a sixth of its time.
 */
export class DecodedTransaction implements Transaction {
  readonly version: number;
  readonly chainId: Hash;
  readonly senderKey: PublicKey;
  readonly nonce: number;
  readonly validUntilHeight: Height;
  readonly gasLimit: Gas;
  readonly gasPrice: Amount;
  readonly action: Action;
  readonly signature: Signature;
  #facts: TransactionFacts | undefined = undefined;

  constructor(fields: Transaction) {
    this.version = fields.version;
    this.chainId = fields.chainId;
    this.senderKey = fields.senderKey;
    this.nonce = fields.nonce;
    this.validUntilHeight = fields.validUntilHeight;
    this.gasLimit = fields.gasLimit;
    this.gasPrice = fields.gasPrice;
    this.action = fields.action;
    this.signature = fields.signature;
  }

  /** `factsOf`. */
  static facts(transaction: Transaction): TransactionFacts {
    if (#facts in transaction) return (transaction.#facts ??= noFacts());
    const found = known.get(transaction);
    if (found !== undefined) return found;
    const facts = noFacts();
    known.set(transaction, facts);
    return facts;
  }
}

/** The facts of this object, for the modules that compute them. */
export function factsOf(transaction: Transaction): TransactionFacts {
  return DecodedTransaction.facts(transaction);
}

function noFacts(): TransactionFacts {
  return {
    sizeBytes: undefined,
    jsonSize: undefined,
    id: undefined,
    leaf: undefined,
    sender: undefined,
    signedItem: undefined,
  };
}
