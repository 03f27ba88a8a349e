/** Fetches the trusted snapshot from several peers at once: verifies each item when it is whole, and keeps it durably. */
import { assertNever } from '../../env/assert.ts';
import { hexToBytes } from '../../env/bytes.ts';
import type { Timer } from '../../env/clock.ts';
import type { Env } from '../../env/program.ts';
import type { StorageFault } from '../../env/storage.ts';
import { ms } from '../../env/units.ts';
import type { PeerFault } from '../peers/fault.ts';
import type { Peer } from '../peers/peer.ts';
import type { ChainWorld } from '../types/command.ts';
import type { Message, SyncResponseMessage } from '../types/message.ts';
import { PART_MAX_BYTES } from '../types/message-codec.ts';
import type { Hash, PeerId } from '../types/units.ts';
import { CHUNK_MAX_BYTES, verifyChunk } from './chunk.ts';
import {
  FETCH_IDLE,
  type FetchAction,
  type FetchInput,
  type FetchState,
  type FetchView,
  type PartRequest,
  REQUESTS_MAX,
  stepFetch,
} from './fetch-state.ts';
import {
  checkManifest,
  chunkCount,
  chunkRange,
  MANIFEST_MAX_BYTES,
  type ManifestContext,
  snapshotId,
} from './manifest.ts';
import { MANIFEST_ITEM, type SnapshotStore, type StoredSnapshot } from './snapshot-store.ts';

/** When nobody has what is missing, all are asked again after this time. */
const PAUSE_MS = 4_000;

/** What the fetch needs of the node. */
export interface SnapshotFetchPorts {
  readonly env: Env<ChainWorld>;
  readonly limits: { readonly syncRequestTimeoutMs: number };
  readonly snapshots: SnapshotStore;
  readonly context: ManifestContext<unknown>;
  /** What the operator trusts. */
  readonly trusted: Hash;
  readonly peers: () => readonly Peer[];
  peer(id: PeerId): Peer | undefined;
  send(peer: Peer, message: Message): boolean;
  fault(peer: Peer, fault: PeerFault): void;
  stalled(peer: Peer): void;
  /** Every item is on the disk, in the order of its batches. */
  onReceived(snapshot: StoredSnapshot): void;
  /** The snapshot is the trusted one, and cannot be gone on from: whoever named it has to name another. */
  onUnusable(fact: string): void;
  onStorageFault(fault: StorageFault): void;
}

/** What came of one item so far; its size is as the first part stated it. */
interface PartialItem {
  readonly bytes: Uint8Array;
  readonly received: number;
}

export class SnapshotFetch {
  readonly #ports: SnapshotFetchPorts;
  #state: FetchState = FETCH_IDLE;
  readonly #timers = new Map<number, Timer>();
  /** By peer: it sends one item at a time. */
  readonly #partial = new Map<PeerId, PartialItem>();
  #snapshot: StoredSnapshot | undefined;
  /** Items that are not on the disk, lowest first. */
  #wanted: readonly number[] = [MANIFEST_ITEM];
  #leafCount = 0;
  /** While it is not yet known what an earlier boot left. */
  #isResuming = false;
  #resumed: Timer | undefined;
  #pause: Timer | undefined;
  readonly #inputs: FetchInput[] = [];
  #isStepping = false;
  #isOver = false;

  constructor(ports: SnapshotFetchPorts) {
    this.#ports = ports;
  }

  /** Goes on with what an earlier boot received; other snapshots are dropped. */
  start(): void {
    const { snapshots, trusted } = this.#ports;
    for (const { id, height } of snapshots.stored) if (id !== trusted) snapshots.drop(height);
    const known = snapshots.find(trusted);
    if (known !== undefined) this.#onManifest(known);
    else this.#step({ kind: 'look' });
  }

  onPeerUp(): void {
    this.#step({ kind: 'look' });
  }

  onPeerDown(peer: Peer): void {
    this.#partial.delete(peer.id);
    this.#step({ kind: 'peerDown', peer: peer.id });
  }

  onResponse(peer: Peer, { requestId, result }: SyncResponseMessage): void {
    if (this.#isOver) return;
    const request = this.#state.active.find(
      (other) => other.requestId === requestId && other.peer === peer.id,
    );
    if (request === undefined || (result.kind !== 'snapshot' && result.kind !== 'unavailable')) {
      this.#ports.fault(peer, 'UNREQUESTED');
      return;
    }
    if (result.kind === 'unavailable') this.#step({ kind: 'ended', requestId, how: 'unavailable' });
    else this.#onPart(peer, request, result.size, hexToBytes(result.bytes) ?? new Uint8Array(0));
  }

  stop(): void {
    this.#isOver = true;
    this.#pause?.cancel();
    this.#resumed?.cancel();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#partial.clear();
  }

  bounds(): readonly { readonly name: string; readonly size: number; readonly max: number }[] {
    return [{ name: 'snapshot.receiving', size: this.#partial.size, max: REQUESTS_MAX }];
  }

  #onPart(peer: Peer, request: PartRequest, size: number, bytes: Uint8Array): void {
    const { requestId, item, offset } = request;
    const max = item === MANIFEST_ITEM ? MANIFEST_MAX_BYTES : CHUNK_MAX_BYTES;
    const before = offset === 0 ? undefined : this.#partial.get(peer.id);
    const isSound =
      size > 0 &&
      size <= max &&
      (offset === 0 || before?.bytes.length === size) &&
      bytes.length === Math.min(PART_MAX_BYTES, size - offset);
    if (!isSound) {
      this.#step({ kind: 'ended', requestId, how: 'garbage' });
      return;
    }
    peer.stalls = 0;
    const whole = before?.bytes ?? new Uint8Array(size);
    whole.set(bytes, offset);
    const received = offset + bytes.length;
    if (received < size) {
      this.#partial.set(peer.id, { bytes: whole, received });
      this.#step({ kind: 'part', requestId, offset: received });
      return;
    }
    this.#partial.delete(peer.id);
    const isGood = item === MANIFEST_ITEM ? this.#takeManifest(whole) : this.#takeChunk(item, whole);
    this.#step({ kind: 'ended', requestId, how: isGood ? 'stored' : 'garbage' });
    if (isGood) this.#look();
  }

  /** False: these are not the bytes that the trusted id stands for. */
  #takeManifest(bytes: Uint8Array): boolean {
    const { env, snapshots, trusted } = this.#ports;
    env.spend('hash', Math.ceil(bytes.length / 64));
    if (snapshotId(bytes, (input) => env.crypto.sha256(input)) !== trusted) return false;
    const stored = snapshots.putManifest(bytes);
    if (stored === undefined) this.#giveUp('its bytes are no manifest that this code reads');
    else this.#onManifest(stored);
    return true;
  }

  #onManifest(snapshot: StoredSnapshot): void {
    const { context } = this.#ports;
    const { manifest, height } = snapshot;
    const checked = checkManifest(manifest, context);
    if ('code' in checked) {
      this.#giveUp(`${checked.code}: its block ${snapshot.block} at height ${height} is none of this chain`);
      return;
    }
    this.#snapshot = snapshot;
    this.#wanted = [];
    this.#isResuming = true;
    this.#resume(snapshot, 0, []);
  }

  /** Looks at what an earlier boot left, one chunk an event, and then asks for what is missing. */
  #resume(snapshot: StoredSnapshot, from: number, missing: number[]): void {
    const { env, snapshots } = this.#ports;
    const { id, height, manifest } = snapshot;
    const chunks = chunkCount(manifest);
    for (let index = from; index < chunks; index++) {
      const bytes = snapshots.item(height, index + 1);
      const leaves = bytes === undefined ? undefined : this.#leavesIn(snapshot, index, bytes);
      if (leaves === undefined) missing.push(index + 1);
      if (bytes === undefined) continue;
      this.#leafCount += leaves ?? 0;
      this.#resumed = env.clock.setTimer('snapshot-resume', ms(0), () =>
        this.#resume(snapshot, index + 1, missing),
      );
      return;
    }
    this.#isResuming = false;
    this.#wanted = missing;
    env.emit({ kind: 'SnapshotFetchStarted', id, height, chunks, received: chunks - missing.length });
    this.#flush();
    this.#look();
  }

  /** False: under the state root of the trusted block these are not all leaves between the ends of the chunk. */
  #takeChunk(item: number, bytes: Uint8Array): boolean {
    const snapshot = this.#snapshot;
    const leaves = snapshot === undefined ? undefined : this.#leavesIn(snapshot, item - 1, bytes);
    if (snapshot === undefined || leaves === undefined) return false;
    this.#ports.snapshots.putChunk(snapshot.height, item - 1, bytes);
    this.#wanted = this.#wanted.filter((other) => other !== item);
    this.#leafCount += leaves;
    this.#flush();
    return true;
  }

  /** How many leaves the chunk proves; undefined when it proves nothing. */
  #leavesIn({ manifest }: StoredSnapshot, index: number, bytes: Uint8Array): number | undefined {
    const { env } = this.#ports;
    env.spend('hash', Math.ceil(bytes.length / 16));
    const { stateRoot } = manifest.header;
    const found = verifyChunk(stateRoot, chunkRange(manifest, index), bytes, (b) => env.crypto.sha256(b));
    return 'code' in found ? undefined : found.length;
  }

  /** Progress that survives a power loss. Batches become durable in their order, so nothing waits for it. */
  #flush(): void {
    const { env } = this.#ports;
    env.storage.flush((fault) => {
      if (fault !== undefined && !this.#isOver) this.#ports.onStorageFault(fault);
    });
  }

  /** Ends the fetch when nothing is missing, else asks on. */
  #look(): void {
    const snapshot = this.#snapshot;
    if (this.#isOver || this.#isResuming || snapshot === undefined || this.#wanted.length > 0) {
      this.#step({ kind: 'look' });
    } else if (this.#leafCount !== snapshot.manifest.leafCount) {
      this.#giveUp(`it states ${snapshot.manifest.leafCount} leaves, its state has ${this.#leafCount}`);
    } else {
      this.stop();
      this.#ports.onReceived(snapshot);
    }
  }

  #giveUp(fact: string): void {
    if (this.#isOver) return;
    this.stop();
    this.#ports.onUnusable(`snapshot ${this.#ports.trusted}: ${fact}`);
  }

  /** One step at a time: what its actions cause is looked at after it. */
  #step(input: FetchInput): void {
    if (this.#isOver) return;
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const step = stepFetch(this.#state, next, this.#view());
      this.#state = step.state;
      for (const action of step.actions) this.#act(action);
    }
    this.#isStepping = false;
  }

  #view(): FetchView {
    return { peers: this.#ports.peers().map(({ id }) => id), wanted: this.#wanted };
  }

  #act(action: FetchAction): void {
    const { env, trusted } = this.#ports;
    switch (action.kind) {
      case 'ask':
        this.#ask(action);
        return;
      case 'end':
        this.#timers.get(action.requestId)?.cancel();
        this.#timers.delete(action.requestId);
        return;
      case 'fault': {
        const peer = this.#ports.peer(action.peer);
        env.emit({ kind: 'SyncPeerDropped', peer: action.peer, fault: action.fault });
        if (peer === undefined) return;
        this.#partial.delete(peer.id);
        if (action.fault === 'STALLED') this.#ports.stalled(peer);
        else this.#ports.fault(peer, action.fault);
        return;
      }
      case 'pause':
        if (this.#pause !== undefined) return;
        env.emit({ kind: 'SnapshotUnavailable', id: trusted });
        this.#pause = env.clock.setTimer('snapshot-pause', ms(PAUSE_MS), () => {
          this.#pause = undefined;
          this.#step({ kind: 'forgive' });
        });
        return;
      default:
        assertNever(action);
    }
  }

  #ask({ requestId, peer: id, item, offset }: PartRequest): void {
    const { env, limits, trusted } = this.#ports;
    const peer = this.#ports.peer(id);
    const want = { kind: 'snapshot', id: trusted, item, offset } as const;
    if (peer !== undefined) this.#ports.send(peer, { kind: 'SyncRequest', requestId, want });
    const timer = env.clock.setTimer('snapshot-part', ms(limits.syncRequestTimeoutMs), () =>
      this.#step({ kind: 'timeout', requestId }),
    );
    this.#timers.set(requestId, timer);
  }
}
