/** Requests: no node asks one peer for headers again and again: each answer brings some, or ends the asking for a while. */
import type { ConnectionId } from '../../env/units.ts';
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** How far back it counts. */
const WINDOW_US = 60_000_000;
/**
 * Questions of one connection in that time, at most. An honest peer is asked some ten times a minute. One that floods a node with false
 * heads is asked once for each, and banned when 100 of its messages answered nothing that was asked: 101 questions in 1,500 drawn runs.
 */
const QUESTIONS_MAX = 200;

/** Judges every question for headers that leaves an honest host. */
export function createRequests(view: ClusterView, report: Report): Oracle {
  let checked = 0;
  /** When the newest questions of each connection left, by host. */
  const asked = new Map<number, Map<ConnectionId, number[]>>();

  function timesOf(host: number, to: ConnectionId): number[] {
    const known = asked.get(host) ?? new Map<ConnectionId, number[]>();
    asked.set(host, known);
    const times = known.get(to) ?? [];
    known.set(to, times);
    return times;
  }

  return {
    name: 'requests',
    checked: () => checked,
    onAsked(host, to, { want }) {
      if (want.kind !== 'headers' || !view.isHonest(host)) return;
      checked++;
      const nowUs = view.nowUs();
      const times = timesOf(host, to);
      times.push(nowUs);
      while ((times[0] as number) + WINDOW_US < nowUs) times.shift();
      if (times.length <= QUESTIONS_MAX) return;
      const fact = `${view.nameOf(host)} asked one peer for headers ${times.length} times within ${WINDOW_US / 1_000_000} s`;
      report({ rule: 'asked-without-end', kind: 'liveness', hosts: [host], fact });
    },
    onEvent(host, event) {
      // Its connections are gone, and their numbers may come again.
      if (event.kind === 'NodeStarted') asked.delete(host);
    },
  };
}
