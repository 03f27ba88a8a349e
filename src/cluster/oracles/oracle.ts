/** What an oracle is: it watches a cluster, re-computes what nodes claim, and reports what breaks a law. */

import type { State } from '../../chain/state/state.ts';
import type { NodeSnapshot } from '../../chain/types/command.ts';
import type { DomainEvent } from '../../chain/types/event.ts';
import type { SyncRequestMessage } from '../../chain/types/message.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import type { Storage } from '../../env/storage.ts';
import type { ConnectionId } from '../../env/units.ts';
import type { CorruptionReport } from '../../sim/disk/disk.ts';
import type { ChainSetup } from '../chain-setup.ts';
import type { Load } from '../load/load.ts';
import type { Signed, SignLog } from '../sign-log.ts';
import type { StoredChains } from './stored-chains.ts';

/** What executing a chain up to a block gave. */
export interface Executed {
  readonly height: number;
  readonly state: State;
  readonly view: unknown;
}

/** What an oracle may see. Nothing here changes the run. */
export interface ClusterView {
  readonly hostCount: number;
  readonly genesisId: BlockHash;
  /** Genesis and rules, for re-execution. */
  readonly setup: ChainSetup;
  nowUs(): number;
  nameOf(host: number): string;
  /** What Byzantine hosts claim, show and keep is judged by nobody; their events come to no oracle. */
  isHonest(host: number): boolean;
  /** True for the keys of Byzantine hosts. */
  isByzantineKey(key: string): boolean;
  /** Undefined when the host is down. */
  inspect(host: number): NodeSnapshot | undefined;
  /** The disk without its faults: what the program wrote. */
  disk(host: number): Pick<Storage, 'get' | 'scan'>;
  /**
   * True when the disk is seen as it was later, and may have lost that block by right: it stands beside the main chain that the host
   * came to, so far below that branches are removed.
   */
  hasDropped(host: number, height: number, id: BlockHash): boolean;
  /** Those of all hosts, by number. */
  disks(): readonly Pick<Storage, 'get' | 'scan'>[];
  corruption(host: number): CorruptionReport;
  /** Blocks of all hosts, decoded from their disks. */
  readonly chains: StoredChains;
  /** What re-execution found, by block: filled by its oracle, shared with no host. */
  readonly executed: Map<BlockHash, Executed>;
  /** What clients were told. */
  loads(): readonly Load[];
  /** Undefined while the assumption of depth finality holds; else what broke it. */
  depthBroken(): string | undefined;
  /** Why nothing final need stay so, whatever its kind: more Byzantine hosts than the engine bears. Undefined: it must. */
  finalityBroken(): string | undefined;
  /** True when programs are replaced, or links flip bits: then a node may send what no honest node sends. */
  hasAltered(): boolean;
  /** What each host has signed for consensus so far. */
  readonly signLog: SignLog;
  /**
   * Power of all that vote on the block of a height, and of those of them whose key has signed something that matches.
   * Undefined: nobody votes there, or the block before it was not re-executed (yet).
   */
  signedPower(height: number, matches: (signed: Signed) => boolean): SignedPower | undefined;
  /** Power of these hosts among all that vote on the block of a height; undefined as for `signedPower`. */
  powerOf(height: number, isMeant: (host: number) => boolean): bigint | undefined;
  /** True once a disk was emptied, restored, rotten or lied: what that host promised may be gone. */
  isTainted(host: number): boolean;
}

/** Power, in the engine's units. */
export interface SignedPower {
  readonly signed: bigint;
  readonly total: bigint;
}

/** A law that was broken. */
export interface Finding {
  readonly rule: string;
  readonly kind: 'safety' | 'liveness';
  readonly hosts: readonly number[];
  readonly fact: string;
}

export type Report = (finding: Finding) => void;

export interface Oracle {
  readonly name: string;
  /** How often its law was checked so far: an `always` that never ran proves nothing. */
  checked(): number;
  onEvent?(host: number, event: DomainEvent): void;
  /** What a key signed left its host for the first time; hosts that share a key are the first of them. */
  onPromised?(host: number, promise: Signed): void;
  /** A question left a host, to the peer at the other end of that connection. */
  onAsked?(host: number, to: ConnectionId, request: SyncRequestMessage): void;
  /** Now and then during the run. */
  onCheck?(): void;
  /** After the quiet end, with everything that is up at rest. */
  onEnd?(): void;
}

/** Builds one oracle for one run. */
export type OracleFactory = (view: ClusterView, report: Report) => Oracle;
