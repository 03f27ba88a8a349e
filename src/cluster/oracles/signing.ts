/** Signing: no key of an honest host promises two things, whatever crashed in between; and none unlocks without cause. */
import type { Signed } from '../sign-log.ts';
import { isSameSlot } from '../sign-log.ts';
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** A prevote against a lock of its own, which only a polka for it excuses. */
interface Unlocked {
  readonly host: number;
  readonly locked: Signed;
  readonly prevote: Signed;
}

/** Judges every promise when it leaves its host; whether an unlocking had its cause is known at the end. */
export function createSigning(view: ClusterView, report: Report): Oracle {
  const unlocked: Unlocked[] = [];
  let checked = 0;

  function onPromised(host: number, signed: Signed): void {
    if (!view.isHonest(host) || view.isTainted(host)) return;
    checked++;
    const before = view.signLog.at(host, signed.height).filter(({ isSent }) => isSent);
    const other = before.find((promise) => promise !== signed && isSameSlot(promise, signed));
    if (other !== undefined) {
      const where = signed.kind === 'seal' ? `on ${signed.parent.slice(0, 12)}` : `in round ${signed.round}`;
      const fact =
        other.value === signed.value
          ? `signed its ${signed.kind} ${where} of height ${signed.height} again with other bytes`
          : `signed two ${signed.kind}s ${where} of height ${signed.height}: ${short(other)}, then ${short(signed)}`;
      report({ rule: 'said-twice', kind: 'safety', hosts: [host], fact: `${view.nameOf(host)} ${fact}` });
    }
    if (signed.kind === 'prevote' && signed.value !== 'nil') noteUnlocking(host, signed, before);
  }

  function noteUnlocking(host: number, prevote: Signed, before: readonly Signed[]): void {
    let locked: Signed | undefined;
    for (const promise of before) {
      if (promise.kind !== 'precommit' || promise.value === 'nil' || promise.round >= prevote.round) continue;
      if (locked === undefined || promise.round > locked.round) locked = promise;
    }
    if (locked !== undefined && locked.value !== prevote.value) unlocked.push({ host, locked, prevote });
  }

  /** arXiv:1807.04938, line 28: a lock gives way to a polka of a later round, and to nothing else. */
  function judgeUnlocking({ host, locked, prevote }: Unlocked): void {
    for (let round = locked.round; round < prevote.round; round++) {
      const power = view.signedPower(prevote.height, (signed) => {
        return signed.kind === 'prevote' && signed.round === round && signed.value === prevote.value;
      });
      if (power === undefined || 3n * power.signed > 2n * power.total) return;
    }
    const fact = `${view.nameOf(host)} was locked on ${short(locked)} in round ${locked.round} of height ${prevote.height} and prevoted ${short(prevote)} in round ${prevote.round}, though no round in between has +2/3 prevotes for it`;
    report({ rule: 'unlocked-without-cause', kind: 'safety', hosts: [host], fact });
  }

  return {
    name: 'signing',
    checked: () => checked,
    onPromised,
    onEnd() {
      for (const case_ of unlocked) judgeUnlocking(case_);
    },
  };
}

function short({ value, kind }: Signed): string {
  return kind === 'seal' ? `${value.length / 2} bytes` : value.slice(0, 12);
}
