/**
 * The proof that a chain stands still for ever, whatever time passes: nobody who is live may extend his own head by the
 * engine's rules, and no head is better than another, so that nobody takes up another one.
 */
import type { Candidate, ConsensusRules } from '../chain/consensus/consensus.ts';
import { buildGenesis } from '../chain/execution/genesis.ts';
import { blockId } from '../chain/types/header-codec.ts';
import { isRejection } from '../chain/types/rejection.ts';
import type { PublicKey } from '../chain/types/units.ts';
import type { EndedCluster, EndedNode } from './ended-cluster.ts';

/** Groups of hosts that are told of one by one. */
const TOLD_MAX = 6;

export interface Standstill {
  /** For people: who stands on which head. */
  readonly fact: string;
  /** Different heads on which live hosts stand. */
  readonly heads: number;
  /** Hosts that are not live and could go on from one of these heads: a quorum is missing. Empty: everybody is there, and the rules are at fault. */
  readonly missing: readonly string[];
}

/** A node's head, and what the rules know of its chain. */
interface Standing {
  readonly node: EndedNode;
  readonly head: Candidate;
  readonly view: unknown;
}

/** Undefined: there is no such proof. Costs a fold over the headers of every head. */
export function proveStandstill(cluster: EndedCluster): Standstill | undefined {
  const { rules } = cluster.setup.context;
  if (rules.mayExtend === undefined) return undefined;
  const mayExtend = (view: unknown, host: number): boolean =>
    rules.mayExtend?.(view, keyOf(cluster, host)) === true;
  const standings: Standing[] = [];
  for (const node of cluster.live()) {
    const standing = standingOf(cluster, rules, node);
    if (standing === undefined || mayExtend(standing.view, node.index)) return undefined;
    standings.push(standing);
  }
  const isTied = standings.every(({ head: a }) =>
    standings.every(({ head: b }) => a.id === b.id || rules.compare(a, b) === 0),
  );
  if (standings.length === 0 || !isTied) return undefined;
  const live = new Set(standings.map(({ node }) => node.index));
  const missing = cluster.nodes.filter(
    ({ index }) => !live.has(index) && standings.some(({ view }) => mayExtend(view, index)),
  );
  const heads = new Set(standings.map(({ head }) => head.id)).size;
  return { fact: factOf(standings), heads, missing: missing.map(({ name }) => name) };
}

function keyOf({ setup }: EndedCluster, host: number): PublicKey {
  return (setup.hostKeys[host] as EndedCluster['setup']['hostKeys'][number]).key;
}

/** Folds the stored headers of the node's chain; undefined when a body is missing, which other oracles judge. */
function standingOf(
  cluster: EndedCluster,
  rules: ConsensusRules<unknown>,
  node: EndedNode,
): Standing | undefined {
  const genesis = buildGenesis(cluster.setup.context.genesis, rules);
  const chain = cluster.judgement.chains.wholeChain(cluster.disks(), node.index, node.head);
  if (isRejection(genesis) || chain.missing !== undefined) return undefined;
  let { view, weight } = genesis;
  let { header } = genesis.block;
  for (const { block } of chain.blocks) {
    const next = rules.advance(view, block.header);
    if (isRejection(next)) return undefined;
    view = next;
    header = block.header;
    weight = rules.weigh(weight, view, header);
  }
  return { node, view, head: { id: blockId(header), header, weight } };
}

function factOf(standings: readonly Standing[]): string {
  const byHead = new Map<string, string[]>();
  for (const { node, head } of standings) {
    const text = `${head.id.slice(0, 12)} at height ${head.header.height}`;
    byHead.set(text, [...(byHead.get(text) ?? []), node.name]);
  }
  const groups = [...byHead].slice(0, TOLD_MAX).map(([head, names]) => `${names.join(' ')} on ${head}`);
  const tie = byHead.size === 1 ? '' : ', and none of these heads is better than another';
  return `no live host may extend its own head: ${groups.join('; ')}${tie}`;
}
