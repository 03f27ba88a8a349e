/** Transaction pool: the mempool behind the check of signatures, with what is told and what follows. */
import { assert } from '../env/assert.ts';
import type { Env } from '../env/program.ts';
import { signedItemOf } from './execution/signed-item.ts';
import type { HeadChange, Ledger } from './ledger/ledger.ts';
import { MEMPOOL_LIMITS } from './mempool/limits.ts';
import { createMempool, type Dropped, type Mempool, type MempoolHead } from './mempool/mempool.ts';
import type { NodeConfig, NodeLimits } from './node-config.ts';
import type { Peer } from './peers/peer.ts';
import { RecentSet } from './peers/recent-set.ts';
import { type ChainWorld, type NodeSnapshot, SUBMIT_BATCH_MAX, type Submission } from './types/command.ts';
import type { TransactionRejection } from './types/rejection.ts';
import type { Transaction } from './types/transaction.ts';
import { transactionId } from './types/transaction-codec.ts';
import type { AccountAddress, TxId } from './types/units.ts';

/** Transactions whose signatures are being checked: one batch of the largest message, twice. */
const VERIFYING_MAX = 12_000;

/** What the pool needs of the node. */
export interface PoolPorts {
  readonly env: Env<ChainWorld>;
  readonly config: NodeConfig;
  readonly limits: NodeLimits;
  readonly ledger: Ledger<unknown>;
  /** It is in the mempool now, and was not before. */
  onAccepted(id: TxId): void;
  /** More wait than before. */
  onGrown(): void;
  /** The peer relayed what no honest node relays. */
  onInvalid(from: Peer): void;
}

interface Waiting {
  readonly id: TxId;
  readonly transaction: Transaction;
  readonly from: Peer | undefined;
  readonly reply: ((submission: Submission) => void) | undefined;
}

/** The transactions that wait for a block in one node. */
export class TransactionPool {
  /** Ids of transactions whose signature is valid, in the mempool or not. */
  readonly verified: RecentSet<TxId>;
  readonly #ports: PoolPorts;
  readonly #mempool: Mempool;
  /** Ids that were refused for ever or included: not to be asked for again. */
  readonly #judged: RecentSet<TxId>;
  #waiting: Waiting[] = [];
  readonly #verifying = new Set<TxId>();
  #isStopped = false;

  constructor(ports: PoolPorts) {
    const { config, limits, ledger } = ports;
    this.#ports = ports;
    this.verified = new RecentSet(limits.verifiedIdsMax);
    this.#judged = new RecentSet(limits.verifiedIdsMax);
    const { genesis, schedule } = config;
    this.#mempool = createMempool(
      {
        genesis,
        genesisId: ledger.genesisId,
        schedule,
        limits: { ...MEMPOOL_LIMITS, countMax: limits.mempoolCountMax, bytesMax: limits.mempoolBytesMax },
      },
      headOf(ledger),
    );
  }

  get(id: TxId): Transaction | undefined {
    return this.#mempool.get(id);
  }

  ids(): Iterable<TxId> {
    return this.#mempool.ids();
  }

  entries(): Iterable<readonly [TxId, Transaction]> {
    return this.#mempool.entries();
  }

  /** For a block: the best price first. */
  candidates(): Iterable<Transaction> {
    return this.#mempool.select();
  }

  /** True unless it is here, on its way in, or was judged not long ago. */
  isNew(id: TxId): boolean {
    return !this.#mempool.has(id) && !this.#judged.has(id) && !this.#verifying.has(id);
  }

  nextNonce(of: AccountAddress): number {
    return this.#mempool.nextNonce(of);
  }

  submitLocal(transaction: Transaction, reply: (submission: Submission) => void): void {
    this.#submit(this.#local(transaction, reply));
    this.verifyWaiting();
  }

  /** As one batch of signatures; answered when all are judged, in their order. Not at all when the node stops before. */
  submitBatch(
    transactions: readonly Transaction[],
    reply: (submissions: readonly Submission[]) => void,
  ): void {
    assert(transactions.length <= SUBMIT_BATCH_MAX, 'a batch is bounded by whoever takes it in');
    const judged = new Map<number, Submission>();
    const tell = (): void => {
      if (judged.size < transactions.length) return;
      reply([...judged].sort(([a], [b]) => a - b).map(([, submission]) => submission));
    };
    if (transactions.length === 0) tell();
    for (const [i, transaction] of transactions.entries()) {
      const waiting = this.#local(transaction, (submission) => {
        judged.set(i, submission);
        tell();
      });
      this.#submit(waiting, 'afterOthers');
    }
    this.verifyWaiting();
  }

  /** Waits for verifyWaiting, so that one message is checked as one batch. */
  submitFrom(from: Peer, id: TxId, transaction: Transaction): void {
    this.#submit({ id, transaction, from, reply: undefined });
  }

  verifyWaiting(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    const items = batch.map(({ transaction }) => signedItemOf(transaction));
    const onResult = (valid: readonly boolean[]): void => {
      let grew = false;
      for (let i = 0; i < batch.length; i++) {
        const waiting = batch[i] as Waiting;
        this.#verifying.delete(waiting.id);
        if (this.#isStopped) continue;
        if (valid[i] !== true) this.#refuse(waiting, { code: 'BAD_SIGNATURE' });
        else {
          this.verified.add(waiting.id);
          if (this.#add(waiting)) grew = true;
        }
      }
      if (grew) this.#ports.onGrown();
    };
    this.#ports.env.crypto.verify(items, onResult, 'behind');
  }

  /** The head moved: what it included is gone, what it returned passes the same gate again. */
  onHead(change: HeadChange): void {
    for (const { block } of change.connected) {
      for (const transaction of block.transactions) this.#judged.add(transactionId(transaction));
    }
    const connected = change.connected.map(({ block }) => block);
    const disconnected = change.disconnected.map(({ block }) => block);
    this.#tellDropped(this.#mempool.onHead(headOf(this.#ports.ledger), connected, disconnected));
    for (const transaction of change.returned) {
      const id = transactionId(transaction);
      const admission = this.#mempool.add(transaction);
      if (admission.kind === 'accepted') {
        this.#ports.env.emit({ kind: 'TransactionAccepted', id, origin: 'reorg' });
        this.#tellDropped(admission.dropped);
        this.#ports.onAccepted(id);
      } else {
        const { code } = admission.why;
        this.#ports.env.emit({ kind: 'TransactionRejected', id, code, origin: 'reorg' });
      }
    }
  }

  counts(): NodeSnapshot['mempool'] {
    const { count, bytes, queued } = this.#mempool;
    return { count, bytes, queued };
  }

  stop(): void {
    this.#isStopped = true;
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    const { count, bytes, limits } = this.#mempool;
    return [
      { name: 'mempool.count', size: count, max: limits.countMax },
      { name: 'mempool.bytes', size: bytes, max: limits.bytesMax },
      { name: 'mempool.verifying', size: this.#verifying.size, max: VERIFYING_MAX },
      { name: 'mempool.judged', size: this.#judged.size, max: this.#judged.max },
    ];
  }

  #local(transaction: Transaction, reply: (submission: Submission) => void): Waiting {
    const id = transactionId(transaction, (bytes) => this.#ports.env.crypto.sha256(bytes));
    return { id, transaction, from: undefined, reply };
  }

  /**
   * The cheap checks first; then it waits for the check of its signature. `afterOthers`: those that come before it may be on
   * their way in, so that a gap before it is judged when they are here.
   */
  #submit(waiting: Waiting, order: 'alone' | 'afterOthers' = 'alone'): void {
    const { id } = waiting;
    if (this.#verifying.has(id)) {
      this.#refuse(waiting, { code: 'ALREADY_KNOWN', id });
      return;
    }
    const why = this.#mempool.check(waiting.transaction);
    if (why !== undefined && (why.code !== 'NONCE_GAP' || order === 'alone')) {
      this.#refuse(waiting, why);
      return;
    }
    if (this.#verifying.size >= VERIFYING_MAX) {
      this.#refuse(waiting, { code: 'MEMPOOL_FULL', gasPriceFloor: waiting.transaction.gasPrice });
      return;
    }
    this.#verifying.add(id);
    this.#waiting.push(waiting);
  }

  #add(waiting: Waiting): boolean {
    const { id, from, reply } = waiting;
    const admission = this.#mempool.add(waiting.transaction);
    if (admission.kind === 'refused') {
      this.#refuse(waiting, admission.why);
      return false;
    }
    if (from !== undefined) from.transactionMs = this.#ports.env.clock.monotonicMs();
    this.#ports.env.emit({
      kind: 'TransactionAccepted',
      id,
      origin: from === undefined ? 'local' : 'peer',
    });
    this.#tellDropped(admission.dropped);
    this.#ports.onAccepted(id);
    reply?.({ kind: 'Accepted', id });
    return true;
  }

  #refuse(waiting: Waiting, why: TransactionRejection): void {
    const { id, from, reply } = waiting;
    const { code } = why;
    this.#ports.env.emit({
      kind: 'TransactionRejected',
      id,
      code,
      origin: from === undefined ? 'local' : 'peer',
    });
    if (isForEver(why)) this.#judged.add(id);
    if (from !== undefined && isRelayersFault(why)) this.#ports.onInvalid(from);
    reply?.({ kind: 'Refused', why });
  }

  #tellDropped(dropped: readonly Dropped[]): void {
    for (const { id, reason } of dropped) {
      this.#ports.env.emit({ kind: 'TransactionDropped', id, reason });
    }
  }
}

function headOf(ledger: Ledger<unknown>): MempoolHead {
  const { id, header } = ledger.head();
  const state = ledger.state(id);
  assert(state !== undefined, 'the state after the head is kept');
  return { height: header.height, state };
}

/** What no honest node relays, whatever its head. */
function isRelayersFault({ code }: TransactionRejection): boolean {
  return (
    code === 'BAD_SIGNATURE' ||
    code === 'BAD_PUBLIC_KEY' ||
    code === 'WRONG_CHAIN' ||
    code === 'TOO_LARGE' ||
    code === 'GAS_LIMIT_TOO_LOW' ||
    code === 'GAS_LIMIT_TOO_HIGH'
  );
}

/** The same id will be refused again: asking for it would be waste. */
function isForEver(why: TransactionRejection): boolean {
  return (
    isRelayersFault(why) ||
    why.code === 'NONCE_USED' ||
    why.code === 'EXPIRED' ||
    why.code === 'GAS_PRICE_TOO_LOW'
  );
}
