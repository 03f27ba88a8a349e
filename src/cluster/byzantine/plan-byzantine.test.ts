import { describe, expect, it } from 'vitest';
import { faultBudget } from '../budget.ts';
import type { ClusterPlan } from '../plan.ts';
import { resolveScenario } from '../resolve.ts';
import { parseScenario } from '../scenario/parse.ts';
import { planDials } from '../topology.ts';
import { byzantineHosts } from './byzantine-hosts.ts';

function planOf(more: string, seed = '1', nodes = 7): ClusterPlan {
  const text = `name: a\nshows: what it shows, in words\nduration: 600s\nnodes: ${nodes}\nexpect: pass\n${more}`;
  return resolveScenario(parseScenario('a.yaml', text), seed);
}

function byzantineOf(plan: ClusterPlan): readonly (readonly [number, string])[] {
  return plan.hosts.flatMap(({ byzantine, twinOf }, i) => [
    ...byzantine.map(({ kind }) => [i, kind] as const),
    ...(twinOf === undefined ? [] : [[i, `twin of ${twinOf}`] as const]),
  ]);
}

const DRAWN = 'byzantine: { count: 2, of: [silent, selective, garbage], perHost: 2, twins: 1 }';

describe('the generator', () => {
  it('draws hosts and behaviours by the seed alone', () => {
    const own = byzantineOf(planOf(DRAWN));
    expect(own.length).toBe(5);
    expect(byzantineOf(planOf(DRAWN))).toEqual(own);
    const other = ['2', '3', '4'].map((seed) => byzantineOf(planOf(DRAWN, seed)));
    expect(other.some((drawn) => JSON.stringify(drawn) !== JSON.stringify(own))).toBe(true);
  });

  it('shifts no other draw, and is shifted by none', () => {
    const faults =
      'faults: [{ kind: crash, at: 9s..90s, every: 30s, hosts: { random: 2 }, how: any, down: 1s..9s }]';
    const links = 'network: { topology: { links: 3 } }';
    const with4 = planOf(`${DRAWN}\n${faults}\n${links}`);
    expect(with4.faults).toEqual(planOf(`${faults}\n${links}`).faults);
    expect(byzantineOf(with4)).toEqual(byzantineOf(planOf(DRAWN)));
  });

  it('leaves hosts alone that have a line of their own', () => {
    for (const seed of ['1', '2', '3', '4', '5', '6']) {
      const plan = planOf(
        'hosts: [{ hosts: [0, 1], byzantine: [flooding] }, { hosts: [2], twinOf: 3 }]\nbyzantine: { count: 1, of: [silent], twins: 1 }',
        seed,
      );
      expect(plan.hosts.slice(0, 2).map(({ byzantine }) => byzantine)).toEqual([
        [{ kind: 'flooding' }],
        [{ kind: 'flooding' }],
      ]);
      expect(plan.hosts[2]?.twinOf).toBe(3);
      expect(byzantineHosts(plan).size).toBe(7);
    }
  });
});

describe('the fault budget', () => {
  function budgetOf(more: string, nodes = 5) {
    const plan = planOf(more, '1', nodes);
    return faultBudget(plan, planDials(plan.network.topology, plan.hosts.length, { below: () => 0 }));
  }

  it('is untouched without Byzantine hosts, and by ones without power', () => {
    expect(budgetOf('')).toEqual({ finality: undefined, liveness: undefined });
    expect(budgetOf('hosts: [{ hosts: [3, 4], hashShare: 0, byzantine: [garbage] }]')).toEqual({
      finality: undefined,
      liveness: undefined,
    });
  });

  it('of proof of work is less than half of the hash power', () => {
    expect(budgetOf('hosts: [{ hosts: [3, 4], byzantine: [silent] }]')).toEqual({
      finality:
        '2 of 5 of the hash power are Byzantine; they overtake 40 blocks too often for that depth to be final',
      liveness: undefined,
    });
    expect(budgetOf('hosts: [{ hosts: [4], byzantine: [silent] }]').finality).toBeUndefined();
    const half = '3 of 5 of the hash power are Byzantine; pow promises';
    const { finality, liveness } = budgetOf('hosts: [{ hosts: [2, 3, 4], byzantine: [silent] }]');
    expect(finality).toBe(`${half} finality with less than 1/2 of the hash power Byzantine`);
    expect(liveness).toBe(`${half} agreement with less than 1/2 of the hash power Byzantine`);
  });

  it('of proof of work asks for a depth that a minority does not overtake', () => {
    const one = 'hosts: [{ hosts: [4], byzantine: [withholding-miner] }]';
    expect(budgetOf(`chain: { finalityDepth: 14 }\n${one}`).finality).toContain(
      'they overtake 14 blocks too often',
    );
    expect(budgetOf(`chain: { finalityDepth: 15 }\n${one}`).finality).toBeUndefined();
  });

  it('of round-robin has no finality, and less than half of the keys for agreement', () => {
    const chain = 'chain: { engine: round-robin }';
    const { finality, liveness } = budgetOf(`${chain}\nhosts: [{ hosts: [4], byzantine: [silent] }]`);
    expect(finality).toBe(
      '1 of 5 of the producers is Byzantine; round-robin promises finality with no Byzantine producers at all',
    );
    expect(liveness).toBeUndefined();
    // Three hosts with two keys: two of four producers.
    expect(
      budgetOf(`${chain}\nhosts: [{ hosts: [4], twinOf: 3 }, { hosts: [2], byzantine: [silent] }]`).liveness,
    ).toContain('2 of 4 of the producers are Byzantine');
  });

  it('is none where Byzantine hosts stand between the honest', () => {
    const line = 'network: { topology: line }';
    expect(budgetOf(`${line}\nhosts: [{ hosts: [2], byzantine: [silent] }]`).liveness).toBe(
      'honest hosts reach each other only through Byzantine ones',
    );
    expect(budgetOf(`${line}\nhosts: [{ hosts: [4], byzantine: [silent] }]`).liveness).toBeUndefined();
  });
});
