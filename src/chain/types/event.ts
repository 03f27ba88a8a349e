/** What happened in a node: one closed union that feeds logs, metrics, traces and oracles. Claims, which oracles check. */
import type { Address } from '../../env/units.ts';
import type { Finality } from './finality.ts';
import type { BlockHash, Hash, Height, PeerId, TxId } from './units.ts';

/** A part of the disk that failed its checksum. */
export type RecordKind =
  | 'meta'
  | 'block'
  | 'certificate'
  | 'state'
  | 'undo'
  | 'index'
  | 'snapshot'
  | 'engine'
  | 'unknown';

export type DomainEvent =
  | {
      readonly kind: 'NodeStarted';
      readonly head: BlockHash;
      readonly height: Height;
      readonly reexecuted: number;
    }
  | { readonly kind: 'NodeStopped'; readonly reason: string }
  /** The node stops by itself: it cannot go on without an operator. */
  | {
      readonly kind: 'NodeHalted';
      readonly code: 'UPGRADE_REQUIRED' | 'REORG_BEYOND_PRUNED' | 'SNAPSHOT_UNUSABLE' | 'STORAGE_FAULT';
      readonly fact: string;
    }
  | {
      readonly kind: 'PeerUp';
      readonly peer: PeerId;
      readonly address: Address;
      readonly direction: 'in' | 'out';
    }
  | { readonly kind: 'PeerDown'; readonly peer: PeerId; readonly reason: string }
  | { readonly kind: 'PeerScored'; readonly peer: PeerId; readonly fault: string; readonly score: number }
  | { readonly kind: 'PeerBanned'; readonly peer: PeerId; readonly address: Address; readonly fault: string }
  | { readonly kind: 'HandshakeRefused'; readonly address: Address; readonly code: string }
  | { readonly kind: 'UnknownMessageIgnored'; readonly count: number }
  | {
      readonly kind: 'BlockProduced';
      readonly id: BlockHash;
      readonly height: Height;
      readonly txCount: number;
    }
  | {
      readonly kind: 'BlockReceived';
      readonly id: BlockHash;
      readonly height: Height;
      readonly from: PeerId;
      readonly via: 'announce' | 'full' | 'compact' | 'sync';
    }
  | { readonly kind: 'BlockRejected'; readonly id: BlockHash; readonly height: Height; readonly code: string }
  | { readonly kind: 'BlockHeld'; readonly id: BlockHash; readonly untilMs: number }
  /** Executed and stored, on whichever branch. */
  | {
      readonly kind: 'BlockImported';
      readonly id: BlockHash;
      readonly height: Height;
      readonly txCount: number;
      /** Of these, transactions whose action failed: they have paid, and changed nothing else. */
      readonly failedCount: number;
    }
  | {
      readonly kind: 'HeadChanged';
      readonly id: BlockHash;
      readonly height: Height;
      readonly parent: BlockHash;
    }
  | {
      readonly kind: 'Reorganised';
      readonly from: BlockHash;
      readonly to: BlockHash;
      readonly ancestor: BlockHash;
      readonly depth: number;
      readonly returned: number;
    }
  | { readonly kind: 'FinalityAdvanced'; readonly finality: Finality; readonly finalId: BlockHash }
  | { readonly kind: 'BaseAdvanced'; readonly id: BlockHash; readonly height: Height }
  | { readonly kind: 'TransactionAccepted'; readonly id: TxId; readonly origin: 'local' | 'peer' | 'reorg' }
  | {
      readonly kind: 'TransactionRejected';
      readonly id: TxId;
      readonly code: string;
      readonly origin: 'local' | 'peer' | 'reorg';
    }
  | {
      readonly kind: 'TransactionDropped';
      readonly id: TxId;
      readonly reason: 'evicted' | 'replaced' | 'stale' | 'expired';
    }
  | { readonly kind: 'SyncStarted'; readonly from: Height; readonly to: Height }
  | { readonly kind: 'SyncFinished'; readonly at: Height }
  | { readonly kind: 'SyncPeerDropped'; readonly peer: PeerId; readonly fault: string }
  /** Nobody gives that body: what stands on it is not wanted until somebody does. */
  | { readonly kind: 'BranchSetAside'; readonly id: BlockHash; readonly height: Height }
  /** A snapshot of the base is on the disk, and served from now on. `id` is what another node is told to trust. */
  | {
      readonly kind: 'SnapshotMade';
      readonly id: Hash;
      readonly height: Height;
      readonly block: BlockHash;
      readonly chunks: number;
    }
  /** The manifest of the trusted snapshot is here; `received` of its chunks were on the disk already. */
  | {
      readonly kind: 'SnapshotFetchStarted';
      readonly id: Hash;
      readonly height: Height;
      readonly chunks: number;
      readonly received: number;
    }
  /** No peer has what is missing of the trusted snapshot: they are asked again after a pause. */
  | { readonly kind: 'SnapshotUnavailable'; readonly id: Hash }
  /** Installed again and again, its state was not what the disk then held: this boot fetches the blocks from genesis on. */
  | { readonly kind: 'SnapshotLeftAside'; readonly id: Hash; readonly installs: number }
  /** The chain now begins at this block: its state is on the disk, and later blocks follow. */
  | {
      readonly kind: 'SnapshotInstalled';
      readonly id: Hash;
      readonly height: Height;
      readonly block: BlockHash;
      readonly chunks: number;
    }
  | { readonly kind: 'CorruptionDetected'; readonly key: string; readonly record: RecordKind }
  | { readonly kind: 'CorruptionRepaired'; readonly key: string; readonly record: RecordKind }
  /** On the chain of this node, who may produce has changed with this block. */
  | { readonly kind: 'ProducersChanged'; readonly height: Height; readonly producers: number }
  /** An assertion inside an engine, or a name of its own that a scenario counts. */
  | {
      readonly kind: 'Engine';
      readonly engine: string;
      readonly what: string;
      readonly height: Height;
      /** Of an engine that votes: the round of that height. */
      readonly round?: number;
    };
