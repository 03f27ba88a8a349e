/** The proof that no block can be decided: live honest hosts hold too little of the power that votes on the next one. */
import { forgets } from './assumptions.ts';
import type { EndedCluster, EndedNode } from './ended-cluster.ts';
import { engineTolerance } from './engines.ts';

/** Hosts that are told of by name. */
const TOLD_MAX = 12;

/** Whether a quorum of honest hosts is live; `why`: for people, the proof that there is none. */
export type QuorumFinding = { readonly kind: 'present' } | { readonly kind: 'missing'; readonly why: string };

/**
 * Of a judged cluster; undefined: in this engine nobody votes. Who lags behind the highest head can catch up without a
 * quorum, so that there is a proof only where nobody does. A host whose disk forgets what its key has signed need not vote, nor
 * one that found its record of it rotten: on a sound disk that is no excuse.
 */
export function findQuorum(cluster: EndedCluster): QuorumFinding | undefined {
  const live = cluster.live();
  const highest = Math.max(...live.map(({ height }) => height));
  const findings: QuorumFinding[] = [];
  for (const { head } of live) {
    const finding = quorumAt(cluster, head);
    if (finding === undefined) return undefined;
    findings.push(head.height < highest ? { kind: 'present' } : finding);
  }
  return findings.find(({ kind }) => kind === 'present') ?? findings[0];
}

function quorumAt(cluster: EndedCluster, head: EndedNode['head']): QuorumFinding | undefined {
  const { plan, setup } = cluster;
  const members = cluster.judgement.committee(head.id);
  if (members === undefined) return undefined;
  const able = cluster.live().filter(({ index }) => !forgets(plan, index));
  const bereft = able.filter((node) => isBereft(cluster, node));
  const voters = new Map(
    able.filter((node) => !bereft.includes(node)).map((node) => [setup.hostKeys[node.index]?.key, node.name]),
  );
  let live = 0n;
  let all = 0n;
  const names: string[] = [];
  for (const { key, power } of members) {
    const name = voters.get(key);
    all += power;
    if (name === undefined) continue;
    live += power;
    names.push(name);
  }
  const { quorum, what } = engineTolerance(plan.chain.engine);
  const [part, of] = quorum;
  if (live * BigInt(of) > all * BigInt(part)) return { kind: 'present' };
  const who = names.length === 0 ? 'nobody' : listOf(names);
  const lost =
    bereft.length === 0
      ? ''
      : `; ${listOf(bereft.map(({ name }) => name))} signs nothing, since its record of what it signed is rotten`;
  const why = `no quorum: of those who vote on height ${head.height + 1}, ${who} are live and honest, with ${live} of ${all} of the ${what}; more than ${part}/${of} decide${lost}`;
  return { kind: 'missing', why };
}

/** Says that it may not sign, on a disk that was harmed. */
function isBereft({ setup, nowUs }: EndedCluster, node: EndedNode): boolean {
  const harmedUs = setup.taints[node.index];
  if (harmedUs === undefined || harmedUs > nowUs) return false;
  const engine = node.inspect()?.engine;
  return engine?.kind === 'round' && engine.isPaused;
}

function listOf(names: readonly string[]): string {
  return `${names.slice(0, TOLD_MAX).join(' ')}${names.length > TOLD_MAX ? ' …' : ''}`;
}
