/** The transactions of one sender that wait, in the order of their nonces. */
import type { Account } from '../types/account.ts';
import type { Transaction } from '../types/transaction.ts';
import type { AccountAddress, TxId } from '../types/units.ts';
import type { Slotted } from './heap.ts';

/** A transaction that waits. Its slot is in the heap of those that expire. */
export interface Entry extends Slotted {
  readonly id: TxId;
  readonly transaction: Transaction;
  readonly sender: AccountAddress;
  readonly sizeBytes: number;
  /** The most that it can cost in fees. */
  readonly fee: bigint;
  /** How many transactions were accepted before this one. */
  readonly arrival: number;
}

/** Its slot is in the heap of those to evict from. Never empty while it is in the mempool. */
export class SenderQueue implements Slotted {
  slot = -1;
  readonly sender: AccountAddress;
  /** Of the sender's account at the head. */
  nonce = 0;
  balance = 0n;
  /** How many entries from the first on have the account's next nonces: what a block could include now. */
  ready = 0;
  /** Sum over all entries. */
  fees = 0n;
  /** The lowest price of all entries: what the last of them is worth, since all others come before it. */
  priceMin = 0n;
  readonly #entries: Entry[] = [];

  constructor(sender: AccountAddress, account: Account) {
    this.sender = sender;
    this.follow(account);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The highest nonce. */
  get last(): Entry | undefined {
    return this.#entries.at(-1);
  }

  /** True when its highest nonce waits for one that is missing: no block can include it, whatever it pays. */
  get isWaiting(): boolean {
    return this.#entries.length > this.ready;
  }

  /** The lowest nonce that is missing. */
  get nextNonce(): number {
    return this.nonce + this.ready;
  }

  at(nonce: number): Entry | undefined {
    const index = this.#indexOf(nonce);
    const entry = this.#entries[index];
    return entry?.transaction.nonce === nonce ? entry : undefined;
  }

  follow(account: Account): void {
    this.nonce = account.nonce;
    this.balance = account.balance;
    this.#count();
  }

  /** Of a nonce that is not here. */
  insert(entry: Entry): void {
    const { nonce, gasPrice } = entry.transaction;
    const index = this.#indexOf(nonce);
    if (this.#entries.length === 0 || gasPrice < this.priceMin) this.priceMin = gasPrice;
    this.fees += entry.fee;
    this.#entries.splice(index, 0, entry);
    for (let i = index; this.#entries[i]?.transaction.nonce === this.nextNonce; i++) this.ready++;
  }

  /** @param entries some of this queue. */
  remove(...entries: readonly Entry[]): void {
    for (const { transaction } of entries) this.#entries.splice(this.#indexOf(transaction.nonce), 1);
    this.#count();
  }

  /** Where the nonce is or belongs. */
  #indexOf(nonce: number): number {
    let from = 0;
    let to = this.#entries.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#entries[middle] as Entry).transaction.nonce < nonce) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  #count(): void {
    this.ready = 0;
    this.fees = 0n;
    let priceMin: bigint | undefined;
    for (const { transaction, fee } of this.#entries) {
      this.fees += fee;
      if (transaction.nonce === this.nonce + this.ready) this.ready++;
      if (priceMin === undefined || transaction.gasPrice < priceMin) priceMin = transaction.gasPrice;
    }
    this.priceMin = priceMin ?? 0n;
  }
}
