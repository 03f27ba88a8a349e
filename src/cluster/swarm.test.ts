import { describe, expect, it } from 'vitest';
import { spaceOf } from '../../sweeps/spaces.ts';
import { parseScenario } from './scenario/parse.ts';
import { drawSwarm, SWARM_FAMILIES } from './swarm.ts';

const SPACE = spaceOf('pos', 'modelled');
const SEEDS = Array.from({ length: 200 }, (_, i) => `${i}`);

describe('a swarm', () => {
  const draws = SEEDS.map((seed) => drawSwarm(SPACE, seed));

  it('draws scenarios that can be, the same from the same seed', () => {
    for (const [i, { scenario, faulty }] of draws.entries()) {
      const source = JSON.stringify(scenario);
      expect(parseScenario('swarm', source, []).nodes).toBe(scenario.nodes);
      expect(JSON.stringify(drawSwarm(SPACE, `${i}`).scenario)).toBe(source);
      expect(faulty.length).toBeLessThanOrEqual(SPACE.faultyMax(scenario.nodes));
    }
  });

  it('switches each family on in about half of the seeds', () => {
    for (const family of SWARM_FAMILIES) {
      const on = draws.filter(({ families }) => families.includes(family)).length;
      expect(on).toBeGreaterThan(60);
      expect(on).toBeLessThan(140);
    }
  });

  it('draws every other family as before when one is left out', () => {
    for (const seed of SEEDS) {
      const faultsOf = (space: typeof SPACE) => drawSwarm(space, seed).scenario.faults ?? [];
      const isCrash = (kind: string, disk: unknown) => kind === 'crash' && disk === 'keep';
      const all = faultsOf(SPACE).filter((fault) => !('disk' in fault && isCrash(fault.kind, fault.disk)));
      expect(faultsOf({ ...SPACE, without: ['crash'] })).toEqual(all);
    }
  });
});
