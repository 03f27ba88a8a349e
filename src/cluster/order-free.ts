/** What of a run does not depend on the order of simultaneous events: verdict, faults, and balances once all is included. */
import { readAccount } from '../chain/state/accounts.ts';
import type { EndedCluster } from './ended-cluster.ts';
import type { FaultCoverage, Verdict } from './result.ts';

/** Balances of the workloads' accounts at the common head; '-' while something that was sent is not included. */
function balances(cluster: EndedCluster): string {
  const head = cluster.commonHead();
  const state = head === undefined ? undefined : cluster.judgement.stateAt(head.id);
  if (state === undefined) return '-';
  const parts: string[] = [];
  for (const { address, sent } of cluster.loads.flatMap((load) => load.result().accounts)) {
    const account = readAccount(state, address);
    if (account.nonce !== sent) return '-';
    parts.push(String(account.balance));
  }
  return parts.join(',');
}

/** Text before `|` must be equal; what follows must be equal when neither is '-'. */
export function orderFreeOf(
  cluster: EndedCluster,
  verdict: Verdict,
  faults: readonly FaultCoverage[],
): string {
  const law =
    verdict.kind === 'violated' ? `${verdict.violation.oracle}/${verdict.violation.rule}` : verdict.kind;
  return `${law} ${faults.map((fault) => `${fault.kind}=${fault.injected}`).join(' ')}|${balances(cluster)}`;
}

/** Whether two runs that differ in the order of simultaneous events alone came to the same. */
export function orderFreeAgree(a: string, b: string): boolean {
  const [lawA, balancesA] = a.split('|');
  const [lawB, balancesB] = b.split('|');
  return lawA === lawB && (balancesA === balancesB || balancesA === '-' || balancesB === '-');
}
