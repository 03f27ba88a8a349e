/** A wallet: one account of a workload; its transactions depend on account and nonce alone, so that they are signed once a process. */

import { addressOf } from '../../chain/crypto/address.ts';
import type { Action, Transaction } from '../../chain/types/transaction.ts';
import { transactionSignBytes } from '../../chain/types/transaction-codec.ts';
import {
  type AccountAddress,
  type Amount,
  amount,
  type Gas,
  gas,
  type Hash,
  type Height,
  height,
  type PublicKey,
  publicKey,
  signature,
} from '../../chain/types/units.ts';
import { bytesToHex } from '../../env/bytes.ts';
import type { CryptoSuite } from '../../sim/crypto-suite.ts';
import { keyToText } from '../../sim/disk/key-text.ts';

/** Enough for any action of one signature: a transfer that opens an account costs less. */
const LOAD_GAS_LIMIT: Gas = gas(200_000);
/** Signed transactions kept for later runs of this process: about 1 kB each. */
const SIGNED_MAX = 50_000;

const ZERO_SIGNATURE = signature('00'.repeat(64));

/** A key pair that every run has: its secret is the hash of its name. */
export interface Keys {
  readonly secret: Uint8Array;
  readonly key: PublicKey;
  readonly address: AccountAddress;
}

/** The same name gives the same keys in every run, whatever the seed: genesis does not depend on it. */
export function keysOf(suite: CryptoSuite, name: string): Keys {
  const secret = suite.sha256(Uint8Array.from(`aureon/${name}`, (c) => c.charCodeAt(0)));
  const key = publicKey(bytesToHex(suite.publicKey(secret)));
  return { secret, key, address: addressOf(key) };
}

/** What a transaction says, apart from its signature. */
export interface Draft {
  readonly version: number;
  readonly chainId: Hash;
  readonly nonce: number;
  readonly validUntilHeight?: Height;
  readonly gasLimit?: Gas;
  readonly gasPrice: Amount;
  readonly action: Action;
}

/** Signs, with what was signed before at hand: a signature is a pure function of key and bytes. */
export class Signer {
  readonly #suite: CryptoSuite;
  readonly #signed = new Map<string, Transaction>();

  constructor(suite: CryptoSuite) {
    this.#suite = suite;
  }

  get suite(): CryptoSuite {
    return this.#suite;
  }

  sign(keys: Keys, draft: Draft): Transaction {
    const unsigned: Transaction = {
      version: draft.version,
      chainId: draft.chainId,
      senderKey: keys.key,
      nonce: draft.nonce,
      validUntilHeight: draft.validUntilHeight ?? height(0),
      gasLimit: draft.gasLimit ?? LOAD_GAS_LIMIT,
      gasPrice: draft.gasPrice,
      action: draft.action,
      signature: ZERO_SIGNATURE,
    };
    const bytes = transactionSignBytes(unsigned);
    const name = keyToText(bytes);
    const known = this.#signed.get(name);
    if (known !== undefined) return known;
    const transaction = {
      ...unsigned,
      signature: signature(bytesToHex(this.#suite.sign(keys.secret, bytes))),
    };
    if (this.#signed.size >= SIGNED_MAX) this.#signed.clear();
    this.#signed.set(name, transaction);
    return transaction;
  }
}

/** What the wallet of account `index` does with its `nonce`-th transaction: no draw, so that runs share signatures. */
export function transferDraft(
  index: number,
  nonce: number,
  to: AccountAddress,
  chainId: Hash,
  version: number,
): Draft {
  return {
    version,
    chainId,
    nonce,
    gasPrice: amount(BigInt(1 + ((nonce * 7 + index) % 10))),
    action: { kind: 'transfer', to, amount: amount(BigInt(1 + ((nonce * 31 + index) % 100))) },
  };
}
