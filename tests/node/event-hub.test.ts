/** Subscribers of /events without sockets: what is read for them, what they share, and what becomes of one that takes nothing. */
import { describe, expect, it } from 'vitest';
import { CLOSE, type EventMessage, eventForm } from '../../src/node/api/event-forms.ts';
import { EventHub, type EventSink, HUB_LIMITS } from '../../src/node/api/event-hub.ts';
import { EventTexts, type Told } from '../../src/node/api/event-texts.ts';
import { subscriptionOf } from '../../src/node/api/subscription.ts';
import { EventChain } from '../support/event-chain.ts';
import { SAMPLE_TRANSACTIONS } from '../vectors/samples.ts';

/** The other side of a stream, which takes what is sent when it is told to. */
class Sink implements EventSink {
  readonly sent: Told[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  bufferedBytes = 0;
  readonly #isQuick: boolean;
  #onTaken: (() => void)[] = [];

  constructor(isQuick: boolean) {
    this.#isQuick = isQuick;
  }

  send(messages: readonly Told[], onTaken: () => void): void {
    this.sent.push(...messages);
    if (this.#isQuick) return onTaken();
    this.#onTaken.push(onTaken);
    for (const { length } of messages) this.bufferedBytes += length;
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  /** So much is left of what was sent. */
  takeDownTo(bytes: number): void {
    this.bufferedBytes = bytes;
    for (const run of this.#onTaken.splice(0)) run();
  }

  get messages(): readonly EventMessage[] {
    return this.sent.map((message) => eventForm.parse(JSON.parse(Buffer.from(message).toString())));
  }

  /** Kinds and heights. */
  get told(): readonly string[] {
    return this.messages.map((message) => {
      if (message.kind === 'head') return `head ${message.header.height}`;
      return 'height' in message ? `${message.kind} ${message.height}` : message.kind;
    });
  }
}

class Served {
  readonly chain = new EventChain();
  readonly hub: EventHub;
  nowMs = 0;
  readonly #turns: (() => void)[] = [];

  constructor(blocks: number) {
    for (let i = 0; i < blocks; i++) this.chain.extend();
    this.hub = new EventHub({
      ...HUB_LIMITS,
      chain: this.chain,
      later: (run) => this.#turns.push(run),
      nowMs: () => this.nowMs,
      report: (error) => expect.fail(String(error)),
    });
    this.chain.onEvent = (event) => this.hub.onEvent(event);
  }

  open(query: object, how: 'quick' | 'slow' = 'quick'): Sink {
    const sink = new Sink(how === 'quick');
    this.hub.open(subscriptionOf(query), sink);
    return sink;
  }

  settle(): void {
    for (let run = this.#turns.shift(); run !== undefined; run = this.#turns.shift()) run();
  }

  tick(atMs: number): void {
    this.nowMs = atMs;
    this.hub.tick();
    this.settle();
  }
}

/** More than a subscriber may leave lying. */
const MANY = Array.from({ length: 200 }, () => SAMPLE_TRANSACTIONS).flat();

describe('what is read for a subscriber of /events', () => {
  it('is headers, where no transaction is asked for or the block has none', () => {
    const served = new Served(3);
    const heads = served.open({ kinds: 'head,final', from: 0 });
    const all = served.open({ kinds: 'head,transaction', from: 0 });
    served.settle();
    served.chain.reorganise(2, 3);
    served.settle();
    const told = ['head 0', 'head 1', 'head 2', 'head 3', 'rollback 1', 'head 2', 'head 3', 'head 4'];
    expect(heads.told.filter((one) => !one.startsWith('final'))).toEqual(['subscribed', ...told]);
    expect(all.told).toEqual(['subscribed', ...told]);
    expect(served.chain.bodiesRead).toEqual([]);
    served.chain.extend(SAMPLE_TRANSACTIONS);
    served.settle();
    expect(served.chain.bodiesRead).toEqual([5]);
    expect(heads.told.at(-1)).toBe('head 5');
    const five = [...SAMPLE_TRANSACTIONS.map(() => 'transaction 5'), 'head 5'];
    expect(all.told.slice(-five.length)).toEqual(five);
  });

  it('is not the transactions that the node has deleted: heads are told from there on, and who wants more is told why not', () => {
    const served = new Served(2);
    served.chain.extend(SAMPLE_TRANSACTIONS);
    served.chain.extend();
    served.chain.bodiesFrom = 4;
    const heads = served.open({ kinds: 'head', from: 0 });
    const all = served.open({ kinds: 'head,transaction', from: 0 });
    served.settle();
    expect(heads.told.at(-1)).toBe('head 4');
    expect(all.told.at(-1)).toBe('head 2');
    expect(all.closed).toEqual({ code: CLOSE.notHere, reason: 'NOT_HERE: block 3 is not kept here' });
  });

  it('is read and written down once for all that stand there', () => {
    const served = new Served(1);
    const sinks = Array.from({ length: 5 }, () => served.open({ kinds: 'head,transaction' }));
    const others = served.open({ kinds: 'head,transaction', accounts: 'a'.repeat(64) });
    served.chain.extend(SAMPLE_TRANSACTIONS);
    served.settle();
    expect(served.chain.bodiesRead).toEqual([2]);
    expect(others.told).toEqual(['subscribed', 'head 2']);
    const [first] = sinks;
    expect(first?.told.length).toBe(2 + SAMPLE_TRANSACTIONS.length);
    for (const { sent } of sinks)
      for (const [i, message] of sent.entries()) if (i > 0) expect(message).toBe(first?.sent[i]);
  });

  it('is forgotten beyond a limit, and then the same again', () => {
    const { chain } = new Served(1);
    for (let i = 0; i < 4; i++) chain.extend(SAMPLE_TRANSACTIONS);
    const texts = new EventTexts(chain, 10_000);
    const unbounded = new EventTexts(chain);
    const heights = [2, 3, 2, 4, 5, 2];
    const tell = (from: EventTexts) =>
      heights.flatMap((at) => {
        const { id, block } = chain.main[at] ?? chain.head;
        const transactions = from.transactions(id, block.header) ?? [];
        return [...transactions.map(({ message }) => message), from.head(id, block.header)].map(String);
      });
    const told = tell(texts);
    const read = chain.bodiesRead.splice(0).length;
    expect(tell(unbounded)).toEqual(told);
    expect(chain.bodiesRead).toEqual([2, 3, 4, 5]);
    expect(read).toBeGreaterThan(4);
  });
});

describe('a subscriber of /events that takes nothing', () => {
  it('is dropped after the documented time above the documented size, and all others are told everything', () => {
    const served = new Served(1);
    const kinds = 'head,final,transaction';
    const slow = served.open({ kinds }, 'slow');
    const late = served.open({ kinds }, 'slow');
    const others = Array.from({ length: 8 }, () => served.open({ kinds }));
    served.chain.extend(MANY);
    served.settle();
    expect(slow.bufferedBytes).toBeGreaterThan(262_144);
    served.chain.extend();
    served.settle();
    served.tick(29_999);
    // Half of the limit is enough, however much it was.
    late.takeDownTo(131_072);
    served.settle();
    const before = slow.sent.length;
    served.tick(30_000);
    expect(slow.closed).toEqual({ code: CLOSE.slow, reason: 'SLOW: resume with from=3' });
    served.chain.extend(SAMPLE_TRANSACTIONS);
    served.settle();
    // Nothing more was read for it.
    expect(slow.sent.length).toBe(before);
    expect(slow.told.at(-1)).toBe('head 2');
    const blocks = [
      ...MANY.map(() => 'transaction 2'),
      'head 2',
      'head 3',
      ...SAMPLE_TRANSACTIONS.map(() => 'transaction 4'),
      'head 4',
    ];
    for (const one of [late, ...others]) {
      const told = one.told.filter((what) => what !== 'subscribed' && !/^(final|alive)/.test(what));
      expect(told).toEqual(blocks);
      expect(one.closed).toBeUndefined();
    }
  });

  it('is not dropped while it takes half of the limit in time, again and again', () => {
    const served = new Served(1);
    const steady = served.open({ kinds: 'head,transaction' }, 'slow');
    for (let round = 1; round <= 5; round++) {
      served.chain.extend(MANY);
      served.settle();
      served.tick(round * 29_000);
      steady.takeDownTo(0);
      served.settle();
    }
    served.tick(1_000_000);
    expect(steady.closed).toBeUndefined();
    expect(steady.told.filter((one) => one.startsWith('head'))).toEqual([
      'head 2',
      'head 3',
      'head 4',
      'head 5',
      'head 6',
    ]);
  });
});
