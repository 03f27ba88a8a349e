import { describe, expect, it } from 'vitest';
import { mix32 } from '../hash.ts';
import type { LinkChange, TimedLinkChange } from './link-change.ts';
import { bridge, flapping, type Pace, ring, swizzleClog } from './link-plans.ts';

const PACE: Pace = { fromUs: 1_000_000, untilUs: 60_000_000, stabilityUs: 500_000, longestUs: 2_000_000 };

function numbers(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = mix32(state + 1);
    return state % n;
  };
}

/** Each id is set and cleared in turns, ends cleared, no state shorter than the stability, all in the window. */
function faultsOf(plan: readonly TimedLinkChange[]): string[] {
  const found: string[] = [];
  const active = new Map<string, number>();
  let before = PACE.fromUs;
  for (const step of plan) {
    const id = step.kind === 'set' ? step.change.id : step.id;
    if (step.atUs < before || step.atUs > PACE.untilUs) found.push(`${id} at ${step.atUs}`);
    before = step.atUs;
    const sinceUs = active.get(id);
    if ((step.kind === 'set') === (sinceUs !== undefined)) found.push(`${id} ${step.kind} twice`);
    if (sinceUs !== undefined && step.atUs - sinceUs < PACE.stabilityUs) found.push(`${id} too short`);
    if (step.kind === 'set') active.set(id, step.atUs);
    else active.delete(id);
  }
  for (const id of active.keys()) found.push(`${id} stays`);
  return found;
}

describe('plans of link changes', () => {
  const cut: LinkChange = { kind: 'isolate', id: 'f', hosts: [3] };

  it('flap with a least time in each state', () => {
    for (let seed = 1; seed < 50; seed++) {
      const plan = flapping(cut, PACE, numbers(seed));
      expect(faultsOf(plan)).toEqual([]);
      expect(plan.length).toBeGreaterThan(20);
    }
    const one = flapping(cut, PACE, numbers(1));
    for (let i = 1; i < one.length; i++) {
      expect((one[i]?.atUs as number) - (one[i - 1]?.atUs as number)).toBeGreaterThanOrEqual(
        PACE.stabilityUs,
      );
    }
  });

  it('swizzle-clog random subsets, released in another order', () => {
    const hosts = [0, 1, 2, 3, 4];
    const orders = new Set<string>();
    for (let seed = 1; seed < 50; seed++) {
      const plan = swizzleClog('s', hosts, PACE, numbers(seed));
      expect(faultsOf(plan)).toEqual([]);
      orders.add(plan.map((step) => (step.kind === 'set' ? step.change.id : `-${step.id}`)).join());
    }
    expect(orders.size).toBeGreaterThan(40);
    expect(swizzleClog('s', [], PACE, numbers(1))).toEqual([]);
  });

  it('bridge and ring once, and not at all when they would not last', () => {
    const bridged = bridge('b', [0, 1], [2, 3], [4], PACE);
    expect(faultsOf(bridged)).toEqual([]);
    expect(bridged[0]).toMatchObject({
      change: {
        groups: [
          [0, 1, 4],
          [2, 3, 4],
        ],
      },
    });
    expect(faultsOf(ring('r', [0, 1, 2], 1, PACE))).toEqual([]);
    expect(ring('r', [0, 1, 2], 1, { ...PACE, untilUs: PACE.fromUs + 1 })).toEqual([]);
  });

  it('are a function of their numbers', () => {
    expect(flapping(cut, PACE, numbers(7))).toEqual(flapping(cut, PACE, numbers(7)));
    expect(flapping(cut, PACE, numbers(7))).not.toEqual(flapping(cut, PACE, numbers(8)));
  });
});
