/** The contract of env/program.ts: boots, handlers, the end. */
import { describe, expect, it } from 'vitest';
import { keyId, ms } from '../../src/env/units.ts';
import { RFC8032_KEYS } from './probe-keys.ts';
import type { WorldFactory } from './world.ts';
import { inWorld } from './world.ts';

/** @param make a world of two hosts. */
export function bootContract(make: WorldFactory): void {
  describe('boot', () => {
    it(
      'builds the program anew and starts it first and once, each time',
      inWorld(make, 1, async (_world, host) => {
        await host.within(() => undefined);
        await host.kill();
        await host.boot();
        await host.within(() => undefined);
        expect(host.probe.calls.map(({ kind, boot }) => `${kind} ${boot}`)).toEqual([
          'build 1',
          'start 1',
          'command 1',
          'build 2',
          'start 2',
          'command 2',
        ]);
      }),
    );

    it(
      'lets the program read its storage while it is built',
      inWorld(make, 1, async (_world, host) => {
        const key = Uint8Array.of(1);
        await host.within((env) => env.storage.write([{ kind: 'put', key, value: Uint8Array.of(7) }]));
        await host.stop();
        const seen: unknown[] = [];
        host.probe.hooks.build = (env) => seen.push(env.storage.get(key)?.[0]);
        await host.boot();
        expect(seen).toEqual([7]);
      }),
    );

    for (const how of ['kill', 'power', 'stop'] as const) {
      it(
        `delivers nothing of a boot that ended by ${how}`,
        inWorld(
          make,
          2,
          async (world, first, second) => {
            const end = first[how] ?? first.kill;
            const { probe } = first;
            const known = RFC8032_KEYS[0];
            await first.within((env) => env.network.dial(second.address));
            await world.until(
              () => second.probe.of('connected').length === 1 && probe.of('connected').length === 1,
            );
            await first.within((env) => {
              const item = {
                publicKey: env.crypto.publicKey(keyId(known.name)),
                message: known.message,
                signature: known.signature,
              };
              env.storage.write([{ kind: 'put', key: Uint8Array.of(1), value: Uint8Array.of(1) }]);
              env.clock.setTimer('old', ms(1), probe.callback('timer'));
              env.crypto.verify([item], probe.callback('verify'));
              env.storage.flush(probe.callback('flush'));
              env.network.dial(second.address);
            });
            await end();
            const atEnd = probe.calls.length;
            await second.within((env) => {
              for (const { c } of second.probe.of('connected'))
                env.network.send(c, { kind: 'text', text: 'late' });
            });
            await world.pass(30);
            expect(probe.calls.length).toBe(atEnd);
            await first.boot();
            await first.within(() => undefined);
            await world.pass(30);
            expect(probe.calls.slice(atEnd).map(({ kind }) => kind)).toEqual(['build', 'start', 'command']);
          },
          how === 'power' ? how : undefined,
        ),
      );
    }

    it(
      'on stop still runs the callbacks of flushes, and ends when the program is done',
      inWorld(make, 1, async (_world, host) => {
        const { probe } = host;
        probe.hooks.stop = (env, done) => {
          env.storage.write([{ kind: 'put', key: Uint8Array.of(2), value: Uint8Array.of(2) }]);
          env.storage.flush(probe.callback('flushed', () => done()));
        };
        await host.stop();
        expect(probe.callbacks()).toEqual(['flushed']);
        expect(probe.calls.at(-1)?.kind).toBe('callback');
        await host.boot();
        expect(await host.within((env) => env.storage.get(Uint8Array.of(2)))).toEqual(Uint8Array.of(2));
      }),
    );

    it(
      'emits, spends and remembers without calling back or throwing',
      inWorld(make, 1, async (_world, host) => {
        const answers = await host.within((env) => {
          env.emit('something');
          for (const kind of ['hash', 'verify', 'sign', 'execute', 'decode', 'storage'] as const)
            env.spend(kind, 3);
          const compute = (): { readonly six: number } => ({ six: 6 });
          return [env.memo.get('six', 'key', compute), env.memo.get('six', 'key', compute)];
        });
        expect(answers).toEqual([{ six: 6 }, { six: 6 }]);
      }),
    );
  });
}
