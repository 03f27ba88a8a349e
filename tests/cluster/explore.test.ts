import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Bounds, ExploredRun } from '../../src/cluster/explore/explored-run.ts';
import { OrderSearch } from '../../src/cluster/explore/order-search.ts';
import { createPct } from '../../src/cluster/explore/pct.ts';
import { createRandomWalk } from '../../src/cluster/explore/random-walk.ts';
import { formatSchedule, parseSchedule } from '../../src/cluster/explore/schedule.ts';
import { stateHash } from '../../src/cluster/explore/state-hash.ts';
import type { Strategy } from '../../src/cluster/explore/strategy.ts';
import type { ClusterPlan } from '../../src/cluster/plan.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { createPlanRun } from '../../src/cluster/run.ts';
import { parseScenario } from '../../src/cluster/scenario/parse.ts';
import { createStream } from '../../src/sim/seeds.ts';
import { SUITE, small } from './support.ts';

const THREE = 'scenarios/explore/pos-three.yaml';
const three = (): ClusterPlan => resolveScenario(parseScenario(THREE, readFileSync(THREE, 'utf8'), []), '1');

/** Four validators on links that differ, whose messages take 10 to 80 ms and more. */
const spread = (): ClusterPlan =>
  resolveScenario(
    small({
      nodes: 4,
      duration: '12s',
      chain: { engine: 'pos', blockInterval: '1s', rounds: { propose: '300ms' } },
      network: { latency: { uniform: '10ms..80ms' }, jitter: '20ms' },
    }),
    '1',
  );

const HOLD_US = 2_000_000;
const BOUNDS: Bounds = {
  fromUs: 500_000,
  toUs: 4_000_000,
  untilUs: 4_000_000,
  holdUs: HOLD_US,
  timers: 'choice',
  stepsMax: 400,
};

function explored(plan: ClusterPlan, strategy: Strategy, bounds: Bounds = BOUNDS) {
  const run = new ExploredRun(plan, { nativeSuite: SUITE }, bounds, strategy).finish();
  return { ...run.explored(), hash: run.run.traceHash };
}

const walk = (seed: string): Strategy => createRandomWalk(createStream(seed, 'walk'));

describe('a run whose order is chosen', () => {
  it('is, event by event, a run whose messages have these delays and that nobody chose for', () => {
    for (const plan of [three(), spread()]) {
      for (const seed of ['1', '2', '3']) {
        const { hash, delays, steps } = explored(plan, walk(seed));
        expect(steps.length).toBeGreaterThan(30);
        expect(delays.length).toBeGreaterThan(10);
        const parsed = parseSchedule(formatSchedule(delays), plan.hosts.length);
        if ('wrong' in parsed) throw new Error(parsed.wrong);
        const again = createPlanRun(plan, { nativeSuite: SUITE, messageExceptions: parsed });
        while (again.step(10_000));
        expect(again.traceHash).toBe(hash);
      }
    }
  });

  it('is the same without exploration: an order that nothing waits for changes no event', () => {
    const plan = spread();
    const plain = createPlanRun(plan, { nativeSuite: SUITE });
    while (plain.step(10_000));
    const { hash, steps } = explored(plan, walk('1'), { ...BOUNDS, fromUs: plan.durationUs + 1 });
    expect(hash).toBe(plain.traceHash);
    expect(steps).toEqual([]);
  });

  it('keeps the order of each connection, and time goes on', () => {
    const { steps } = explored(spread(), walk('4'));
    const last = new Map<string, number>();
    let nowUs = 0;
    for (const step of steps) {
      expect(step.atUs).toBeGreaterThanOrEqual(nowUs);
      nowUs = step.atUs;
      if (step.kind !== 'delivery') continue;
      const link = `${step.from}>${step.to} ${step.messageKind}`;
      expect(step.ordinal).toBeGreaterThan(last.get(link) ?? -1);
      last.set(link, step.ordinal);
    }
    expect(last.size).toBeGreaterThanOrEqual(12);
  });

  it('holds no message longer than it may, but for others that come at that time', () => {
    const { delays } = explored(
      spread(),
      createPct({ depth: 3, steps: 100, stream: createStream('5', 'pct') }),
    );
    const us = delays.map(({ effect }) => (effect.kind === 'delay' ? effect.us : 0));
    expect(Math.max(...us)).toBeGreaterThan(HOLD_US / 2);
    // Behind one that was held a message may wait for that one; one at a time they come 1 µs apart.
    expect(Math.max(...us)).toBeLessThanOrEqual(HOLD_US + 1_000);
  });

  it('differs in what it comes to: orders of one plan are many', () => {
    const hashes = new Set(['1', '2', '3', '4', '5'].map((seed) => explored(three(), walk(seed)).hash));
    expect(hashes.size).toBe(5);
  });
});

describe('the exhaustive search of a cluster', () => {
  /** What each host got in which order, of every run to the end, and what the cluster then held. */
  function search(plan: ClusterPlan, bounds: Bounds, isReducing: boolean) {
    const strategy = new OrderSearch({ isReducing });
    const orders: string[] = [];
    const states = new Set<string>();
    do {
      const run = new ExploredRun(plan, { nativeSuite: SUITE }, bounds, strategy).finish(
        () => strategy.isBlocked,
      );
      if (strategy.isBlocked) continue;
      const byHost = new Map<number, string[]>();
      for (const step of run.explored().steps) {
        if (step.kind !== 'delivery') continue;
        const got = byHost.get(step.to) ?? [];
        byHost.set(step.to, [...got, `${step.from} ${step.messageKind} ${step.ordinal}`]);
      }
      orders.push(JSON.stringify([...byHost].sort(([a], [b]) => a - b)));
      states.add(stateHash(run.run.cluster));
    } while (strategy.advance());
    return { orders: [...new Set(orders)].sort(), ran: orders.length, states: [...states].sort() };
  }

  it('comes to the states of the naive enumeration, by fewer runs, each of another order', () => {
    const two = resolveScenario(
      small({
        nodes: 2,
        duration: '3s',
        chain: { engine: 'pos', blockInterval: '1s' },
        network: { latency: { fixed: '1us' } },
        node: { pings: false, transactionGossip: false },
        load: [],
      }),
      '1',
    );
    const bounds: Bounds = { ...BOUNDS, fromUs: 900_000, untilUs: 1_500_000, timers: 'last' };
    const naive = search(two, bounds, false);
    const reduced = search(two, bounds, true);
    expect(reduced.states).toEqual(naive.states);
    expect(reduced.orders).toEqual(naive.orders);
    expect(reduced.ran).toBe(naive.orders.length);
    expect(reduced.ran).toBeLessThan(naive.ran);
  });
});
