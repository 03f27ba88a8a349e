/**
 * The order of a run as a choice: messages that are under way wait here, and who chooses says which of them arrives next. What
 * comes of it is a run that the network alone could have had, with some delay for each message: `onArranged` tells them.
 */
import { assert } from '../env/assert.ts';
import type { Arrival, Step } from './chosen-steps.ts';
import { COMPONENT } from './kernel.ts';
import type { MessageException } from './network/ports.ts';
import type { EventQueue } from './queue.ts';
import { HOST_OP } from './trace-kinds.ts';

/** Messages that wait at once: an exploration is of a small cluster in a short time. */
const WAITING_MAX = 100_000;

/** Answer of `choose`: nothing is chosen any more, what waits arrives as soon as it can, in the order of its time. */
export const NO_MORE_CHOICES = -1;

export interface OrderConfig {
  /** Messages that leave from then on wait to be chosen. */
  readonly fromUs: number;
  /** Messages that leave later do not wait, but for others before them on their connection. */
  readonly toUs: number;
  /** None is held longer. */
  readonly untilUs: number;
  /** A message arrives at most so much later than it would by itself. */
  readonly holdUs: number;
  /** `last`: a timer or a fault comes when no message can arrive before it; `choice`: it is a step like others. */
  readonly timers: 'last' | 'choice';
  /** The place in `steps` of what comes next, or NO_MORE_CHOICES. Asked whenever a message can arrive; changes nothing in the run. */
  choose(steps: readonly Step[], nowUs: number): number;
  /** Told of each message whose arrival was moved: with these delays, and without choosing, the run is the same. */
  onArranged?(exception: MessageException): void;
}

interface Waiting extends Arrival {
  readonly tie: number;
  readonly code: number;
  readonly parent: number;
}

/** What waits, first in first out for each receiving end. */
export class ChosenOrder {
  readonly #config: OrderConfig;
  readonly #queues = new Map<number, Waiting[]>();
  /** The ends of the deliveries that were offered last, in their order. */
  #offered: number[] = [];
  #size = 0;
  #isDecided = false;
  #isOver = false;

  constructor(config: OrderConfig) {
    assert(
      config.fromUs >= 0 && config.holdUs >= 0,
      'an order is chosen from some time on, within some time',
    );
    this.#config = config;
  }

  /** True when an arrival is to wait here. */
  wants({ end, delivery: { leftUs } }: Arrival): boolean {
    if (this.#isOver) return false;
    const { fromUs, toUs } = this.#config;
    return (leftUs >= fromUs && leftUs <= toUs) || this.#queues.has(end);
  }

  add(arrival: Arrival, tie: number, code: number, parent: number): void {
    assert(++this.#size <= WAITING_MAX, 'a chosen order is of few messages');
    const waiting = { ...arrival, tie, code, parent };
    const { end } = arrival;
    const queue = this.#queues.get(end);
    if (queue === undefined) this.#queues.set(end, [waiting]);
    else queue.push(waiting);
  }

  /** Decides what comes next, once for each event: an arrival that was chosen is put before all that is in the queue. */
  settle(nowUs: number, queue: EventQueue): void {
    if (this.#isDecided || this.#size === 0) return;
    this.#isDecided = true;
    const queueUs = queue.peekTimeUs();
    const steps = this.#steps(nowUs, queueUs, queue);
    if (steps[0]?.kind !== 'delivery') return;
    const chosen = this.#config.choose(steps, nowUs);
    if (chosen === NO_MORE_CHOICES) {
      this.#release(nowUs, queue);
      return;
    }
    const step = steps[chosen];
    assert(step !== undefined, 'who chooses names one of the steps, or none');
    const end = this.#offered[chosen];
    if (step.kind === 'delivery' && end !== undefined) this.#arrive(end, step.atUs, queue);
  }

  /** The event that was decided on has come. */
  onCome(): void {
    this.#isDecided = false;
  }

  /** Deliveries first, in the order in which their connections came to have any; then what the queue has next. */
  #steps(nowUs: number, queueUs: number, queue: EventQueue): readonly Step[] {
    const { timers } = this.#config;
    let dueUs = Number.POSITIVE_INFINITY;
    for (const [first] of this.#queues.values()) {
      if (first !== undefined) dueUs = Math.min(dueUs, this.#dueUs(first, nowUs));
    }
    const steps: Step[] = [];
    this.#offered = [];
    for (const [end, [first]] of this.#queues) {
      if (first === undefined) continue;
      const atUs = Math.max(first.delivery.atUs, nowUs + 1);
      if (atUs >= queueUs || atUs > dueUs) continue;
      steps.push({ ...first.delivery, atUs });
      this.#offered.push(end);
    }
    if (queueUs > dueUs || queueUs === Number.POSITIVE_INFINITY) return steps;
    const code = queue.peekCode();
    const canWait = code >>> 8 === COMPONENT.control || code === ((COMPONENT.host << 8) | HOST_OP.timer);
    if (steps.length === 0 || timers === 'choice' || !canWait)
      steps.push({ kind: 'local', host: queue.peekHost(), code, atUs: queueUs });
    return steps;
  }

  /** When it has to arrive. */
  #dueUs({ delivery: { atUs } }: Waiting, nowUs: number): number {
    const { holdUs, untilUs } = this.#config;
    return Math.max(atUs, Math.min(atUs + holdUs, untilUs), nowUs + 1);
  }

  /** The first that waits at that end goes into the queue. */
  #arrive(end: number, atUs: number, queue: EventQueue): void {
    const waiting = this.#queues.get(end);
    const first = waiting?.shift();
    if (waiting === undefined || first === undefined) return;
    if (waiting.length === 0) this.#queues.delete(end);
    this.#size--;
    const { delivery, tie, code, slot, parent } = first;
    first.onTime(atUs);
    queue.push(atUs, tie, delivery.to, code, end, slot, undefined, parent);
    if (atUs !== first.baseUs) this.#config.onArranged?.(delayOf(first, atUs));
  }

  /** What still waits, with delays by which it comes after `nowUs`: in a run that ended, never. */
  held(nowUs: number): readonly MessageException[] {
    return [...this.#queues.values()].flatMap((waiting) =>
      waiting.map((one, i) => delayOf(one, nowUs + 1 + i)),
    );
  }

  #release(nowUs: number, queue: EventQueue): void {
    this.#isOver = true;
    this.#isDecided = false;
    for (const [end, waiting] of [...this.#queues]) {
      let lastUs = nowUs;
      for (const { delivery } of [...waiting]) {
        lastUs = Math.max(delivery.atUs, lastUs + 1);
        this.#arrive(end, lastUs, queue);
      }
    }
  }
}

function delayOf({ delivery, baseUs }: Waiting, atUs: number): MessageException {
  const { from, to, messageKind, ordinal } = delivery;
  return { from, to, messageKind, ordinal, effect: { kind: 'delay', us: Math.max(0, atUs - baseUs) } };
}
