/**
 * Accountability: two blocks decided at one height prove that at least a third of the power broke the protocol, and what
 * was signed names them: who voted twice in a round, and who left a lock without cause (amnesia). CometBFT,
 * spec/light-client/accountability.
 */
import type { BlockHash } from '../../chain/types/units.ts';
import { isSameSlot, type Signed } from '../sign-log.ts';
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** Judges FinalityAdvanced of absolute kind, as agreement does, and asks for the guilty when two claims differ. */
export function createAccountability(view: ClusterView, report: Report): Oracle {
  const claims = new Map<number, BlockHash>();
  const split = new Set<number>();
  let checked = 0;

  function isPolka(height: number, round: number, value: string): boolean {
    const power = view.signedPower(
      height,
      (signed) => signed.kind === 'prevote' && signed.round === round && signed.value === value,
    );
    return power !== undefined && 3n * power.signed > 2n * power.total;
  }

  /** Precommit v in r, then prevote w in r' > r, without +2/3 prevotes for w in a round from r on and before r'. */
  function isAmnesia(height: number, promises: readonly Signed[]): boolean {
    return promises.some(
      (lock) =>
        lock.kind === 'precommit' &&
        lock.value !== 'nil' &&
        promises.some((vote) => {
          if (vote.kind !== 'prevote' || vote.value === 'nil') return false;
          if (vote.value === lock.value || vote.round <= lock.round) return false;
          for (let round = lock.round; round < vote.round; round++)
            if (isPolka(height, round, vote.value)) return false;
          return true;
        }),
    );
  }

  function isEquivocation(promises: readonly Signed[]): boolean {
    return promises.some((a, i) =>
      promises.slice(i + 1).some((b) => isSameSlot(a, b) && a.value !== b.value),
    );
  }

  function judge(height: number): void {
    checked++;
    const guilty = Array.from({ length: view.hostCount }, (_, host) => host).filter((host) => {
      const promises = view.signLog.at(host, height);
      return isEquivocation(promises) || isAmnesia(height, promises);
    });
    const innocent = guilty.filter((host) => view.isHonest(host) && !view.isTainted(host));
    if (innocent.length > 0) {
      const fact = `at height ${height} what honest hosts signed accuses them: ${innocent.map((host) => view.nameOf(host)).join(' ')}`;
      report({ rule: 'honest-accused', kind: 'safety', hosts: innocent, fact });
    }
    const named = new Set(guilty);
    const power = view.signedPower(height, () => true);
    const accused = view.powerOf(height, (host) => named.has(host));
    if (power === undefined || accused === undefined || 3n * accused >= power.total) return;
    const fact = `two blocks were decided at height ${height}, and what was signed accuses ${accused} of ${power.total} alone: less than a third`;
    report({ rule: 'too-few-accused', kind: 'safety', hosts: guilty, fact });
  }

  return {
    name: 'accountability',
    checked: () => checked,
    onEvent(_host, event) {
      if (event.kind !== 'FinalityAdvanced' || event.finality.kind !== 'absolute') return;
      const { final } = event.finality;
      const first = claims.get(final);
      if (first === undefined) claims.set(final, event.finalId);
      else if (first !== event.finalId) split.add(final);
    },
    onEnd() {
      // What follows a split stands on different chains: only the first height is one that all voted on.
      const first = [...split].sort((a, b) => a - b)[0];
      if (first !== undefined) judge(first);
    },
  };
}
