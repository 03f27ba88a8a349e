/** What a simulated network is made of: hosts in regions, latency, bandwidth, loss, and one of three models. */
import type { Address } from '../../env/units.ts';

/** Most hosts of one network: two of them name a link in one word of a draw, one the owner of a queued event. */
export const NETWORK_HOSTS_MAX = 65_534;
/** The longest one-way delay that a table or distribution may give: 30 minutes; longer is clamped. */
export const DELAY_MAX_US = 1_800_000_000;

/** A distribution of delays in µs. Sampled through integer quantile tables: one 32-bit draw, no floating function. */
export type Distribution =
  | { readonly kind: 'constant'; readonly us: number }
  | { readonly kind: 'uniform'; readonly minUs: number; readonly maxUs: number }
  | { readonly kind: 'exponential'; readonly meanUs: number }
  /** `scale / U^(1/shape)`; `shape` is any number > 0. */
  | { readonly kind: 'pareto'; readonly scaleUs: number; readonly shape: number }
  /** Cut off below at 0. */
  | { readonly kind: 'normal'; readonly meanUs: number; readonly sdUs: number }
  /** Measured: values at equally spaced probabilities from 0 to 1, ascending, at least two; linear between them. */
  | { readonly kind: 'table'; readonly quantilesUs: readonly number[] };

/** How long a message is under way, apart from its transmission. One way = permanent latency of the pair + jitter. */
export interface LatencyConfig {
  /** Mean one-way latency between regions, [from][to]; one row and column when there is one region. */
  readonly meanUs: readonly (readonly number[])[];
  /** Added once for each pair of hosts, the same both ways: what makes pairs of one region differ. */
  readonly pair: Distribution;
  /** Added to each message, drawn by (link, kind, ordinal). */
  readonly jitter: Distribution;
}

/** A kind of host, by how it fares with compact messages. */
export interface CompactClass {
  /** Share of compact messages that such a host cannot rebuild, in millionths. */
  readonly failurePpm: number;
  /** What of the whole message such a sender sends to repair that, in thousandths: equally likely values, at least one. */
  readonly repairPermille: readonly number[];
}

/** How bulk messages travel between hosts that know a compact form of them. */
export interface CompactConfig {
  readonly bytes: number;
  /** By host. The compact form is used when both ends know it. */
  readonly users: readonly boolean[];
  /** By host: its place in `classes`. */
  readonly classOf: readonly number[];
  readonly classes: readonly CompactClass[];
}

/** One place in the network. Its index in `NetworkConfig.hosts` is the number of the host. */
export interface HostPlace {
  readonly address: Address;
  /** Row of the region tables. */
  readonly region: number;
  /** Inbound connections at once; a dial past it fails with 'limit'. Absent: unlimited. */
  readonly inboundMax?: number;
  /** Overrides the table of its region. 0: unlimited. */
  readonly uploadKbitPerS?: number;
  readonly downloadKbitPerS?: number;
}

export interface NetworkConfig {
  /**
   * `stream`: ordered, loss is delay. `datagram`: messages are lost, doubled and reordered, connecting is instant.
   * `simblock`: the message model of the published simulator, for one comparison.
   */
  readonly model: 'stream' | 'datagram' | 'simblock';
  readonly hosts: readonly HostPlace[];
  readonly latency: LatencyConfig;
  /** By region, in kbit/s (22.8 Mbit/s = 22800); 0: unlimited. */
  readonly uploadKbitPerS: readonly number[];
  readonly downloadKbitPerS: readonly number[];
  /** How connections share the wire of their host: `fair` is processor sharing, `fifo` one queue. See pipes.ts. */
  readonly uplink: 'fair' | 'fifo';
  /** Share of transmissions that are lost, in millionths. A stream sends again; a datagram is gone. */
  readonly lossPpm: number;
  /** Datagrams only: share that arrives twice, and share that is delayed by up to `reorderUs` more. */
  readonly duplicatePpm: number;
  readonly reorderPpm: number;
  readonly reorderUs: number;
  /** Share of messages of which bits are flipped, in millionths. */
  readonly corruptPpm: number;
  /** What corruption does to a stream: the bytes pass on (a checksum that did not see it), or the stream resets. */
  readonly onCorruption: 'deliver' | 'reset';
  /** First retransmission time-out beyond the round trip; doubles with each further loss (RFC 6298 §5.5). */
  readonly rtoUs: number;
  /** A stream whose oldest message stays unanswered that long ends. */
  readonly stallResetUs: number;
  /** A stream whose peer is gone, and from which no notice came, ends after that long without a send. 0: never. */
  readonly keepAliveUs: number;
  /** A dial that nobody answers fails with 'timeout' after that long. */
  readonly dialTimeoutUs: number;
  /** Bytes of a message kind, in place of its encoded length: blocks of a stated size without ballast to hash. */
  readonly messageBytes: ReadonlyMap<string, number>;
  /** `simblock` only: kinds that carry block bytes, one at a time for each sender. All others are small. */
  readonly bulkKinds: ReadonlySet<string>;
  /** `simblock` only; absent: bulk messages travel whole. See compact-form.ts. */
  readonly compact?: CompactConfig;
}

/** A network of one region without limits or faults: constant latency, unlimited bandwidth, stream model. */
export function plainNetwork(addresses: readonly Address[], latencyUs: number): NetworkConfig {
  return {
    model: 'stream',
    hosts: addresses.map((address) => ({ address, region: 0 })),
    latency: {
      meanUs: [[latencyUs]],
      pair: { kind: 'constant', us: 0 },
      jitter: { kind: 'constant', us: 0 },
    },
    uploadKbitPerS: [0],
    downloadKbitPerS: [0],
    uplink: 'fair',
    lossPpm: 0,
    duplicatePpm: 0,
    reorderPpm: 0,
    reorderUs: 0,
    corruptPpm: 0,
    onCorruption: 'deliver',
    rtoUs: 200_000,
    stallResetUs: 20_000_000,
    keepAliveUs: 60_000_000,
    dialTimeoutUs: 10_000_000,
    messageBytes: new Map(),
    bulkKinds: new Set(),
  };
}
