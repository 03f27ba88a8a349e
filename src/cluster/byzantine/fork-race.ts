/** The race of a double spend: a hidden branch against the confirmations of a payment. Rosenfeld, arXiv:1402.2009, section 3. */

/** An attacker on a payment that asks for that many confirmations. */
export interface RacePlan {
  readonly confirmations: number;
  /** How far behind he gives up. */
  readonly depth: number;
}

/** One race, told of every block of either side. */
export class ForkRace {
  readonly #plan: RacePlan;
  readonly #lead: number;
  verdict: 'open' | 'succeeded' | 'gaveUp' = 'open';

  /** @param lead by how many blocks the hidden branch must be longer. */
  constructor(plan: RacePlan, lead = 1) {
    this.#plan = plan;
    this.#lead = lead;
  }

  /** The race has come to so many confirmations and so many hidden blocks. */
  onRaced(confirmed: number, hidden: number): void {
    if (this.verdict !== 'open') return;
    if (confirmed >= this.#plan.confirmations && hidden >= confirmed + this.#lead) this.verdict = 'succeeded';
    else if (confirmed - hidden >= this.#plan.depth) this.verdict = 'gaveUp';
  }
}
