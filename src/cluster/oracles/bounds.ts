/** Bounds: no collection of a node grows past the limit that it states. */
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** Judges what nodes say of their own sizes, now and then and at the end. */
export function createBounds(view: ClusterView, report: Report): Oracle {
  let checked = 0;
  const reported = new Set<string>();

  function check(): void {
    for (let host = 0; host < view.hostCount; host++) {
      if (!view.isHonest(host)) continue;
      for (const bound of view.inspect(host)?.bounds ?? []) {
        checked++;
        if (bound.size <= bound.max || reported.has(bound.name)) continue;
        reported.add(bound.name);
        const fact = `${view.nameOf(host)}: ${bound.name} holds ${bound.size}, its limit is ${bound.max}`;
        report({ rule: 'limit-passed', kind: 'safety', hosts: [host], fact });
      }
    }
  }

  return { name: 'bounds', checked: () => checked, onCheck: check, onEnd: check };
}
