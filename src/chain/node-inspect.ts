/** What a node shows of itself: one snapshot that oracles, the API and people read. */
import type { EngineStatus } from './consensus/consensus.ts';
import type { Bound, Ledger } from './ledger/ledger.ts';
import type { PeerNetwork } from './peers/peer-network.ts';
import type { NodeSnapshot } from './types/command.ts';
import type { HeadClaim } from './types/message.ts';
import { type Height, height, type PeerId } from './types/units.ts';

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
  engineHeightOf(peer: PeerId): Height | undefined;
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
    headWeight: headWeight(ledger),
    accounts: ledger.state(node.head.id)?.accounts ?? 0,
    base: ledger.base(),
    origin: ledger.origin(),
    finality: ledger.durableFinality(),
    peers: network.peers.map((peer) => ({
      peer: peer.id,
      address: peer.address,
      direction: peer.direction,
      head: peer.head,
      height: height(Math.max(peer.head.height, node.engineHeightOf(peer.id) ?? 0)),
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

/** Weights are numbers of so many bytes. */
function headWeight(ledger: Ledger<unknown>): string {
  const { weight, header } = ledger.head();
  const before = ledger.candidate(header.parent)?.weight ?? '';
  return String(BigInt(`0x0${weight}`) - BigInt(`0x0${before}`));
}
