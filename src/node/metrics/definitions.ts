/** Every metric of a node, as data: names and units as Prometheus recommends them, label sets that do not grow. */

/** Stands before every name. */
export const METRIC_PREFIX = 'aureon_';

/** No metric has more series: a scrape of a node stays below a few hundred lines. */
export const SERIES_MAX = 100;

/** What one metric is. */
export interface MetricDefinition<Label extends string = string> {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets?: readonly number[];
}

/** Blocks come in a second to some minutes. */
const BLOCK_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600];
/** A request answers from memory, or reads a block from the disk. */
const REQUEST_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
/** A read takes microseconds, a flush as long as the disk. */
const OPERATION_SECONDS = [0.00001, 0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

function counter<Label extends string = never>(name: string, help: string, ...labels: Label[]) {
  return { type: 'counter', name, help, labels } as const satisfies MetricDefinition<Label>;
}

function gauge<Label extends string = never>(name: string, help: string, ...labels: Label[]) {
  return { type: 'gauge', name, help, labels } as const satisfies MetricDefinition<Label>;
}

function histogram<Label extends string = never>(
  name: string,
  help: string,
  buckets: readonly number[],
  ...labels: Label[]
) {
  return { type: 'histogram', name, help, labels, buckets } as const satisfies MetricDefinition<Label>;
}

/** In the order in which they are documented. */
export const METRICS = {
  blocksProduced: counter('blocks_produced_total', 'Blocks that this node has built.'),
  blocksReceived: counter('blocks_received_total', 'Blocks that peers have sent.', 'via'),
  blocksRejected: counter('blocks_rejected_total', 'Blocks that broke a rule.', 'code'),
  blockProductionSeconds: histogram(
    'block_production_time_seconds',
    'From the moment at which its parent became the head here to a block that this node built.',
    BLOCK_SECONDS,
  ),
  transactionsSubmitted: counter(
    'transactions_submitted_total',
    'Transactions given to this node itself, refused ones among them.',
  ),
  transactionsProcessed: counter(
    'transactions_processed_total',
    'Transactions executed in blocks, on whichever branch.',
  ),
  transactionsFailed: counter(
    'transactions_failed_total',
    'Transactions that the mempool refused, by code, and those that failed in a block (EXECUTION_FAILED).',
    'code',
  ),
  mempoolSize: gauge('mempool_size', 'Transactions that wait.'),
  mempoolBytes: gauge('mempool_bytes', 'Their size.'),
  consensusRounds: counter(
    'consensus_rounds_total',
    'Rounds that ended: of voting (pos), or of one block (poa, pow, round-robin).',
  ),
  consensusRoundSeconds: histogram(
    'consensus_round_time_seconds',
    'How long those rounds took.',
    BLOCK_SECONDS,
  ),
  powDifficulty: gauge(
    'pow_difficulty',
    'Expected hashes of the newest block, where blocks are mined; else its weight in the choice of a fork.',
  ),
  posValidators: gauge(
    'pos_validators',
    'Those who may produce the next block: validators (pos), signers (poa).',
  ),
  peersConnected: gauge('peers_connected', 'Nodes that this one is connected with.', 'direction'),
  peersBanned: counter('peers_banned_total', 'Nodes that were banned for what they did.'),
  messagesSent: counter('messages_sent_total', 'Messages to peers.', 'kind'),
  messagesReceived: counter('messages_received_total', 'Messages of peers.', 'kind'),
  messagesMalformed: counter('messages_malformed_total', 'What peers sent that is no message.'),
  peerHeights: gauge(
    'peer_heights',
    'Heights that peers state: the lowest, the median, the highest.',
    'statistic',
  ),
  chainHeight: gauge('chain_height', 'Height of the newest block of the main chain.'),
  finalHeight: gauge('final_height', 'Up to this height nothing changes any more, and it is durable here.'),
  reorganisations: counter('reorganisations_total', 'Times at which blocks left the main chain.'),
  stateRootUpdates: counter(
    'state_root_updates_total',
    'Times at which the head, and with it the state, changed.',
  ),
  accounts: gauge('accounts', 'Accounts of the newest state.'),
  httpRequests: counter('http_requests_total', 'Requests, by route.', 'route'),
  httpSeconds: histogram('http_request_duration_seconds', 'How long they took.', REQUEST_SECONDS),
  httpErrors: counter('http_errors_total', 'Requests that were answered with an error, by its code.', 'code'),
  dbOperations: counter('db_operations_total', 'Operations on the database.', 'operation'),
  dbSeconds: histogram(
    'db_operation_time_seconds',
    'How long they took; a flush until all before it is durable.',
    OPERATION_SECONDS,
    'operation',
  ),
  dbKeys: gauge('db_keys', 'Entries of the database.'),
  corruptRecords: counter('corrupt_records_total', 'Records of the disk that failed their checksum.'),
} as const;
