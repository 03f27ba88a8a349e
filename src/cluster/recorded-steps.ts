/** Events of the trace in which something that is kept happened, each with the nearest of them that caused it. */
import { assert } from '../env/assert.ts';
import type { CauseRing } from './recorded-messages.ts';
import type { RecordedSteps } from './recording.ts';

/** One per recording: mark what is wanted, build, then ask. */
export class StepTable {
  readonly #ring: CauseRing;
  readonly #first: number;
  readonly #isMarked: Uint8Array;
  /** For each event that is remembered the nearest step among it and its causes; -1: none. */
  readonly #nearest: Int32Array;
  readonly #index: number[] = [];
  readonly #atUs: number[] = [];
  readonly #host: number[] = [];
  readonly #cause: number[] = [];

  constructor(ring: CauseRing) {
    this.#ring = ring;
    this.#first = ring.first;
    const count = ring.running + 1 - ring.first;
    this.#isMarked = new Uint8Array(count);
    this.#nearest = new Int32Array(count).fill(-1);
  }

  /** True while the event is remembered. */
  has(index: number): boolean {
    return index >= this.#first && index <= this.#ring.running;
  }

  /** These become steps, those that are remembered. */
  mark(...indexes: readonly number[]): void {
    for (const index of indexes) if (this.has(index)) this.#isMarked[index - this.#first] = 1;
  }

  /** Causes are older than what they cause: one pass finds the nearest of each. */
  build(): void {
    for (let at = 0; at < this.#nearest.length; at++) {
      const { index, atUs, host, cause } = this.#ring.at(this.#first + at);
      const nearest = this.has(cause) ? (this.#nearest[cause - this.#first] as number) : -1;
      if (this.#isMarked[at] === 0) {
        this.#nearest[at] = nearest;
        continue;
      }
      this.#nearest[at] = this.#index.length;
      this.#index.push(index);
      this.#atUs.push(atUs);
      this.#host.push(host);
      this.#cause.push(nearest);
    }
  }

  /** Its place among the steps; -1: it is none, or is no longer remembered. */
  placeOf(index: number): number {
    if (!this.has(index)) return -1;
    assert(this.#isMarked[index - this.#first] === 1, 'only what was marked is asked for');
    return this.#nearest[index - this.#first] as number;
  }

  columns(): RecordedSteps {
    return { index: this.#index, atUs: this.#atUs, host: this.#host, cause: this.#cause };
  }
}
