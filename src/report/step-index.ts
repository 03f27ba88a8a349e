/** What happened in each step of a recorded run: which message arrived, which left, what the node told. */
import type { Recording } from '../cluster/recording.ts';
import { momentText, spanText } from './time-axis.ts';

/** Receivers of one thing that are named. */
const RECEIVERS_NAMED = 4;

/** One per recording. */
export class StepIndex {
  readonly #recording: Recording;
  readonly #delivered = new Map<number, number>();
  readonly #sent = new Map<number, number[]>();
  readonly #told = new Map<number, number[]>();
  readonly #ofHost = new Map<number, number[]>();
  readonly #firstChild = new Map<number, number>();

  constructor(recording: Recording) {
    this.#recording = recording;
    const { messages, emitted, steps } = recording;
    for (const [message, step] of messages.deliveredIn.entries())
      if (step >= 0) this.#delivered.set(step, message);
    for (const [message, step] of messages.sentIn.entries()) push(this.#sent, step, message);
    for (const [event, step] of emitted.step.entries()) if (step >= 0) push(this.#told, step, event);
    for (const [step, host] of steps.host.entries()) push(this.#ofHost, host, step);
    for (const [step, cause] of steps.cause.entries())
      if (cause >= 0 && !this.#firstChild.has(cause)) this.#firstChild.set(cause, step);
  }

  /** The message that arrived in the step; undefined: none that is kept. */
  delivered(step: number): number | undefined {
    return this.#delivered.get(step);
  }

  sent(step: number): readonly number[] {
    return this.#sent.get(step) ?? [];
  }

  told(step: number): readonly number[] {
    return this.#told.get(step) ?? [];
  }

  /** The step in which it arrived; of one that did not, in which it was sent. */
  stepOfMessage(message: number): number {
    const { deliveredIn, sentIn } = this.#recording.messages;
    const delivered = deliveredIn[message] ?? -1;
    return delivered >= 0 ? delivered : (sentIn[message] ?? -1);
  }

  stepOfEvent(event: number): number | undefined {
    return this.#recording.emitted.step[event];
  }

  timeOf(step: number): number {
    return this.#recording.steps.atUs[step] ?? 0;
  }

  /** The step that caused it; undefined: none is kept. */
  causeOf(step: number): number | undefined {
    return this.#recording.steps.cause[step];
  }

  /** The first step that it caused; undefined: none. */
  consequence(step: number): number | undefined {
    return this.#firstChild.get(step);
  }

  /** The step of the same host before it, or after; undefined: there is none. */
  beside(step: number, by: 1 | -1): number | undefined {
    const own = this.#ofHost.get(this.#recording.steps.host[step] ?? -1) ?? [];
    return own[own.indexOf(step) + by];
  }

  /** The step nearest to a moment. */
  nearest(atUs: number): number | undefined {
    const { steps } = this.#recording;
    let best: number | undefined;
    for (const [step, us] of steps.atUs.entries())
      if (best === undefined || Math.abs(us - atUs) < Math.abs((steps.atUs[best] ?? 0) - atUs)) best = step;
    return best;
  }

  hostName(host: number): string {
    return this.#recording.hosts[host]?.name ?? 'nobody';
  }

  /** `Prevote n0 → n3: height 4, round 0, nil`. */
  messageText(message: number): string {
    const { messages, kinds, texts } = this.#recording;
    const kind = kinds[messages.kind[message] ?? -1] ?? '';
    const text = texts[messages.text[message] ?? -1] ?? '';
    const way = `${this.hostName(messages.from[message] ?? -1)} → ${this.hostName(messages.to[message] ?? -1)}`;
    return `${kind} ${way}${text === '' ? '' : `: ${text}`}`;
  }

  /** `HeadChanged id=… height=4`. */
  eventText(event: number): string {
    const { emitted, texts } = this.#recording;
    return `${texts[emitted.kind[event] ?? -1] ?? ''} ${texts[emitted.text[event] ?? -1] ?? ''}`.trim();
  }

  /** What left in it, a line for each thing that was said: `sent Prevote to n1, n2: height 4, round 0, nil`. */
  sentTexts(step: number): readonly string[] {
    const { messages, kinds, texts } = this.#recording;
    const receivers = new Map<string, string[]>();
    for (const message of this.sent(step)) {
      const text = texts[messages.text[message] ?? -1] ?? '';
      const what = `${kinds[messages.kind[message] ?? -1] ?? ''}\n${text === '' ? '' : `: ${text}`}`;
      const known = receivers.get(what) ?? [];
      known.push(this.hostName(messages.to[message] ?? -1));
      receivers.set(what, known);
    }
    return [...receivers].map(([what, to]) => {
      const who = to.length > RECEIVERS_NAMED ? `${to.length} hosts` : to.join(', ');
      return `sent ${what.replace('\n', ` to ${who}`)}`;
    });
  }

  /** What happened in it, in a line. */
  stepText(step: number): string {
    const arrived = this.delivered(step);
    const parts = [
      ...(arrived === undefined ? [] : [`received ${this.messageText(arrived)}`]),
      ...this.told(step).map((event) => this.eventText(event)),
      ...this.sentTexts(step),
    ];
    return parts.length === 0 ? 'an event' : parts.join('; ');
  }

  /** When it left, when it arrived, how long it took. */
  journey(message: number): string {
    const { messages, steps } = this.#recording;
    const sentUs = messages.sentUs[message] ?? 0;
    const arrivedUs = steps.atUs[messages.deliveredIn[message] ?? -1];
    const sent = `sent ${momentText(sentUs)}`;
    if (arrivedUs === undefined) return `${sent}, not delivered as far as is kept`;
    return `${sent}, delivered ${momentText(arrivedUs)}, under way ${spanText(arrivedUs - sentUs)}`;
  }
}

function push(map: Map<number, number[]>, key: number, value: number): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
