/** Returned: what a reorganisation takes off the chain passes the gate of the mempool again; nothing of it is just lost. */

import type { DomainEvent } from '../../chain/types/event.ts';
import { transactionId } from '../../chain/types/transaction-codec.ts';
import type { BlockHash, TxId } from '../../chain/types/units.ts';
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** A block by its place. */
interface Place {
  readonly id: BlockHash;
  readonly height: number;
}

/** Transactions that a host owes an answer about, since its reorganisation at that instant. */
interface Owed {
  readonly atUs: number;
  readonly head: BlockHash;
  readonly ids: Set<TxId>;
}

/**
 * Judges every Reorganised, against the blocks of both branches on the node's own disk: of each transaction that only the old one
 * has the node tells, in the same handler, that it was accepted again or refused. A crash inside the handler owes nothing.
 */
export function createReturned(view: ClusterView, report: Report): Oracle {
  const heads = new Map<number, Place>();
  /** Told, while the head that it leads to is not told yet: the next event. */
  const reorganised = new Map<number, Extract<DomainEvent, { kind: 'Reorganised' }>>();
  const owed = new Map<number, Owed>();
  let checked = 0;

  /** Transactions of so many blocks from one down; undefined: a body is not there. */
  function branch(host: number, from: Place, blocks: number): ReadonlySet<TxId> | undefined {
    const ids = new Set<TxId>();
    let { id, height } = from;
    for (let left = blocks; left > 0; left--) {
      const block = view.chains.read(view.disk(host), height, id);
      if (block === undefined) return undefined;
      for (const transaction of block.transactions) ids.add(transactionId(transaction));
      id = block.header.parent;
      height--;
    }
    return ids;
  }

  function onHead(host: number, to: Place): void {
    const reorg = reorganised.get(host);
    const from = heads.get(host);
    heads.set(host, to);
    reorganised.delete(host);
    if (reorg?.to !== to.id || from?.id !== reorg.from || view.isTainted(host)) return;
    const left = branch(host, from, reorg.depth);
    const joined = branch(host, to, to.height - from.height + reorg.depth);
    if (left === undefined || joined === undefined) return;
    const ids = new Set([...left].filter((id) => !joined.has(id)));
    if (ids.size > 0) owed.set(host, { atUs: view.nowUs(), head: to.id, ids });
  }

  /** The handler is over. */
  function settle(host: number, { ids, head }: Owed): void {
    owed.delete(host);
    checked++;
    const [lost] = ids;
    if (lost === undefined) return;
    const fact = `${view.nameOf(host)} left blocks for ${head.slice(0, 12)} and told nothing of ${ids.size} of their transactions, ${lost.slice(0, 12)} among them`;
    report({ rule: 'returned-lost', kind: 'safety', hosts: [host], fact });
  }

  return {
    name: 'returned',
    checked: () => checked,
    onEvent(host, event) {
      const open = owed.get(host);
      if (event.kind === 'NodeStarted') {
        owed.delete(host);
        reorganised.delete(host);
        heads.set(host, { id: event.head, height: event.height });
        return;
      }
      if (open !== undefined && isOfRunning(event) && view.nowUs() > open.atUs) settle(host, open);
      if (event.kind === 'Reorganised') {
        const before = owed.get(host);
        if (before !== undefined) settle(host, before);
        reorganised.set(host, event);
      }
      if (event.kind === 'HeadChanged') onHead(host, { id: event.id, height: event.height });
      if (event.kind !== 'TransactionAccepted' && event.kind !== 'TransactionRejected') return;
      if (event.origin === 'reorg') owed.get(host)?.ids.delete(event.id);
    },
  };
}

/** Told by nodes that run: a boot that has just begun tells other things before its NodeStarted. */
function isOfRunning({ kind }: DomainEvent): boolean {
  return (
    kind === 'HeadChanged' ||
    kind === 'BlockReceived' ||
    kind === 'TransactionAccepted' ||
    kind === 'TransactionRejected'
  );
}
