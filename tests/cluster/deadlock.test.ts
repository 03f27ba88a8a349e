import { describe, expect, it } from 'vitest';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { createPlanRun } from '../../src/cluster/run.ts';
import type { ScenarioFile } from '../../src/cluster/scenario/schema.ts';
import { proveStandstill } from '../../src/cluster/standstill.ts';
import { ms } from '../../src/env/units.ts';
import { WALL_START_US } from '../../src/sim/config.ts';
import { lawsBroken, planted, played, SUITE, small } from './support.ts';

/** By their keys the hosts are in the order 3, 0, 2, 1: scenarios/23-poa-deadlock.yaml. */
const SPLIT = [
  [3, 0],
  [2, 1],
];

function poa(overrides: Partial<ScenarioFile> = {}): ScenarioFile {
  return small({
    duration: '300s',
    nodes: 4,
    chain: { engine: 'poa', blockInterval: '5s', poa: { tieBreak: 'total-difficulty' } },
    load: [],
    faults: [{ kind: 'partition', at: '42s', for: '60s', groups: SPLIT }],
    ...overrides,
  });
}

function verdictOf(file: ScenarioFile) {
  const run = createPlanRun(resolveScenario(file, '1'), { nativeSuite: SUITE });
  while (run.step(100_000));
  return run.result();
}

describe('a standstill', () => {
  it('of a healed network is a deadlock, with the head of everybody as its proof', () => {
    const cluster = played(poa());
    expect(lawsBroken(cluster)).toEqual(['convergence/deadlock']);
    const [violation] = cluster.violations;
    expect(violation?.fact).toMatch(
      /no live host may extend its own head: n0 n3 on \w+ at height 9; n1 n2 on \w+ at height 10, and none/,
    );
  });

  it('does not come under EIP-3436', () => {
    const cluster = played(poa({ chain: { engine: 'poa', blockInterval: '5s' } }));
    expect(lawsBroken(cluster)).toEqual([]);
    expect(proveStandstill(cluster)).toBeUndefined();
  });

  it('without a quorum is excused, and whoever is missing is named', () => {
    const failsMs = WALL_START_US / 1_000 + 31_000;
    const program = planted([1, 2], (env) => ({
      env: {
        storage: {
          ...env.storage,
          flush(onDurable) {
            if (env.clock.wallMs() < failsMs) return env.storage.flush(onDurable);
            env.clock.setTimer('planted', ms(0), () => onDurable({ kind: 'IO' }));
          },
        },
      },
    }));
    const cluster = played(poa({ faults: [] }), { program });
    expect(cluster.live().map(({ name }) => name)).toEqual(['n0', 'n3']);
    expect(proveStandstill(cluster)).toMatchObject({ missing: ['n1', 'n2'] });
    expect(lawsBroken(cluster)).toEqual([]);
  });

  it('has no proof where the engine lets anybody go on', () => {
    const file = poa({
      chain: { engine: 'round-robin', blockInterval: '5s' },
      faults: [{ kind: 'partition', at: '42s', for: '300s', groups: SPLIT }],
      quiet: '0s',
    });
    expect(proveStandstill(played(file))).toBeUndefined();
  });

  it('that lasts only as long as a partition has no proof: one head is better', () => {
    const cluster = played(
      poa({
        chain: { engine: 'poa', blockInterval: '5s' },
        faults: [{ kind: 'partition', at: '42s', for: '300s', groups: SPLIT }],
        quiet: '0s',
      }),
    );
    expect(lawsBroken(cluster)).toEqual(['convergence/no-common-head']);
  });

  it('is what a scenario may expect, and nothing less', () => {
    expect(verdictOf(poa({ expect: 'deadlock' })).verdict.kind).toBe('passed');
    expect(verdictOf(poa({ expect: 'stall' })).verdict.kind).toBe('passed');
    const cut = { kind: 'partition', at: '42s', for: '300s', groups: SPLIT } as const;
    const chain = { engine: 'poa', blockInterval: '5s' } as const;
    expect(verdictOf(poa({ chain, faults: [cut], quiet: '0s', expect: 'stall' })).verdict.kind).toBe(
      'passed',
    );
    const { verdict } = verdictOf(poa({ chain, faults: [cut], quiet: '0s', expect: 'deadlock' }));
    expect(verdict).toMatchObject({ kind: 'violated', violation: { rule: 'no-common-head' } });
    expect(verdictOf(poa({ chain, expect: 'deadlock' })).verdict).toEqual({
      kind: 'unexpectedPass',
      expected: 'deadlock',
    });
  });
});

describe('proposals of a scenario', () => {
  it('reach a node that is down as soon as it is back', () => {
    const cluster = played(
      poa({
        chain: { engine: 'poa', blockInterval: '2s', poa: { signers: [0, 1, 2] } },
        proposals: [{ at: '30s', hosts: [0, 1], add: 3 }],
        faults: [{ kind: 'crash', at: '25s', hosts: [1], how: 'kill', down: '40s' }],
      }),
    );
    expect(lawsBroken(cluster)).toEqual([]);
    expect(cluster.observation.setChanges).toEqual([1, 1, 1, 1]);
  });
});
