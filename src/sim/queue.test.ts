import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { assert } from '../env/assert.ts';
import { EventHeap } from './event-heap.ts';
import { FarEvents } from './far-events.ts';
import { mix32 } from './hash.ts';
import { EventQueue, TIE_MAX } from './queue.ts';

interface Expected {
  readonly timeUs: number;
  readonly tie: number;
  readonly sequence: number;
  readonly handle: number;
}

function order(x: Expected, y: Expected): number {
  return x.timeUs - y.timeUs || x.tie - y.tie || x.sequence - y.sequence;
}

/** How far ahead of now event i is set, for a seed: the shapes that a queue of buckets could break on. */
const DELAYS = new Map<string, (word: number, i: number) => number>([
  ['even', (word) => word % 2_000_000],
  ['all at one time', () => 0],
  ['few times', (word) => (word % 3) * 1_000_000],
  ['exponentially spread', (word, i) => Math.floor((word / 4_294_967_296) * (EXPONENTS[i % 53] ?? 1))],
  ['messages near, timers far', (word, i) => (i % 4 === 0 ? 3_600_000_000 + (word % 1000) : word % 50_000)],
  ['timers far, then messages near', (word, i) => (i < 6000 ? 86_400_000_000 + (word % 5) : word % 100)],
  ['around a word', (word) => 4_294_967_296 - 500 + (word % 1000)],
  ['just behind each other', (_, i) => 10_000_000 - i],
]);
/** Shapes with more events at one time than the heap should have. */
const ONE_TIME = new Set(['all at one time', 'few times']);
const EXPONENTS = Array.from({ length: 53 }, (_, i) => 2 ** i);

/** Pending events in order, in a plain array. */
class SortedEvents {
  readonly events: Expected[] = [];

  add(event: Expected): void {
    this.events.splice(this.#place(event), 0, event);
  }

  remove(event: Expected): boolean {
    const at = this.#place(event);
    if (this.events[at] !== event) return false;
    this.events.splice(at, 1);
    return true;
  }

  #place(event: Expected): number {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order(this.events[middle] as Expected, event) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A queue and its model side by side; an event's payload is its place in `all`. */
class Pair {
  readonly queue = new EventQueue();
  readonly model = new SortedEvents();
  readonly all: Expected[] = [];

  push(timeUs: number, tie: number): void {
    const sequence = this.all.length;
    const atUs = Math.min(timeUs, Number.MAX_SAFE_INTEGER);
    const event = { timeUs: atUs, tie, sequence, handle: add(this.queue, atUs, tie, sequence) };
    this.all.push(event);
    this.model.add(event);
  }

  /** Takes one event out of each. */
  pop(): Expected | undefined {
    const first = this.model.events.shift();
    const seen = [this.queue.peekTimeUs(), this.queue.pop(), this.queue.size];
    const expected = [
      first?.timeUs ?? Number.POSITIVE_INFINITY,
      first !== undefined,
      this.model.events.length,
    ];
    // A plain comparison, and a text only where they differ: it is made for each of a million events.
    const same = seen.every((value, i) => value === expected[i]);
    if (!same) assert(false, `the queue answers ${seen.join(', ')}, the model ${expected.join(', ')}`);
    if (first !== undefined && this.queue.payload !== first.sequence) {
      assert(false, `event ${String(this.queue.payload)} came out where ${first.sequence} should`);
    }
    return first;
  }

  cancel(which: number): void {
    const event = this.all[which % this.all.length] as Expected;
    const isPending = this.model.remove(event);
    assert(this.queue.cancel(event.handle) === isPending, 'an event is cancelled while it is pending');
  }
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constant('push' as const), timeUs: fc.nat(20), tie: fc.nat(3) }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('pop' as const) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('cancel' as const), which: fc.nat() }) },
);

function add(queue: EventQueue, timeUs: number, tie = 0, payload?: unknown): number {
  return queue.push(timeUs, tie, 0, 256, 0, 0, payload, -1);
}

describe('the event queue', () => {
  it('agrees with a sorted array under pushes, pops and cancellations', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new EventQueue();
        const expected: Expected[] = [];
        const handles: number[] = [];
        for (const [sequence, s] of steps.entries()) {
          if (s.op === 'push') {
            const handle = queue.push(
              s.timeUs,
              s.tie,
              3,
              513,
              sequence,
              ~sequence,
              `p${sequence}`,
              sequence - 1,
            );
            handles.push(handle);
            expected.push({ timeUs: s.timeUs, tie: s.tie, sequence, handle });
            expected.sort(order);
          } else if (s.op === 'pop') {
            const first = expected.shift();
            expect(queue.peekTimeUs()).toBe(first?.timeUs ?? Number.POSITIVE_INFINITY);
            expect(queue.pop()).toBe(first !== undefined);
            if (first === undefined) continue;
            expect([
              queue.timeUs,
              queue.host,
              queue.code,
              queue.a,
              queue.b,
              queue.payload,
              queue.parent,
            ]).toEqual([
              first.timeUs,
              3,
              513,
              first.sequence,
              ~first.sequence,
              `p${first.sequence}`,
              first.sequence - 1,
            ]);
          } else if (handles.length > 0) {
            const handle = handles[s.which % handles.length] as number;
            const at = expected.findIndex((e) => e.handle === handle);
            expect(queue.cancel(handle)).toBe(at >= 0);
            if (at >= 0) expected.splice(at, 1);
          }
          expect(queue.size).toBe(expected.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('agrees with a sorted array however many are pending and however their times are spread', () => {
    const run = fc.record({
      shape: fc.constantFrom(...DELAYS.keys()),
      seed: fc.integer(),
      pending: fc.constantFrom(100, 4096, 4097, 9000),
      // Of eight steps so many also cancel an event, and so many set one before what came out last.
      cancels: fc.nat(4),
      early: fc.nat(2),
    });
    fc.assert(
      fc.property(run, ({ shape, seed, pending, cancels, early }) => {
        const delayUs = DELAYS.get(shape) ?? (() => 0);
        const pair = new Pair();
        let i = 0;
        const push = (nowUs: number): void => {
          const word = mix32(seed + i) >>> 0;
          pair.push(nowUs + delayUs(word, i), mix32(word + 1) >>> 31);
          i++;
        };
        while (i < pending) push(0);
        for (let n = 0; n < 6000; n++) {
          const now = pair.pop();
          if (now === undefined) break;
          push(now.timeUs);
          const word = mix32(seed ^ n) >>> 0;
          if ((word & 7) < cancels) pair.cancel(word >>> 3);
          if ((word & 7) < early) pair.push(Math.max(0, now.timeUs - (word & 8)), 0);
        }
        while (pair.pop() !== undefined);
        expect(pair.queue.size).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('moves an event at most once for each byte of its time and keeps the heap small, however times are spread', () => {
    const far = vi.spyOn(FarEvents.prototype, 'addCopy');
    const near = vi.spyOn(EventHeap.prototype, 'addCopy');
    for (const [shape, delayUs] of DELAYS) {
      far.mockClear();
      near.mockClear();
      const queue = new EventQueue();
      let i = 0;
      const push = (nowUs: number): void => {
        const atUs = nowUs + delayUs(mix32(i) >>> 0, i);
        add(queue, Math.min(atUs, Number.MAX_SAFE_INTEGER), mix32(i) >>> 2);
        i++;
      };
      while (i < 20_000) push(0);
      let largest = 0;
      for (let n = 0; n < 20_000; n++) {
        queue.pop();
        push(queue.timeUs);
        largest = Math.max(largest, (near.mock.contexts[0] as EventHeap | undefined)?.size ?? 0);
      }
      if (!ONE_TIME.has(shape)) expect(largest, shape).toBeLessThanOrEqual(4096);
      while (queue.pop());
      // Each of its seven bytes; into the heap, out of a heap that got too large, and in again.
      expect(far.mock.calls.length + near.mock.calls.length, shape).toBeLessThan(i * 10);
    }
    vi.restoreAllMocks();
  });

  it('gives an event that is set before all others out first, even before what came out last', () => {
    const queue = new EventQueue();
    for (let i = 0; i < 10_000; i++) add(queue, 1_000_000 + 100 * i, 5, i);
    for (let i = 0; i < 300; i++) queue.pop();
    const nowUs = queue.timeUs;
    add(queue, nowUs, 4, 'same time, smaller tie');
    add(queue, 7, 0, 'long past');
    add(queue, nowUs, 6, 'same time, larger tie');
    const seen = Array.from({ length: 4 }, () => (queue.pop() ? queue.payload : undefined));
    expect(seen).toEqual(['long past', 'same time, smaller tie', 'same time, larger tie', 300]);
  });

  it.each([
    ['before', 3_600_000_000],
    ['behind', 3_600_000_000_000],
  ])('uses the slots of cancelled events again, also %s all others', (_, fromUs) => {
    const queue = new EventQueue();
    const slotCount = 2 ** 24;
    for (let i = 0; i < 10_000; i++) add(queue, 1_000_000_000_000 + i);
    let highest = 0;
    for (let i = 0; i < 50_000; i++) {
      const handle = add(queue, fromUs + i * 100);
      highest = Math.max(highest, handle % slotCount);
      queue.cancel(handle);
    }
    expect(queue.size).toBe(10_000);
    // As many cancelled ones as pending ones wait to be taken out.
    expect(highest).toBeLessThan(2 * 10_000 + 2);
  });

  it('keeps order past every doubling, for times up to 2^53 and ties up to the largest', () => {
    const queue = new EventQueue();
    for (let i = 0; i < 50_000; i++) add(queue, (i * 7919) % 50_000, TIE_MAX - (i % 2), i);
    add(queue, Number.MAX_SAFE_INTEGER, TIE_MAX, 'last');
    let before = -1;
    for (let i = 0; i < 50_000; i++) {
      queue.pop();
      expect(queue.timeUs).toBeGreaterThan(before);
      expect(((queue.payload as number) * 7919) % 50_000).toBe(queue.timeUs);
      before = queue.timeUs;
    }
    expect([queue.pop(), queue.timeUs, queue.payload]).toEqual([true, Number.MAX_SAFE_INTEGER, 'last']);
  });

  it('gives the slot of an event a new generation, so that an old handle cancels nothing', () => {
    const queue = new EventQueue();
    const old = add(queue, 1);
    queue.pop();
    const young = add(queue, 2);
    expect(young).not.toBe(old);
    expect([queue.cancel(old), queue.size, queue.cancel(young), queue.cancel(young), queue.size]).toEqual([
      false,
      1,
      true,
      false,
      0,
    ]);
  });

  it('gives back what many cancelled events held, and keeps the others in order', () => {
    const queue = new EventQueue();
    const handles = Array.from({ length: 10_000 }, (_, i) => add(queue, i, 0, i));
    for (const [i, handle] of handles.entries()) if (i % 10 !== 0) queue.cancel(handle);
    expect(queue.size).toBe(1000);
    for (let i = 0; i < 1000; i++) {
      queue.pop();
      expect(queue.payload).toBe(10 * i);
    }
    expect(queue.pop()).toBe(false);
  });

  it('knows nobody from the last host', () => {
    const queue = new EventQueue();
    queue.push(1, 0, -1, 65_535, 0, 0, undefined, -1);
    queue.push(2, 0, 65_534, 0, 0, 0, undefined, -1);
    queue.pop();
    expect([queue.host, queue.code]).toEqual([-1, 65_535]);
    queue.pop();
    expect([queue.host, queue.code]).toEqual([65_534, 0]);
  });
});
