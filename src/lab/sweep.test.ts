import { describe, expect, it } from 'vitest';
import type { AssertionCount } from '../cluster/result.ts';
import { Sweep } from './sweep.ts';

function assertion(kind: AssertionCount['kind'], more: Partial<AssertionCount> = {}): AssertionCount {
  return { name: 'it', kind, isAsked: true, checked: 1, held: 1, ...more };
}

/** A sweep of one assertion, a run for each. */
function sweepOf(...counts: readonly AssertionCount[]): Sweep {
  const sweep = new Sweep();
  for (const [i, count] of counts.entries())
    sweep.add({ scenario: 'a', seed: String(i + 1), assertions: [count] });
  return sweep;
}
function problemOf(...counts: readonly AssertionCount[]): string | undefined {
  return sweepOf(...counts).assertions()[0]?.problem;
}

describe('the assertions of a sweep', () => {
  const unchecked = assertion('always', { checked: 0, held: 0 });
  const unseen = assertion('sometimes', { held: 0 });
  const reached = assertion('unreachable', { held: 0 });

  it.each<readonly [string, readonly AssertionCount[], string | undefined]>([
    ['a law that no run checked', [unchecked, unchecked], 'neverChecked'],
    ['a law that one run checked', [unchecked, assertion('always', { checked: 4 })], undefined],
    ['a law that nobody asks for', [{ ...unchecked, isAsked: false }], undefined],
    ['an event that no run saw', [unseen, unseen], 'neverSeen'],
    ['an event that one run saw', [unseen, assertion('sometimes')], undefined],
    ['an event that nobody asks for', [{ ...unseen, isAsked: false }], undefined],
    ['what may never be, and was', [assertion('unreachable'), reached], 'reached'],
    ['what may never be, and was not', [assertion('unreachable')], undefined],
    ['what may be in that scenario', [{ ...reached, isAsked: false }], undefined],
  ])('of %s: %#', (_, counts, problem) => {
    expect(problemOf(...counts)).toBe(problem);
  });

  it('adds up checks and runs, and names the first run.', () => {
    const sweep = sweepOf(
      unchecked,
      assertion('always', { checked: 4 }),
      assertion('always', { checked: 5 }),
    );
    expect(sweep.runs).toBe(3);
    expect(sweep.assertions()).toEqual([
      {
        name: 'it',
        kind: 'always',
        askedRuns: 3,
        runs: 2,
        checked: 9,
        first: { scenario: 'a', seed: '2' },
        problem: undefined,
      },
    ]);
  });

  it('names the runs that reached what they may not, and none that may.', () => {
    const sweep = sweepOf({ ...reached, isAsked: false }, assertion('unreachable'), reached);
    expect(sweep.assertions()[0]).toMatchObject({
      runs: 1,
      first: { scenario: 'a', seed: '3' },
      problem: 'reached',
    });
  });

  it('takes no offence at a run that never began.', () => {
    const sweep = sweepOf(assertion('always'));
    sweep.add({ scenario: 'a', seed: '2', assertions: [] });
    expect([sweep.runs, sweep.assertions()[0]?.askedRuns]).toEqual([2, 1]);
  });
});
