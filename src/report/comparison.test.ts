import { describe, expect, it } from 'vitest';
import type { Recording } from '../cluster/recording.ts';
import { compareKinds, compareRuns, partingOf } from './comparison.ts';

/** Events as `[time, host, kind]`. */
function recordingOf(seed: string, events: readonly (readonly [number, number, string])[]): Recording {
  const texts = [...new Set(events.map(([, , kind]) => kind)), ''];
  return {
    seed,
    endUs: 60_000_000,
    hosts: [{ name: 'n0' }, { name: 'n1' }],
    faults: [],
    texts,
    window: { routine: [{ kind: 'TransactionAccepted', times: 7 }] },
    emitted: {
      step: events.map((_, i) => i),
      atUs: events.map(([atUs]) => atUs),
      host: events.map(([, host]) => host),
      kind: events.map(([, , kind]) => texts.indexOf(kind)),
      text: events.map(() => texts.length - 1),
    },
    result: {
      verdict: { kind: 'passed' },
      events: events.length,
      messages: 5,
      counts: { blocks: 3, reorgs: 0 },
    },
  } as unknown as Recording;
}

const first = recordingOf('1', [
  [0, 0, 'NodeStarted'],
  [10, 1, 'HeadChanged'],
  [20, 0, 'HeadChanged'],
]);
const second = recordingOf('2', [
  [0, 0, 'NodeStarted'],
  [10, 1, 'HeadChanged'],
  [15, 1, 'Deviated'],
  [20, 0, 'HeadChanged'],
]);

describe('two runs', () => {
  it('are compared by their numbers.', () => {
    const differing = compareRuns(first, second).filter(({ isSame }) => !isSame);
    expect(differing.map(({ name, first: a, second: b }) => [name, a, b])).toEqual([
      ['seed', '1', '2'],
      ['events', '3', '4'],
    ]);
  });

  it('tell of some things more often than the other.', () => {
    expect(compareKinds(first, second)).toEqual([{ kind: 'Deviated', first: 0, second: 1 }]);
    expect(compareKinds(first, first)).toEqual([]);
  });

  it('part where their stories do.', () => {
    expect(partingOf(first, second)).toEqual({
      atUs: 15,
      isAtOnce: false,
      first: '0.000020 s n0 HeadChanged',
      second: '0.000015 s n1 Deviated',
    });
    expect(partingOf(second, second)).toBeUndefined();
  });

  it('part where one has nothing more to tell.', () => {
    const shorter = recordingOf('3', [[0, 0, 'NodeStarted']]);
    expect(partingOf(shorter, first)).toMatchObject({ atUs: 10, first: 'nothing more' });
  });
});
