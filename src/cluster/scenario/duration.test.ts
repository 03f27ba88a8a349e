import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDurationUs,
  formatSecondsUs,
  parseDurationRange,
  parseDurationUs,
  suggestDuration,
} from './duration.ts';

describe('durations', () => {
  it('reads every unit exactly', () => {
    const texts = ['7us', '250ms', '1.5s', '5min', '1h', '2d', '-1h'];
    expect(texts.map(parseDurationUs)).toEqual([
      7, 250_000, 1_500_000, 300_000_000, 3_600_000_000, 172_800_000_000, -3_600_000_000,
    ]);
  });

  it('refuses what is no duration, or no whole number of microseconds', () => {
    for (const text of [
      '',
      '5',
      's',
      '1 s',
      '1m',
      '1.5us',
      '0.0000001s',
      '1e3s',
      '1s2ms',
      '9999999999999s',
    ]) {
      expect(parseDurationUs(text), text).toBeUndefined();
    }
  });

  it('knows what was meant by other ways to write one', () => {
    const meant = [90, '90 s', '2m', '2 minutes', '1.5 hours', '3DAYS', '250 msec'].map(suggestDuration);
    expect(meant).toEqual(['90s', '90s', '2min', '2min', '1.5h', '3d', '250ms']);
    for (const unclear of ['10s', '-10s', 'soon', '5 parsecs', '', true, null, Number.NaN, 0.1 + 0.2])
      expect(suggestDuration(unclear), String(unclear)).toBeUndefined();
  });

  it('reads ranges, the smaller end first', () => {
    expect(parseDurationRange('5s..20s')).toEqual({ minUs: 5_000_000, maxUs: 20_000_000 });
    expect(parseDurationRange('3ms')).toEqual({ minUs: 3_000, maxUs: 3_000 });
    for (const text of ['20s..5s', '1s..2s..3s', '..1s', '1s..'])
      expect(parseDurationRange(text), text).toBeUndefined();
  });

  it('writes what it reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 34_560_000_000_000 }), (valueUs) => {
        expect(parseDurationUs(formatDurationUs(valueUs))).toBe(valueUs);
      }),
    );
  });

  it('shows simulated seconds without trailing zeros', () => {
    expect([0, 1, 1_500_000, -2_000_000].map(formatSecondsUs)).toEqual(['0s', '0.000001s', '1.5s', '-2s']);
  });
});
