import { describe, expect, it } from 'vitest';
import { address, ms } from '../env/units.ts';
import { logOf, program, runTo, simulate } from './test-world.ts';

/** Host 0 counts to host 1, a number every 10 ms; what host 1 does with itself does not matter. */
const beat = program((env) => ({
  onStart: () => env.network.dial(address('h1')),
  onConnected(c, { direction }) {
    if (direction === 'in') return;
    let n = 0;
    const next = (): void => {
      env.network.send(c, { n: ++n });
      env.clock.setTimer('beat', ms(10), next);
    };
    next();
  },
  onMessage: (_, { n }) => env.emit(`${n}`),
}));

function heardBy(toUs: number, act: (simulator: ReturnType<typeof simulate>) => void): readonly string[] {
  const simulator = simulate(2, beat);
  const log = logOf(simulator);
  act(simulator);
  runTo(simulator, toUs);
  return log.filter((line) => line.startsWith('1@'));
}

const CLOG = {
  id: 'clog',
  atUs: 25_000,
  kind: 'link',
  change: { kind: 'clog', links: { from: [0], to: [1], bothWays: false } },
  forUs: 'forever',
} as const;

describe('healing a fault', () => {
  it('ends it at that instant, before its time', () => {
    const untouched = heardBy(100_000, () => {});
    const clogged = heardBy(100_000, (simulator) => simulator.inject(CLOG));
    const healed = heardBy(100_000, (simulator) => {
      simulator.inject(CLOG);
      simulator.at(60_500, () => simulator.heal('clog'));
    });
    expect(untouched.length).toBeGreaterThan(clogged.length);
    expect(healed.map((line) => line.split(' ')[1])).toEqual(untouched.map((line) => line.split(' ')[1]));
    expect(healed.slice(0, clogged.length)).toEqual(clogged);
    const late = healed.slice(clogged.length).map((line) => Number(line.slice(2, line.indexOf(':'))));
    expect(late[0]).toBe(60_500);
  });

  it('disarms a crash that waits for its point inside a handler', () => {
    const crash = {
      id: 'crash',
      atUs: 25_000,
      kind: 'crash',
      hosts: [1],
      how: 'kill',
      downUs: 'forever',
      disk: 'keep',
      at: { of: 'run', count: 12 },
    } as const;
    const crashesOf = (act: (simulator: ReturnType<typeof simulate>) => void): number => {
      let crashes = -1;
      heardBy(200_000, (simulator) => {
        simulator.inject(crash);
        act(simulator);
        simulator.at(199_000, () => {
          crashes = simulator.stats().crashes;
        });
      });
      return crashes;
    };
    expect(crashesOf(() => {})).toBe(1);
    expect(crashesOf((simulator) => simulator.at(26_000, () => simulator.heal('crash')))).toBe(0);
  });

  it('is harmless twice, and refuses what is no fault of the plan', () => {
    const once = heardBy(100_000, (simulator) => {
      simulator.inject({ ...CLOG, forUs: 20_000 });
      simulator.at(80_000, () => simulator.heal('clog'));
    });
    const never = heardBy(100_000, (simulator) => simulator.inject({ ...CLOG, forUs: 20_000 }));
    expect(once).toEqual(never);
    expect(() => simulate(2, beat).heal('clog')).toThrow();
  });
});
