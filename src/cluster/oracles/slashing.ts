/** Slashing: evidence on an honest chain hits the guilty alone, each once. Who is guilty, the sign log knows. */
import { accusedOf, evidenceOfText, type PosEvidence } from '../../chain/consensus/pos/evidence.ts';
import { VOTE } from '../../chain/consensus/pos/vote.ts';
import type { PublicKey } from '../../chain/types/units.ts';
import type { SignedKind } from '../sign-log.ts';
import type { ClusterView, Oracle, Report } from './oracle.ts';

/** What the key is said to have signed twice. */
function slotOf(evidence: PosEvidence): SignedKind {
  if (evidence.kind === 'duplicateProposal') return 'proposal';
  return evidence.a.type === VOTE.prevote ? 'prevote' : 'precommit';
}

/** Judges the chains of all honest hosts at the end; a block that many hold once. */
export function createSlashing(view: ClusterView, report: Report): Oracle {
  const judged = new Set<string>();
  let checked = 0;

  /** Both of the signatures were made, as far as the log goes back. */
  function isGuilty(owner: number, evidence: PosEvidence): boolean {
    const kind = slotOf(evidence);
    const { a, b } = evidence;
    const signed = view.signLog.at(owner, a.height);
    return [a, b].every(({ block }) =>
      signed.some(
        (promise) => promise.kind === kind && promise.round === a.round && promise.value === (block ?? 'nil'),
      ),
    );
  }

  function judge(host: number, text: string, accused: Set<PublicKey>): void {
    const evidence = evidenceOfText(text);
    if (evidence === undefined) return;
    const key = accusedOf(evidence);
    const owner = view.setup.hostKeys.findIndex((keys) => keys.key === key);
    const who = owner < 0 ? key.slice(0, 12) : view.nameOf(owner);
    const where = `height ${evidence.a.height}, round ${evidence.a.round}`;
    const tell = (rule: string, fact: string): void =>
      report({ rule, kind: 'safety', hosts: [host], fact: `${view.nameOf(host)}: ${fact}` });
    if (accused.has(key)) tell('slashed-twice', `evidence against ${who} stands twice on its chain`);
    accused.add(key);
    if (judged.has(text)) return;
    judged.add(text);
    checked++;
    if (owner < 0) return;
    if (!isGuilty(owner, evidence))
      tell('innocent-slashed', `evidence against ${who}, which never signed it (${where})`);
    else if (view.isHonest(owner) && !view.isTainted(owner))
      tell('honest-slashed', `evidence against ${who}, which is honest and kept its disk (${where})`);
  }

  return {
    name: 'slashing',
    checked: () => checked,
    onEnd() {
      for (let host = 0; host < view.hostCount; host++) {
        const snapshot = view.isHonest(host) ? view.inspect(host) : undefined;
        if (snapshot === undefined) continue;
        const accused = new Set<PublicKey>();
        for (const { block } of view.chains.wholeChain(view.disks(), host, snapshot.head).blocks)
          for (const text of block.system.evidence) judge(host, text, accused);
      }
    },
  };
}
