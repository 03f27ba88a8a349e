/** Who dials whom: static topologies of a cluster, and the regions of its hosts. */
import { assert, assertNever } from '../env/assert.ts';
import type { Random } from '../env/random.ts';

/** All that planning draws. */
type Below = Pick<Random, 'below'>;

import { NODE_SHARE_PER_10000, OUTBOUND_DEGREE_CDF_PER_1000 } from './internet-2019.ts';

/** `discovery`: every host knows host 0 and finds the rest by PeerInfo. */
export type Topology =
  | { readonly kind: 'mesh' | 'ring' | 'line' | 'star' | 'discovery' }
  | { readonly kind: 'links'; readonly links: number }
  | { readonly kind: 'measured' };

/** For each host the hosts that it dials, ascending, never itself, no pair in both directions. */
export type Dials = readonly (readonly number[])[];

/** Up to `count` distinct others of host `self`, in ascending order. */
function drawOthers(
  self: number,
  hosts: number,
  count: number,
  taken: readonly Set<number>[],
  random: Below,
): readonly number[] {
  const wanted = Math.min(count, hosts - 1);
  const chosen = new Set<number>();
  // A host that already dials us is linked; after enough misses the rest of the links is not to be had.
  for (let tries = 0; chosen.size < wanted && tries < 50 * wanted; tries++) {
    const other = random.below(hosts);
    if (other !== self && !(taken[other] as Set<number>).has(self)) chosen.add(other);
  }
  return [...chosen].sort((a, b) => a - b);
}

function measuredDegree(random: Below): number {
  const draw = random.below(1_000);
  return OUTBOUND_DEGREE_CDF_PER_1000.findIndex((upTo) => draw < upTo) + 1;
}

/** Chooses by the hosts' own stream, so that the same seed gives the same links. */
export function planDials(topology: Topology, hosts: number, random: Below): Dials {
  switch (topology.kind) {
    case 'mesh':
      return Array.from({ length: hosts }, (_, i) => Array.from({ length: i }, (__, j) => j));
    case 'ring':
      return Array.from({ length: hosts }, (_, i) =>
        hosts > 2 && i === hosts - 1 ? [0, i - 1] : i > 0 ? [i - 1] : [],
      );
    case 'line':
      return Array.from({ length: hosts }, (_, i) => (i > 0 ? [i - 1] : []));
    case 'star':
    case 'discovery':
      return Array.from({ length: hosts }, (_, i) => (i > 0 ? [0] : []));
    case 'links':
    case 'measured':
      return drawLinks(topology, hosts, random);
    default:
      return assertNever(topology);
  }
}

function drawLinks(
  topology: Extract<Topology, { kind: 'links' | 'measured' }>,
  hosts: number,
  random: Below,
): Dials {
  const dials = Array.from({ length: hosts }, () => new Set<number>());
  for (let i = 0; i < hosts; i++) {
    const degree = topology.kind === 'links' ? topology.links : measuredDegree(random);
    for (const other of drawOthers(i, hosts, degree, dials, random)) (dials[i] as Set<number>).add(other);
  }
  return joinParts(dials.map((set) => [...set]));
}

/** Adds the fewest links that make the graph connected: the lowest host of each further part dials host 0. */
function joinParts(dials: readonly number[][]): Dials {
  const parent = dials.map((_, i) => i);
  const rootOf = (host: number): number => {
    let at = host;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at] as number] as number;
      at = parent[at] as number;
    }
    return at;
  };
  for (const [i, list] of dials.entries()) {
    for (const other of list) {
      const [a, b] = [rootOf(i), rootOf(other)];
      parent[Math.max(a, b)] = Math.min(a, b);
    }
  }
  for (let i = 1; i < dials.length; i++) {
    if (rootOf(i) !== i) continue;
    (dials[i] as number[]).unshift(0);
    parent[i] = 0;
  }
  return dials;
}

/** The region of each host: shares as measured, rounded to whole hosts by largest remainder, then shuffled. */
export function planRegions(hosts: number, random: Below): readonly number[] {
  const exact = NODE_SHARE_PER_10000.map((share) => (share * hosts) / 10_000);
  const counts = exact.map(Math.floor);
  const byRemainder = exact
    .map((value, region) => ({ region, rest: value - Math.floor(value) }))
    .sort((a, b) => b.rest - a.rest || a.region - b.region);
  const missing = hosts - counts.reduce((sum, count) => sum + count, 0);
  for (const { region } of byRemainder.slice(0, missing)) counts[region] = (counts[region] as number) + 1;
  const regions = counts.flatMap((count, region) => Array.from({ length: count }, () => region));
  assert(regions.length === hosts, 'every host has a region');
  for (let i = regions.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [regions[i], regions[j]] = [regions[j] as number, regions[i] as number];
  }
  return regions;
}
