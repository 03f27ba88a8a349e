import { describe, expect, it } from 'vitest';
import { alignedMoment, grouped, hostNames, moment, plural } from './format.ts';

describe('text for people', () => {
  it('groups digits, and counts one thing as one.', () => {
    expect([0, 999, 1_000, 1_234_567, 12.6].map(grouped)).toEqual(['0', '999', '1,000', '1,234,567', '13']);
    expect([plural(1, 'block'), plural(2, 'block'), plural(0, 'reply', 'replies')]).toEqual([
      '1 block',
      '2 blocks',
      '0 replies',
    ]);
  });

  it('shows simulated time to the millisecond, in the seconds of scenario files.', () => {
    expect([0, 277_444_341, 60_000_000, 1_500_000, 999_999, -2_500_000].map(moment)).toEqual([
      '0s',
      '277.444s',
      '60s',
      '1.5s',
      '1s',
      '-2.5s',
    ]);
    expect(alignedMoment(60_000_000, 10)).toBe('   60.000s');
  });

  it('names hosts, runs of three and more by their ends.', () => {
    expect(hostNames([5, 2, 0])).toBe('n0, n2, n5');
    expect(hostNames([0, 1, 2, 3, 7, 8])).toBe('n0 to n3, n7, n8');
    expect(hostNames([])).toBe('nobody');
  });
});
