/** Finds the messages that are under way in a span of time, among hundreds of thousands, without looking at each. */
import type { RecordedMessages, RecordedSteps } from '../cluster/recording.ts';

/** Messages of one block, whose latest arrival is known: large enough to skip much, small enough to miss little. */
const BLOCK = 256;

/** One per recording. */
export class MessageIndex {
  /** Places of messages by the time of their sending. */
  readonly #order: Uint32Array;
  readonly sentUs: Float64Array;
  /** When it arrived; of one that did not the time of its sending. */
  readonly arrivedUs: Float64Array;
  readonly #latestUs: Float64Array;

  constructor(
    messages: Pick<RecordedMessages, 'sentUs' | 'deliveredIn'>,
    steps: Pick<RecordedSteps, 'atUs'>,
  ) {
    const count = messages.sentUs.length;
    this.sentUs = Float64Array.from(messages.sentUs);
    this.arrivedUs = Float64Array.from(messages.deliveredIn, (step, i) => {
      const sentUs = messages.sentUs[i] ?? 0;
      return Math.max(sentUs, steps.atUs[step] ?? sentUs);
    });
    const { sentUs } = this;
    this.#order = Uint32Array.from({ length: count }, (_, i) => i).sort(
      (a, b) => (sentUs[a] ?? 0) - (sentUs[b] ?? 0) || a - b,
    );
    this.#latestUs = new Float64Array(Math.ceil(count / BLOCK));
    for (const [at, message] of this.#order.entries()) {
      const block = Math.floor(at / BLOCK);
      this.#latestUs[block] = Math.max(this.#latestUs[block] ?? 0, this.arrivedUs[message] ?? 0);
    }
  }

  /** Calls back for each message that is under way somewhere in the span, ends included, by the time of its sending. */
  within(fromUs: number, untilUs: number, visit: (message: number) => void): void {
    const end = this.#firstSentAfter(untilUs);
    for (let at = 0; at < end; at++) {
      if (at % BLOCK === 0 && (this.#latestUs[at / BLOCK] ?? 0) < fromUs) {
        at += BLOCK - 1;
        continue;
      }
      const message = this.#order[at] ?? 0;
      if ((this.arrivedUs[message] ?? 0) >= fromUs) visit(message);
    }
  }

  #firstSentAfter(us: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.sentUs[this.#order[middle] ?? 0] ?? 0) > us) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
