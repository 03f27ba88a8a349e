/** How an empty node begins with the snapshot that its configuration names: what fetches it, and what is left aside meanwhile. */
import type { Env } from '../env/program.ts';
import { ms } from '../env/units.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { NodeConfig, NodeLimits } from './node-config.ts';
import type { PeerFault } from './peers/fault.ts';
import type { Peer } from './peers/peer.ts';
import { SnapshotFetch } from './snapshot/snapshot-fetch.ts';
import type { ChainWorld } from './types/command.ts';
import type { Message } from './types/message.ts';
import type { PeerId } from './types/units.ts';

/** Installs of one boot: a disk that did not keep the state so often will not keep it the next time. */
const INSTALLS_MAX = 3;

/** The installs of this boot. */
export interface Installing {
  /** Those before this beginning. */
  readonly installs: number;
  /** The snapshot waits on the disk for its install; told as an event of its own. */
  onReceived(): void;
}

/** What the beginning needs of the node. */
export interface BootstrapPorts extends Installing {
  readonly env: Env<ChainWorld>;
  readonly config: NodeConfig;
  readonly limits: NodeLimits;
  readonly ledger: Ledger<unknown>;
  readonly peers: () => readonly Peer[];
  peer(id: PeerId): Peer | undefined;
  send(peer: Peer, message: Message): boolean;
  fault(peer: Peer, fault: PeerFault): void;
  stalled(peer: Peer): void;
  halt(code: 'SNAPSHOT_UNUSABLE' | 'STORAGE_FAULT', fact: string): void;
  isStopped(): boolean;
}

/** Undefined: the node has blocks, none is named, or the disk does not keep it. */
export function createBootstrap(ports: BootstrapPorts): SnapshotFetch | undefined {
  const { env, config, ledger } = ports;
  const { genesis, schedule, protocolMax, consensus, snapshot } = config;
  if (snapshot === undefined || ledger.head().header.height > 0) return undefined;
  const { installs } = ports;
  if (installs >= INSTALLS_MAX) {
    env.emit({ kind: 'SnapshotLeftAside', id: snapshot.trusted, installs });
    return undefined;
  }
  const { genesisId, snapshots } = ledger;
  return new SnapshotFetch({
    env,
    limits: ports.limits,
    snapshots,
    context: { genesisId, genesis, schedule, protocolMax, rules: consensus.rules },
    trusted: snapshot.trusted,
    peers: ports.peers,
    peer: (id) => ports.peer(id),
    send: (peer, message) => ports.send(peer, message),
    fault: (peer, fault) => ports.fault(peer, fault),
    stalled: (peer) => ports.stalled(peer),
    onReceived: (received) => {
      snapshots.markInstall(received);
      env.clock.setTimer('snapshot-install', ms(0), () => {
        if (!ports.isStopped()) ports.onReceived();
      });
    },
    onUnusable: (fact) => ports.halt('SNAPSHOT_UNUSABLE', fact),
    onStorageFault: (fault) => ports.halt('STORAGE_FAULT', fault.kind),
  });
}

/** What a node without a chain has nothing to say to: it claims genesis, and is asked for nothing. */
export function isOfChain({ kind }: Message): boolean {
  return (
    kind === 'Block' ||
    kind === 'GetBlock' ||
    kind === 'GetBlockResponse' ||
    kind === 'Transactions' ||
    kind === 'Consensus'
  );
}
