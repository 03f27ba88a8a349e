import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { parseRunFlags } from './run-flags.ts';
import { UsageError } from './usage.ts';

describe('the flags of run', () => {
  it('have defaults: the own seed of each scenario, a thread a core, nothing else.', () => {
    expect(parseRunFlags(['a.yaml'], {})).toEqual({
      files: ['a.yaml'],
      seeds: undefined,
      jobs: availableParallelism(),
      overrides: [],
      verify: false,
      permuteTies: 0,
      isolate: false,
      bug: undefined,
      real: false,
      keep: false,
      metricsFile: undefined,
      json: false,
      quiet: false,
      list: false,
      failFast: false,
      reportDir: undefined,
      beside: undefined,
    });
  });

  it('take any text for a seed, and both ends of a range.', () => {
    expect(parseRunFlags([], { seed: '9fceb02 ü' }).seeds).toEqual(['9fceb02 ü']);
    expect(parseRunFlags([], { seeds: '3..5' }).seeds).toEqual(['3', '4', '5']);
    expect(parseRunFlags([], { seeds: '7..7' }).seeds).toEqual(['7']);
    expect(parseRunFlags([], { seeds: '1..1000000' }).seeds).toHaveLength(1_000_000);
  });

  it('cut a replacement at its first equals sign.', () => {
    expect(parseRunFlags([], { set: ['a.b=c=d', 'nodes='] }).overrides).toEqual([
      { path: 'a.b', value: 'c=d' },
      { path: 'nodes', value: '' },
    ]);
  });

  it.each([
    { seed: '' },
    { seed: 'x'.repeat(257) },
    { seed: '1', seeds: '1..2' },
    { seeds: '' },
    { seeds: '5' },
    { seeds: '2..1' },
    { seeds: '-1..1' },
    { seeds: '1..1000001' },
    { seeds: '1...5' },
    { jobs: '0' },
    { jobs: '257' },
    { jobs: '1.5' },
    { jobs: ' 1' },
    { jobs: '0x2' },
    { permuteTies: '0' },
    { permuteTies: '1001' },
    { verify: true, permuteTies: '1' },
    { set: ['=1'] },
    { set: ['nodes'] },
  ])('refuse %o.', (flags) => {
    expect(() => parseRunFlags([], flags)).toThrow(UsageError);
  });
});
