/** The contract of env/clock.ts. */
import { describe, expect, it } from 'vitest';
import { TIMER_DELAY_MAX_MS } from '../../src/env/clock.ts';
import type { Env } from '../../src/env/program.ts';
import { ms } from '../../src/env/units.ts';
import type { ProbeTypes, WorldFactory } from './world.ts';
import { asserts, inWorld } from './world.ts';

/** Work that takes a real host some milliseconds, and costs a simulated one as much. */
function toil(env: Env<ProbeTypes>): void {
  const bytes = new Uint8Array(1_024);
  for (let i = 0; i < 4_000; i++) env.crypto.sha256(bytes);
  env.spend('hash', 64_000);
}

/** @param make a world of one host is enough. */
export function clockContract(make: WorldFactory): void {
  describe('clock', () => {
    it(
      'answers one constant value on both clocks within a handler, in integers',
      inWorld(make, 1, async (_world, host) => {
        const read = (env: Env<ProbeTypes>): readonly number[] => [
          env.clock.monotonicMs(),
          env.clock.wallMs(),
        ];
        const [before, after] = await host.within((env) => {
          const first = read(env);
          toil(env);
          return [first, read(env)];
        });
        expect(after).toEqual(before);
        expect(before?.every((value) => Number.isSafeInteger(value) && value >= 0)).toBe(true);
      }),
    );

    it(
      'goes on between handlers and never back',
      inWorld(make, 1, async (world, host) => {
        const seen: number[] = [];
        for (let i = 0; i < 5; i++) {
          seen.push(await host.within((env) => env.clock.monotonicMs()));
          await world.pass(3);
        }
        expect(seen.toSorted((a, b) => a - b)).toEqual(seen);
        expect((seen[4] as number) - (seen[0] as number)).toBeGreaterThanOrEqual(8);
      }),
    );

    it(
      'runs no timer inside the running handler, not even one of 0 ms',
      inWorld(make, 1, async (world, host) => {
        const { probe } = host;
        const inside = await host.within((env) => {
          env.clock.setTimer('zero', ms(0), probe.callback('zero'));
          toil(env);
          return probe.callbacks().length;
        });
        expect(inside).toBe(0);
        await world.until(() => probe.callbacks().length === 1);
        await world.pass(5);
        expect(probe.callbacks()).toEqual(['zero']);
      }),
    );

    it(
      'runs a timer once, no earlier than its delay by the monotonic clock',
      inWorld(make, 1, async (world, host) => {
        const { probe } = host;
        const times: number[] = [];
        await host.within((env) => {
          times.push(env.clock.monotonicMs());
          env.clock.setTimer(
            'once',
            ms(7),
            probe.callback('once', () => times.push(env.clock.monotonicMs())),
          );
        });
        await world.until(() => times.length > 1);
        expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(7);
        await world.pass(30);
        expect(probe.callbacks()).toEqual(['once']);
      }),
    );

    it(
      'runs timers in the order in which they are due, and those due at one instant in the order set',
      inWorld(make, 1, async (world, host) => {
        const { probe } = host;
        await host.within((env) => {
          for (const [name, delay] of [
            ['c', 9],
            ['a', 3],
            ['d', 9],
            ['b', 3],
            ['e', 9],
          ] as const) {
            env.clock.setTimer(name, ms(delay), probe.callback(name));
          }
        });
        await world.until(() => probe.callbacks().length === 5);
        expect(probe.callbacks().join('')).toBe('abcde');
      }),
    );

    it(
      'keeps that order among timers that were set at different times',
      inWorld(make, 1, async (world, host) => {
        const { probe } = host;
        await host.within((env) => {
          const start = env.clock.monotonicMs();
          env.clock.setTimer('early', ms(12), probe.callback('early'));
          const setLate = (): void => {
            const left = start + 12 - env.clock.monotonicMs();
            if (left < 0) return;
            env.clock.setTimer('late', ms(left), probe.callback('late'));
          };
          env.clock.setTimer('setter', ms(4), setLate);
        });
        await world.until(() => probe.callbacks().length >= 1);
        await world.pass(20);
        expect(probe.callbacks()[0]).toBe('early');
      }),
    );

    it(
      'never runs a cancelled timer, not even one that is due in the same instant',
      inWorld(make, 1, async (world, host) => {
        const { probe } = host;
        await host.within((env) => {
          const zero = env.clock.setTimer('zero', ms(0), probe.callback('zero'));
          zero.cancel();
          const first = env.clock.setTimer(
            'first',
            ms(5),
            probe.callback('first', () => second.cancel()),
          );
          const second = env.clock.setTimer('second', ms(5), probe.callback('second'));
          env.clock.setTimer(
            'last',
            ms(10),
            probe.callback('last', () => first.cancel()),
          );
        });
        await world.until(() => probe.callbacks().includes('last'));
        await world.pass(5);
        expect(probe.callbacks()).toEqual(['first', 'last']);
      }),
    );

    it(
      'takes repeated and late cancels',
      inWorld(make, 1, async (world, host) => {
        const { probe } = host;
        const timers = await host.within((env) => [
          env.clock.setTimer('ran', ms(0), probe.callback('ran')),
          env.clock.setTimer('never', ms(0), probe.callback('never')),
        ]);
        await host.within(() => timers[1]?.cancel());
        await world.until(() => probe.callbacks().length > 0);
        await host.within(() => {
          for (const timer of [...timers, ...timers]) timer.cancel();
        });
        await world.pass(5);
        expect(probe.callbacks()[0]).toBe('ran');
      }),
    );

    it(
      'takes delays up to the limit, and asserts it',
      inWorld(make, 1, async (_world, host) => {
        const results = await host.within((env) => {
          env.clock.setTimer('longest', ms(TIMER_DELAY_MAX_MS), () => {}).cancel();
          return asserts(() => env.clock.setTimer('longer', ms(TIMER_DELAY_MAX_MS + 1), () => {}));
        });
        expect(results).toBe(true);
      }),
    );

    it(
      'runs nothing that an earlier boot set',
      inWorld(make, 1, async (world, host) => {
        const { probe } = host;
        await host.within((env) => env.clock.setTimer('old', ms(5), probe.callback('old')));
        await host.kill();
        await host.boot();
        await world.pass(20);
        expect(probe.callbacks()).toEqual([]);
      }),
    );
  });
}
