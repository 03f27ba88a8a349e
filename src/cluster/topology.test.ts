import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Random } from '../env/random.ts';
import { planDials, planRegions, type Topology } from './topology.ts';

/** A small generator of our own: the topology must work with any source. */
function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return {
    below: (n) => Math.floor((next() / 4_294_967_296) * n),
    bytes: (n) => Uint8Array.from({ length: n }, () => next() & 255),
  };
}

const topology: fc.Arbitrary<Topology> = fc.oneof(
  fc.constantFrom<Topology>(
    { kind: 'mesh' },
    { kind: 'ring' },
    { kind: 'line' },
    { kind: 'star' },
    { kind: 'discovery' },
    { kind: 'measured' },
  ),
  fc.integer({ min: 1, max: 12 }).map((links): Topology => ({ kind: 'links', links })),
);

function reachable(dials: readonly (readonly number[])[]): number {
  const neighbours = dials.map((list, i) => [
    ...list,
    ...dials.flatMap((other, j) => (other.includes(i) ? [j] : [])),
  ]);
  const seen = new Set([0]);
  const queue = [0];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const next of neighbours[at] ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return seen.size;
}

describe('planDials', () => {
  it('connects everybody, dials nobody twice, never itself', () => {
    fc.assert(
      fc.property(topology, fc.integer({ min: 1, max: 40 }), fc.integer(), (kind, hosts, seed) => {
        const dials = planDials(kind, hosts, randomOf(seed));
        expect(dials).toHaveLength(hosts);
        expect(reachable(dials)).toBe(hosts);
        const pairs = dials.flatMap((list, i) => list.map((j) => `${Math.min(i, j)}-${Math.max(i, j)}`));
        expect(new Set(pairs).size).toBe(pairs.length);
        for (const [i, list] of dials.entries())
          expect(list.every((j) => j !== i && j >= 0 && j < hosts)).toBe(true);
      }),
    );
  });

  it('draws the measured number of outbound links: 8.645 on average', () => {
    const dials = planDials({ kind: 'measured' }, 4_000, randomOf(7));
    const links = dials.reduce((sum, list) => sum + list.length, 0);
    expect(links / 4_000).toBeGreaterThan(8.5);
    expect(links / 4_000).toBeLessThan(8.8);
  });
});

describe('planRegions', () => {
  it('gives every region its share, to the host', () => {
    const regions = planRegions(600, randomOf(1));
    const counts = [0, 1, 2, 3, 4, 5].map((region) => regions.filter((r) => r === region).length);
    expect(counts).toEqual([199, 300, 5, 71, 13, 12]);
  });
});
