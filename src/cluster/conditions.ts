/** Observable conditions of a cluster: what tests and scenarios wait for. */
import type { NodeSnapshot } from '../chain/types/command.ts';

/** What a condition may look at: a TestCluster, or part of one. */
export interface Observable {
  /** Nodes that are up and have not stopped by themselves. */
  live(): readonly { readonly height: number; inspect(): NodeSnapshot | undefined }[];
  /** The head of all live nodes; undefined while they differ, or none lives. */
  commonHead(): { readonly height: number } | undefined;
}

/** Asked between events; changes nothing. `name` stands in the message of a wait that ended in vain. */
export interface Condition {
  readonly name: string;
  holds(cluster: Observable): boolean;
}

/** Holds for all live nodes, of which there is at least one: before the first boot nothing holds. */
function everyLive(
  cluster: Observable,
  holds: (node: ReturnType<Observable['live']>[number]) => boolean,
): boolean {
  const live = cluster.live();
  return live.length > 0 && live.every(holds);
}

/** All live nodes have one head, at least at `height`. */
export function converged(height = 1): Condition {
  return {
    name: `converged at height ${height} or more`,
    holds: (cluster) => {
      const head = cluster.commonHead();
      return head !== undefined && head.height >= height;
    },
  };
}

/** Every live node's chain is that high, on whichever branch. */
export function everyoneAt(height: number): Condition {
  return {
    name: `every live node at height ${height}`,
    holds: (cluster) => everyLive(cluster, (node) => node.height >= height),
  };
}

/** Every live node has at least so many peers after their handshakes. */
export function connected(peers: number): Condition {
  return {
    name: `every live node with ${peers} peers or more`,
    holds: (cluster) => everyLive(cluster, (node) => (node.inspect()?.peers.length ?? 0) >= peers),
  };
}

/** Every live node calls that height final. */
export function finalAt(height: number): Condition {
  return {
    name: `height ${height} final everywhere`,
    holds: (cluster) => everyLive(cluster, (node) => (node.inspect()?.finality.final ?? 0) >= height),
  };
}

/** Every live node knows a chain of that height, its own or a peer's: heights travelled. */
export function heightKnown(height: number): Condition {
  return {
    name: `height ${height} known everywhere`,
    holds: (cluster) =>
      everyLive(
        cluster,
        (node) =>
          node.height >= height || (node.inspect()?.peers ?? []).some((peer) => peer.head.height >= height),
      ),
  };
}

/** No transaction waits anywhere. */
export function mempoolsEmpty(): Condition {
  return {
    name: 'every mempool empty',
    holds: (cluster) => everyLive(cluster, (node) => (node.inspect()?.mempool.count ?? 0) === 0),
  };
}
