import { describe, expect, it } from 'vitest';
import type { Fault } from './fault.ts';
import { crashStorm, flappingLinks, rollingRestart, swizzle } from './plan-faults.ts';
import { createStream } from './seeds.ts';
import { gossip, runTo, simulate } from './test-world.ts';

const HOSTS = [0, 1, 2];
const stream = (name: string) => createStream('plans', name);
const pace = { fromUs: 10_000, untilUs: 400_000, stabilityUs: 5_000, longestUs: 20_000 };

const storm = (seed: string): readonly Fault[] =>
  crashStorm(
    {
      id: 'storm',
      hosts: HOSTS,
      fromUs: 10_000,
      untilUs: 400_000,
      everyUs: { minUs: 8_000, maxUs: 30_000 },
      downUs: { minUs: 1_000, maxUs: 9_000 },
      how: ['kill', 'power'],
    },
    createStream(seed, 'storm'),
  );

describe('a crash storm', () => {
  it('crashes hosts again and again, and leaves each boot its least time', () => {
    const plan = storm('a');
    expect(plan.length).toBeGreaterThan(8);
    const upSince = new Map<number, number>();
    for (const fault of plan) {
      if (fault.kind !== 'crash' || fault.downUs === 'forever') throw new Error('a storm has crashes alone');
      const [host = 0] = fault.hosts;
      expect(fault.atUs - (upSince.get(host) ?? 0)).toBeGreaterThanOrEqual(8_000);
      upSince.set(host, fault.atUs + fault.downUs);
      expect(fault.atUs).toBeLessThan(400_000);
    }
    expect(new Set(plan.map((fault) => fault.id)).size).toBe(plan.length);
    expect(new Set(plan.map((fault) => fault.kind === 'crash' && fault.how)).size).toBe(2);
  });

  it('is the same for a seed, and different for another', () => {
    expect(storm('a')).toEqual(storm('a'));
    expect(storm('a')).not.toEqual(storm('b'));
  });

  it('has an effect with every crash that it planned', () => {
    const simulator = simulate(3, gossip(60), { faults: storm('a') });
    runTo(simulator, 500_000);
    for (const count of simulator.faultCounts()) expect([count.injected, count.effective]).toEqual([1, 1]);
    expect(HOSTS.every((host) => simulator.isUp(host))).toBe(true);
  });
});

describe('a rolling restart', () => {
  it('has one host down at a time, and all run the new code in the end', () => {
    const faults = rollingRestart(
      {
        id: 'roll',
        hosts: HOSTS,
        fromUs: 20_000,
        downUs: { minUs: 2_000, maxUs: 5_000 },
        gapUs: { minUs: 1_000, maxUs: 2_000 },
        deadlineUs: 10_000,
        variant: 'next',
      },
      stream('roll'),
    );
    const simulator = simulate(3, gossip(60), {
      programs: new Map([
        ['main', gossip(60)],
        ['next', gossip(60)],
      ]),
      faults,
    });
    let down = 0;
    simulator.observeHosts((_, change) => {
      down += change.kind === 'ended' ? 1 : change.boot > 1 ? -1 : 0;
      expect(down).toBeLessThanOrEqual(1);
    });
    runTo(simulator, 300_000);
    expect(simulator.status().kind).not.toBe('ended');
    expect(HOSTS.map((host) => [simulator.bootOf(host), simulator.variantOf(host)])).toEqual(
      new Array(3).fill([2, 'next']),
    );
  });
});

describe('plans of links', () => {
  it('become faults with a span each, of the least stability and inside the time', () => {
    const plans = [
      flappingLinks('flap', { kind: 'isolate', hosts: [1] }, pace, stream('flap')),
      swizzle('swizzle', HOSTS, pace, stream('swizzle')),
    ];
    for (const plan of plans) {
      expect(plan.length).toBeGreaterThan(3);
      expect(new Set(plan.map((fault) => fault.id)).size).toBe(plan.length);
      for (const fault of plan) {
        if (fault.kind !== 'link' || fault.forUs === 'forever') throw new Error('a plan of links ends');
        expect(fault.forUs).toBeGreaterThanOrEqual(pace.stabilityUs);
        expect(fault.atUs + fault.forUs).toBeLessThanOrEqual(pace.untilUs);
      }
    }
    const simulator = simulate(3, gossip(60), { faults: plans.flat() });
    runTo(simulator, 500_000);
    expect(simulator.status().kind).not.toBe('ended');
    expect(simulator.faultCounts().every((count) => count.effective === 1)).toBe(true);
  });
});
