import { describe, expect, it } from 'vitest';
import { momentText, spanText, ticksOf } from './time-axis.ts';

describe('the marks of a time axis', () => {
  it.each([
    [0, 60_000_000, ['0 s', '10 s', '20 s', '30 s', '40 s', '50 s', '60 s']],
    [1_000_000, 1_500_000, ['1.0 s', '1.1 s', '1.2 s', '1.3 s', '1.4 s', '1.5 s']],
    [2_000, 2_500, ['0.002000 s', '0.002100 s', '0.002200 s', '0.002300 s', '0.002400 s', '0.002500 s']],
    [0, 240_000_000, ['0 s', '1 min', '2 min', '3 min', '4 min']],
  ])('from %i to %i stand at round times, each with its unit.', (fromUs, untilUs, texts) => {
    expect(ticksOf(fromUs, untilUs, 6).map(({ text }) => text)).toEqual(texts);
  });

  it('are never more than about what was asked for.', () => {
    for (const width of [7, 990, 123_456, 78_000_000, 5_000_000_000])
      expect(ticksOf(11, 11 + width, 8).length).toBeLessThanOrEqual(9);
  });
});

describe('times in words', () => {
  it('have the digits that they need.', () => {
    expect([momentText(1_500_000), momentText(1_500_001)]).toEqual(['1.500 s', '1.500001 s']);
    expect([spanText(12), spanText(12_340), spanText(4_500_000)]).toEqual(['12 µs', '12.3 ms', '4.50 s']);
  });
});
