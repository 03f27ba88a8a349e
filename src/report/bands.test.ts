import { describe, expect, it } from 'vitest';
import type { Recording } from '../cluster/recording.ts';
import { bandsOf, linkBandsOf, unionOf } from './bands.ts';

function fault(id: string, spans: Recording['faults'][number]['spans'], isOfLinks = false) {
  const kind = id.slice(0, id.indexOf('/'));
  const groups = isOfLinks ? [[0], [1]] : undefined;
  return { id, kind, plannedUs: 0, hosts: [0, 1], groups, isOfLinks, isHelper: false, spans };
}

const recording: Recording = {
  endUs: 100,
  hosts: [
    { name: 'n0', byzantine: [] },
    { name: 'n1', byzantine: [] },
  ],
  boots: [
    { host: 0, fromUs: 0, untilUs: 30, end: 'kill' },
    { host: 0, fromUs: 50, untilUs: undefined, end: undefined },
    { host: 1, fromUs: 10, untilUs: undefined, end: undefined },
  ],
  faults: [
    fault('crash/0/0', [{ host: 0, fromUs: 30, untilUs: 50 }]),
    fault('pause/1/0', [{ host: 1, fromUs: 20, untilUs: undefined }]),
    fault('partition/2/0', [{ host: -1, fromUs: 40, untilUs: 60 }], true),
    fault('partition/2/1', [{ host: -1, fromUs: 55, untilUs: 70 }], true),
    fault('partition/2/2', [{ host: -1, fromUs: 60, untilUs: undefined }], true),
  ],
} as unknown as Recording;

describe('what lies over a lane', () => {
  it('is each time in which its host does not run, with the reason, and each fault that is no end of a boot.', () => {
    expect(bandsOf(recording)).toEqual([
      { host: 0, fromUs: 30, untilUs: 50, kind: 'down', text: 'down (kill)' },
      { host: 1, fromUs: 0, untilUs: 10, kind: 'down', text: 'not started' },
      { host: 1, fromUs: 20, untilUs: 100, kind: 'fault', text: 'pause' },
    ]);
  });
});

describe('faults of links', () => {
  it('have labels in different rows while they overlap.', () => {
    const labels = linkBandsOf(recording).map(({ fromUs, untilUs, row, text }) => [
      fromUs,
      untilUs,
      row,
      text,
    ]);
    expect(labels).toEqual([
      [40, 60, 0, 'partition n0 | n1'],
      [55, 70, 1, 'partition n0 | n1'],
      [60, 100, 0, 'partition n0 | n1'],
    ]);
  });
});

describe('the union of stretches', () => {
  it('has no overlaps, and no gap where they touch.', () => {
    const stretches = [
      { fromUs: 5, untilUs: 9 },
      { fromUs: 0, untilUs: 2 },
      { fromUs: 2, untilUs: 4 },
      { fromUs: 6, untilUs: 7 },
    ];
    expect(unionOf(stretches)).toEqual([
      { fromUs: 0, untilUs: 4 },
      { fromUs: 5, untilUs: 9 },
    ]);
  });
});
