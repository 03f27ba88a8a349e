/** The metrics of one boot of a node, filled from what its ports tell: in the real world and, with its time, in a simulation. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { NodeMeter } from '../../chain/metered-node.ts';
import type { NodeSnapshot } from '../../chain/types/command.ts';
import type { DomainEvent } from '../../chain/types/event.ts';
import { assertNever } from '../../env/assert.ts';
import { METRIC_PREFIX, METRICS, type MetricDefinition } from './definitions.ts';

const MS_PER_S = 1_000;

/** Told of by the HTTP server. */
export interface RequestTold {
  /** `GET /chain/head`: one of the API's, or `none`. */
  readonly route: string;
  readonly tookMs: number;
  /** Of the API; undefined: it was answered. */
  readonly errorCode: string | undefined;
}

/** What is read only when somebody looks. */
export interface Sampled {
  readonly snapshot: NodeSnapshot;
  /** Entries of the database; undefined: not known. */
  readonly keys: number | undefined;
}

/** One per boot. */
export interface NodeMetrics extends NodeMeter {
  readonly registry: Registry;
  onRequest(request: RequestTold): void;
  /** Sets the gauges that follow from a look into the node. */
  sample(sampled: Sampled): void;
}

/** @param nowMs monotonic: of the system, or of the simulation. */
export function createNodeMetrics(nowMs: () => number): NodeMetrics {
  return new Metrics(nowMs);
}

class Metrics implements NodeMetrics {
  readonly registry = new Registry();
  readonly nowMs: () => number;
  readonly #blocksProduced = this.#counter(METRICS.blocksProduced);
  readonly #blocksReceived = this.#counter(METRICS.blocksReceived);
  readonly #blocksRejected = this.#counter(METRICS.blocksRejected);
  readonly #blockProductionSeconds = this.#histogram(METRICS.blockProductionSeconds);
  readonly #transactionsSubmitted = this.#counter(METRICS.transactionsSubmitted);
  readonly #transactionsProcessed = this.#counter(METRICS.transactionsProcessed);
  readonly #transactionsFailed = this.#counter(METRICS.transactionsFailed);
  readonly #mempoolSize = this.#gauge(METRICS.mempoolSize);
  readonly #mempoolBytes = this.#gauge(METRICS.mempoolBytes);
  readonly #consensusRounds = this.#counter(METRICS.consensusRounds);
  readonly #consensusRoundSeconds = this.#histogram(METRICS.consensusRoundSeconds);
  readonly #powDifficulty = this.#gauge(METRICS.powDifficulty);
  readonly #posValidators = this.#gauge(METRICS.posValidators);
  readonly #peersConnected = this.#gauge(METRICS.peersConnected);
  readonly #peersBanned = this.#counter(METRICS.peersBanned);
  readonly #messagesSent = this.#counter(METRICS.messagesSent);
  readonly #messagesReceived = this.#counter(METRICS.messagesReceived);
  readonly #messagesMalformed = this.#counter(METRICS.messagesMalformed);
  readonly #peerHeights = this.#gauge(METRICS.peerHeights);
  readonly #chainHeight = this.#gauge(METRICS.chainHeight);
  readonly #finalHeight = this.#gauge(METRICS.finalHeight);
  readonly #reorganisations = this.#counter(METRICS.reorganisations);
  readonly #stateRootUpdates = this.#counter(METRICS.stateRootUpdates);
  readonly #accounts = this.#gauge(METRICS.accounts);
  readonly #httpRequests = this.#counter(METRICS.httpRequests);
  readonly #httpSeconds = this.#histogram(METRICS.httpSeconds);
  readonly #httpErrors = this.#counter(METRICS.httpErrors);
  readonly #dbSeconds = this.#histogram(METRICS.dbSeconds);
  readonly #dbKeys = this.#gauge(METRICS.dbKeys);
  readonly #corruptRecords = this.#counter(METRICS.corruptRecords);
  /** Counted here, and given to the registry when it is read: a node reads its database a hundred thousand times in some seconds. */
  readonly #operations = new Map<string, number>();
  /** When the running round began, and the head came; undefined: before this boot. */
  #roundMs: number | undefined;
  #headMs: number | undefined;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
    const operations = this.#operations;
    const { name, help, labels } = METRICS.dbOperations;
    new Counter({
      name: METRIC_PREFIX + name,
      help,
      labelNames: labels,
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [operation, count] of operations) this.inc({ operation }, count);
      },
    });
  }

  onEvent(event: DomainEvent, atMs: number): void {
    switch (event.kind) {
      case 'NodeStarted':
        this.#chainHeight.set(event.height);
        return;
      case 'BlockProduced':
        this.#blocksProduced.inc();
        if (this.#headMs !== undefined)
          this.#blockProductionSeconds.observe((atMs - this.#headMs) / MS_PER_S);
        return;
      case 'BlockReceived':
        return this.#blocksReceived.inc({ via: event.via });
      case 'BlockRejected':
        return this.#blocksRejected.inc({ code: event.code });
      case 'BlockImported':
        this.#transactionsProcessed.inc(event.txCount);
        if (event.failedCount > 0)
          this.#transactionsFailed.inc({ code: 'EXECUTION_FAILED' }, event.failedCount);
        return;
      case 'HeadChanged':
        this.#chainHeight.set(event.height);
        this.#stateRootUpdates.inc();
        this.#headMs = atMs;
        return this.#onRoundEnded(atMs);
      case 'Reorganised':
        return this.#reorganisations.inc();
      case 'FinalityAdvanced':
        return this.#finalHeight.set(event.finality.final);
      case 'TransactionAccepted':
        if (event.origin === 'local') this.#transactionsSubmitted.inc();
        return;
      case 'TransactionRejected':
        if (event.origin === 'local') this.#transactionsSubmitted.inc();
        return this.#transactionsFailed.inc({ code: event.code });
      case 'Engine':
        if (event.what === 'round') this.#onRoundEnded(atMs);
        return;
      case 'ProducersChanged':
        return this.#posValidators.set(event.producers);
      case 'PeerBanned':
        return this.#peersBanned.inc();
      case 'CorruptionDetected':
        return this.#corruptRecords.inc();
      case 'NodeStopped':
      case 'NodeHalted':
      case 'PeerUp':
      case 'PeerDown':
      case 'PeerScored':
      case 'HandshakeRefused':
      case 'UnknownMessageIgnored':
      case 'BlockHeld':
      case 'BaseAdvanced':
      case 'TransactionDropped':
      case 'SyncStarted':
      case 'SyncFinished':
      case 'SyncPeerDropped':
      case 'BranchSetAside':
      case 'SnapshotMade':
      case 'SnapshotFetchStarted':
      case 'SnapshotUnavailable':
      case 'SnapshotLeftAside':
      case 'SnapshotInstalled':
      case 'CorruptionRepaired':
        return;
      default:
        return assertNever(event);
    }
  }

  onSent(kind: string): void {
    this.#messagesSent.inc({ kind });
  }

  onReceived(kind: string): void {
    this.#messagesReceived.inc({ kind });
  }

  onMalformed(): void {
    this.#messagesMalformed.inc();
  }

  onOperation(operation: string, tookMs: number): void {
    this.#operations.set(operation, (this.#operations.get(operation) ?? 0) + 1);
    this.#dbSeconds.observe({ operation }, tookMs / MS_PER_S);
  }

  onRequest({ route, tookMs, errorCode }: RequestTold): void {
    this.#httpRequests.inc({ route });
    this.#httpSeconds.observe(tookMs / MS_PER_S);
    if (errorCode !== undefined) this.#httpErrors.inc({ code: errorCode });
  }

  sample({ snapshot, keys }: Sampled): void {
    const { head, finality, mempool, peers, engine } = snapshot;
    this.#chainHeight.set(head.height);
    this.#finalHeight.set(finality.final);
    this.#mempoolSize.set(mempool.count);
    this.#mempoolBytes.set(mempool.bytes);
    this.#accounts.set(snapshot.accounts);
    this.#powDifficulty.set(Number(snapshot.headWeight));
    if ('producers' in engine) this.#posValidators.set(engine.producers);
    for (const direction of ['in', 'out'] as const)
      this.#peersConnected.set({ direction }, peers.filter((peer) => peer.direction === direction).length);
    const heights = peers.map((peer) => peer.height).toSorted((a, b) => a - b);
    this.#peerHeights.reset();
    if (heights.length > 0) {
      const at = (place: number): number => heights[Math.floor(place)] ?? 0;
      this.#peerHeights.set({ statistic: 'min' }, at(0));
      this.#peerHeights.set({ statistic: 'median' }, at((heights.length - 1) / 2));
      this.#peerHeights.set({ statistic: 'max' }, at(heights.length - 1));
    }
    if (keys !== undefined) this.#dbKeys.set(keys);
  }

  #onRoundEnded(atMs: number): void {
    if (this.#roundMs !== undefined) {
      this.#consensusRounds.inc();
      this.#consensusRoundSeconds.observe((atMs - this.#roundMs) / MS_PER_S);
    }
    this.#roundMs = atMs;
  }

  #counter<Label extends string>({ name, help, labels }: MetricDefinition<Label>): Counter<Label> {
    return new Counter({ name: METRIC_PREFIX + name, help, labelNames: labels, registers: [this.registry] });
  }

  #gauge<Label extends string>({ name, help, labels }: MetricDefinition<Label>): Gauge<Label> {
    return new Gauge({ name: METRIC_PREFIX + name, help, labelNames: labels, registers: [this.registry] });
  }

  #histogram<Label extends string>(definition: MetricDefinition<Label>): Histogram<Label> {
    const { name, help, labels, buckets = [] } = definition;
    return new Histogram({
      name: METRIC_PREFIX + name,
      help,
      labelNames: labels,
      buckets: [...buckets],
      registers: [this.registry],
    });
  }
}
