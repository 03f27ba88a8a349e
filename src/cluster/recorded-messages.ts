/** The messages of a recorded run and the events that caused each other, in rings: what is old gives way. */
import type { Message } from '../chain/types/message.ts';
import type { SentMessage } from '../sim/watcher.ts';
import { messageText } from './message-text.ts';
import { CAUSES_KEPT_MAX, MESSAGES_KEPT_MAX } from './recording.ts';

/** Numbers for texts, each text once. */
export class Texts {
  readonly all: string[] = [];
  readonly #places = new Map<string, number>();

  placeOf(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.all.length;
    this.all.push(text);
    this.#places.set(text, place);
    return place;
  }
}

/** One message as it is kept; times of its delivery are those of the event in which it arrived. */
export interface KeptMessage {
  readonly from: number;
  readonly to: number;
  readonly kind: number;
  readonly text: number;
  readonly bytes: number;
  readonly sentUs: number;
  readonly sentIn: number;
  /** -1: not delivered. */
  readonly deliveredIn: number;
}

/** What the ring remembers of an event. */
export interface KeptEvent {
  readonly index: number;
  readonly atUs: number;
  readonly host: number;
  /** Number of the event that caused it; -1: none. */
  readonly cause: number;
}

/** The last events of the trace, and which event caused each. */
export class CauseRing {
  readonly #times = new Float64Array(CAUSES_KEPT_MAX);
  readonly #hosts = new Int32Array(CAUSES_KEPT_MAX);
  readonly #causes = new Float64Array(CAUSES_KEPT_MAX);
  /** Number of the running event; -1: none has begun. */
  running = -1;

  /** The oldest event that is kept. */
  get first(): number {
    return Math.max(0, this.running + 1 - CAUSES_KEPT_MAX);
  }

  begin(index: number, atUs: number, host: number, parent: number): void {
    this.running = index;
    const at = index & (CAUSES_KEPT_MAX - 1);
    this.#times[at] = atUs;
    this.#hosts[at] = host;
    this.#causes[at] = parent;
  }

  /** What really caused the running event, where that is another one than the one that scheduled it. */
  causedBy(index: number): void {
    this.#causes[this.running & (CAUSES_KEPT_MAX - 1)] = index;
  }

  at(index: number): KeptEvent {
    const at = index & (CAUSES_KEPT_MAX - 1);
    return {
      index,
      atUs: this.#times[at] as number,
      host: this.#hosts[at] as number,
      cause: this.#causes[at] as number,
    };
  }
}

/** The last messages, in columns: millions pass through. */
export class MessageRing {
  readonly kinds = new Texts();
  readonly #texts: Texts;
  readonly #from = new Uint16Array(MESSAGES_KEPT_MAX);
  readonly #to = new Uint16Array(MESSAGES_KEPT_MAX);
  readonly #kind = new Uint16Array(MESSAGES_KEPT_MAX);
  readonly #text = new Uint32Array(MESSAGES_KEPT_MAX);
  readonly #bytes = new Uint32Array(MESSAGES_KEPT_MAX);
  readonly #sentUs = new Float64Array(MESSAGES_KEPT_MAX);
  readonly #sentIn = new Float64Array(MESSAGES_KEPT_MAX);
  readonly #deliveredIn = new Float64Array(MESSAGES_KEPT_MAX);
  /** Number of the message that has a slot of the network now; -1: none that is kept. */
  readonly #bySlot: number[] = [];
  #last: { readonly message: Message; readonly kind: number; readonly text: number } | undefined;
  #stored = 0;
  #unkept = 0;

  constructor(texts: Texts) {
    this.#texts = texts;
  }

  /** @param sentIn the event in which it is sent; undefined: it is counted and not kept. */
  onSent(
    { slot, from, to, message, bytes, leaveUs }: SentMessage<Message>,
    sentIn: number | undefined,
  ): void {
    if (sentIn === undefined) {
      this.#bySlot[slot] = -1;
      this.#unkept++;
      return;
    }
    const { kind, text } = this.#describe(message);
    this.#bySlot[slot] = this.#stored;
    const at = this.#stored++ % MESSAGES_KEPT_MAX;
    this.#from[at] = from;
    this.#to[at] = to;
    this.#kind[at] = kind;
    this.#text[at] = text;
    this.#bytes[at] = bytes;
    this.#sentUs[at] = leaveUs;
    this.#sentIn[at] = sentIn;
    this.#deliveredIn[at] = -1;
  }

  /** Answers the event in which the message was sent; undefined: that is not known, or not any more. */
  onDelivered(slot: number, deliveredIn: number): number | undefined {
    const number = this.#bySlot[slot] ?? -1;
    this.#bySlot[slot] = -1;
    if (number < 0 || number < this.#stored - MESSAGES_KEPT_MAX) return undefined;
    const at = number % MESSAGES_KEPT_MAX;
    this.#deliveredIn[at] = deliveredIn;
    return this.#sentIn[at];
  }

  get sent(): number {
    return this.#stored + this.#unkept;
  }

  /** Older ones have given way. */
  get isFull(): boolean {
    return this.#stored > MESSAGES_KEPT_MAX;
  }

  /** Oldest first. */
  kept(): readonly KeptMessage[] {
    const first = Math.max(0, this.#stored - MESSAGES_KEPT_MAX);
    return Array.from({ length: this.#stored - first }, (_, i) => this.#at((first + i) % MESSAGES_KEPT_MAX));
  }

  #at(at: number): KeptMessage {
    return {
      from: this.#from[at] as number,
      to: this.#to[at] as number,
      kind: this.#kind[at] as number,
      text: this.#text[at] as number,
      bytes: this.#bytes[at] as number,
      sentUs: this.#sentUs[at] as number,
      sentIn: this.#sentIn[at] as number,
      deliveredIn: this.#deliveredIn[at] as number,
    };
  }

  /** One object goes to many, one after another. */
  #describe(message: Message): { readonly kind: number; readonly text: number } {
    if (this.#last?.message === message) return this.#last;
    const { kind, text } = messageText(message);
    this.#last = { message, kind: this.kinds.placeOf(kind), text: this.#texts.placeOf(text) };
    return this.#last;
  }
}
