import { describe, expect, it } from 'vitest';
import { compareRings, RING_SIZE, Trace } from './trace.ts';
import { describeRecord, describeRings, kindName } from './trace-kinds.ts';

function traceOf(count: number, change: (i: number) => number = () => 0): Trace {
  const trace = new Trace();
  for (let i = 0; i < count; i++) {
    trace.begin(i * 10, i % 5, 257, i - 1);
    trace.fold(i % 5, 72, i + change(i), 0);
    trace.draw(i * 3);
    trace.end();
  }
  return trace;
}

describe('the trace', () => {
  it('has one hash for equal runs, and another when anything at all differs', () => {
    const hashes = [
      traceOf(100),
      traceOf(101),
      traceOf(100, (i) => (i === 0 ? 1 : 0)),
      traceOf(100, (i) => (i === 99 ? 1 : 0)),
    ].map((trace) => trace.mark().hash);
    expect(traceOf(100).mark()).toEqual({ events: 100, hash: hashes[0] });
    expect(new Set(hashes).size).toBe(4);
  });

  it('tells events apart by time, host, kind, order of what was folded, and draws', () => {
    const one = (write: (trace: Trace) => void): string => {
      const trace = new Trace();
      write(trace);
      trace.end();
      return trace.mark().hash;
    };
    const hashes = [
      one((t) => t.begin(1, 1, 257, -1)),
      one((t) => t.begin(2, 1, 257, -1)),
      one((t) => t.begin(1 + 2 ** 32, 1, 257, -1)),
      one((t) => t.begin(1, 2, 257, -1)),
      one((t) => t.begin(1, 1, 258, -1)),
      one((t) => (t.begin(1, 1, 257, -1), t.draw(7))),
      one((t) => (t.begin(1, 1, 257, -1), t.fold(1, 80, 5, 6))),
      one((t) => (t.begin(1, 1, 257, -1), t.fold(1, 80, 6, 5))),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('remembers the last 4,096 events, with what caused them', () => {
    const records = traceOf(10_000).records();
    expect(records).toHaveLength(RING_SIZE);
    expect(records.at(-1)).toMatchObject({
      index: 9999,
      timeUs: 99_990,
      host: 4,
      kind: 257,
      fingerprint: 9999,
      parent: 9998,
      draws: 1,
    });
    expect(records[0]?.index).toBe(10_000 - RING_SIZE);
  });
});

describe('the comparison of two rings', () => {
  it('names the first record that differs, also when one run is ahead', () => {
    const a = traceOf(6000).records();
    expect(compareRings(a, traceOf(6000).records())).toBeUndefined();
    const changed = traceOf(6000, (i) => (i >= 5000 ? 1 : 0)).records();
    expect(compareRings(a, changed)).toMatchObject({ index: 5000, a: { index: 5000 }, b: { index: 5000 } });
    const shorter = traceOf(5990).records();
    expect(compareRings(a, shorter)).toMatchObject({ index: 5990, a: { index: 5990 } });
    expect(compareRings([], [])).toBeUndefined();
  });

  it('prints them side by side with the difference marked', () => {
    const lines = describeRings(traceOf(3).records(), traceOf(3, (i) => (i === 2 ? 1 : 0)).records());
    expect(lines.map((line) => line.slice(0, 2))).toEqual(['  ', '  ', '>>']);
    expect(lines[2]).toContain('host.timer');
    expect(describeRecord(traceOf(1).records()[0] as never)).toContain('#0 0us host 0 host.timer');
    expect([kindName(256), kindName(0), kindName(516)]).toEqual([
      'host.start',
      'control.crash',
      'network.arrive',
    ]);
  });
});
