import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../chain/types/event.ts';
import { type SeenEvent, selectRelevant } from './relevant-events.ts';

const ID = 'ab'.repeat(32) as never;

function head(atUs: number, host: number): SeenEvent {
  return { atUs, host, event: { kind: 'HeadChanged', id: ID, height: 1 as never, parent: ID } };
}
function stopped(atUs: number, host: number): SeenEvent {
  const event: DomainEvent = { kind: 'NodeStopped', reason: 'asked' };
  return { atUs, host, event };
}

describe('the relevant events of a failure', () => {
  it('are twelve at most, in the order in which they happened.', () => {
    const seen = Array.from({ length: 100 }, (_, i) => head(i, i % 4));
    const chosen = selectRelevant(seen, []);
    expect(chosen.map(({ atUs }) => atUs)).toEqual([88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
  });

  it('keep what is out of the ordinary, however long ago among many ordinary ones.', () => {
    const seen = [stopped(1, 2), ...Array.from({ length: 50 }, (_, i) => head(10 + i, 0))];
    expect(selectRelevant(seen, [])[0]).toBe(seen[0]);
  });

  it('prefer the hosts that the violation names, ordinary or not.', () => {
    const seen = [
      head(1, 3),
      stopped(2, 3),
      ...Array.from({ length: 30 }, (_, i) => stopped(10 + i, 0)),
      ...Array.from({ length: 30 }, (_, i) => head(50 + i, 1)),
    ];
    const chosen = selectRelevant(seen, [3]);
    expect(chosen).toHaveLength(12);
    expect(chosen.slice(0, 2)).toEqual(seen.slice(0, 2));
    expect(chosen.slice(2).every(({ host }) => host === 0)).toBe(true);
  });

  it('show the last steps too when there is much out of the ordinary.', () => {
    const seen = [
      ...Array.from({ length: 30 }, (_, i) => stopped(i, 0)),
      ...Array.from({ length: 10 }, (_, i) => head(50 + i, 0)),
    ];
    expect(
      selectRelevant(seen, [0])
        .map(({ event }) => event.kind)
        .filter((k) => k === 'HeadChanged'),
    ).toHaveLength(4);
  });

  it('are all there are of fewer.', () => {
    const seen = [head(1, 0), stopped(2, 1)];
    expect(selectRelevant(seen, [5])).toEqual(seen);
  });
});
