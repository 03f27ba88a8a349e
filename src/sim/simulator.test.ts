import { describe, expect, it } from 'vitest';
import { address, ms } from '../env/units.ts';
import type { Fault } from './fault.ts';
import { plainNetwork } from './network/config.ts';
import type { Simulator } from './simulator.ts';
import {
  gossip,
  logOf,
  NOTES,
  type NoteWorld,
  type Overrides,
  program,
  runTo,
  simulate,
} from './test-world.ts';

const END_US = 600_000;
const NAMES = ['h0', 'h1', 'h2'].map((name) => address(name));
/** Jitter, loss and CPU time: draws of every kind. */
const ROUGH: Overrides = {
  network: {
    ...plainNetwork(NAMES, 3000),
    latency: {
      meanUs: [[3000]],
      pair: { kind: 'exponential', meanUs: 2000 },
      jitter: { kind: 'uniform', minUs: 0, maxUs: 900 },
    },
    lossPpm: 30_000,
    uploadKbitPerS: [1000],
    downloadKbitPerS: [2000],
  },
  host: (number) => ({
    clock: { driftPpm: 100 * number },
    disk: { flushUs: 400, writeUs: 3 },
    cpu: new Map([['hash', { us: 1, units: 1 }]]),
  }),
};
const STORM: readonly Fault[] = [
  { id: 'crash', atUs: 20_000, kind: 'crash', hosts: [1], how: 'power', downUs: 9000, disk: 'keep' },
  {
    id: 'point',
    atUs: 50_000,
    kind: 'crash',
    hosts: [2],
    how: 'kill',
    downUs: 9000,
    disk: 'keep',
    at: { of: 'handler', count: 2 },
  },
  {
    id: 'cut',
    atUs: 70_000,
    kind: 'link',
    change: { kind: 'isolate', hosts: [0] },
    forUs: 30_000,
  },
  { id: 'pause', atUs: 120_000, kind: 'pause', hosts: [0], forUs: 10_000 },
  { id: 'drift', atUs: 140_000, kind: 'clockDrift', hosts: [1], ppm: -90_000, forUs: 50_000 },
  { id: 'jitter', atUs: 150_000, kind: 'timerJitter', hosts: [2], upToUs: 700, forUs: 50_000 },
  { id: 'lie', atUs: 160_000, kind: 'disk', hosts: [1], fault: { kind: 'lyingFlush' }, forUs: 20_000 },
];

function run(overrides: Overrides = {}, chunk = 10_000): Simulator<NoteWorld> {
  const simulator = simulate(3, gossip(60), { ...ROUGH, faults: STORM, ...overrides });
  while (simulator.step(chunk, END_US).kind === 'running');
  return simulator;
}

const hashOf = (overrides: Overrides = {}): string => run(overrides).traceHash();

describe('a run', () => {
  it('is a function of its config: same hash again, stepped in other pieces, and after other runs', () => {
    const first = run();
    expect(first.stats().events).toBeGreaterThan(300);
    expect(run().traceHash()).toBe(first.traceHash());
    expect(run({}, 7).traceHash()).toBe(first.traceHash());
    const throwing = program(() => ({
      onStart: () => {
        throw new Error('planted');
      },
    }));
    const failed = simulate(3, throwing);
    runTo(failed, 1000);
    expect(failed.status()).toMatchObject({
      kind: 'ended',
      reason: { kind: 'programThrew', host: expect.any(Number) },
    });
    run({ seed: 'another' });
    expect(run().traceHash()).toBe(first.traceHash());
    expect(run().trace.records()).toEqual(first.trace.records());
  });

  it('has another hash for another seed', () => {
    expect(new Set(['a', 'b', 'c', ''].map((seed) => hashOf({ seed }))).size).toBe(4);
  });

  it('has the same hash when nothing is shared between hosts', () => {
    expect(hashOf({ isolate: true })).toBe(hashOf());
  });

  it('has the same hash with observers and harness callbacks that only look', () => {
    const simulator = simulate(3, gossip(60), { ...ROUGH, faults: STORM });
    const log = logOf(simulator);
    const looked: string[] = [];
    for (let atUs = 0; atUs < END_US; atUs += 1000) {
      simulator.at(atUs, () => looked.push(simulator.inspect(0) ?? 'down'));
    }
    runTo(simulator, END_US);
    expect(log.length).toBeGreaterThan(20);
    expect(new Set(looked).size).toBeGreaterThan(5);
    expect(simulator.traceHash()).toBe(hashOf());
  });

  it('has the same hash with traps on and off', () => {
    expect(hashOf({ traps: false })).toBe(hashOf());
  });
});

describe('the fault plan', () => {
  it('changes nothing by a fault that targets nobody, that is off, or that comes after the end', () => {
    const nobody: readonly Fault[] = [
      { id: 'n1', atUs: 10_000, kind: 'crash', hosts: [], how: 'kill', downUs: 1, disk: 'keep' },
      { id: 'n2', atUs: 10_000, kind: 'pause', hosts: [], forUs: 10_000 },
      { id: 'n3', atUs: 10_000, kind: 'link', change: { kind: 'isolate', hosts: [] }, forUs: 5000 },
      { id: 'n4', atUs: 10_000, kind: 'disk', hosts: [], fault: { kind: 'lyingFlush' }, forUs: 5000 },
      {
        id: 'off',
        atUs: 5_000,
        off: true,
        kind: 'crash',
        hosts: [0],
        how: 'power',
        downUs: 9,
        disk: 'empty',
      },
      { id: 'late', atUs: END_US + 1, kind: 'pause', hosts: [0], forUs: 1 },
    ];
    expect(hashOf({ faults: [...nobody, ...STORM] })).toBe(hashOf());
  });

  it('moves no other fault when one is taken out or switched off', () => {
    const times = (faults: readonly Fault[]): string[] => {
      const simulator = simulate(3, gossip(60), { ...ROUGH, faults });
      const changes: string[] = [];
      simulator.observeHosts((host, change, atUs) => changes.push(`${host} ${change.kind} ${atUs}`));
      runTo(simulator, 90_000);
      return changes.filter((line) => line.startsWith('1 '));
    };
    const whole = times(STORM);
    expect(whole).toHaveLength(3);
    expect(times(STORM.filter((fault) => fault.id !== 'point'))).toEqual(whole);
    const off = STORM.map((fault) => (fault.id === 'point' ? { ...fault, off: true } : fault));
    expect(hashOf({ faults: off })).toBe(hashOf({ faults: STORM.filter((fault) => fault.id !== 'point') }));
  });

  it('counts what was injected and what had an effect', () => {
    const counts = run({
      faults: [
        ...STORM,
        { id: 'again', atUs: 21_000, kind: 'crash', hosts: [0, 1], how: 'kill', downUs: 1000, disk: 'keep' },
        { id: 'zero', atUs: 30_000, kind: 'clockStep', hosts: [0], byUs: 0 },
      ],
    }).faultCounts();
    const effective = new Map(counts.map(({ id, injected, effective }) => [id, [injected, effective]]));
    expect(effective.get('again')).toEqual([2, 1]);
    expect(effective.get('zero')).toEqual([1, 0]);
    expect(effective.get('cut')).toEqual([1, 1]);
    expect(effective.get('point')).toEqual([1, 1]);
    expect(counts.find(({ id }) => id === 'lie')?.kind).toBe('lyingFlush');
  });

  it('refuses two faults of one name', () => {
    expect(() => hashOf({ faults: [STORM[0] as Fault, STORM[0] as Fault] })).toThrow('unique');
  });
});

describe('other orders of simultaneous events', () => {
  /** Everybody sends to everybody in one instant; the sum is order-free, the order of arrival is not. */
  const main = program((env) => {
    let sum = 0;
    const order: string[] = [];
    return {
      onStart() {
        for (const name of NAMES) env.network.dial(name);
        env.clock.setTimer('x', ms(20), () => env.emit(order.join()));
      },
      onConnected: (c) => void env.network.send(c, { n: env.random.below(1000) }),
      onMessage(from, { n }) {
        sum += n;
        order.push(`${from % 16}:${n}`);
      },
      inspect: () => `${sum}`,
    };
  });

  it('keep latencies and what does not depend on order', () => {
    const results = [0, 1, 2, 3, 4, 5].map((permuteTies) => {
      const simulator = simulate(3, main, { permuteTies });
      const log = logOf(simulator);
      runTo(simulator, 100_000);
      return { hash: simulator.traceHash(), log: log.join(';'), events: simulator.stats().events };
    });
    expect(new Set(results.map((result) => result.hash)).size).toBe(6);
    expect(new Set(results.map((result) => result.log)).size).toBeGreaterThan(1);
    expect(new Set(results.map((result) => result.events)).size).toBe(1);
  });
});

describe('messages', () => {
  it('arrive in order on a connection, under jitter and loss', () => {
    const main = program((env) => {
      const latest = new Map<number, number>();
      return {
        onStart() {
          env.network.dial(address('h1'));
        },
        onConnected(c, info) {
          if (info.direction === 'out') for (let n = 0; n < 300; n++) env.network.send(c, { n });
        },
        onMessage(from, { n }) {
          if (n !== (latest.get(from) ?? -1) + 1) env.emit('out of order');
          latest.set(from, n);
        },
        inspect: () => [...latest.values()].join(),
      };
    });
    const simulator = simulate(3, main, ROUGH);
    const log = logOf(simulator);
    runTo(simulator, 60_000_000);
    expect([log, simulator.inspect(1)]).toEqual([[], '299,299']);
  });

  it('wait in the network while the receive queue is full, and none is lost', () => {
    const main = program((env) => {
      let count = 0;
      return {
        onStart: () => env.network.dial(address('h1')),
        onConnected(c, info) {
          if (info.direction === 'out') for (let n = 0; n < 500; n++) env.network.send(c, { n });
        },
        onMessage() {
          env.spend('hash', 1000);
          count++;
        },
        inspect: () => `${count}`,
      };
    });
    const cpu = new Map([['hash', { us: 1, units: 1 }]] as const);
    const waiting = (receiveQueueMax: number): number => {
      const simulator = simulate(3, main, { host: () => ({ cpu, receiveQueueMax }) });
      let most = 0;
      for (let atUs = 700; atUs < 1_000_000; atUs += 700) {
        simulator.at(atUs, () => {
          most = Math.max(most, simulator.stats().messages - Number(simulator.inspect(1)));
        });
      }
      runTo(simulator, 60_000_000);
      expect([simulator.inspect(1), simulator.stats().messages]).toEqual(['1000', 1000]);
      return most;
    };
    expect(waiting(8)).toBe(8);
    expect(waiting(4096)).toBeGreaterThan(500);
  });

  it('of which bits were flipped on the way are told as malformed, when the codec refuses them', () => {
    const main = program((env) => ({
      onStart: () => env.network.dial(address('h1')),
      onConnected(c, info) {
        if (info.direction === 'out') for (let n = 0; n < 50; n++) env.network.send(c, { n });
      },
      onMessage: () => env.emit('message'),
      onMalformed: (_, { code }) => env.emit(code),
    }));
    const simulator = simulate(3, main, {
      faults: [
        {
          id: 'rot',
          atUs: 0,
          kind: 'link',
          change: { kind: 'corrupt', links: { from: [0], to: [1], bothWays: false }, ppm: 500_000 },
          forUs: 'forever',
        },
      ],
    });
    const log = logOf(simulator);
    runTo(simulator, 100_000);
    expect(log).toHaveLength(100);
    const malformed = log.filter((line) => line.endsWith('BAD_FIELD')).length;
    expect(malformed).toBeGreaterThan(10);
    expect(malformed).toBeLessThan(45);
  });

  it('of a killed host end in a reset, of one without power in silence', () => {
    const main = program((env) => ({
      onStart: () => env.network.dial(address('h1')),
      onDisconnected: (_, reason) => env.emit(`${reason} after ${env.clock.wallMs() - 1_700_000_000_000}`),
    }));
    for (const how of ['kill', 'power'] as const) {
      const simulator = simulate(2, main, {
        faults: [{ id: 'c', atUs: 50_000, kind: 'crash', hosts: [1], how, downUs: 'forever', disk: 'keep' }],
      });
      const log = logOf(simulator);
      runTo(simulator, 5_000_000);
      expect(log).toEqual(how === 'kill' ? ['0@51000: reset after 51'] : []);
    }
  });
});

describe('commands', () => {
  it('are events of their host, and answers come back to the harness', () => {
    const main = program((env) => ({
      onCommand(command, reply) {
        env.clock.setTimer('later', ms(3), () => reply(`${command}!`));
      },
    }));
    const simulator = simulate(1, main, {});
    const answers: string[] = [];
    simulator.at(1000, () => {
      expect(simulator.command(0, 'a', (answer) => answers.push(`${answer}@${simulator.nowUs()}`))).toBe(
        true,
      );
    });
    simulator.at(2000, () =>
      simulator.inject({
        id: 'c',
        atUs: 3000,
        kind: 'crash',
        hosts: [0],
        how: 'kill',
        downUs: 'forever',
        disk: 'keep',
      }),
    );
    simulator.at(2500, () => simulator.command(0, 'lost', (answer) => answers.push(answer)));
    simulator.at(2900, () => simulator.restart(0));
    simulator.at(8000, () => expect(simulator.command(0, 'b')).toBe(false));
    runTo(simulator, 10_000);
    expect(answers).toEqual([]);
    expect(simulator.status().kind).toBe('idle');
    const again = simulate(1, main);
    again.at(1000, () => again.command(0, 'a', (answer) => answers.push(`${answer}@${again.nowUs()}`)));
    runTo(again, 10_000);
    expect(answers).toEqual(['a!@4000']);
  });
});

describe('a run ends', () => {
  const reasonOf = (simulator: Simulator<NoteWorld>): unknown => {
    runTo(simulator, 1_000_000);
    const status = simulator.status();
    return status.kind === 'ended' ? status.reason : status.kind;
  };

  it('when time stands still, with the name of the timer', () => {
    const main = program((env) => {
      const again = (): void => void env.clock.setTimer('busy loop', ms(0), again);
      return { onStart: again };
    });
    expect(reasonOf(simulate(2, main))).toEqual({
      kind: 'standstill',
      host: expect.any(Number),
      what: 'host.timer busy loop',
    });
  });

  it('when a program throws, with the error and its host', () => {
    const main = program((env) => ({
      onStart: () =>
        env.clock.setTimer('t', ms(5), () => {
          throw new TypeError('planted');
        }),
    }));
    const simulator = simulate(1, main);
    expect(reasonOf(simulator)).toMatchObject({
      kind: 'programThrew',
      host: 0,
      error: expect.any(TypeError),
    });
    expect(simulator.step(10)).toMatchObject({ kind: 'ended', atUs: 5000 });
  });

  it('or only the boot does, when asked so', () => {
    const main = program((env) => ({
      onStart: () =>
        env.clock.setTimer('t', ms(5), () => {
          throw new TypeError('planted');
        }),
    }));
    const simulator = simulate(2, main, { onProgramThrow: 'endBoot' });
    expect([reasonOf(simulator), simulator.isUp(0), simulator.stats().crashes]).toEqual(['idle', false, 2]);
  });

  it('when the stack runs out, which is never a result', () => {
    const deeper = (n: number): number => 1 + deeper(n + 1);
    const main = program(() => ({ onStart: () => void deeper(0) }));
    expect(reasonOf(simulate(1, main, { onProgramThrow: 'endBoot' }))).toMatchObject({
      kind: 'exhausted',
      host: 0,
    });
  });

  it('when the harness throws, and no program sees it', () => {
    const seen: unknown[] = [];
    const main = program((env) => ({
      onStart() {
        try {
          env.emit('x');
        } catch (error) {
          seen.push(error);
        }
      },
    }));
    const simulator = simulate(1, main);
    simulator.observe(() => {
      throw new Error('planted');
    });
    expect([reasonOf(simulator), seen]).toMatchObject([{ kind: 'harnessThrew' }, []]);
    const other = simulate(1, main);
    other.observe(() => other.command(0, 'x'));
    expect(reasonOf(other)).toMatchObject({ kind: 'harnessThrew', error: { code: 'ASSERTION' } });
  });

  it('when a codec that it was given throws', () => {
    const main = program((env) => ({
      onStart: () => env.network.dial(address('h1')),
      onConnected: (c) => void env.network.send(c, { n: 1 }),
    }));
    const codec = {
      ...NOTES,
      decode: () => {
        throw new Error('planted');
      },
    };
    expect(reasonOf(simulate(2, main, { codec, isolate: true }))).toMatchObject({ kind: 'simulatorThrew' });
  });

  it('when the harness says so', () => {
    const simulator = simulate(3, gossip(50));
    simulator.at(10_000, () => simulator.end('enough'));
    expect(reasonOf(simulator)).toEqual({ kind: 'harnessEnded', why: 'enough' });
    expect(simulator.nowUs()).toBe(10_000);
  });
});

describe('other network models', () => {
  it('run the same programs', () => {
    for (const model of ['datagram', 'simblock'] as const) {
      const network = { ...plainNetwork(NAMES, 3000), model };
      const [a, b] = [1, 2].map(() => {
        const simulator = simulate(3, gossip(20), { network });
        runTo(simulator, END_US);
        expect(simulator.status().kind).not.toBe('ended');
        expect(simulator.stats().messages).toBeGreaterThan(20);
        return simulator.traceHash();
      });
      expect(a).toBe(b);
    }
  });
});
