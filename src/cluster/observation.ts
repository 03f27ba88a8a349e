/** What was counted in a run, and its heads: fed by every domain event. */
import type { DomainEvent } from '../chain/types/event.ts';
import type { BlockHash } from '../chain/types/units.ts';

/** One per run. */
export class Observation {
  readonly heads: { id: BlockHash; height: number }[];
  readonly halted: boolean[];
  reorgs = 0;
  reorgDepth = 0;
  synced = 0;
  compact = 0;
  rejected = 0;
  corruptionsDetected = 0;
  repairs = 0;
  starts = 0;
  produced = 0;
  snapshots = 0;
  /** Changes of the set of producers, by host. */
  readonly setChanges: number[];
  unknownMessages = 0;
  /** Nodes that stopped for good, by their reason. */
  readonly halts = new Map<string, number>();

  constructor(hosts: number, genesisId: BlockHash) {
    this.heads = Array.from({ length: hosts }, () => ({ id: genesisId, height: 0 }));
    this.halted = Array.from({ length: hosts }, () => false);
    this.setChanges = Array.from({ length: hosts }, () => 0);
  }

  /** What a Byzantine host tells of itself moves its head, and is not counted otherwise. @returns whether a head moved. */
  onEvent(host: number, event: DomainEvent, isHonest = true): boolean {
    if (!isHonest && event.kind !== 'HeadChanged' && event.kind !== 'NodeStarted') return false;
    switch (event.kind) {
      case 'HeadChanged':
        return this.#head(host, event.id, event.height);
      case 'NodeStarted':
        this.starts++;
        this.halted[host] = false;
        return this.#head(host, event.head, event.height);
      case 'NodeHalted':
        this.halted[host] = true;
        this.halts.set(event.code, (this.halts.get(event.code) ?? 0) + 1);
        return true;
      case 'Reorganised':
        this.reorgs++;
        this.reorgDepth = Math.max(this.reorgDepth, event.depth);
        return false;
      case 'BlockReceived':
        if (event.via === 'sync') this.synced++;
        if (event.via === 'compact') this.compact++;
        return false;
      case 'UnknownMessageIgnored':
        this.unknownMessages++;
        return false;
      case 'BlockProduced':
        this.produced++;
        return false;
      case 'SnapshotInstalled':
        this.snapshots++;
        return false;
      case 'ProducersChanged':
        this.setChanges[host] = (this.setChanges[host] ?? 0) + 1;
        return false;
      case 'TransactionRejected':
        this.rejected++;
        return false;
      case 'CorruptionDetected':
        this.corruptionsDetected++;
        return false;
      case 'CorruptionRepaired':
        this.repairs++;
        return false;
      default:
        return false;
    }
  }

  #head(host: number, id: BlockHash, height: number): boolean {
    const head = this.heads[host] as { id: BlockHash; height: number };
    head.id = id;
    head.height = height;
    return true;
  }
}
