/** Claims: what a node emits is what it then shows of itself: heads change to blocks that it holds, heights follow parents. */
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** Judges HeadChanged and inspect() against the blocks on the node's own disk. */
export function createClaims(view: ClusterView, report: Report): Oracle {
  let checked = 0;

  return {
    name: 'claims',
    checked: () => checked,
    onCheck() {
      for (let host = 0; host < view.hostCount; host++) {
        const snapshot = view.inspect(host);
        if (snapshot === undefined || snapshot.head.height === 0) continue;
        checked++;
        const { id, height } = snapshot.head;
        const block = view.chains.read(view.disk(host), height, id);
        if (block === undefined && !view.isTainted(host)) {
          const fact = `${view.nameOf(host)} has the head ${id.slice(0, 12)} at height ${height}, which its disk does not hold`;
          report({ rule: 'head-not-stored', kind: 'safety', hosts: [host], fact });
        } else if (block !== undefined && block.header.stateRoot !== snapshot.stateRoot) {
          const fact = `${view.nameOf(host)} shows the state root ${snapshot.stateRoot.slice(0, 12)}, its head ${id.slice(0, 12)} states ${block.header.stateRoot.slice(0, 12)}`;
          report({ rule: 'state-root-differs', kind: 'safety', hosts: [host], fact });
        }
      }
    },
  };
}
