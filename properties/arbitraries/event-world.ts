/** A node whose chain grows and forks, a line that breaks, and a client of /events that applies what it is told. */
import { strict } from 'node:assert';
import fc from 'fast-check';
import { CLOSE, type EventMessage, eventForm } from '../../src/node/api/event-forms.ts';
import { EventHub, type EventSink, type Subscriber } from '../../src/node/api/event-hub.ts';
import type { Told } from '../../src/node/api/event-texts.ts';
import { subscriptionOf } from '../../src/node/api/subscription.ts';
import { EventCursor } from '../../src/node/client/event-cursor.ts';
import { EventChain } from '../../tests/support/event-chain.ts';

/** A chain of this law has some 6,000 blocks at most. */
const ROUNDS_MAX = 1_000;
/** Room for a few messages, and for more than a page of them. */
export const BUFFERS = [4_000, 1_000_000] as const;

/** The other side of one stream: messages travel when they are taken, and a stream that breaks takes along what was not. */
class Line implements EventSink {
  readonly #sent: { readonly message: Told; readonly onTaken: () => void }[] = [];
  closed: number | undefined;
  bufferedBytes = 0;

  send(messages: readonly Told[], onTaken: () => void): void {
    for (const [i, message] of messages.entries()) {
      this.#sent.push({ message, onTaken: i === messages.length - 1 ? onTaken : () => {} });
      this.bufferedBytes += message.length;
    }
  }

  close(code: number): void {
    this.closed = code;
  }

  take(): EventMessage | undefined {
    const first = this.#sent.shift();
    if (first === undefined) return undefined;
    this.bufferedBytes -= first.message.length;
    first.onTaken();
    return eventForm.parse(JSON.parse(Buffer.from(first.message).toString()));
  }
}

/** A client that resumes by height alone does not see that the block below has changed: the planted bug. */
export type Resumes = 'byBlock' | 'byHeightAlone';

/** Nodes of one chain, one of which is asked at a time, and a client that applies what it is told to a list of blocks. */
export class World {
  readonly chain = new EventChain();
  readonly #turns: (() => void)[] = [];
  readonly #cursor: EventCursor;
  readonly #hub: EventHub;
  readonly ids = new Map<number, string>();
  readonly #resumes: Resumes;
  tip: number | undefined;
  final = -1;
  lost = 0;
  isRefused = false;
  rollbacks = 0;
  #line = new Line();
  #subscriber: Subscriber | undefined;
  /** Before it was told anything the chain has become shorter than what it asks for. */
  #wasAhead = false;

  constructor(before: number, from: number | undefined, bufferMaxBytes: number, resumes: Resumes) {
    this.#resumes = resumes;
    for (let i = 0; i < before; i++) this.chain.extend();
    this.#cursor = new EventCursor(from, undefined);
    this.#hub = new EventHub({
      chain: this.chain,
      later: (run) => this.#turns.push(run),
      nowMs: () => 0,
      bufferMaxBytes,
      slowMs: 1,
      aliveMs: 1,
      report: (error) => strict.fail(String(error)),
    });
    this.chain.onEvent = (event) => this.#hub.onEvent(event);
    this.connect();
  }

  /** The stream breaks, with what was on its way, and begins anew where the client is. */
  connect(): void {
    this.#subscriber?.leave();
    this.#line = new Line();
    const { from, parent } = this.#cursor.request();
    this.#wasAhead = (from ?? 0) > this.chain.main.length;
    this.#subscriber = this.#hub.open(
      subscriptionOf({
        ...(from === undefined ? {} : { from }),
        ...(parent === undefined || this.#resumes === 'byHeightAlone' ? {} : { parent }),
      }),
      this.#line,
    );
  }

  serve(turns: number): boolean {
    let isBusy = false;
    for (let i = 0; i < turns; i++) {
      const run = this.#turns.shift();
      run?.();
      isBusy ||= run !== undefined;
    }
    return isBusy;
  }

  /** The client takes so many messages; a stream that was closed is taken up again. */
  take(count: number): boolean {
    let isBusy = false;
    for (let i = 0; i < count; i++) {
      const message = this.#line.take();
      if (message === undefined) {
        if (this.#line.closed === undefined || this.isRefused) break;
        this.#onClosed(this.#line.closed);
        isBusy = true;
        break;
      }
      isBusy = true;
      const told = this.#cursor.apply(message);
      if ('code' in told) strict.fail(told.what);
      for (const event of told) this.#apply(event);
    }
    return isBusy;
  }

  settle(): void {
    for (let rounds = 0; [this.serve(10), this.take(1_000)].includes(true); rounds++)
      if (rounds > ROUNDS_MAX) strict.fail('it never ends');
  }

  #onClosed(code: number): void {
    if (!this.#cursor.isSubscribed && code === CLOSE.badRequest) {
      strict.equal(this.#wasAhead, true);
      this.isRefused = true;
      return;
    }
    strict.equal(code, CLOSE.unknownBlock);
    this.lost++;
    const rollback = this.#cursor.fallBack();
    strict.ok(rollback !== undefined);
    if (rollback !== undefined) this.#apply(rollback);
    this.connect();
  }

  #apply(event: EventMessage): void {
    switch (event.kind) {
      case 'head': {
        const { height, parent } = event.header;
        if (this.tip !== undefined) strict.equal(height, this.tip + 1);
        const below = this.ids.get(height - 1);
        if (below !== undefined) strict.equal(parent, below);
        this.ids.set(height, event.id);
        this.tip = height;
        break;
      }
      case 'rollback':
        this.rollbacks++;
        strict.ok(event.height >= this.final);
        for (let at = event.height + 1; at <= (this.tip ?? 0); at++) this.ids.delete(at);
        if (this.ids.has(event.height)) strict.equal(this.ids.get(event.height), event.id);
        this.tip = event.height;
        break;
      case 'final':
        strict.ok(event.height > this.final);
        strict.equal(this.chain.main[event.height]?.id, event.id);
        if (this.ids.has(event.height)) strict.equal(this.ids.get(event.height), event.id);
        this.final = event.height;
        break;
      default:
        break;
    }
  }
}

type Step = { readonly name: string; run(world: World): void };

const step = (name: string, run: (world: World) => void): Step => ({ name, run });
const few = fc.integer({ min: 1, max: 40 });
const many = fc.integer({ min: 1, max: 100 });
/** What a node, a connection and a client may do next. */
export const steps: fc.Arbitrary<Step> = fc.oneof(
  few.map((n) =>
    step(`extend ${n}`, ({ chain }) => {
      for (let i = 0; i < n; i++) chain.extend();
    }),
  ),
  fc
    .tuple(many, few)
    .map(([depth, length]) =>
      step(`reorganise ${depth} ${length}`, ({ chain }) => chain.reorganise(depth, length)),
    ),
  fc.nat({ max: 60 }).map((below) => step(`finalise ${below}`, ({ chain }) => chain.finalise(below))),
  fc.nat({ max: 5 }).map((turns) => step(`serve ${turns}`, (world) => world.serve(turns))),
  fc.nat({ max: 40 }).map((count) => step(`take ${count}`, (world) => world.take(count))),
  fc.constant(step('settle', (world) => world.settle())),
  fc.constant(step('break', (world) => world.connect())),
  fc.constant(step('forget', ({ chain }) => chain.forgetBranches())),
);
