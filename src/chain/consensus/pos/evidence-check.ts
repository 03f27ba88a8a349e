/** Whether evidence counts on a chain: the accused had a seat then, it is not too old, and was not judged before. PROTOCOL.md, PoS. */
import type { PublicKey } from '../../types/units.ts';
import { accusedOf, evidenceOfText, heightOf, type PosEvidence, pairFlaw } from './evidence.ts';
import { isTooOld, seatAt } from './evidence-window.ts';
import type { PosView } from './view.ts';

/** Why evidence does not count. FUTURE: of a height that is not decided yet, so that it may count later. */
export type EvidenceFlaw =
  | 'MALFORMED'
  | 'NOT_A_PAIR'
  | 'WRONG_ORDER'
  | 'FUTURE'
  | 'TOO_OLD'
  | 'NO_SEAT'
  | 'ALREADY_JUDGED';

/** What is wrong with evidence on this view, its signatures aside: a block on the view's block may carry what has no flaw. */
export function evidenceFlaw(
  { config, height, timestampMs, window }: PosView,
  evidence: PosEvidence,
): EvidenceFlaw | undefined {
  const flaw = pairFlaw(evidence);
  if (flaw !== undefined) return flaw;
  const at = heightOf(evidence);
  if (at > height) return 'FUTURE';
  if (isTooOld(window.marks, { config, height, timestampMs }, at)) return 'TOO_OLD';
  const seat = seatAt(window, accusedOf(evidence), at);
  if (seat === undefined) return 'NO_SEAT';
  return seat.isTombstoned ? 'ALREADY_JUDGED' : undefined;
}

/** The first flaw of a block's evidence, and of which item; each key is accused once in a block. */
export function blockEvidenceFlaw(
  view: PosView,
  items: readonly string[],
): { readonly index: number; readonly flaw: EvidenceFlaw } | undefined {
  const accused = new Set<PublicKey>();
  for (const [index, text] of items.entries()) {
    const evidence = evidenceOfText(text);
    if (evidence === undefined) return { index, flaw: 'MALFORMED' };
    const key = accusedOf(evidence);
    const flaw = accused.has(key) ? 'ALREADY_JUDGED' : evidenceFlaw(view, evidence);
    if (flaw !== undefined) return { index, flaw };
    accused.add(key);
  }
  return undefined;
}
