/** Bans: honest nodes do not ban each other, whatever a Byzantine one sends them. Where links flip bits they may: what a peer sent is then not what came. */
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** Judges PeerBanned. */
export function createBans(view: ClusterView, report: Report): Oracle {
  let checked = 0;
  return {
    name: 'bans',
    checked: () => checked,
    onEvent(host, event) {
      if (event.kind === 'PeerUp') checked++;
      if (event.kind !== 'PeerBanned' || view.hasAltered() || view.isByzantineKey(event.peer)) return;
      const fact = `${view.nameOf(host)} banned the honest node at ${event.address} for ${event.fault}`;
      report({ rule: 'honest-peer-banned', kind: 'safety', hosts: [host], fact });
    },
  };
}
