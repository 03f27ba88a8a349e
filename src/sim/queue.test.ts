import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
