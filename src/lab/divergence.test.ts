import { describe, expect, it } from 'vitest';
import type { TraceRecord } from '../sim/trace.ts';
import { describeDivergence } from './divergence.ts';

/** A trace of so many events, each caused by the one before; from `differs` on its hashes are others. */
function trace(
  from: number,
  to: number,
  differs = Number.POSITIVE_INFINITY,
  change: Partial<TraceRecord> = {},
): readonly TraceRecord[] {
  return Array.from({ length: to - from }, (_, i): TraceRecord => {
    const index = from + i;
    const hash = `${index}${index >= differs ? 'x' : ''}`;
    const record = { index, timeUs: index * 1_000, host: 0, kind: 257, fingerprint: 9, draws: 1, hash };
    return { ...record, parent: index - 1, ...(index === differs ? change : {}) };
  });
}

describe('where two traces part', () => {
  it('is told by the event, what of it differs, its causes, and both sides around it.', () => {
    const divergence = describeDivergence(trace(0, 50), trace(0, 50, 20, { host: 1, timeUs: 21_000 }));
    expect(divergence?.fact).toBe('event 20 differs between two runs of one seed');
    const lines = divergence?.detail.split('\n') ?? [];
    expect(lines.slice(0, 4)).toEqual([
      '  A #20 0.020000s n0 host.timer 00000009, 1 draw',
      '  B #20 0.021000s n1 host.timer 00000009, 1 draw',
      '  it differs in its time, its host',
      '  caused, in both, by',
    ]);
    expect(lines[4]).toBe('    #19 0.019000s n0 host.timer 00000009, 1 draw');
    expect(lines.slice(9, 11)).toEqual([
      '    #14 0.014000s n0 host.timer 00000009, 1 draw',
      '    #13 and so on',
    ]);
    const sides = lines.slice(12);
    expect(sides).toHaveLength(10);
    expect(sides.filter((line) => line.includes(' | '))).toHaveLength(6);
    expect(sides[6]).toMatch(/^ {4}#20 0\.020000s n0 .* ≠ #20 0\.021000s n1 /);
    expect(lines.filter((line) => line.length > 122)).toEqual([]);
  });

  it('keeps all records of both sides.', () => {
    const divergence = describeDivergence(trace(0, 4_096), trace(10, 4_100, 4_000));
    expect(divergence?.records).toHaveLength(4_100);
    expect(divergence?.records.filter((line) => line.startsWith('>>'))[0]).toContain('#0 ');
  });

  it('says so when the same event did something else.', () => {
    const detail = describeDivergence(trace(0, 9), trace(0, 9, 5))?.detail;
    expect(detail).toContain('it differs in what it did: the same event sent,');
  });

  it('tells the causes apart where they differ, and how far back they are known.', () => {
    const detail = describeDivergence(trace(10, 20), trace(10, 20, 12, { parent: -1 }))?.detail;
    expect(detail).toContain('it differs in what caused it');
    expect(detail).toContain('caused, in A, by\n    #11 ');
    expect(detail).toContain('    #9, older than the 10 records that are kept\n  caused, in B, by');
    expect(detail).toContain('caused, in B, by\n    scheduled before the run began');
  });

  it('is found where one run has ended, and nowhere in equal traces.', () => {
    const detail = describeDivergence(trace(0, 10), trace(0, 7))?.detail;
    expect(detail).toContain('A #7 ');
    expect(detail).toContain('B (the run has ended)\n  run B has ended before it');
    expect(describeDivergence(trace(0, 10), trace(0, 10))).toBeUndefined();
    expect(describeDivergence([], [])).toBeUndefined();
  });
});
