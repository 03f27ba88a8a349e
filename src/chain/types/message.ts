/** The wire: what nodes say to each other. A closed union; JSON form and limits stand in message-codec.ts. */
import type { Address } from '../../env/units.ts';
import type { Block, Header } from './block.ts';
import type { Transaction } from './transaction.ts';
import type { BlockHash, Hash, Height, PublicKey, Signature, TxId, Weight } from './units.ts';

/** What a node says of its own head. Claims, never trusted; a stated height may go down. */
export interface HeadClaim {
  readonly id: BlockHash;
  readonly height: Height;
  readonly weight: Weight;
}

/** First on every connection, from both sides. */
export interface HandshakeMessage {
  readonly kind: 'Handshake';
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly genesisId: BlockHash;
  /** EIP-2124: CRC-32 over genesis id and passed upgrade heights, and the next one known (0: none). */
  readonly forkHash: string;
  readonly forkNext: Height;
  readonly nodeKey: PublicKey;
  /** Where this node can be dialed. */
  readonly listen: Address;
  /** 32 random bytes, lower-case hexadecimal, which the other side signs. */
  readonly challenge: string;
  readonly head: HeadClaim;
}

/** Answers the other side's challenge; after it the connection has an identity. */
export interface HandshakeProofMessage {
  readonly kind: 'HandshakeProof';
  /** Over a tag, both challenges and the other side's node key. */
  readonly signature: Signature;
}

export interface PingMessage {
  readonly kind: 'Ping';
  readonly nonce: number;
  readonly head: HeadClaim;
}

export interface PongMessage {
  readonly kind: 'Pong';
  readonly nonce: number;
  readonly head: HeadClaim;
}

/** Short ids of a compact block: 6 bytes each, keyed by header id and nonce; in block order. */
export interface ShortIds {
  /** 8 random bytes, lower-case hexadecimal. */
  readonly nonce: string;
  /** 12 hexadecimal digits each. */
  readonly ids: readonly string[];
}

/** Announces a block: its header, and optionally its compact form. */
export interface BlockMessage {
  readonly kind: 'Block';
  readonly header: Header;
  readonly weight: Weight;
  readonly shortIds?: ShortIds;
}

/** Asks for a whole block, or for some of its transactions by index (strictly growing). */
export interface GetBlockMessage {
  readonly kind: 'GetBlock';
  readonly id: BlockHash;
  readonly indexes?: readonly number[];
}

/**
 * A piece of a block that does not fit one answer: of its encoding, and its certificate's behind it, `size` bytes in all,
 * those from `offset` on. Lower-case hexadecimal. Size 0: the block is not here any more, no fault.
 */
export interface BlockPart {
  readonly offset: number;
  readonly size: number;
  readonly bytes: string;
}

export interface GetBlockResponseMessage {
  readonly kind: 'GetBlockResponse';
  readonly id: BlockHash;
  readonly result:
    | { readonly kind: 'block'; readonly block: Block; readonly certificate: string }
    /** The first of those asked for, as many as one answer carries, at least one. */
    | {
        readonly kind: 'transactions';
        readonly indexes: readonly number[];
        readonly transactions: readonly Transaction[];
      }
    | { readonly kind: 'unknown' }
    /** The first part of a block that does not fit one answer; the others are asked for by SyncRequest. */
    | ({ readonly kind: 'part' } & BlockPart);
}

/**
 * Headers after the newest block of `locator` that the other side has on its main chain, blocks by id, the part of a
 * block from `offset` on, or an item of a snapshot (0: the manifest, then the chunks) from `offset` on: of each as much
 * as one answer carries.
 */
export interface SyncRequestMessage {
  readonly kind: 'SyncRequest';
  readonly requestId: number;
  readonly want:
    | { readonly kind: 'headers'; readonly locator: readonly BlockHash[]; readonly limit: number }
    | { readonly kind: 'blocks'; readonly ids: readonly BlockHash[] }
    | { readonly kind: 'snapshot'; readonly id: Hash; readonly item: number; readonly offset: number }
    | { readonly kind: 'part'; readonly id: BlockHash; readonly offset: number };
}

export interface SyncResponseMessage {
  readonly kind: 'SyncResponse';
  readonly requestId: number;
  readonly head: HeadClaim;
  readonly result: /** The certificates are empty, one for each header: those of blocks come with the blocks. */
    | {
        readonly kind: 'headers';
        readonly headers: readonly Header[];
        readonly certificates: readonly string[];
      }
    | {
        readonly kind: 'blocks';
        readonly blocks: readonly Block[];
        readonly certificates: readonly string[];
      }
    /** Bytes of an item, lower-case hexadecimal, and how many it has in all. */
    | { readonly kind: 'snapshot'; readonly size: number; readonly bytes: string }
    /** Not here: the snapshot is not kept, or the headers lie below the one that this chain began with. No fault. */
    | { readonly kind: 'unavailable' }
    /** Of the block asked for, or of the first of several that is here, when that one does not fit one answer. */
    | ({ readonly kind: 'part'; readonly id: BlockHash } & BlockPart);
}

/** Addresses worth dialing; `request` asks for the other side's. */
export interface PeerInfoMessage {
  readonly kind: 'PeerInfo';
  readonly request: boolean;
  readonly peers: readonly Address[];
}

/** Inventory-based gossip of transactions: ids that I have, ids that I want, bodies. */
export interface TransactionsMessage {
  readonly kind: 'Transactions';
  readonly have: readonly TxId[];
  readonly want: readonly TxId[];
  readonly bodies: readonly Transaction[];
}

/** An engine's own message: opaque to the node, lower-case hexadecimal. */
export interface ConsensusMessage {
  readonly kind: 'Consensus';
  readonly body: string;
}

/** The nine wire messages, the handshake, and the one kind for engines. */
export type Message =
  | HandshakeMessage
  | HandshakeProofMessage
  | PingMessage
  | PongMessage
  | BlockMessage
  | GetBlockMessage
  | GetBlockResponseMessage
  | SyncRequestMessage
  | SyncResponseMessage
  | PeerInfoMessage
  | TransactionsMessage
  | ConsensusMessage;

/** Fork id of EIP-2124 as the handshake carries it. */
export interface ForkId {
  readonly forkHash: string;
  readonly forkNext: Height;
}
