import { describe, expect, it } from 'vitest';
import type { Recording } from '../cluster/recording.ts';
import { hostsAt, knownTo } from './host-view.ts';

/** Host 0 follows a; host 1 imports the rival b, then is killed. */
const recording: Recording = {
  hosts: [{ name: 'n0' }, { name: 'n1' }],
  blocks: [
    { id: 'g', height: 0, parent: -1 },
    { id: 'a', height: 1, parent: 0 },
    { id: 'b', height: 1, parent: 0 },
  ],
  heads: { atUs: [0, 0, 10, 20], host: [0, 1, 0, 1], what: [0, 0, 1, 2] },
  imports: { atUs: [10, 20, 30], host: [0, 1, 1], what: [1, 2, 1] },
  finals: { atUs: [25], host: [1], what: [1] },
  boots: [
    { host: 0, fromUs: 0 },
    { host: 1, fromUs: 0, untilUs: 40, end: 'kill' },
  ],
} as unknown as Recording;

describe('what a host has at a moment', () => {
  it('is its head, its finality, and whether it runs.', () => {
    expect(hostsAt(recording, 15)).toEqual([
      { isUp: true, head: 1, final: 0 },
      { isUp: true, head: 0, final: 0 },
    ]);
    expect(hostsAt(recording, 40)[1]).toEqual({ isUp: false, head: 2, final: 1 });
  });

  it('is its chain and what it imported, and no block of others.', () => {
    expect([...knownTo(recording, 1, 20)].sort((x, y) => x - y)).toEqual([0, 2]);
    expect([...knownTo(recording, 1, 30)].sort((x, y) => x - y)).toEqual([0, 1, 2]);
    expect([...knownTo(recording, 0, 30)].sort((x, y) => x - y)).toEqual([0, 1]);
  });
});
