/** What a node shows of itself: one snapshot that oracles, the API and people read. */
import type { EngineStatus } from './consensus/consensus.ts';
import type { Bound, Ledger } from './ledger/ledger.ts';
import type { PeerNetwork } from './peers/peer-network.ts';
import type { NodeSnapshot } from './types/command.ts';
import type { HeadClaim } from './types/message.ts';
import type { PeerId } from './types/units.ts';

/** The parts that a snapshot reads. */
export interface Inspected {
  readonly nodeKey: PeerId;
  readonly halted: string | undefined;
  readonly head: HeadClaim;
  readonly ledger: Ledger<unknown>;
  readonly network: PeerNetwork;
  readonly mempool: NodeSnapshot['mempool'];
  readonly sync: NodeSnapshot['sync'];
  readonly engine: EngineStatus;
  readonly bounds: readonly Bound[];
}

/** Changes nothing. */
export function snapshotOf(node: Inspected): NodeSnapshot {
  const { ledger, network } = node;
  return {
    nodeKey: node.nodeKey,
    halted: node.halted,
    head: node.head,
    stateRoot: ledger.head().header.stateRoot,
    base: ledger.base(),
    origin: ledger.origin(),
    finality: ledger.durableFinality(),
    peers: network.peers.map((peer) => ({
      peer: peer.id,
      address: peer.address,
      direction: peer.direction,
      head: peer.head,
      score: network.score(peer),
    })),
    knownAddresses: network.knownAddresses,
    bannedPeers: network.bannedCount,
    mempool: node.mempool,
    sync: node.sync,
    engine: node.engine,
    bounds: [...ledger.bounds(), ...node.bounds],
  };
}
