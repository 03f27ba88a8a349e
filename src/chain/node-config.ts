/** What a node is started with: its chain, its identity, whom it dials, what it takes part in, and its limits. */
import type { Env } from '../env/program.ts';
import { type Address, type KeyId, ms } from '../env/units.ts';
import type { Consensus, SealSearch } from './consensus/consensus.ts';
import type { LedgerConfig } from './ledger/ledger.ts';
import { CHUNK_LEAVES_MAX_BYTES } from './snapshot/chunk.ts';
import type { ChainWorld } from './types/command.ts';
import type { Genesis, UpgradeSchedule } from './types/genesis.ts';
import { ANSWER_MAX_BYTES } from './types/message-codec.ts';
import type { AccountAddress, Hash } from './types/units.ts';

/** Searches one seal. */
export type Search = SealSearch;

/** What a node takes part in. Every switch has a default in DEFAULT_FEATURES. */
export interface NodeFeatures {
  /** Exchange addresses by PeerInfo, and dial what is learned. Off: bootstrap addresses only. */
  readonly discovery: boolean;
  /** Ping idle connections and drop the ones that do not answer. */
  readonly pings: boolean;
  /** Announce, request and serve transactions. Off: only what is submitted here enters the mempool. */
  readonly transactionGossip: boolean;
  /** `on`: announcements carry short ids, and blocks are rebuilt from the mempool where they can be. */
  readonly compactBlocks: 'off' | 'on';
  /** Requests time out and go to the next announcer. Off: one source, for ever. */
  readonly requestTimeouts: boolean;
  /** Announce blocks that do not become the head too. */
  readonly relayStale: boolean;
}

/** What a real node runs. */
export const DEFAULT_FEATURES: NodeFeatures = {
  discovery: true,
  pings: true,
  transactionGossip: true,
  compactBlocks: 'on',
  requestTimeouts: true,
  relayStale: false,
};

/** Limits of one node. Each has a default, with its reason, in DEFAULT_LIMITS. */
export interface NodeLimits {
  readonly outboundTarget: number;
  readonly inboundMax: number;
  readonly knownAddressesMax: number;
  readonly bannedMax: number;
  readonly banDurationMs: number;
  readonly banScore: number;
  readonly handshakeTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly inventoryIdsMax: number;
  readonly requestsInFlightMax: number;
  readonly transactionBatchMs: number;
  readonly transactionRequestTimeoutMs: number;
  readonly blockRequestTimeoutMs: number;
  readonly orphansMax: number;
  readonly heldBlocksMax: number;
  readonly verifyingBlocksMax: number;
  readonly verifiedIdsMax: number;
  readonly syncHeadersMax: number;
  readonly syncBlocksMax: number;
  readonly syncWindowMax: number;
  readonly answerBytesMax: number;
  readonly syncRequestTimeoutMs: number;
  readonly mempoolCountMax: number;
  readonly mempoolBytesMax: number;
}

/** Limits of a real node. */
export const DEFAULT_LIMITS: NodeLimits = {
  /** Eight: an eclipse needs all of them, and a block costs eight announcements. */
  outboundTarget: 8,
  /** Each inbound peer costs a send queue and an inventory; 117 + 8 is what the field runs with. */
  inboundMax: 117,
  /** About 128 bytes each in memory: 512 kB. */
  knownAddressesMax: 4_096,
  /** Bans end by themselves; the oldest give way. */
  bannedMax: 1_024,
  /** Ten minutes, in which all points would have faded: who goes on afterwards is banned again at little cost. */
  banDurationMs: 600_000,
  /** Sum of penalties at which a peer is banned. Penalties stand in peers/score.ts. */
  banScore: 100,
  /** Two round trips and a signature, on the worst link. */
  handshakeTimeoutMs: 10_000,
  /** A silent connection is tried once in 30 s ... */
  pingIntervalMs: 30_000,
  /** ... and lost after 20 s without an answer: a block of 1 MiB passes in that time at 0.5 Mbit/s. */
  pingTimeoutMs: 20_000,
  /** Ids a node remembers as seen in gossip; one bit for each peer and id. */
  inventoryIdsMax: 16_384,
  /** Transactions asked for and not yet here, in all. */
  requestsInFlightMax: 4_096,
  /** Transactions wait that long to be announced together: latency against one message each. */
  transactionBatchMs: 100,
  /** Then the next announcer is asked. */
  transactionRequestTimeoutMs: 5_000,
  /** The same for a block, plus what its size and the peer's queue need. */
  blockRequestTimeoutMs: 4_000,
  /** Blocks without a parent, kept while sync fetches it. */
  orphansMax: 64,
  /** Blocks from the future, kept until their time. */
  heldBlocksMax: 64,
  /** Blocks whose signatures are being checked; 1 MiB each at most. */
  verifyingBlocksMax: 64,
  /** Transaction ids whose signature was found valid: the mempool's and the last few blocks'. */
  verifiedIdsMax: 32_768,
  /** Headers asked of one peer at once, and headers that can only be judged later. */
  syncHeadersMax: 512,
  /** Blocks asked of one peer at once. */
  syncBlocksMax: 16,
  /** Bodies asked for and not yet imported: four peers at a time, 64 MiB at worst; not above `orphansMax`. */
  syncWindowMax: 64,
  /** Body of one answer, as JSON: the next message waits behind it on a stream. */
  answerBytesMax: ANSWER_MAX_BYTES,
  /** Two such answers pass in a second at 1 Mbit/s; the rest is for peers that are busy. */
  syncRequestTimeoutMs: 16_000,
  /** PROTOCOL.md, Mempool: 10,000 transactions are five full blocks. */
  mempoolCountMax: 10_000,
  /** The largest mempool in bytes: eight full blocks. */
  mempoolBytesMax: 8_388_608,
};

/** How a node keeps its chain on disk. Each has a default in DEFAULT_STORE. */
export type StoreSettings = Pick<
  LedgerConfig<unknown>,
  | 'bodies'
  | 'baseDepth'
  | 'undoDepth'
  | 'futureMaxMs'
  | 'accountIndex'
  | 'flushBlocks'
  | 'scrubIntervalMs'
  | 'scrubRecords'
  | 'snapshotInterval'
  | 'snapshotChunkBytes'
>;

/** What a real node keeps. */
export const DEFAULT_STORE: StoreSettings = {
  bodies: 'archive',
  /** Deeper than reorganisations that happen by themselves; what is newer is executed again at a start. */
  baseDepth: 64,
  /** A reorganisation of 1,064 blocks needs an operator's eye. */
  undoDepth: 1_000,
  /** As far as clocks of honest nodes may go astray, a time zone set wrong included: two hours, as in the field. */
  futureMaxMs: ms(7_200_000),
  accountIndex: true,
  flushBlocks: 1,
  /** With 256 records a step a thousandth of one core, and a chain of ten million records is read in eleven hours ... */
  scrubIntervalMs: 1_000,
  /** ... each step taking about a millisecond, for which no vote waits noticeably. */
  scrubRecords: 256,
  /** docs/decisions/008: the whole state is written once in so many blocks, and a new node fetches at most so many more. */
  snapshotInterval: 16_384,
  snapshotChunkBytes: CHUNK_LEAVES_MAX_BYTES,
};

/** Everything that one node is told. Its storage must belong to the same genesis. */
export interface NodeConfig {
  readonly genesis: Genesis;
  readonly schedule: UpgradeSchedule;
  /** The highest protocol version that this code executes, at most PROTOCOL_VERSION_MAX. */
  readonly protocolMax: number;
  /** The engine that `genesis.engine` names. */
  readonly consensus: Consensus;
  /** Names the node key: handshakes and, for a producer, votes and seals. */
  readonly identity: KeyId;
  /**
   * Somebody who knows vouches that the key has signed nothing that is not in the records of this folder: the first start
   * of a new key, or an operator's word. Absent: no.
   */
  readonly isVouched?: boolean;
  /** Receives fees and rewards of blocks built here. */
  readonly beneficiary: AccountAddress;
  /** Where others can dial this node. */
  readonly listen: Address;
  /** Dialed when nothing better is known. */
  readonly bootstrap: readonly Address[];
  /** Exactly these are dialed, again and again, and nothing is discovered. Absent: dynamic topology. */
  readonly staticPeers?: readonly Address[];
  /** Proof-of-work search: modelled in simulation, real in the node. */
  readonly createSearch: (env: Env<ChainWorld>) => Search;
  /** Names the code that executes, for what hosts share; absent: the protocol version. Mixed or mutated code needs its own. */
  readonly codeVersion?: string;
  /**
   * An empty folder begins with the snapshot of this id instead of genesis: whoever names it trusts it as he trusts the
   * genesis. Without effect on a folder that has blocks.
   */
  readonly snapshot?: { readonly trusted: Hash };
  readonly store?: Partial<StoreSettings>;
  readonly features?: Partial<NodeFeatures>;
  readonly limits?: Partial<NodeLimits>;
}
