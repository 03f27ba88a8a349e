import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planted } from '../tests/cluster/support.ts';
import { clusterCases } from './arbitraries/clusters.ts';
import { failureText, lawParameters, lawSettings } from './check-law.ts';
import { brokenBy, converge, POW_SPACE } from './convergence.ts';

/** A node that has lost a connection dials nobody again until it is restarted: found only where faults part hosts for long. */
const neverDialsAgain = planted([0, 1, 2, 3, 4, 5, 6], (env) => {
  let hasLost = false;
  return {
    env: {
      network: {
        dial: (address) => (hasLost ? undefined : env.network.dial(address)),
        send: (to, message) => env.network.send(to, message),
        close: (connection, how, reason) => env.network.close(connection, how, reason),
      },
    },
    process: (honest) => ({
      onDisconnected(connection, reason) {
        hasLost = true;
        honest.onDisconnected(connection, reason);
      },
    }),
  };
});

const LAW = fc.property(clusterCases(POW_SPACE), (one) => {
  const broken = brokenBy(converge(POW_SPACE, one, { program: neverDialsAgain }), POW_SPACE);
  if (broken !== undefined) throw new Error(broken);
});

describe('A law of clusters that a planted bug breaks', () => {
  it('falls, shrinks to a small plan, and fails again at once by the seed and path that it prints', () => {
    const details = fc.check(LAW, lawParameters({ numRuns: 50 }, lawSettings({})));
    expect(details.failed).toBe(true);
    const [small] = details.counterexample ?? expect.fail();
    expect(small.nodes).toBe(2);
    expect(small.faults).toHaveLength(1);
    expect(small.faulty).toEqual([]);
    expect(small.transfersPerSecond).toBe(0);

    expect(small.faults[0]).toMatchObject({ kind: 'crash', how: 'kill', downUs: 1_000 });

    const text = failureText(details);
    const [, seed, path] = /AUREON_SEED=(-?\d+) AUREON_PATH=([\d:]+) npm test/.exec(text) ?? expect.fail();
    expect(text).toContain('properties/failure-is-repeated.test.ts -t "');
    const again = fc.check(
      LAW,
      lawParameters({ numRuns: 50 }, lawSettings({ AUREON_SEED: seed, AUREON_PATH: path })),
    );
    expect(again.failed).toBe(true);
    expect(again.numRuns).toBe(1);
    expect(again.counterexample).toEqual(details.counterexample);
  });
});
