/** Acknowledged: a transaction that a client was told is final stays on the chain. */
import { transactionId } from '../../chain/types/transaction-codec.ts';
import type { TxId } from '../../chain/types/units.ts';
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** Judges, at the end, the main chain of every live host whose disk holds all of it. */
export function createAcknowledged(view: ClusterView, report: Report): Oracle {
  let checked = 0;

  function check(host: number, told: readonly { readonly id: TxId; readonly host: number }[]): void {
    const snapshot = view.inspect(host);
    if (snapshot === undefined || snapshot.halted !== undefined) return;
    const chain = view.chains.wholeChain(view.disks(), host, snapshot.head);
    if (chain.missing !== undefined) return;
    const included = new Set(
      chain.blocks.flatMap(({ block }) => block.transactions.map((t) => transactionId(t))),
    );
    for (const { id, host: by } of told) {
      checked++;
      if (included.has(id)) continue;
      const fact = `${view.nameOf(by)} said that transaction ${id.slice(0, 12)} is final; it is not on the chain of ${view.nameOf(host)}`;
      report({ rule: 'acknowledged-lost', kind: 'safety', hosts: [by, host], fact });
    }
  }

  return {
    name: 'acknowledged',
    checked: () => checked,
    onEnd() {
      if (view.depthBroken() !== undefined) return;
      const told = view
        .loads()
        .flatMap((load) => load.result().acknowledged)
        .filter(({ host }) => view.isHonest(host));
      if (told.length === 0) return;
      for (let host = 0; host < view.hostCount; host++) if (view.isHonest(host)) check(host, told);
    },
  };
}
