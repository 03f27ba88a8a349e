/** Evidence that waits for a block: one item for each accused, as a block may carry it. */
import { bytesToHex } from '../../../env/bytes.ts';
import type { PublicKey } from '../../types/units.ts';
import { accusedOf, encodeEvidence, type PosEvidence } from './evidence.ts';
import { evidenceFlaw } from './evidence-check.ts';
import type { PosView } from './view.ts';

/** As many as a block carries: it takes them all. */
export const EVIDENCE_POOL_MAX = 64;

export class EvidencePool {
  readonly #items = new Map<PublicKey, PosEvidence>();

  get size(): number {
    return this.#items.size;
  }

  /** False: it accuses nobody who can be punished, or its accused is accused here already. @param view of the head. */
  wants(view: PosView, evidence: PosEvidence): boolean {
    if (this.#items.has(accusedOf(evidence)) || this.#items.size >= EVIDENCE_POOL_MAX) return false;
    return isPending(view, evidence);
  }

  /** Its signatures were found valid. */
  add(evidence: PosEvidence): void {
    if (this.#items.size < EVIDENCE_POOL_MAX) this.#items.set(accusedOf(evidence), evidence);
  }

  /** A new head: what was included, or became too old, is dropped. */
  onHead(view: PosView): void {
    for (const [key, evidence] of this.#items) if (!isPending(view, evidence)) this.#items.delete(key);
  }

  /** What a block on this view carries, lower-case hexadecimal. */
  take(view: PosView): readonly string[] {
    const due = [...this.#items.values()].filter((evidence) => evidenceFlaw(view, evidence) === undefined);
    return due.map((evidence) => bytesToHex(encodeEvidence(evidence)));
  }
}

/** Of the height that is being decided it is in the future of the view: it counts in the next block. */
function isPending(view: PosView, evidence: PosEvidence): boolean {
  const flaw = evidenceFlaw(view, evidence);
  return flaw === undefined || (flaw === 'FUTURE' && evidence.a.height === view.height + 1);
}
