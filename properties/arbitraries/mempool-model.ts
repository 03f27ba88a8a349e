/** A mempool as one would write it down: a list that is searched and sorted anew for every question. PROTOCOL.md, Mempool. */
import type { MempoolLimits } from '../../src/chain/mempool/limits.ts';
import type { Dropped } from '../../src/chain/mempool/mempool.ts';
import type { Transaction } from '../../src/chain/types/transaction.ts';
import { transactionId, transactionSizeBytes } from '../../src/chain/types/transaction-codec.ts';
import type { TxId } from '../../src/chain/types/units.ts';

/** What the head says of a sender; undefined: it has no account. */
export type AccountAt = (
  senderKey: string,
) => { readonly nonce: number; readonly balance: bigint } | undefined;

interface Waiting {
  readonly transaction: Transaction;
  readonly arrival: number;
}

/** What became of a transaction, as far as the model tells. */
export type ModelAdmission =
  | { readonly kind: 'accepted'; readonly isReady: boolean; readonly dropped: readonly Dropped[] }
  | { readonly kind: 'refused'; readonly code: string };

function feeOf({ gasLimit, gasPrice }: Transaction): bigint {
  return BigInt(gasLimit) * gasPrice;
}

/** The rules of a mempool, without a thought for time. */
export class ModelPool {
  readonly #limits: MempoolLimits;
  #waiting: readonly Waiting[] = [];
  #arrivals = 0;

  constructor(limits: MempoolLimits) {
    this.#limits = limits;
  }

  get ids(): readonly TxId[] {
    return this.#waiting.map(({ transaction }) => transactionId(transaction));
  }

  get bytes(): number {
    return bytesOf(this.#waiting);
  }

  /** @param next height of the block that could include it. */
  add(transaction: Transaction, account: AccountAt, next: number): ModelAdmission {
    const own = this.#of(transaction.senderKey);
    const rival = own.find((other) => other.transaction.nonce === transaction.nonce);
    const last = own.at(-1);
    const isFull = own.length >= this.#limits.perSenderMax;
    const isBefore = last !== undefined && transaction.nonce < last.transaction.nonce;
    const displaced = rival === undefined && isFull && isBefore ? last : undefined;
    const code = this.#refusal(transaction, account, next, { own, rival, displaced });
    if (code !== undefined) return { kind: 'refused', code };
    const added: Waiting = { transaction, arrival: this.#arrivals++ };
    const kept = this.#waiting.filter((other) => other !== rival && other !== displaced);
    const { left, evicted } = this.#evicted([...kept, added], account);
    if (evicted.includes(added)) return { kind: 'refused', code: 'MEMPOOL_FULL' };
    this.#waiting = left;
    const dropped: Dropped[] = [
      ...dropsOf(rival === undefined ? [] : [rival], 'replaced'),
      ...dropsOf(displaced === undefined ? evicted : [displaced, ...evicted], 'evicted'),
    ];
    return { kind: 'accepted', isReady: this.#ready(this.#waiting, account).includes(added), dropped };
  }

  /** The head moved, with these blocks' transactions included. */
  onHead(included: readonly Transaction[], account: AccountAt, next: number): readonly Dropped[] {
    const ids = new Set(included.map((transaction) => transactionId(transaction)));
    this.#waiting = this.#waiting.filter(({ transaction }) => !ids.has(transactionId(transaction)));
    const stale: Waiting[] = [];
    for (const senderKey of new Set(this.#waiting.map(({ transaction }) => transaction.senderKey))) {
      const { nonce, balance } = account(senderKey) ?? { nonce: Number.POSITIVE_INFINITY, balance: 0n };
      const own = this.#of(senderKey).filter((one) => one.transaction.nonce >= nonce);
      stale.push(...this.#of(senderKey).filter((one) => !own.includes(one)));
      while (own.reduce((sum, one) => sum + feeOf(one.transaction), 0n) > balance)
        stale.push(...own.splice(-1));
    }
    const expired = this.#waiting.filter((one) => !stale.includes(one) && isExpired(one.transaction, next));
    this.#waiting = this.#waiting.filter((one) => !stale.includes(one) && !expired.includes(one));
    return [...dropsOf(stale, 'stale'), ...dropsOf(expired, 'expired')];
  }

  /** The best price first, then the earliest arrival, each sender's by nonce. */
  select(account: AccountAt): readonly TxId[] {
    let ready = this.#ready(this.#waiting, account);
    const order: TxId[] = [];
    while (ready.length > 0) {
      const first = ready
        .filter((one) => ready.every((other) => !isSoonerOfSender(other, one)))
        .reduce((best, one) => (paysBetter(one, best) ? one : best));
      order.push(transactionId(first.transaction));
      ready = ready.filter((one) => one !== first);
    }
    return order;
  }

  #of(senderKey: string, among: readonly Waiting[] = this.#waiting): readonly Waiting[] {
    return among
      .filter(({ transaction }) => transaction.senderKey === senderKey)
      .sort((a, b) => a.transaction.nonce - b.transaction.nonce);
  }

  /** Those that follow on the account's nonce without a gap. */
  #ready(among: readonly Waiting[], account: AccountAt): readonly Waiting[] {
    return among.filter(({ transaction: { senderKey, nonce } }) => {
      const first = account(senderKey)?.nonce ?? 0;
      const nonces = this.#of(senderKey, among).map((one) => one.transaction.nonce);
      return nonces.filter((other) => other >= first && other < nonce).length === nonce - first;
    });
  }

  #refusal(
    transaction: Transaction,
    account: AccountAt,
    next: number,
    place: { own: readonly Waiting[]; rival: Waiting | undefined; displaced: Waiting | undefined },
  ): string | undefined {
    const { own, rival, displaced } = place;
    const { nonce, gasPrice, senderKey } = transaction;
    if (this.ids.includes(transactionId(transaction))) return 'ALREADY_KNOWN';
    const known = account(senderKey);
    if (known === undefined) return 'SENDER_UNKNOWN';
    if (isExpired(transaction, next)) return 'EXPIRED';
    if (nonce < known.nonce) return 'NONCE_USED';
    if (rival !== undefined) {
      const price = rival.transaction.gasPrice;
      if (gasPrice * 100n < price * 110n || gasPrice <= price) return 'REPLACEMENT_UNDERPRICED';
    } else {
      let missing = known.nonce;
      while (own.some((one) => one.transaction.nonce === missing)) missing++;
      if (nonce - missing > this.#limits.gapMax) return 'NONCE_GAP';
      if (displaced === undefined && own.length >= this.#limits.perSenderMax) return 'SENDER_LIMIT';
    }
    const kept = own.filter((one) => one !== rival && one !== displaced);
    const fees = kept.reduce((sum, one) => sum + feeOf(one.transaction), feeOf(transaction));
    return fees > known.balance ? 'CANNOT_PAY_FEE' : undefined;
  }

  /** Takes the highest nonce of the cheapest sender until all limits hold; one whose highest nonce must wait is cheapest of all. */
  #evicted(
    all: readonly Waiting[],
    account: AccountAt,
  ): { readonly left: readonly Waiting[]; readonly evicted: readonly Waiting[] } {
    let left = all;
    const evicted: Waiting[] = [];
    while (left.length > this.#limits.countMax || bytesOf(left) > this.#limits.bytesMax) {
      const ready = this.#ready(left, account);
      const queues = [...new Set(left.map(({ transaction }) => transaction.senderKey))].map((senderKey) =>
        this.#of(senderKey, left),
      );
      const ranked = queues.flatMap((queue) => {
        const last = queue.at(-1);
        if (last === undefined) return [];
        const price = queue.reduce<bigint>(
          (least, one) => (one.transaction.gasPrice < least ? one.transaction.gasPrice : least),
          last.transaction.gasPrice,
        );
        return [{ last, price, waits: !ready.includes(last) }];
      });
      ranked.sort((a, b) => {
        if (a.waits !== b.waits) return a.waits ? -1 : 1;
        if (a.price !== b.price) return a.price < b.price ? -1 : 1;
        return b.last.arrival - a.last.arrival;
      });
      const victim = ranked[0]?.last;
      left = left.filter((one) => one !== victim);
      if (victim !== undefined) evicted.push(victim);
    }
    return { left, evicted };
  }
}

function isExpired({ validUntilHeight }: Transaction, next: number): boolean {
  return validUntilHeight !== 0 && validUntilHeight < next;
}

function isSoonerOfSender({ transaction: a }: Waiting, { transaction: b }: Waiting): boolean {
  return a.senderKey === b.senderKey && a.nonce < b.nonce;
}

function paysBetter(a: Waiting, b: Waiting): boolean {
  const [x, y] = [a.transaction.gasPrice, b.transaction.gasPrice];
  return x === y ? a.arrival < b.arrival : x > y;
}

function bytesOf(waiting: readonly Waiting[]): number {
  return waiting.reduce((sum, { transaction }) => sum + transactionSizeBytes(transaction), 0);
}

function dropsOf(waiting: readonly Waiting[], reason: Dropped['reason']): readonly Dropped[] {
  return waiting.map(({ transaction }) => ({ id: transactionId(transaction), reason }));
}
