/** Every subscriber of /events: woken by the node's events, served a page at a time in turn, and dropped when it takes too little. */
import type { DomainEvent } from '../../chain/types/event.ts';
import { assertNever } from '../../env/assert.ts';
import { type ChainFollower, headOf, idAt, type Lost, startFollower } from './chain-follower.ts';
import { CLOSE } from './event-forms.ts';
import { type ChainReader, EventTexts, type Told, told } from './event-texts.ts';
import { ApiError } from './route.ts';
import type { Subscription } from './subscription.ts';

/** The other side of one subscriber. */
export interface EventSink {
  /** What was sent and is still here. */
  readonly bufferedBytes: number;
  /** Each is a message of its own, at least one. `onTaken` once the system has taken all of them. */
  send(messages: readonly Told[], onTaken: () => void): void;
  close(code: number, reason: string): void;
}

/** What a subscriber may cost. */
export interface HubLimits {
  /** What a subscriber may leave lying here: nothing more is read for it until it has taken half. */
  readonly bufferMaxBytes: number;
  /** So long it may take for that. */
  readonly slowMs: number;
  /** After so long without a message it is told that the stream is alive. */
  readonly aliveMs: number;
}

/** What a hub is made of. */
export interface HubConfig extends HubLimits {
  readonly chain: ChainReader & { readonly chain: string };
  /** Runs it in a later turn of the loop: never inside a handler of the node. */
  later(run: () => void): void;
  /** Milliseconds of any clock that does not go back. */
  nowMs(): number;
  /** What only a bug throws. */
  report(error: unknown): void;
}

/** What a real node gives a subscriber: 256 of them hold 64 MiB at worst, and a block each. */
export const HUB_LIMITS: HubLimits = { bufferMaxBytes: 262_144, slowMs: 30_000, aliveMs: 15_000 };

/** Of one turn: blocks that are told to one subscriber, and their text, before others have theirs. */
const PAGE_STEPS = 16;
const PAGE_BYTES = 262_144;

/** One that is served. */
export interface Subscriber {
  /** It is gone: nothing is sent to it any more. */
  leave(): void;
}

interface Served extends Subscriber {
  readonly sink: EventSink;
  readonly follower: ChainFollower;
  /** When it was found full; undefined: it takes what it is sent. */
  fullSinceMs: number | undefined;
  saidMs: number;
}

export class EventHub {
  readonly #config: HubConfig;
  readonly #texts: EventTexts;
  readonly #served = new Set<Served>();
  /** Who may have something to be told, the longest waiting first. */
  readonly #ready = new Set<Served>();
  #isRunning = false;

  constructor(config: HubConfig) {
    this.#config = config;
    this.#texts = new EventTexts(config.chain);
  }

  /** Called inside a handler of the node: it only notes who is to look. */
  onEvent({ kind }: DomainEvent): void {
    if (kind !== 'HeadChanged' && kind !== 'FinalityAdvanced') return;
    for (const one of this.#served) this.#wake(one);
  }

  /** Undefined: it was closed at once, and told why. */
  open(subscription: Subscription, sink: EventSink): Subscriber | undefined {
    return this.#guarded(sink, () => {
      const follower = startFollower(this.#config.chain, this.#texts, subscription);
      if ('code' in follower) return this.#refuse(sink, follower);
      const one: Served = {
        sink,
        follower,
        fullSinceMs: undefined,
        saidMs: this.#config.nowMs(),
        leave: () => this.#remove(one),
      };
      this.#served.add(one);
      this.#greet(one);
      this.#wake(one);
      return one;
    });
  }

  /** Now and then: tells who is silent that it is alive, and drops who does not take what it is sent. */
  tick(): void {
    const { slowMs, aliveMs } = this.#config;
    const now = this.#config.nowMs();
    for (const one of this.#served) {
      if (one.fullSinceMs !== undefined) {
        if (now - one.fullSinceMs >= slowMs) this.#end(one, CLOSE.slow, 'SLOW');
      } else if (now - one.saidMs >= aliveMs && !this.#ready.has(one)) {
        const { height, id } = one.follower.at;
        if (id !== undefined) this.#say(one, [told({ kind: 'alive', height, id })]);
      }
    }
  }

  /** The node stops: everybody is told where to go on. */
  stop(): void {
    for (const one of this.#served) this.#end(one, CLOSE.stopped, 'STOPPED');
  }

  #greet(one: Served): void {
    const { chain } = this.#config;
    const { height, id = null } = one.follower.at;
    const head = headOf(chain);
    const final = idAt(chain, head.final);
    this.#say(one, [
      told({
        kind: 'subscribed',
        chain: chain.chain,
        after: { height, id },
        head: { height: head.height, id: head.id },
        final: final === undefined ? null : { height: head.final, id: final },
      }),
    ]);
  }

  #wake(one: Served): void {
    if (one.fullSinceMs !== undefined) return;
    this.#ready.add(one);
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#config.later(() => this.#turn());
  }

  /** One page for one of them. */
  #turn(): void {
    this.#isRunning = false;
    const [one] = this.#ready;
    if (one === undefined) return;
    this.#ready.delete(one);
    const hasMore = this.#guarded(one.sink, () => this.#page(one)) === true;
    if (hasMore) this.#ready.add(one);
    const [next] = this.#ready;
    if (next !== undefined) this.#wake(next);
  }

  /** True: there is more to be told. */
  #page(one: Served): boolean {
    let bytes = 0;
    for (let steps = 0; steps < PAGE_STEPS && bytes < PAGE_BYTES; steps++) {
      if (!this.#served.has(one)) return false;
      if (one.sink.bufferedBytes > this.#config.bufferMaxBytes) {
        one.fullSinceMs = this.#config.nowMs();
        return false;
      }
      const step = one.follower.step();
      switch (step.kind) {
        case 'idle':
          return false;
        case 'walking':
          break;
        case 'told':
          bytes += this.#say(one, step.messages);
          break;
        case 'lost':
          this.#remove(one);
          this.#refuse(one.sink, step);
          return false;
        default:
          return assertNever(step);
      }
    }
    return true;
  }

  /** Answers how long the messages are. */
  #say(one: Served, messages: readonly Told[]): number {
    if (messages.length === 0) return 0;
    one.saidMs = this.#config.nowMs();
    one.sink.send(messages, () => this.#onTaken(one));
    return messages.reduce((bytes, { length }) => bytes + length, 0);
  }

  #onTaken(one: Served): void {
    if (one.fullSinceMs === undefined || one.sink.bufferedBytes > this.#config.bufferMaxBytes / 2) return;
    one.fullSinceMs = undefined;
    if (this.#served.has(one)) this.#wake(one);
  }

  #remove(one: Served): void {
    this.#served.delete(one);
    this.#ready.delete(one);
  }

  #end(one: Served, code: number, why: string): void {
    this.#remove(one);
    one.sink.close(code, `${why}: resume with from=${one.follower.at.height + 1}`);
  }

  #refuse(sink: EventSink, { code, what }: Lost): undefined {
    sink.close(closeCodeOf(code), `${code}: ${what}`);
  }

  /** A node that stops, or a bug, ends the stream of one subscriber, and nothing else. */
  #guarded<T>(sink: EventSink, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      for (const one of this.#served) if (one.sink === sink) this.#remove(one);
      if (error instanceof ApiError)
        sink.close(error.code === 'STOPPED' ? CLOSE.stopped : CLOSE.notReady, error.code);
      else {
        this.#config.report(error);
        sink.close(CLOSE.internal, 'INTERNAL: an error of the node: its log has it');
      }
      return undefined;
    }
  }
}

function closeCodeOf(code: Lost['code']): number {
  switch (code) {
    case 'NOT_YET':
    case 'WRONG_HEIGHT':
      return CLOSE.badRequest;
    case 'NOT_HERE':
      return CLOSE.notHere;
    case 'UNKNOWN_BLOCK':
      return CLOSE.unknownBlock;
    default:
      return assertNever(code);
  }
}
