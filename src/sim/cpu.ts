/** What work costs: a table of rational prices, summed up exactly. */
import { assert } from '../env/assert.ts';
import type { CostKind } from '../env/program.ts';
import type { CostTable } from './config.ts';

const KINDS: readonly CostKind[] = ['hash', 'verify', 'sign', 'execute', 'decode', 'storage'];

/** Prices of one host, and the fractions of a µs that it owes. */
export class Prices {
  readonly #us = new Float64Array(KINDS.length);
  readonly #units = new Float64Array(KINDS.length).fill(1);
  readonly #rest = new Float64Array(KINDS.length);
  readonly #free: boolean;

  constructor(table: CostTable | undefined) {
    this.#free = table === undefined || table.size === 0;
    for (const [kind, cost] of table ?? []) {
      assert(Number.isSafeInteger(cost.us) && cost.us >= 0, 'a price is a whole number of µs');
      assert(Number.isSafeInteger(cost.units) && cost.units > 0, 'a price is for at least one unit');
      this.#us[kindIndex(kind)] = cost.us;
      this.#units[kindIndex(kind)] = cost.units;
    }
  }

  /** Whole µs for `units`; what is left over is added to the next of its kind. */
  costUs(kind: CostKind, units: number): number {
    if (this.#free) return 0;
    const index = kindIndex(kind);
    const total = units * (this.#us[index] as number) + (this.#rest[index] as number);
    assert(Number.isSafeInteger(total), 'work costs less than 2^53 units of its price');
    const per = this.#units[index] as number;
    const us = Math.floor(total / per);
    this.#rest[index] = total - us * per;
    return us;
  }
}

function kindIndex(kind: CostKind): number {
  return KINDS.indexOf(kind);
}
