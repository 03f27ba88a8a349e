/** Corruption: a damaged record that a node reads is named by it. Rot that nobody reads is no fault of the program. */
import { bytesToHex } from '../../env/bytes.ts';
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** Judges the disks' own account of what was read, after the final scrub. */
export function createCorruption(view: ClusterView, report: Report): Oracle {
  let checked = 0;
  return {
    name: 'corruption',
    checked: () => checked,
    onEnd() {
      for (let host = 0; host < view.hostCount; host++) {
        if (!view.isHonest(host)) continue;
        for (const corruption of view.corruption(host).corruptions) {
          if (!corruption.checkable) continue;
          checked++;
          if (corruption.outcome !== 'undetected') continue;
          const key = bytesToHex(corruption.key);
          const fact = `${view.nameOf(host)} read the record ${key} ${corruption.reads} times after ${corruption.kind} and did not notice`;
          report({ rule: 'read-and-not-detected', kind: 'safety', hosts: [host], fact });
        }
      }
    },
  };
}
