/** Claims: what a node says of its head is so: it holds that block, the block says the same of itself, and nothing else is shown. */
import type { DomainEvent } from '../../chain/types/event.ts';
import type { BlockHash } from '../../chain/types/units.ts';
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** A block that a node calls its head. */
interface Head {
  readonly id: BlockHash;
  readonly height: number;
}

/**
 * Judges every HeadChanged and NodeStarted, at once, against the blocks on the node's own disk; nothing that is emitted is
 * missed. What inspect() shows (head and state root) is judged now and then only, at the cluster's regular looks (30 s,
 * or a block interval where that is longer) and at the end: a wrong value that is shown and taken back in between is
 * not seen.
 */
export function createClaims(view: ClusterView, report: Report): Oracle {
  let checked = 0;
  /** The last head that each host told of. */
  const told = new Map<number, Head>();

  function accuse(host: number, rule: string, what: string): void {
    report({ rule, kind: 'safety', hosts: [host], fact: `${view.nameOf(host)} ${what}` });
  }

  function onTold(host: number, head: Head, parent: BlockHash | undefined): void {
    told.set(host, head);
    if (head.height === 0) return;
    checked++;
    const { id, height } = head;
    const block = view.chains.read(view.disk(host), height, id);
    if (block === undefined) {
      // Of the block that it began with a node has the state alone.
      const isOrigin = view.chains.origin(view.disk(host))?.id === id;
      if (!view.isTainted(host) && !isOrigin && !view.hasDropped(host, height, id))
        accuse(
          host,
          'head-not-stored',
          `has the head ${short(id)} at height ${height}, which its disk does not hold`,
        );
    } else if (parent !== undefined && block.header.parent !== parent) {
      const stated = short(block.header.parent);
      accuse(
        host,
        'parent-differs',
        `says that its head ${short(id)} stands on ${short(parent)}, the block says ${stated}`,
      );
    }
  }

  function onEvent(host: number, event: DomainEvent): void {
    if (event.kind === 'HeadChanged') onTold(host, { id: event.id, height: event.height }, event.parent);
    if (event.kind === 'NodeStarted') onTold(host, { id: event.head, height: event.height }, undefined);
  }

  function look(): void {
    for (let host = 0; host < view.hostCount; host++) {
      const snapshot = view.isHonest(host) ? view.inspect(host) : undefined;
      if (snapshot === undefined) continue;
      checked++;
      const { id, height } = snapshot.head;
      const last = told.get(host);
      if (last !== undefined && last.id !== id) {
        accuse(
          host,
          'head-not-told',
          `shows the head ${short(id)} at height ${height}, the last that it told of is ${short(last.id)}`,
        );
        continue;
      }
      const block = view.chains.read(view.disk(host), height, id);
      if (block === undefined || block.header.stateRoot === snapshot.stateRoot) continue;
      const stated = short(block.header.stateRoot);
      accuse(
        host,
        'state-root-differs',
        `shows the state root ${short(snapshot.stateRoot)}, its head ${short(id)} states ${stated}`,
      );
    }
  }

  return { name: 'claims', checked: () => checked, onEvent, onCheck: look, onEnd: look };
}

function short(id: string): string {
  return id.slice(0, 12);
}
