/** The contract of env/storage.ts. */
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/env/bytes.ts';
import type { Env } from '../../src/env/program.ts';
import type { KeyRange, WriteOp } from '../../src/env/storage.ts';
import {
  BATCH_MAX_BYTES,
  KEY_MAX_BYTES,
  UNFLUSHED_MAX_BYTES,
  VALUE_MAX_BYTES,
} from '../../src/env/storage.ts';
import { ascii, del, put, text } from './disk-words.ts';
import type { ProbeTypes, TestHost, WorldFactory } from './world.ts';
import { asserts, inWorld } from './world.ts';

function lines(
  env: Env<ProbeTypes>,
  start = '',
  end?: string,
  limit = 1_000,
  reverse = false,
): readonly string[] {
  const range: KeyRange = { start: ascii(start), ...(end === undefined ? {} : { end: ascii(end) }) };
  return env.storage.scan(range, limit, reverse).map(({ key, value }) => `${text(key)}=${text(value)}`);
}

function content(host: TestHost): Promise<readonly string[]> {
  return host.within((env) => lines(env));
}

function write(host: TestHost, ...batches: readonly (readonly WriteOp[])[]): Promise<void> {
  return host.within((env) => {
    for (const ops of batches) env.storage.write(ops);
  });
}

/** @param make a world of one host is enough. */
export function storageContract(make: WorldFactory): void {
  describe('storage', () => {
    it(
      'shows a batch at once, within the handler that wrote it',
      inWorld(make, 1, async (_world, host) => {
        const seen = await host.within((env) => {
          const before = env.storage.get(ascii('a'));
          env.storage.write([put('a', '1'), put('b', '2')]);
          const between = [text(env.storage.get(ascii('a'))), ...lines(env)];
          env.storage.write([del('a'), del('nothing')]);
          return [before, between, env.storage.get(ascii('a')), lines(env)];
        });
        expect(seen).toEqual([undefined, ['1', 'a=1', 'b=2'], undefined, ['b=2']]);
      }),
    );

    it(
      'lets the last operation on a key win',
      inWorld(make, 1, async (_world, host) => {
        await write(
          host,
          [put('a', '1'), put('a', '2'), del('a'), put('a', '3')],
          [put('b', '1'), del('b')],
          [del('c'), put('c', '1')],
          [],
        );
        expect(await content(host)).toEqual(['a=3', 'c=1']);
      }),
    );

    it(
      'holds values of any bytes, empty ones too, and keys of any bytes but empty ones',
      inWorld(make, 1, async (_world, host) => {
        const every = Uint8Array.from({ length: 256 }, (_, i) => i);
        const got = await host.within((env) => {
          env.storage.write([
            { kind: 'put', key: every, value: every },
            { kind: 'put', key: Uint8Array.of(0), value: new Uint8Array(0) },
          ]);
          return [
            env.storage.get(every),
            env.storage.get(Uint8Array.of(0)),
            asserts(() => env.storage.get(new Uint8Array(0))),
            asserts(() => env.storage.write([put('', 'x')])),
          ];
        });
        expect(got).toEqual([every, new Uint8Array(0), true, true]);
      }),
    );

    it(
      'scans in the order of unsigned bytes, a prefix before what extends it',
      inWorld(make, 1, async (_world, host) => {
        const keys = [[255, 255], [255], [128, 0], [128], [127, 255], [1, 0], [1], [0, 0], [0]].map((k) =>
          Uint8Array.from(k),
        );
        const scanned = await host.within((env) => {
          env.storage.write(keys.map((key) => ({ kind: 'put', key, value: new Uint8Array(1) })));
          return [
            env.storage.scan({ start: new Uint8Array(0) }, 100).map(({ key }) => Array.from(key)),
            env.storage.scan({ start: new Uint8Array(0) }, 100, true).map(({ key }) => Array.from(key)),
          ];
        });
        const sorted = keys.toSorted(compareBytes).map((key) => Array.from(key));
        expect(scanned).toEqual([sorted, sorted.toReversed()]);
      }),
    );

    it(
      'scans from the start up to but without the end, and up to the limit from either side',
      inWorld(make, 1, async (_world, host) => {
        await write(host, [put('a', '1'), put('b', '2'), put('bb', '3'), put('c', '4')]);
        const scans = await host.within((env) => [
          lines(env, 'b', 'c'),
          lines(env, 'b', 'c', 1_000, true),
          lines(env, 'aa', 'bc'),
          lines(env, 'a', undefined, 2),
          lines(env, 'a', undefined, 2, true),
          lines(env, 'a', 'c', 1, true),
          lines(env, 'b', 'b'),
          lines(env, 'c', 'a'),
          lines(env, 'c', 'a', 5, true),
          lines(env, 'd'),
          lines(env, 'a', undefined, 0),
        ]);
        expect(scans).toEqual([
          ['b=2', 'bb=3'],
          ['bb=3', 'b=2'],
          ['b=2', 'bb=3'],
          ['a=1', 'b=2'],
          ['c=4', 'bb=3'],
          ['bb=3'],
          [],
          [],
          [],
          [],
          [],
        ]);
      }),
    );

    it(
      'materialises a scan: later writes do not change it',
      inWorld(make, 1, async (_world, host) => {
        await write(host, [put('a', '1'), put('b', '2')]);
        const seen = await host.within((env) => {
          const entries = env.storage.scan({ start: ascii('') }, 10);
          const names: (string | undefined)[] = [];
          for (const { key, value } of entries) {
            env.storage.write([del('b'), put('c', '9'), put('a', '9')]);
            names.push(`${text(key)}=${text(value)}`);
          }
          return names;
        });
        expect(seen).toEqual(['a=1', 'b=2']);
      }),
    );

    it(
      'never changes a value that a program got, whatever is written later',
      inWorld(make, 1, async (world, host) => {
        const got = await host.within((env) => {
          env.storage.write([put('a', '1'), put('b', '1')]);
          return [
            env.storage.get(ascii('a')),
            ...env.storage.scan({ start: ascii('') }, 10).map(({ value }) => value),
          ];
        });
        for (let i = 0; i < 50; i++) {
          await write(host, [
            put('a', `${i} and more`),
            i % 2 === 0 ? del('b') : put('b', 'x'.repeat(5_000)),
          ]);
        }
        await world.pass(5);
        expect(got.map(text)).toEqual(['1', '1', '1']);
      }),
    );

    it(
      'calls a flush back later, never inside the handler, with no fault',
      inWorld(make, 1, async (world, host) => {
        const faults: unknown[] = [];
        const inside = await host.within((env) => {
          env.storage.write([put('a', '1')]);
          env.storage.flush(host.probe.callback('flushed', (fault) => faults.push(fault)));
          env.storage.get(ascii('a'));
          return host.probe.callbacks().length;
        });
        expect(inside).toBe(0);
        await world.until(() => faults.length > 0);
        await world.pass(10);
        expect(faults).toEqual([undefined]);
      }),
    );

    it(
      'completes flushes in the order asked, one event each, also when nothing was written',
      inWorld(make, 1, async (world, host) => {
        const { probe } = host;
        await host.within((env) => {
          env.storage.flush(probe.callback('0'));
          env.storage.write([put('a', 'x'.repeat(200_000))]);
          env.storage.flush(probe.callback('1'));
          env.storage.flush(probe.callback('2'));
          env.storage.write([put('b', '1')]);
          env.storage.flush(
            probe.callback('3', () => {
              env.storage.write([put('c', '1')]);
              env.storage.flush(probe.callback('4'));
            }),
          );
        });
        await world.until(() => probe.callbacks().length === 5);
        expect(probe.callbacks()).toEqual(['0', '1', '2', '3', '4']);
      }),
    );

    it(
      'keeps everything through the end of a boot that a flush covered',
      inWorld(make, 1, async (world, host) => {
        const { probe } = host;
        await host.within((env) => {
          env.storage.write([put('a', '1')]);
          env.storage.write([put('a', '2'), put('b', '2')]);
          env.storage.flush(probe.callback('flushed'));
          env.storage.write([del('a'), put('c', '3')]);
        });
        await world.until(() => probe.callbacks().length === 1);
        for (const end of [host.kill, host.power]) {
          if (end === undefined) continue;
          await end();
          await host.boot();
          const held = await content(host);
          expect([
            ['a=2', 'b=2'],
            ['b=2', 'c=3'],
          ]).toContainEqual(held);
        }
      }),
    );

    it(
      'keeps every written batch through a kill',
      inWorld(make, 1, async (_world, host) => {
        await write(host, [put('a', '1')], [put('b', '2'), del('a')]);
        await host.kill();
        await host.boot();
        expect(await content(host)).toEqual(['b=2']);
      }),
    );

    it(
      'leaves a prefix of whole batches after a power loss, with every flushed one',
      inWorld(
        make,
        1,
        async (world, host) => {
          const { power } = host;
          for (let round = 0; round < 5; round++) {
            const flushed = host.probe.callbacks().length;
            await host.within((env) => {
              for (let i = 1; i <= 10; i++) {
                env.storage.write([put('left', `${round}.${i}`), put('right', `${round}.${i}`)]);
                if (i === 4) env.storage.flush(host.probe.callback('flushed'));
              }
            });
            await world.until(() => host.probe.callbacks().length > flushed);
            await power?.();
            await host.boot();
            const [left, right] = await content(host);
            expect(left?.slice(5)).toBe(right?.slice(6));
            const [inRound, batch] = (left as string).slice(5).split('.').map(Number);
            expect(inRound).toBe(round);
            expect(batch).toBeGreaterThanOrEqual(4);
          }
        },
        'power',
      ),
    );

    it(
      'takes keys, values and batches of exactly the limit, and asserts it',
      inWorld(make, 1, async (_world, host) => {
        const long = new Uint8Array(KEY_MAX_BYTES + 1).fill(1);
        const key = long.subarray(0, KEY_MAX_BYTES);
        const value = new Uint8Array(VALUE_MAX_BYTES);
        const many = (count: number, bytes: number): readonly WriteOp[] =>
          Array.from({ length: count }, (_, i) => ({
            kind: 'put',
            key: Uint8Array.of(i),
            value: value.subarray(0, bytes),
          }));
        const results = await host.within((env) => [
          asserts(() => env.storage.write([{ kind: 'put', key, value }])),
          env.storage.get(key)?.length,
          asserts(() => env.storage.get(long)),
          asserts(() => env.storage.write([{ kind: 'put', key: long, value: key }])),
          asserts(() => env.storage.write([{ kind: 'delete', key: long }])),
          asserts(() =>
            env.storage.write([{ kind: 'put', key, value: new Uint8Array(VALUE_MAX_BYTES + 1) }]),
          ),
          asserts(() => env.storage.write(many(5, BATCH_MAX_BYTES / 4 - 1))),
          asserts(() => env.storage.scan({ start: long }, 1)),
          asserts(() => env.storage.scan({ start: key, end: long }, 1)),
          asserts(() => env.storage.scan({ start: key }, -1)),
          asserts(() => env.storage.scan({ start: key }, 0.5)),
          env.storage.scan({ start: Uint8Array.of(1), end: Uint8Array.of(2) }, 10).length,
        ]);
        expect(results).toEqual([
          false,
          VALUE_MAX_BYTES,
          true,
          true,
          true,
          true,
          true,
          true,
          true,
          true,
          true,
          1,
        ]);
      }),
    );

    it(
      'asserts the limit of what is not flushed, and a flush makes room',
      inWorld(make, 1, async (world, host) => {
        const value = new Uint8Array(BATCH_MAX_BYTES / 4 - 1);
        const full: readonly WriteOp[] = [1, 2, 3, 4].map((i) => ({
          kind: 'put',
          key: Uint8Array.of(i),
          value,
        }));
        const results = await host.within((env) => {
          for (let i = 0; i < UNFLUSHED_MAX_BYTES / BATCH_MAX_BYTES; i++) env.storage.write(full);
          const isRefused = asserts(() => env.storage.write([put('a', '1')]));
          env.storage.flush(host.probe.callback('flushed'));
          return [isRefused, asserts(() => env.storage.write([put('a', '1')]))];
        });
        expect(results).toEqual([true, true]);
        await world.until(() => host.probe.callbacks().length === 1);
        expect(await host.within((env) => asserts(() => env.storage.write([put('a', '1')])))).toBe(false);
      }),
    );
  });
}
