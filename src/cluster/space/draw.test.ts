import { describe, expect, it } from 'vitest';
import { parseScenario } from '../scenario/parse.ts';
import { drawScenario } from './draw.ts';
import { SWARM_FAMILIES } from './families.ts';
import { parseSpace } from './parse.ts';
import type { SpaceFile } from './schema.ts';

const SPACE = parseSpace(
  'space.yaml',
  `
name: test
shows: Two kinds of clusters for a test.
clusters:
  - { engine: pos, weight: 3, nodes: 4..10, duration: 130s, quiet: 60s, blockInterval: 1s..2s, latency: 1ms..150ms, spread: 0ms..200ms, behaviours: [amnesia, silent, { kind: flooding, perSecond: 3 }] }
  - { engine: pow, nodes: 3..6, duration: 200s, quiet: 100s, blockInterval: 4s, finalityDepth: 6..9, latency: 1ms..150ms, spread: 0ms, behaviours: [silent], without: [clock] }
`,
);
const SEEDS = Array.from({ length: 300 }, (_, i) => `${i}`);

describe('drawing from a space', () => {
  const draws = SEEDS.map((seed) => drawScenario(SPACE, seed));

  it('gives scenarios that can be, the same from the same seed', () => {
    for (const [i, { scenario }] of draws.entries()) {
      const source = JSON.stringify(scenario);
      expect(parseScenario('drawn', source, []).nodes).toBe(scenario.nodes);
      expect(JSON.stringify(drawScenario(SPACE, `${i}`).scenario)).toBe(source);
    }
  });

  it('draws each kind of cluster by its weight, in its own ranges', () => {
    const pow = draws.filter(({ scenario }) => scenario.chain?.engine === 'pow');
    expect(pow.length).toBeGreaterThan(45);
    expect(pow.length).toBeLessThan(105);
    for (const { scenario, families } of pow) {
      expect(scenario.nodes).toBeLessThanOrEqual(6);
      expect(scenario.chain?.blockInterval).toBe('4000ms');
      expect(scenario.chain?.finalityDepth).toBeLessThanOrEqual(9);
      expect(families).not.toContain('clock');
    }
  });

  it('lets less power be faulty than the engine bears', () => {
    for (const { scenario, faulty } of draws) {
      const powers = Array.from({ length: scenario.nodes }, (_, host) => {
        const rule = scenario.hosts?.find((one) => {
          return (
            Array.isArray(one.hosts) && one.hosts[0] === host && (one.stake ?? one.hashShare) !== undefined
          );
        });
        return rule?.stake ?? rule?.hashShare ?? 0;
      });
      const all = powers.reduce((sum, power) => sum + power, 0);
      const part = faulty.reduce((sum, host) => sum + (powers[host] ?? 0), 0);
      expect(part * (scenario.chain?.engine === 'pos' ? 3 : 2)).toBeLessThan(all);
    }
  });

  it('switches each family on in about half of the seeds', () => {
    for (const family of SWARM_FAMILIES) {
      if (family === 'clock') continue;
      const on = draws.filter(({ families }) => families.includes(family)).length;
      expect(on).toBeGreaterThan(110);
      expect(on).toBeLessThan(190);
    }
  });

  it('draws every other family as before when one is left out', () => {
    const faultsOf = (space: SpaceFile, seed: string) => drawScenario(space, seed).scenario.faults ?? [];
    const isCrash = (kind: string, disk: unknown) => kind === 'crash' && disk === 'keep';
    for (const seed of SEEDS) {
      const all = faultsOf(SPACE, seed).filter(
        (fault) => !('disk' in fault && isCrash(fault.kind, fault.disk)),
      );
      expect(faultsOf({ ...SPACE, without: ['crash'] }, seed)).toEqual(all);
    }
  });
});
