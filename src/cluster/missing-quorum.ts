/** The proof that no block can be decided: live honest hosts hold too little of the power that votes on the next one. */
import { forgets } from './assumptions.ts';
import { engineTolerance } from './engines.ts';
import type { TestCluster } from './test-cluster.ts';
import type { TestNode } from './test-node.ts';

/** Hosts that are told of by name. */
const TOLD_MAX = 12;

/** Whether a quorum of honest hosts is live; `why`: for people, the proof that there is none. */
export type QuorumFinding = { readonly kind: 'present' } | { readonly kind: 'missing'; readonly why: string };

/**
 * Of a judged cluster; undefined: in this engine nobody votes. Who lags behind the highest head can catch up without a
 * quorum, so that there is a proof only where nobody does. A host whose disk forgets what its key has signed need not vote.
 */
export function findQuorum(cluster: TestCluster): QuorumFinding | undefined {
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

function quorumAt(cluster: TestCluster, head: TestNode['head']): QuorumFinding | undefined {
  const { plan, setup } = cluster;
  const members = cluster.committee(head.id);
  if (members === undefined) return undefined;
  const voters = new Map(
    cluster
      .live()
      .filter(({ index }) => !forgets(plan, index))
      .map((node) => [setup.hostKeys[node.index]?.key, node.name]),
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
  const who = names.length === 0 ? 'nobody' : names.slice(0, TOLD_MAX).join(' ');
  const more = names.length > TOLD_MAX ? ' …' : '';
  const why = `no quorum: of those who vote on height ${head.height + 1}, ${who}${more} are live and honest, with ${live} of ${all} of the ${what}; more than ${part}/${of} decide`;
  return { kind: 'missing', why };
}
