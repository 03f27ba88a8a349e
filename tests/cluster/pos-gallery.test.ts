/** What the scenarios with stake show and no count of a scenario file tells. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { judgeLiveness } from '../../src/cluster/liveness.ts';
import type { ClusterPlan } from '../../src/cluster/plan.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { createPlanRun } from '../../src/cluster/run.ts';
import { parseScenario } from '../../src/cluster/scenario/parse.ts';
import { TestCluster } from '../../src/cluster/test-cluster.ts';
import { finished, lawsBroken, SUITE } from './support.ts';

function planOf(name: string): ClusterPlan {
  const source = readFileSync(new URL(`../../scenarios/${name}`, import.meta.url), 'utf8');
  return resolveScenario(parseScenario(name, source, []), '1');
}

function cluster(plan: ClusterPlan): TestCluster {
  return new TestCluster(plan, { nativeSuite: SUITE });
}

describe('without a quorum', () => {
  it('no head moves while the network is split, and all go on from one block after it', () => {
    const plan = planOf('42-pos-no-quorum.yaml');
    const run = cluster(plan);
    for (const fault of plan.faults) {
      if (!('forUs' in fault) || fault.forUs === 'forever' || !fault.id.startsWith('partition')) continue;
      // What was on its way when the split came may still decide one block.
      run.run(fault.atUs + 15_000_000 - run.nowUs);
      const before = run.nodes.map(({ height }) => height);
      run.run(fault.atUs + fault.forUs - 1_000_000 - run.nowUs);
      expect(run.nodes.map(({ height }) => height)).toEqual(before);
      run.run(30_000_000);
      expect(Math.min(...run.nodes.map(({ height }) => height))).toBeGreaterThan(Math.max(...before));
    }
    expect(run.observation.reorgs).toBe(0);
  });

  it('a stall is excused by who could vote, and by how much too little that is', () => {
    const run = createPlanRun(planOf('47-pos-beyond-f.yaml'), { nativeSuite: SUITE });
    while (run.step(100_000));
    const { verdict, notes } = run.result();
    expect(verdict.kind).toBe('passed');
    expect(notes.join()).toMatch(
      /excused: no quorum: of those who vote on height \d+, (n[0-3] ){4}are live and honest, with 4000 of 7000 of the stake; more than 2\/3 decide/,
    );
  });

  it('a stall with one is not excused: four live validators that a cut keeps apart to the end', () => {
    const plan = planOf('47-pos-beyond-f.yaml');
    const hosts = plan.hosts.map((host) => ({ ...host, byzantine: [] }));
    const forUs = plan.durationUs;
    const groups = [
      [0, 1, 2, 3],
      [4, 5, 6],
    ];
    const faults = [
      {
        id: 'cut/0/0',
        atUs: 60_000_000,
        kind: 'link' as const,
        change: { kind: 'split' as const, groups },
        forUs,
      },
    ];
    const run = finished({ ...plan, hosts, faults });
    expect(lawsBroken(run)).toEqual(['convergence/no-common-head']);
  });
});

describe('rounds', () => {
  it('that take longer than the plan promises are a violation', () => {
    const run = cluster({
      ...planOf('40-pos-unequal-power.yaml'),
      loads: [],
      durationUs: 20_000_000,
      quietFromUs: 5_000_000,
    });
    while (run.step(100_000).kind === 'running');
    run.rounds.slowest = { height: 9, round: 10, taken: 10 };
    run.judge();
    judgeLiveness(run);
    expect(lawsBroken(run)).toEqual(['convergence/too-many-rounds']);
    expect(run.violations[0]?.fact).toMatch(
      /in round 10, 10 after the last fault; promised were at most 2 \+ 7/,
    );
  });
});

describe('validators without their records', () => {
  it('vote on nothing until the chain is beyond what they may have signed, then again', () => {
    const run = cluster(planOf('45-pos-empty-disk.yaml'));
    const told: string[] = [];
    run.simulator.observe((host, event) => {
      if (event.kind === 'Engine' && event.what.startsWith('signing-')) told.push(`n${host} ${event.what}`);
    });
    while (run.step(100_000).kind === 'running');
    run.judge();
    expect(told).toEqual([
      'n5 signing-paused',
      'n5 signing-resumed',
      'n6 signing-paused',
      'n6 signing-resumed',
    ]);
    expect(lawsBroken(run)).toEqual([]);
  });
});

describe('a set that is replaced', () => {
  it('has no founder left at the end', () => {
    const run = finished(planOf('49-pos-set-replaced.yaml'));
    const head = run.commonHead();
    const keys = head === undefined ? [] : (run.committee(head.id) ?? []).map(({ key }) => key);
    const founders = run.setup.hostKeys.slice(0, 5).map(({ key }) => key);
    expect(keys.length).toBe(5);
    expect(keys.filter((key) => founders.includes(key))).toEqual([]);
    expect(lawsBroken(run)).toEqual([]);
  });
});

describe('a set that changes all the time', () => {
  it('changes at 500 heights in a row', () => {
    const run = cluster(planOf('52-pos-changes-every-block.yaml'));
    const heights: number[] = [];
    run.simulator.observe((host, event) => {
      if (host === 0 && event.kind === 'ProducersChanged') heights.push(event.height);
    });
    while (run.step(100_000).kind === 'running');
    const [first = 0] = heights;
    expect(heights.slice(0, 500)).toEqual(Array.from({ length: 500 }, (_, i) => first + i));
    run.judge();
    expect(lawsBroken(run)).toEqual([]);
  });
});
