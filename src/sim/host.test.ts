import { describe, expect, it } from 'vitest';
import { address, type ConnectionId, keyId, ms } from '../env/units.ts';
import type { Fault } from './fault.ts';
import { gossip, logOf, type NoteEnv, program, runTo, simulate, weakHash } from './test-world.ts';

const KEY = Uint8Array.of(7);
const put = (n: number) => [{ kind: 'put', key: KEY, value: Uint8Array.of(n) }] as const;
const stored = (env: NoteEnv): number => env.storage.get(KEY)?.[0] ?? 0;
const crash = (atUs: number, rest: Partial<Extract<Fault, { kind: 'crash' }>>): Fault => ({
  id: `crash/${atUs}`,
  atUs,
  kind: 'crash',
  hosts: [0],
  how: 'kill',
  downUs: 1000,
  disk: 'keep',
  ...rest,
});

describe('the callbacks of a program', () => {
  it('come one by one: a timer of 0 ms, a flush and a verification wait for the end of the handler', () => {
    const main = program((env) => ({
      onStart() {
        env.clock.setTimer('zero', ms(0), () => env.emit('timer'));
        env.storage.flush(() => env.emit('flushed'));
        env.crypto.verify([], () => env.emit('verified'));
        env.emit('end of onStart');
      },
    }));
    const simulator = simulate(1, main);
    const log = logOf(simulator);
    runTo(simulator, 1000);
    expect(log[0]).toBe('0@0: end of onStart');
    expect(log.slice(1).sort()).toEqual(['0@0: flushed', '0@0: timer', '0@0: verified']);
    expect(simulator.stats().events).toBe(4);
  });

  it('see one instant on both clocks, however much they spend', () => {
    const main = program((env) => ({
      onStart() {
        const before = [env.clock.monotonicMs(), env.clock.wallMs()];
        env.spend('hash', 1_000_000);
        env.emit(`${before.join() === [env.clock.monotonicMs(), env.clock.wallMs()].join()}`);
      },
    }));
    const simulator = simulate(1, main, { host: () => ({ cpu: new Map([['hash', { us: 1, units: 1 }]]) }) });
    const log = logOf(simulator);
    runTo(simulator, 1000);
    expect(log).toEqual(['0@0: true']);
  });

  it('have no effects while the program is built, inspected, or computes a shared value', () => {
    const thrown: unknown[] = [];
    const attempt = (run: () => void): void => {
      try {
        run();
      } catch (error) {
        thrown.push((error as { code?: string }).code);
      }
    };
    const main = program((env) => {
      attempt(() => env.emit('built'));
      return {
        onStart() {
          env.memo.get('x', 'y', () => {
            attempt(() => env.emit('memo'));
            attempt(() => env.random.below(2));
            return 1;
          });
        },
        inspect() {
          attempt(() => env.emit('inspected'));
          attempt(() => env.spend('hash', 1));
          return '';
        },
      };
    });
    const simulator = simulate(1, main);
    const log = logOf(simulator);
    runTo(simulator, 10);
    simulator.inspect(0);
    expect(thrown).toEqual(new Array(5).fill('ASSERTION'));
    expect(log).toEqual([]);
  });

  it('refuse an env that is used when no handler runs', () => {
    let kept: NoteEnv | undefined;
    const simulator = simulate(
      1,
      program((env) => ({ onStart: () => void (kept = env) })),
    );
    runTo(simulator, 10);
    expect(() => kept?.emit('late')).toThrow('only in its handlers');
    expect(() => kept?.storage.get(KEY)).toThrow('while it is called');
  });
});

describe('timers', () => {
  it('due at one instant fire in the order in which they were set, whatever the ties', () => {
    const main = program((env) => ({
      onStart() {
        for (let i = 0; i < 50; i++) env.clock.setTimer('t', ms(10), () => env.emit(`${i}`));
        env.clock.setTimer('early', ms(4), () => {
          for (let i = 50; i < 60; i++) env.clock.setTimer('t', ms(6), () => env.emit(`${i}`));
        });
      },
    }));
    const expected = Array.from({ length: 60 }, (_, i) => `0@10000: ${i}`);
    for (const permuteTies of [0, 1, 2, 3]) {
      const simulator = simulate(1, main, { permuteTies });
      const log = logOf(simulator);
      runTo(simulator, 100_000);
      expect(log).toEqual(expected);
    }
  });

  it('never fire once cancelled, not even by a handler of the same instant', () => {
    const main = program((env) => ({
      onStart() {
        const later = [1, 2, 3].map((i) => env.clock.setTimer('t', ms(10), () => env.emit(`fired ${i}`)));
        env.clock.setTimer('t', ms(10), () => env.emit('fired'));
        env.clock.setTimer('cancel', ms(9), () => later[0]?.cancel());
        const first = env.clock.setTimer('t', ms(20), () => {
          second.cancel();
          first.cancel();
        });
        const second = env.clock.setTimer('t', ms(20), () => env.emit('second'));
      },
    }));
    const simulator = simulate(1, main);
    const log = logOf(simulator);
    runTo(simulator, 100_000);
    expect(log).toEqual(['0@10000: fired 2', '0@10000: fired 3', '0@10000: fired']);
  });

  it('fire no earlier than asked by the own clock when that drifts, also from half-way on', () => {
    for (const ppm of [-400_000, -37, 0, 61, 500_000]) {
      const main = program((env) => ({
        onStart() {
          const from = env.clock.monotonicMs();
          for (const delay of [1, 10, 77, 1000]) {
            env.clock.setTimer('t', ms(delay), () => env.emit(`${delay}:${env.clock.monotonicMs() - from}`));
          }
        },
      }));
      const simulator = simulate(1, main, {
        host: () => ({ clock: { driftPpm: 1000 } }),
        faults: [{ id: 'd', atUs: 5_500, kind: 'clockDrift', hosts: [0], ppm, forUs: 300_000 }],
      });
      const log = logOf(simulator);
      runTo(simulator, 10_000_000);
      expect(log.map((line) => line.split(' ')[1])).toEqual(['1:1', '10:10', '77:77', '1000:1000']);
    }
  });

  it('of one due time stay in order under jitter, which is bounded and makes them late', () => {
    const main = program((env) => ({
      onStart() {
        for (let i = 0; i < 40; i++) {
          const due = 10 + 10 * (i % 4);
          env.clock.setTimer('t', ms(due), () => env.emit(`${due}:${i}`));
        }
      },
    }));
    const simulator = simulate(1, main, {
      faults: [{ id: 'j', atUs: 0, kind: 'timerJitter', hosts: [0], upToUs: 5000, forUs: 'forever' }],
    });
    const log = logOf(simulator);
    runTo(simulator, 1_000_000);
    const seen = new Map<number, number[]>();
    let late = 0;
    for (const line of log) {
      const [, at = 0, due = 0, i = 0] = /@(\d+): (\d+):(\d+)/.exec(line)?.map(Number) ?? [];
      expect(at - due * 1000).toBeGreaterThanOrEqual(0);
      expect(at - due * 1000).toBeLessThanOrEqual(5000);
      late += at - due * 1000;
      seen.set(due, [...(seen.get(due) ?? []), i]);
    }
    expect(late).toBeGreaterThan(0);
    for (const list of seen.values()) expect(list).toEqual([...list].sort((a, b) => a - b));
  });
});

describe('clocks', () => {
  it('step the wall both ways, and never the monotonic clock', () => {
    const main = program((env) => ({
      onStart() {
        const monotonic = env.clock.monotonicMs();
        const wall = env.clock.wallMs();
        const look = (): void => {
          env.emit(`${env.clock.monotonicMs() - monotonic}/${env.clock.wallMs() - wall}`);
          env.clock.setTimer('look', ms(10), look);
        };
        look();
      },
    }));
    const simulator = simulate(1, main, {
      faults: [
        { id: 'a', atUs: 5_000, kind: 'clockStep', hosts: [0], byUs: 3_600_000_000 },
        { id: 'b', atUs: 15_000, kind: 'clockStep', hosts: [0], byUs: -7_200_000_000 },
      ],
    });
    const log = logOf(simulator);
    runTo(simulator, 25_000);
    expect(log.map((line) => line.split(' ')[1])).toEqual(['0/0', '10/3600010', '20/-3599980']);
  });

  it('begin at another zero in each boot, and shift with the skew', () => {
    const main = program((env) => ({
      onStart: () => env.emit(`${env.clock.monotonicMs()} ${env.clock.wallMs()}`),
    }));
    const simulator = simulate(2, main, {
      wallStartUs: 1_000_000_000,
      host: (number) => ({ clock: { skewUs: number * 86_400_000_000 } }),
      faults: [crash(1000, {})],
    });
    const log = logOf(simulator).sort();
    runTo(simulator, 5000);
    const [a, b, c] = log.toSorted().map((line) => line.split(' '));
    expect([a?.[2], b?.[2], c?.[2]]).toEqual(['1000000', '1000002', '87400000']);
    expect(a?.[1]).not.toBe(b?.[1]);
  });
});

describe('a busy host', () => {
  const cpu = () => ({ cpu: new Map([['hash', { us: 3, units: 10 }]] as const) });

  it('lets effects leave when their work is done, and calls wait in order', () => {
    const main = program((env) => ({
      onStart() {
        if (env.clock.wallMs() < 0) return;
        env.network.dial(address('h1'));
      },
      onConnected(c, info) {
        if (info.direction === 'in') return;
        for (let n = 0; n < 3; n++) env.network.send(c, { n });
      },
      onMessage(_, { n }) {
        env.emit(`begin ${n}`);
        env.spend('hash', 10_000);
        env.storage.flush(() => env.emit(`flushed ${n}`));
      },
    }));
    const simulator = simulate(2, main, { host: cpu });
    const log = logOf(simulator);
    runTo(simulator, 100_000);
    const began = log.filter((line) => line.includes('h1') || line.includes('begin'));
    const times = began.map((line) => Number(/@(\d+)/.exec(line)?.[1]));
    expect(began.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      'begin 0',
      'begin 1',
      'begin 2',
    ]);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(3000);
    expect((times[2] ?? 0) - (times[1] ?? 0)).toBeGreaterThanOrEqual(3000);
    // A flush that was asked at the end of the work is durable no earlier.
    const flushed = log.find((line) => line.endsWith('flushed 0')) ?? '';
    expect(Number(/@(\d+)/.exec(flushed)?.[1])).toBeGreaterThanOrEqual((times[0] ?? 0) + 3000);
  });

  it('charges fractions of a µs exactly over many calls', () => {
    const main = program((env) => ({
      onStart() {
        for (let i = 0; i < 1000; i++) env.spend('hash', 1);
        env.crypto.verify([], () => env.emit('verified'));
      },
    }));
    const simulator = simulate(1, main, { host: cpu });
    const log = logOf(simulator);
    runTo(simulator, 100_000);
    expect(log).toEqual(['0@300: verified']);
  });

  it('does not run a timer that was cancelled while it waited', () => {
    const main = program((env) => ({
      onStart() {
        const timer = env.clock.setTimer('t', ms(1), () => env.emit('fired'));
        env.clock.setTimer('cancel', ms(0), () => env.spend('hash', 100_000));
        env.clock.setTimer('first', ms(1), () => env.emit('other'));
        env.clock.setTimer('never', ms(0), () => timer.cancel());
      },
    }));
    const simulator = simulate(1, main, { host: cpu });
    const log = logOf(simulator);
    runTo(simulator, 100_000);
    expect(log).toEqual(['0@30000: other']);
  });

  it('paused, stands still while the world goes on, and then takes what waited in order', () => {
    const main = program((env) => ({
      onStart() {
        for (let i = 1; i <= 4; i++) {
          env.clock.setTimer('t', ms(10 * i), () => env.emit(`${i} at ${env.clock.monotonicMs() > 0}`));
        }
      },
    }));
    const simulator = simulate(1, main, {
      faults: [{ id: 'p', atUs: 15_000, kind: 'pause', hosts: [0], forUs: 20_000 }],
    });
    const log = logOf(simulator);
    runTo(simulator, 100_000);
    expect(log.map((line) => line.slice(0, 10))).toEqual([
      '0@10000: 1',
      '0@35000: 2',
      '0@35000: 3',
      '0@40000: 4',
    ]);
    expect(simulator.faultCounts()).toEqual([{ id: 'p', kind: 'pause', injected: 1, effective: 1 }]);
  });
});

describe('the end of a boot', () => {
  it('by kill keeps what was written, by power loss only a prefix that holds all that was flushed', () => {
    const main = program((env) => ({
      onStart() {
        env.emit(`found ${stored(env)}`);
        if (stored(env) > 0) return;
        env.storage.write(put(1));
        env.storage.flush(() => {
          env.emit('durable');
          for (let n = 2; n < 20; n++) env.storage.write(put(n));
        });
      },
    }));
    const found = (how: 'kill' | 'power', seed: string): number => {
      const simulator = simulate(1, main, { seed, faults: [crash(5000, { how })] });
      const log = logOf(simulator);
      runTo(simulator, 10_000);
      expect(log.slice(0, 2)).toEqual(['0@0: found 0', '0@0: durable']);
      return Number(/found (\d+)$/.exec(log[2] ?? '')?.[1]);
    };
    const seeds = Array.from({ length: 30 }, (_, i) => `s${i}`);
    expect(new Set(seeds.map((seed) => found('kill', seed)))).toEqual(new Set([19]));
    const after = seeds.map((seed) => found('power', seed));
    expect(Math.min(...after)).toBeGreaterThanOrEqual(1);
    expect(Math.min(...after)).toBeLessThan(5);
    expect(Math.max(...after)).toBeGreaterThan(15);
    expect(new Set(after).size).toBeGreaterThan(8);
  });

  it('delivers nothing of the old boot to the new one', () => {
    let boots = 0;
    const main = program((env) => {
      const boot = ++boots;
      return {
        onStart() {
          env.emit(`start ${boot}`);
          env.clock.setTimer('t', ms(10), () => env.emit(`timer ${boot}`));
          env.clock.setTimer('w', ms(8), () => {
            env.storage.write(put(boot));
            env.storage.flush(() => env.emit(`flushed ${boot}`));
            env.crypto.verify([], () => env.emit(`verified ${boot}`));
          });
        },
      };
    });
    const simulator = simulate(1, main, {
      host: () => ({ disk: { flushUs: 3000 } }),
      faults: [crash(8000, { at: { of: 'boot', count: 6 }, downUs: 100 })],
    });
    const log = logOf(simulator);
    runTo(simulator, 100_000);
    expect(log).toEqual([
      '0@0: start 1',
      '0@8100: start 2',
      '0@16100: verified 2',
      '0@18100: timer 2',
      '0@19100: flushed 2',
    ]);
  });

  it('with an empty or an old disk starts from that', () => {
    const main = program((env) => ({
      onStart() {
        env.emit(`found ${stored(env)}`);
        const count = (n: number): void => {
          env.storage.write(put(n));
          env.clock.setTimer('t', ms(10), () => count(n + 1));
        };
        count(stored(env) + 1);
      },
    }));
    const simulator = simulate(1, main, {
      faults: [
        { id: 'snapshot', atUs: 25_000, kind: 'diskSnapshot', hosts: [0] },
        crash(45_000, { disk: 'old' }),
        crash(60_000, { disk: 'empty' }),
      ],
    });
    const log = logOf(simulator);
    runTo(simulator, 65_000);
    expect(log).toEqual(['0@0: found 0', '0@46000: found 3', '0@61000: found 0']);
  });

  it('runs other code afterwards when the fault names it', () => {
    const version = (name: string) => program((env) => ({ onStart: () => env.emit(name) }));
    const simulator = simulate(1, version('v1'), {
      programs: new Map([
        ['main', version('v1')],
        ['next', version('v2')],
      ]),
      faults: [crash(1000, { variant: 'next' }), crash(5000, {})],
    });
    const log = logOf(simulator);
    runTo(simulator, 10_000);
    expect(log).toEqual(['0@0: v1', '0@2000: v2', '0@6000: v2']);
    expect(simulator.variantOf(0)).toBe('next');
  });

  it('in order waits for done, while flush callbacks still run; the deadline ends what does not come to it', () => {
    const main = (isSlow: boolean) =>
      program((env) => ({
        onStart: () => env.emit('start'),
        onStop(done) {
          env.storage.flush(() => {
            env.emit('stopped');
            if (!isSlow) done();
          });
        },
      }));
    const stop: Fault = { id: 's', atUs: 1000, kind: 'stop', hosts: [0], deadlineUs: 50_000, downUs: 500 };
    const ends = [false, true].map((isSlow) => {
      const simulator = simulate(1, main(isSlow), {
        host: () => ({ disk: { flushUs: 2000 } }),
        faults: [stop],
      });
      const log = logOf(simulator);
      simulator.observeHosts((_, change, atUs) => {
        if (change.kind === 'ended') log.push(`${change.end.kind}@${atUs}`);
      });
      runTo(simulator, 100_000);
      return log;
    });
    expect(ends[0]).toEqual(['0@0: start', '0@3000: stopped', 'done@3000', '0@3500: start']);
    expect(ends[1]).toEqual(['0@0: start', '0@3000: stopped', 'deadline@51000', '0@51500: start']);
  });

  it('by a failing disk is a crash with an event, and not the end of the run', () => {
    const main = program((env) => ({
      onStart: () => env.clock.setTimer('t', ms(5), () => void stored(env)),
    }));
    const simulator = simulate(1, main, {
      faults: [
        {
          id: 'io',
          atUs: 1000,
          kind: 'disk',
          hosts: [0],
          fault: { kind: 'ioError', on: 'read' },
          forUs: 'forever',
        },
      ],
    });
    const changes: string[] = [];
    simulator.observeHosts((_, change) =>
      changes.push(change.kind === 'ended' ? change.end.kind : change.kind),
    );
    runTo(simulator, 100_000);
    expect(changes).toEqual(['started', 'storageCrash']);
    expect([simulator.isUp(0), simulator.status().kind]).toEqual([false, 'idle']);
  });
});

describe('a crash at effect k', () => {
  /** Twelve effects: write, flush, timer, emit and send, twice, a dial and a reply. */
  const main = program((env) => ({
    onStart() {
      env.emit('start');
    },
    onCommand(_, reply) {
      for (let round = 0; round < 2; round++) {
        env.storage.write([{ kind: 'put', key: Uint8Array.of(round), value: KEY }]);
        env.storage.flush(() => {});
        env.clock.setTimer('t', ms(1), () => {});
        env.emit(`emit ${round}`);
        env.network.send(1 as ConnectionId, { n: round });
      }
      env.network.dial(address('nowhere'));
      reply('done');
    },
  }));

  it('lets the first k effects of the handler happen and not the others, for each k', () => {
    for (let k = 0; k <= 13; k++) {
      const simulator = simulate(1, main, {
        faults: [crash(500, { at: { of: 'handler', count: k }, downUs: 'forever' })],
      });
      const log = logOf(simulator);
      const answers: string[] = [];
      simulator.at(1000, () => simulator.command(0, 'go', (answer) => answers.push(answer)));
      runTo(simulator, 1000);
      const keys = [0, 1].filter((round) => simulator.disk(0).get(Uint8Array.of(round)) !== undefined);
      expect(simulator.effectsOf(0)).toBe(1 + Math.min(k, 12));
      expect(keys.length).toBe(k >= 6 ? 2 : k >= 1 ? 1 : 0);
      expect(log.length - 1).toBe(k >= 9 ? 2 : k >= 4 ? 1 : 0);
      runTo(simulator, 500_000);
      expect(answers).toEqual(k >= 12 ? ['done'] : []);
      expect(simulator.isUp(0)).toBe(k > 12);
      const [count] = simulator.faultCounts();
      expect(count?.effective).toBe(k > 12 ? 0 : 1);
    }
  });

  it('cannot be outlived by a program that catches everything', () => {
    const stubborn = program((env) => ({
      onStart() {
        for (let i = 0; i < 10; i++) {
          try {
            env.emit(`${i}`);
          } catch {
            continue;
          }
        }
      },
    }));
    const simulator = simulate(1, stubborn, {
      faults: [crash(0, { at: { of: 'run', count: 4 }, downUs: 'forever' })],
    });
    const log = logOf(simulator);
    runTo(simulator, 1000);
    expect([log.length, simulator.isUp(0), simulator.status().kind]).toEqual([4, false, 'idle']);
  });

  it('after every effect of one host in turn leaves the others to finish', () => {
    const whole = simulate(3, gossip(12));
    runTo(whole, 2_000_000);
    const effects = whole.effectsOf(1);
    expect(effects).toBeGreaterThan(20);
    const hashes = new Set<string>();
    for (let k = 1; k <= effects; k++) {
      const simulator = simulate(3, gossip(12), {
        faults: [crash(0, { hosts: [1], how: 'power', at: { of: 'run', count: k }, downUs: 5000 })],
      });
      runTo(simulator, 2_000_000);
      expect(simulator.faultCounts()[0]?.effective).toBe(1);
      expect(simulator.bootOf(1)).toBe(2);
      expect(simulator.effectsOf(1)).toBeGreaterThanOrEqual(k);
      hashes.add(simulator.traceHash());
    }
    expect(hashes.size).toBe(effects);
  });
});

describe('randomness', () => {
  it('is uniform, differs between hosts and boots, and is the same in the same run', () => {
    const main = program((env) => ({
      onStart() {
        const counts = new Array<number>(7).fill(0);
        for (let i = 0; i < 7000; i++) {
          const drawn = env.random.below(7);
          counts[drawn] = (counts[drawn] ?? 0) + 1;
        }
        env.emit(`${counts.every((count) => count > 880 && count < 1120)} ${env.random.bytes(9).join()}`);
      },
    }));
    const logs = [1, 2].map(() => {
      const simulator = simulate(2, main, { faults: [crash(1000, {})] });
      const log = logOf(simulator);
      runTo(simulator, 5000);
      return log.map((line) => line.split(' ').slice(1).join(' '));
    });
    expect(logs[0]).toEqual(logs[1]);
    expect(new Set(logs[0]).size).toBe(3);
    for (const line of logs[0] ?? []) {
      expect(line).toMatch(/^true /);
      expect(line.split(',')).toHaveLength(9);
    }
  });
});

describe('a host that is not there from the beginning', () => {
  it('starts at its time, by a fault or by the harness, and never twice', () => {
    const main = program((env) => ({ onStart: () => env.emit('start') }));
    const simulator = simulate(4, main, {
      host: (number) => ({ startUs: number === 0 ? 3000 : 'never' }),
      faults: [
        { id: 'a', atUs: 4000, kind: 'start', hosts: [0, 1] },
        { id: 'b', atUs: 5000, kind: 'start', hosts: [1] },
      ],
    });
    const log = logOf(simulator);
    simulator.at(6000, () =>
      expect([simulator.start(2), simulator.start(2), simulator.start(0)]).toEqual([true, false, false]),
    );
    runTo(simulator, 10_000);
    expect(log).toEqual(['0@3000: start', '1@4000: start', '2@6000: start']);
    expect(simulator.faultCounts().map((count) => [count.injected, count.effective])).toEqual([
      [2, 1],
      [1, 0],
    ]);
    expect([simulator.isUp(3), simulator.status().kind]).toEqual([false, 'idle']);
  });
});

describe('keys', () => {
  const keys = new Map([[keyId('own'), weakHash(Uint8Array.of(9))]]);
  const message = Uint8Array.of(1, 2, 3);

  it('make signatures that everybody verifies, and nobody forges', () => {
    const main = program((env) => ({
      onStart() {
        const signature = env.crypto.sign(keyId('own'), message);
        const publicKey = env.crypto.publicKey(keyId('own'));
        const items = [
          { publicKey, message, signature },
          { publicKey, message, signature: signature.map((byte, i) => (i === 63 ? byte ^ 1 : byte)) },
          { publicKey, message: Uint8Array.of(1, 2), signature },
          { publicKey: publicKey.map((byte) => byte ^ 1), message, signature },
          { publicKey, message, signature: signature.subarray(1) },
        ];
        env.crypto.verify(items, (valid) => env.emit(valid.join()));
      },
    }));
    const simulator = simulate(1, main, { host: () => ({ keys }) });
    const log = logOf(simulator);
    runTo(simulator, 10);
    expect(log).toEqual(['0@0: true,false,false,false,false']);
  });

  it('serve their owner alone', () => {
    const main = program((env) => ({ onStart: () => void env.crypto.sign(keyId('other'), message) }));
    const simulator = simulate(1, main, { onProgramThrow: 'endBoot', host: () => ({ keys }) });
    const ends: unknown[] = [];
    simulator.observeHosts((_, change) => change.kind === 'ended' && ends.push(change.end));
    runTo(simulator, 10);
    expect(ends).toMatchObject([{ kind: 'threw', error: { code: 'ASSERTION' } }]);
  });
});
