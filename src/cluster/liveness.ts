/** Liveness: after the faults have ended, everything that can take part agrees on a newer block; a stall needs a proof. */

import type { EndedCluster } from './ended-cluster.ts';
import { findQuorum } from './missing-quorum.ts';
import { promisedRounds } from './rounds.ts';
import { formatSecondsUs } from './scenario/duration.ts';
import { proveStandstill } from './standstill.ts';

/** Heads of the live nodes and who has them, for people. */
function headsText(cluster: EndedCluster): string {
  const byHead = new Map<string, string[]>();
  for (const node of cluster.live()) {
    const head = `${node.head.id.slice(0, 12)} at height ${node.height}`;
    byHead.set(head, [...(byHead.get(head) ?? []), node.name]);
  }
  const shown = [...byHead]
    .slice(0, 6)
    .map(([head, names]) => `${names.slice(0, 8).join(' ')}${names.length > 8 ? ' …' : ''} on ${head}`);
  if (byHead.size === 1) return `all agree, but on nothing new: ${shown.join('; ')}`;
  return `${byHead.size} heads: ${shown.join('; ')}`;
}

/** Live nodes without the head that most have; nobody where no head is that of most. */
function hostsApart(cluster: EndedCluster): readonly string[] {
  const live = cluster.live();
  const holders = new Map<string, number>();
  for (const { head } of live) holders.set(head.id, (holders.get(head.id) ?? 0) + 1);
  const most = [...holders].find(([, count]) => 2 * count > live.length);
  return most === undefined ? [] : live.filter(({ head }) => head.id !== most[0]).map(({ name }) => name);
}

/**
 * Why no progress can be demanded; undefined: it can. Where hosts vote nothing but a missing quorum excuses; proof of work needs
 * one live miner; a rotation any live producer.
 */
function excuse(cluster: EndedCluster): string | undefined {
  if (cluster.live().length === 0) return 'no honest node is live';
  const quorum = findQuorum(cluster);
  if (quorum !== undefined) return quorum.kind === 'missing' ? quorum.why : cluster.judgement.budget.apart;
  if (cluster.judgement.budget.liveness !== undefined) return cluster.judgement.budget.liveness;
  const miners = cluster.live().filter((node) => (cluster.plan.hosts[node.index]?.hashShare ?? 0) > 0);
  return miners.length === 0 ? 'no live honest node produces blocks' : undefined;
}

/** Where blocks are decided in rounds: none after the last fault took more than the plan promises. Answers notes. */
function judgeRounds(cluster: EndedCluster): readonly string[] {
  const { plan } = cluster;
  const { budget, rounds } = cluster.judgement;
  const promised = promisedRounds(cluster);
  const { slowest } = rounds;
  if (promised === undefined || slowest === undefined || plan.liveness === 'excused') return [];
  const { firstLong, validators } = promised;
  const took = `height ${slowest.height} was decided in round ${slowest.round}, ${slowest.taken} after the last fault`;
  const bound = `at most ${firstLong} + ${validators}: time-outs are long enough from round ${firstLong} on, and ${validators} validators take turns`;
  if (budget.liveness !== undefined) return [`${took}; nothing is promised: ${budget.liveness}`];
  if (slowest.taken > firstLong + validators)
    cluster.judgement.violations.push({
      oracle: 'convergence',
      rule: 'too-many-rounds',
      kind: 'liveness',
      hosts: [],
      atUs: cluster.nowUs,
      trigger: 'end',
      fact: `${took}; promised were ${bound}`,
    });
  return [`${took}, the slowest; promised: ${bound}`];
}

/** Adds a violation to the cluster when it did not converge; answers notes. */
export function judgeLiveness(cluster: EndedCluster): readonly string[] {
  const { plan } = cluster;
  if (plan.stopAtHeight !== undefined && cluster.nowUs < plan.durationUs) return [];
  if (cluster.judgement.convergedAtUs !== undefined) {
    const converged = `converged ${formatSecondsUs(cluster.judgement.convergedAtUs - plan.quietFromUs)} after the last fault`;
    return [converged, ...judgeRounds(cluster)];
  }
  const why = plan.liveness === 'excused' ? 'the scenario excuses it' : excuse(cluster);
  if (why !== undefined) return [`did not converge; excused: ${why}`];
  const proof = proveStandstill(cluster);
  if (proof !== undefined && proof.missing.length > 0)
    return [`did not converge; excused: ${proof.fact}; ${proof.missing.join(' ')} could, and is not live`];
  const isDeadlock = proof !== undefined;
  cluster.judgement.violations.push({
    oracle: 'convergence',
    rule: isDeadlock ? 'deadlock' : 'no-common-head',
    kind: 'liveness',
    hosts: isDeadlock ? [] : hostsApart(cluster),
    atUs: cluster.nowUs,
    trigger: 'end',
    fact: isDeadlock
      ? `a deadlock for ever: ${proof.fact}`
      : `no common new head within ${formatSecondsUs(plan.durationUs - plan.quietFromUs)} after the last fault, with a block every ${formatSecondsUs(plan.chain.blockIntervalUs)}; ${headsText(cluster)}`,
  });
  return [];
}
