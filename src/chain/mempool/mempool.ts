/** Mempool: transactions that wait for a block, ordered by what they pay. PROTOCOL.md, Mempool. */
import { assert } from '../../env/assert.ts';
import { hasAccount } from '../execution/apply-transaction.ts';
import {
  checkTransactionStateless,
  feeMax,
  isExpired,
  type TransactionRules,
} from '../execution/check-transaction.ts';
import { senderOf } from '../execution/signed-item.ts';
import { readAccount } from '../state/accounts.ts';
import type { StateReader } from '../state/state.ts';
import type { Block } from '../types/block.ts';
import type { UpgradeSchedule } from '../types/genesis.ts';
import { versionAt } from '../types/genesis-codec.ts';
import type { TransactionRejection } from '../types/rejection.ts';
import type { Transaction } from '../types/transaction.ts';
import { transactionId, transactionSizeBytes } from '../types/transaction-codec.ts';
import { type AccountAddress, amount, type Height, height, type TxId } from '../types/units.ts';
import { Heap, type Slotted } from './heap.ts';
import { type MempoolLimits, REPLACEMENT_PERCENT } from './limits.ts';
import { type Entry, SenderQueue } from './sender-queue.ts';

/** The chain that a mempool serves. */
export interface MempoolConfig extends TransactionRules {
  readonly schedule: UpgradeSchedule;
  readonly limits: MempoolLimits;
}

/** The block that the next one stands on, and the state after it. */
export interface MempoolHead {
  readonly height: Height;
  readonly state: StateReader;
}

/** A transaction that left without being included. */
export interface Dropped {
  readonly id: TxId;
  readonly reason: 'evicted' | 'replaced' | 'stale' | 'expired';
}

/** What became of a transaction. */
export type Admission =
  /** `isReady`: a block could include it now; else it waits for an earlier nonce. */
  | {
      readonly kind: 'accepted';
      readonly id: TxId;
      readonly isReady: boolean;
      readonly dropped: readonly Dropped[];
    }
  | { readonly kind: 'refused'; readonly why: TransactionRejection };

/**
 * One node's mempool. Signatures are checked by the caller: `check` before, since it is cheap, `add` after. Together
 * the transactions of one sender never promise more fees than its balance at the head. Local: two nodes may hold
 * different ones.
 */
export interface Mempool {
  readonly count: number;
  readonly bytes: number;
  /** How many wait for an earlier nonce. */
  readonly queued: number;
  readonly limits: MempoolLimits;
  has(id: TxId): boolean;
  get(id: TxId): Transaction | undefined;
  /** The lowest nonce of the account that neither the chain nor this mempool has a transaction for. */
  nextNonce(of: AccountAddress): number;
  /** Why `add` would refuse it. */
  check(transaction: Transaction): TransactionRejection | undefined;
  add(transaction: Transaction): Admission;
  /** False when it is not here. */
  remove(id: TxId): boolean;
  /**
   * The head moved. What blocks of the new chain include is gone, and is not told; what they or blocks of the old
   * chain made impossible is dropped. The caller adds the returned transactions, which pass the same gate.
   * @param connected blocks that joined the main chain. @param disconnected blocks that left it.
   */
  onHead(head: MempoolHead, connected: readonly Block[], disconnected: readonly Block[]): readonly Dropped[];
  /** What a block could include now: the best price first, then the earliest arrival, each sender's by nonce. */
  select(): Iterable<Transaction>;
  /** Ids in the order of `select`. */
  ids(): Iterable<TxId>;
  /** All, waiting ones too, by sender in the order of their first arrival, each sender's by nonce. */
  entries(): Iterable<readonly [TxId, Transaction]>;
}

/** An empty mempool at this head. */
export function createMempool(config: MempoolConfig, head: MempoolHead): Mempool {
  return new Pool(config, head);
}

/** What a replacement of this price has to pay: 10 % more, rounded up, and always more. */
export function replacementPrice(price: bigint): bigint {
  const more = (price * REPLACEMENT_PERCENT + 99n) / 100n;
  return price + (more === 0n ? 1n : more);
}

/** Accounts that the blocks may have changed, each once, in the order of the chain. */
export function affectedAccounts(blocks: readonly Block[]): ReadonlySet<AccountAddress> {
  const affected = new Set<AccountAddress>();
  for (const { header, transactions } of blocks) {
    affected.add(header.beneficiary);
    for (const transaction of transactions) {
      affected.add(senderOf(transaction));
      if (transaction.action.kind === 'transfer') affected.add(transaction.action.to);
    }
  }
  return affected;
}

/**
 * The sender to take from comes first: one whose highest nonce no block can include, then the lowest price, then the
 * latest arrival. Without the first rule a full mempool fills up with what waits for transactions that it refuses.
 */
function isCheaper(a: SenderQueue, b: SenderQueue): boolean {
  if (a.isWaiting !== b.isWaiting) return a.isWaiting;
  if (a.priceMin !== b.priceMin) return a.priceMin < b.priceMin;
  return (a.last?.arrival ?? 0) > (b.last?.arrival ?? 0);
}

function expiresSooner(a: Entry, b: Entry): boolean {
  const x = a.transaction.validUntilHeight;
  const y = b.transaction.validUntilHeight;
  return x === y ? a.arrival < b.arrival : x < y;
}

/** Where a selection stands in one sender's queue. */
interface Cursor extends Slotted {
  readonly queue: SenderQueue;
  entry: Entry;
  index: number;
}

function paysBetter(a: Cursor, b: Cursor): boolean {
  const x = a.entry.transaction.gasPrice;
  const y = b.entry.transaction.gasPrice;
  return x === y ? a.entry.arrival < b.entry.arrival : x > y;
}

class Pool implements Mempool {
  readonly limits: MempoolLimits;
  readonly #config: MempoolConfig;
  readonly #entries = new Map<TxId, Entry>();
  readonly #senders = new Map<AccountAddress, SenderQueue>();
  readonly #cheapest = new Heap<SenderQueue>(isCheaper);
  readonly #expiring = new Heap<Entry>(expiresSooner);
  #head: MempoolHead;
  #version: number;
  #bytes = 0;
  #ready = 0;
  #arrivals = 0;
  /** The empty queue that was looked at last: checks and the addition after them ask for the same one. */
  #spare: SenderQueue | undefined;

  constructor(config: MempoolConfig, head: MempoolHead) {
    this.limits = config.limits;
    this.#config = config;
    this.#head = head;
    this.#version = this.#nextVersion();
  }

  get count(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get queued(): number {
    return this.#entries.size - this.#ready;
  }

  has(id: TxId): boolean {
    return this.#entries.has(id);
  }

  get(id: TxId): Transaction | undefined {
    return this.#entries.get(id)?.transaction;
  }

  nextNonce(of: AccountAddress): number {
    return (this.#senders.get(of) ?? this.#emptyQueue(of)).nextNonce;
  }

  check(transaction: Transaction): TransactionRejection | undefined {
    const id = transactionId(transaction);
    if (this.#entries.has(id)) return { code: 'ALREADY_KNOWN', id };
    const stateless = checkTransactionStateless(this.#config, this.#version, transaction);
    if (stateless !== undefined) return stateless;
    const sender = senderOf(transaction);
    const queue = this.#senders.get(sender);
    if (queue === undefined && !hasAccount(this.#head.state, sender))
      return { code: 'SENDER_UNKNOWN', sender };
    const next = this.#nextHeight();
    if (isExpired(transaction, next)) {
      return { code: 'EXPIRED', validUntilHeight: transaction.validUntilHeight, height: next };
    }
    const place = queue ?? this.#emptyQueue(sender);
    return this.#checkPlace(place, transaction) ?? this.#checkRoom(place, transaction);
  }

  add(transaction: Transaction): Admission {
    const why = this.check(transaction);
    if (why !== undefined) return { kind: 'refused', why };
    const sender = senderOf(transaction);
    const queue = this.#senders.get(sender) ?? this.#emptyQueue(sender);
    const replaced = queue.at(transaction.nonce);
    const displaced = this.#displacedBy(queue, transaction);
    if (replaced !== undefined) this.#take(queue, replaced);
    if (displaced !== undefined) this.#take(queue, displaced);
    const entry: Entry = {
      slot: -1,
      id: transactionId(transaction),
      transaction,
      sender,
      sizeBytes: transactionSizeBytes(transaction),
      fee: feeMax(transaction),
      arrival: this.#arrivals++,
    };
    this.#put(entry);
    const evicted = this.#makeRoom();
    if (evicted.includes(entry)) {
      for (const other of [...evicted, replaced, displaced]) {
        if (other !== undefined && other !== entry) this.#put(other);
      }
      const floor = this.#cheapest.first()?.priceMin ?? 0n;
      return { kind: 'refused', why: { code: 'MEMPOOL_FULL', gasPriceFloor: amount(floor) } };
    }
    const dropped: Dropped[] = [];
    if (replaced !== undefined) dropped.push({ id: replaced.id, reason: 'replaced' });
    if (displaced !== undefined) dropped.push({ id: displaced.id, reason: 'evicted' });
    for (const other of evicted) dropped.push({ id: other.id, reason: 'evicted' });
    const isReady = transaction.nonce < (this.#senders.get(sender)?.nextNonce ?? 0);
    return { kind: 'accepted', id: entry.id, isReady, dropped };
  }

  remove(id: TxId): boolean {
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.#take(this.#queueOf(entry), entry);
    return entry !== undefined;
  }

  onHead(head: MempoolHead, connected: readonly Block[], disconnected: readonly Block[]): readonly Dropped[] {
    this.#head = head;
    this.#spare = undefined;
    const dropped: Dropped[] = [];
    for (const [queue, entries] of this.#includedIn(connected)) this.#take(queue, ...entries);
    for (const sender of affectedAccounts([...disconnected, ...connected])) this.#revalidate(sender, dropped);
    this.#dropExpired(dropped);
    const version = this.#nextVersion();
    if (version < this.#version) this.#dropNewer(version, dropped);
    this.#version = version;
    return dropped;
  }

  *select(): Generator<Transaction, void, undefined> {
    for (const { transaction } of this.#best()) yield transaction;
  }

  *ids(): Generator<TxId, void, undefined> {
    for (const { id } of this.#best()) yield id;
  }

  *entries(): Generator<readonly [TxId, Transaction], void, undefined> {
    for (const queue of this.#senders.values()) {
      for (const { id, transaction } of queue.entries) yield [id, transaction];
    }
  }

  #nextHeight(): Height {
    return height(this.#head.height + 1);
  }

  #nextVersion(): number {
    return versionAt(this.#config.genesis, this.#config.schedule, this.#nextHeight());
  }

  #emptyQueue(sender: AccountAddress): SenderQueue {
    const spare = this.#spare;
    if (spare?.sender === sender && spare.entries.length === 0 && spare.slot < 0) return spare;
    this.#spare = new SenderQueue(sender, readAccount(this.#head.state, sender));
    return this.#spare;
  }

  /** Nonce, replacement, the sender's own limits. */
  #checkPlace(queue: SenderQueue, transaction: Transaction): TransactionRejection | undefined {
    const { nonce, gasPrice } = transaction;
    const { gapMax, perSenderMax } = this.limits;
    if (nonce < queue.nonce) return { code: 'NONCE_USED', nonce, expected: queue.nonce };
    const replaced = queue.at(nonce);
    if (replaced !== undefined) {
      const needed = replacementPrice(replaced.transaction.gasPrice);
      if (gasPrice < needed) return { code: 'REPLACEMENT_UNDERPRICED', gasPrice, needed: amount(needed) };
    } else if (nonce - queue.nextNonce > gapMax) {
      return { code: 'NONCE_GAP', nonce, expected: queue.nextNonce, gapMax };
    }
    const displaced = this.#displacedBy(queue, transaction);
    if (replaced === undefined && displaced === undefined && queue.entries.length >= perSenderMax) {
      return { code: 'SENDER_LIMIT', max: perSenderMax };
    }
    const needed = queue.fees + feeMax(transaction) - (replaced?.fee ?? 0n) - (displaced?.fee ?? 0n);
    return needed > queue.balance
      ? { code: 'CANNOT_PAY_FEE', balance: amount(queue.balance), needed }
      : undefined;
  }

  /** A full sender's highest nonce gives way to one that comes before it: else a gap could never be filled. */
  #displacedBy(queue: SenderQueue, { nonce }: Transaction): Entry | undefined {
    if (queue.entries.length < this.limits.perSenderMax || queue.at(nonce) !== undefined) return undefined;
    return nonce < (queue.last?.transaction.nonce ?? 0) ? queue.last : undefined;
  }

  /** Whether it would be the first to be evicted itself. */
  #checkRoom(queue: SenderQueue, transaction: Transaction): TransactionRejection | undefined {
    const { countMax, bytesMax } = this.limits;
    const sizeBytes = transactionSizeBytes(transaction);
    if (this.#entries.size < countMax && this.#bytes + sizeBytes <= bytesMax) return undefined;
    if (transaction.nonce <= (queue.last?.transaction.nonce ?? -1)) return undefined;
    const first = this.#cheapest.first();
    const floor = first?.priceMin ?? 0n;
    const waits = transaction.nonce > queue.nextNonce || queue.isWaiting;
    if (first !== undefined && first.isWaiting !== waits) {
      return waits ? { code: 'MEMPOOL_FULL', gasPriceFloor: amount(floor) } : undefined;
    }
    const isCheap = transaction.gasPrice <= floor || (queue.last !== undefined && queue.priceMin <= floor);
    return isCheap ? { code: 'MEMPOOL_FULL', gasPriceFloor: amount(floor) } : undefined;
  }

  #put(entry: Entry): void {
    let queue = this.#senders.get(entry.sender);
    if (queue === undefined) {
      queue = this.#emptyQueue(entry.sender);
      this.#senders.set(entry.sender, queue);
    }
    this.#ready -= queue.ready;
    queue.insert(entry);
    this.#ready += queue.ready;
    if (queue.slot < 0) this.#cheapest.add(queue);
    else this.#cheapest.move(queue);
    this.#entries.set(entry.id, entry);
    this.#bytes += entry.sizeBytes;
    if (entry.transaction.validUntilHeight > 0) this.#expiring.add(entry);
  }

  /** What blocks include, by sender: taking one at a time would count a sender's queue for each. */
  #includedIn(blocks: readonly Block[]): ReadonlyMap<SenderQueue, readonly Entry[]> {
    const included = new Map<SenderQueue, Entry[]>();
    for (const block of blocks) {
      for (const transaction of block.transactions) {
        const entry = this.#entries.get(transactionId(transaction));
        if (entry === undefined) continue;
        const queue = this.#queueOf(entry);
        const others = included.get(queue);
        if (others === undefined) included.set(queue, [entry]);
        else others.push(entry);
      }
    }
    return included;
  }

  #queueOf(entry: Entry): SenderQueue {
    const queue = this.#senders.get(entry.sender);
    assert(queue !== undefined, 'every entry stands in the queue of its sender');
    return queue;
  }

  #take(queue: SenderQueue, ...entries: readonly Entry[]): void {
    this.#ready -= queue.ready;
    queue.remove(...entries);
    this.#ready += queue.ready;
    if (queue.entries.length > 0) this.#cheapest.move(queue);
    else {
      this.#cheapest.remove(queue);
      this.#senders.delete(queue.sender);
    }
    for (const entry of entries) {
      this.#entries.delete(entry.id);
      this.#bytes -= entry.sizeBytes;
      if (entry.slot >= 0) this.#expiring.remove(entry);
    }
  }

  /** Takes from the cheapest sender its highest nonce, which nothing else waits for, until all limits hold. */
  #makeRoom(): readonly Entry[] {
    const evicted: Entry[] = [];
    while (this.#entries.size > this.limits.countMax || this.#bytes > this.limits.bytesMax) {
      const victim = this.#cheapest.first()?.last;
      assert(victim !== undefined, 'an empty mempool is within its limits');
      this.#take(this.#queueOf(victim), victim);
      evicted.push(victim);
    }
    return evicted;
  }

  /** Follows the sender's account: used nonces go, then the highest ones that it cannot pay any more. */
  #revalidate(sender: AccountAddress, dropped: Dropped[]): void {
    const queue = this.#senders.get(sender);
    if (queue === undefined) return;
    this.#ready -= queue.ready;
    queue.follow(readAccount(this.#head.state, sender));
    this.#ready += queue.ready;
    this.#cheapest.move(queue);
    const exists = hasAccount(this.#head.state, sender);
    const stale = queue.entries.filter(({ transaction }) => !exists || transaction.nonce < queue.nonce);
    for (const entry of stale) this.#drop(entry, 'stale', dropped);
    while (queue.last !== undefined && queue.fees > queue.balance) this.#drop(queue.last, 'stale', dropped);
  }

  #dropExpired(dropped: Dropped[]): void {
    const next = this.#nextHeight();
    for (let entry = this.#expiring.first(); entry !== undefined; entry = this.#expiring.first()) {
      if (!isExpired(entry.transaction, next)) return;
      this.#drop(entry, 'expired', dropped);
    }
  }

  /** A reorganisation went back across an upgrade. */
  #dropNewer(version: number, dropped: Dropped[]): void {
    const newer = [...this.#entries.values()].filter(({ transaction }) => transaction.version > version);
    for (const entry of newer) this.#drop(entry, 'stale', dropped);
  }

  #drop(entry: Entry, reason: Dropped['reason'], dropped: Dropped[]): void {
    this.#take(this.#queueOf(entry), entry);
    dropped.push({ id: entry.id, reason });
  }

  *#best(): Generator<Entry, void, undefined> {
    const cursors = new Heap<Cursor>(paysBetter);
    for (const queue of this.#senders.values()) {
      const entry = queue.entries[0];
      if (queue.ready > 0 && entry !== undefined) cursors.add({ slot: -1, queue, entry, index: 0 });
    }
    for (let cursor = cursors.first(); cursor !== undefined; cursor = cursors.first()) {
      yield cursor.entry;
      cursor.index++;
      const next = cursor.queue.entries[cursor.index];
      if (next === undefined || cursor.index >= cursor.queue.ready) cursors.remove(cursor);
      else {
        cursor.entry = next;
        cursors.move(cursor);
      }
    }
  }
}
