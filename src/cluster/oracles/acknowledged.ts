/** Acknowledged: a transaction that a client was told is final stays on the chain. */
import { transactionId } from '../../chain/types/transaction-codec.ts';
import type { TxId } from '../../chain/types/units.ts';
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** What the main chain of a live host holds. */
interface Held {
  readonly host: number;
  readonly height: number;
  /** Heights by transaction. */
  readonly included: ReadonlyMap<TxId, number>;
}

/**
 * Judges, at the end, the main chain of every live host whose disk holds all of it. A host that has not come to the height
 * where another one has the transaction may still get it.
 */
export function createAcknowledged(view: ClusterView, report: Report): Oracle {
  let checked = 0;

  function heldBy(host: number): Held | undefined {
    const snapshot = view.inspect(host);
    if (snapshot === undefined || snapshot.halted !== undefined) return undefined;
    const { missing, blocks } = view.chains.wholeChain(view.disks(), host, snapshot.head);
    if (missing !== undefined) return undefined;
    const included = new Map<TxId, number>();
    for (const { block } of blocks)
      for (const transaction of block.transactions)
        included.set(transactionId(transaction), block.header.height);
    return { host, height: snapshot.head.height, included };
  }

  function check(
    chains: readonly Held[],
    { id, host: by }: { readonly id: TxId; readonly host: number },
  ): void {
    const places = chains.flatMap(({ included }) => included.get(id) ?? []);
    const lowest = Math.min(...places);
    for (const { host, height, included } of chains) {
      checked++;
      if (included.has(id) || (places.length > 0 && height < lowest)) continue;
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
      const hosts = Array.from({ length: view.hostCount }, (_, host) => host);
      const chains = hosts.flatMap((host) => (view.isHonest(host) ? (heldBy(host) ?? []) : []));
      for (const one of told) check(chains, one);
    },
  };
}
