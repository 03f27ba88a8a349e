/** The contract of env/network.ts. */
import { describe, expect, it } from 'vitest';
import { SEND_QUEUE_MAX_BYTES } from '../../src/env/network.ts';
import type { ConnectionId } from '../../src/env/units.ts';
import { connectionId } from '../../src/env/units.ts';
import type { Probe, ProbeMessage, TestHost, TestWorld, WorldFactory } from './world.ts';
import { asserts, inWorld, PROBE_MESSAGE_MAX_BYTES } from './world.ts';

function say(text: string): ProbeMessage {
  return { kind: 'text', text };
}

function heard(probe: Probe): readonly string[] {
  return probe.of('message').flatMap(({ message }) => (message.kind === 'text' ? [message.text] : []));
}

/** Connects and answers both ends: that of the dialer, and that of the dialed. */
async function connect(
  world: TestWorld,
  from: TestHost,
  to: TestHost,
): Promise<readonly [ConnectionId, ConnectionId]> {
  const out = from.probe.of('connected').length;
  const ins = to.probe.of('connected').length;
  await from.within((env) => env.network.dial(to.address));
  await world.until(() => from.probe.of('connected').length > out && to.probe.of('connected').length > ins);
  return [lastConnected(from.probe), lastConnected(to.probe)];
}

function lastConnected(probe: Probe): ConnectionId {
  const call = probe.of('connected').at(-1);
  if (call === undefined) throw new Error('nothing was connected');
  return call.c;
}

/** Long enough for everything that is under way to arrive. */
const QUIET_MS = 300;

/** @param make a world of two hosts that reach each other. */
export function networkContract(make: WorldFactory): void {
  describe('network', () => {
    it(
      'connects both sides, as later events, and tells each what it may know',
      inWorld(make, 2, async (world, first, second) => {
        const inside = await first.within((env) => {
          env.network.dial(second.address);
          return first.probe.of('connected').length;
        });
        expect(inside).toBe(0);
        await world.until(
          () => first.probe.of('connected').length === 1 && second.probe.of('connected').length === 1,
        );
        const [out, incoming] = [first.probe.of('connected')[0]?.info, second.probe.of('connected')[0]?.info];
        expect(out).toMatchObject({ direction: 'out', dialed: second.address });
        expect(incoming).toMatchObject({ direction: 'in' });
        expect(incoming).not.toHaveProperty('dialed');
        expect([typeof out?.remote, typeof incoming?.remote]).toEqual(['string', 'string']);
        await world.pass(QUIET_MS);
        expect([first, second].map(({ probe }) => probe.of('connected').length)).toEqual([1, 1]);
        expect([first, second].map(({ probe }) => probe.of('dialFailed').length)).toEqual([0, 0]);
      }),
    );

    it(
      'says that a dial failed, as a later event and once, when nobody listens',
      inWorld(make, 2, async (world, first, second) => {
        await second.kill();
        const inside = await first.within((env) => {
          env.network.dial(second.address);
          return first.probe.of('dialFailed').length;
        });
        expect(inside).toBe(0);
        await world.until(() => first.probe.of('dialFailed').length > 0);
        await world.pass(QUIET_MS);
        expect(first.probe.of('dialFailed').map(({ address, reason }) => [address, reason])).toEqual([
          [second.address, 'refused'],
        ]);
        expect(first.probe.of('connected')).toEqual([]);
      }),
    );

    it(
      'does not connect a host to itself',
      inWorld(make, 1, async (world, first) => {
        const inside = await first.within((env) => {
          env.network.dial(first.address);
          return first.probe.of('dialFailed').length;
        });
        expect(inside).toBe(0);
        await world.until(() => first.probe.of('dialFailed').length === 1);
        expect(first.probe.of('dialFailed')[0]?.reason).toBe('self');
        expect(first.probe.of('connected')).toEqual([]);
      }),
    );

    it(
      'makes two connections of two dials, and of two hosts that dial each other',
      inWorld(make, 2, async (world, first, second) => {
        await first.within((env) => {
          env.network.dial(second.address);
          env.network.dial(second.address);
        });
        await second.within((env) => env.network.dial(first.address));
        const count = ({ probe }: TestHost): number => probe.of('connected').length;
        await world.until(() => count(first) === 3 && count(second) === 3);
        for (const { probe } of [first, second]) {
          expect(new Set(probe.of('connected').map(({ c }) => c)).size).toBe(3);
        }
        const directions = ({ probe }: TestHost): readonly string[] =>
          probe
            .of('connected')
            .map(({ info }) => info.direction)
            .toSorted();
        expect([directions(first), directions(second)]).toEqual([
          ['in', 'out', 'out'],
          ['in', 'in', 'out'],
        ]);
      }),
    );

    it(
      'delivers in the order sent, each once and whole, whatever the sizes, each as its own event',
      inWorld(make, 2, async (world, first, second) => {
        const [out, incoming] = await connect(world, first, second);
        const texts = Array.from({ length: 300 }, (_, i) => `${i}:${'x'.repeat((i * 7_919) % 3_000)}`);
        const sent = await first.within((env) => texts.map((text) => env.network.send(out, say(text))));
        expect(new Set(sent)).toEqual(new Set(['queued']));
        await second.within((env) => env.network.send(incoming, say('back')));
        await world.until(() => heard(second.probe).length >= 300 && heard(first.probe).length >= 1);
        await world.pass(QUIET_MS);
        expect(heard(second.probe)).toEqual(texts);
        expect(heard(first.probe)).toEqual(['back']);
        expect(second.probe.of('message').every(({ c }) => c === incoming)).toBe(true);
      }),
    );

    it(
      'delivers messages sent by different handlers in order, and a whole one of the largest size',
      inWorld(make, 2, async (world, first, second) => {
        const [out] = await connect(world, first, second);
        const large = 'y'.repeat(PROBE_MESSAGE_MAX_BYTES - 1);
        for (const text of ['a', large, 'b']) {
          expect(await first.within((env) => env.network.send(out, say(text)))).toBe('queued');
        }
        await world.until(() => heard(second.probe).length === 3);
        expect(heard(second.probe).map((text) => text.length)).toEqual([1, large.length, 1]);
        expect(heard(second.probe)[1] === large).toBe(true);
      }),
    );

    it(
      'asserts the limit of a message',
      inWorld(make, 2, async (world, first, second) => {
        const [out] = await connect(world, first, second);
        const tooLong = say('z'.repeat(PROBE_MESSAGE_MAX_BYTES));
        expect(await first.within((env) => asserts(() => env.network.send(out, tooLong)))).toBe(true);
      }),
    );

    it(
      'calls onConnected before any message of that connection, whoever speaks first',
      inWorld(make, 2, async (world, first, second) => {
        for (const { probe } of [first, second]) {
          probe.hooks.connected = (env, c) => env.network.send(c, say('hello'));
        }
        await connect(world, first, second);
        await world.until(() => [first, second].every(({ probe }) => heard(probe).length === 1));
        for (const { probe } of [first, second]) {
          const kinds = probe.calls.map(({ kind }) => kind);
          expect(kinds.indexOf('connected')).toBeLessThan(kinds.indexOf('message'));
        }
      }),
    );

    it(
      'answers full without queueing, calls onWritable once when there is room, and loses nothing that it queued',
      inWorld(make, 2, async (world, first, second) => {
        const [out] = await connect(world, first, second);
        const body = 'f'.repeat(1_000_000);
        const queued = await first.within((env) => {
          let count = 0;
          while (count < 200 && env.network.send(out, say(`${count}${body}`)) === 'queued') count++;
          env.network.send(out, say('refused'));
          env.network.send(out, say(`again${body}`));
          return count;
        });
        expect(queued).toBeGreaterThanOrEqual(Math.floor(SEND_QUEUE_MAX_BYTES / 1_000_010));
        expect(queued).toBeLessThan(200);
        await world.until(() => first.probe.of('writable').length > 0);
        expect(await first.within((env) => env.network.send(out, say('more')))).toBe('queued');
        await world.until(() => heard(second.probe).includes('more'));
        await world.pass(QUIET_MS);
        expect(first.probe.of('writable').map(({ c }) => c)).toEqual([out]);
        const texts = heard(second.probe).filter((text) => text !== 'refused');
        expect(texts.map((text) => text.length)).toEqual([
          ...Array.from({ length: queued }, (_, i) => `${i}`.length + body.length),
          4,
        ]);
      }),
    );

    it(
      'answers closed for an unknown connection, and ignores closing it',
      inWorld(make, 2, async (world, first) => {
        const answer = await first.within((env) => {
          env.network.close(connectionId(4_711), 'now', 'unknown');
          return env.network.send(connectionId(4_711), say('nobody'));
        });
        expect(answer).toBe('closed');
        await world.pass(QUIET_MS);
        expect(first.probe.of('disconnected')).toEqual([]);
      }),
    );

    it(
      'tells what bytes are no message, and leaves the connection open',
      inWorld(make, 2, async (world, first, second) => {
        const [out, incoming] = await connect(world, first, second);
        await first.within((env) => env.network.send(out, say('before')));
        await world.until(() => heard(second.probe).length === 1);
        world.garble();
        await first.within((env) => env.network.send(out, { kind: 'garbage' }));
        await world.until(() => second.probe.of('malformed').length === 1);
        expect(second.probe.of('malformed')[0]).toMatchObject({
          c: incoming,
          reason: { code: 'UNKNOWN_KIND' },
        });
        expect(await second.within((env) => env.network.send(incoming, say('still open')))).toBe('queued');
        expect([first, second].flatMap(({ probe }) => probe.of('disconnected'))).toEqual([]);
      }),
    );

    for (const how of ['afterQueued', 'now'] as const) {
      it(
        `closes ${how}: each side learns it once, as a later event, and nothing is delivered to the closer`,
        inWorld(make, 2, async (world, first, second) => {
          const [out, incoming] = await connect(world, first, second);
          await second.within((env) => {
            for (let i = 0; i < 20; i++) env.network.send(incoming, say('to the closer'));
          });
          const [inside, heardBefore, answer] = await first.within((env) => {
            for (let i = 0; i < 5; i++) env.network.send(out, say(`${i}`));
            env.network.close(out, how, 'test');
            env.network.close(out, 'now', 'twice');
            const sent = env.network.send(out, say('too late'));
            return [first.probe.of('disconnected').length, heard(first.probe).length, sent];
          });
          expect([inside, answer]).toEqual([0, 'closed']);
          const ends = (): readonly number[] =>
            [first, second].map(({ probe }) => probe.of('disconnected').length);
          await world.until(() => ends().every((count) => count > 0));
          await world.pass(QUIET_MS);
          expect(ends()).toEqual([1, 1]);
          expect(first.probe.of('disconnected')[0]).toMatchObject({ c: out, reason: 'local' });
          expect(heard(first.probe).length).toBe(heardBefore);
          expect(['closed', 'reset']).toContain(second.probe.of('disconnected')[0]?.reason);
          expect(['0', '1', '2', '3', '4'].slice(0, heard(second.probe).length)).toEqual(heard(second.probe));
          expect(second.probe.calls.at(-1)?.kind).toBe('disconnected');
          expect(await second.within((env) => env.network.send(incoming, say('after')))).toBe('closed');
        }),
      );
    }

    it(
      'sends what is queued before it closes afterQueued',
      inWorld(make, 2, async (world, first, second) => {
        const [out] = await connect(world, first, second);
        await first.within((env) => {
          for (let i = 0; i < 10; i++) env.network.send(out, say(`${i}${'q'.repeat(500_000)}`));
          env.network.close(out, 'afterQueued', 'test');
        });
        await world.until(() => second.probe.of('disconnected').length === 1);
        expect(heard(second.probe).map((text) => text[0])).toEqual(
          Array.from({ length: 10 }, (_, i) => `${i}`),
        );
        expect(second.probe.of('disconnected')[0]?.reason).toBe('closed');
      }),
    );

    it(
      'stops delivering as soon as the receiver closes in a handler',
      inWorld(make, 2, async (world, first, second) => {
        const [out] = await connect(world, first, second);
        second.probe.hooks.message = (env, c) => env.network.close(c, 'now', 'enough');
        await first.within((env) => {
          for (let i = 0; i < 10; i++) env.network.send(out, say(`${i}`));
        });
        await world.until(() => first.probe.of('disconnected').length === 1);
        await world.pass(QUIET_MS);
        expect(heard(second.probe)).toEqual(['0']);
        expect(second.probe.of('disconnected').map(({ reason }) => reason)).toEqual(['local']);
      }),
    );

    it(
      'tells the peers of a killed host once each, and gives no id twice in a boot',
      inWorld(make, 2, async (world, first, second) => {
        const ids: ConnectionId[] = [];
        for (let round = 0; round < 3; round++) {
          ids.push((await connect(world, first, second))[0]);
          await second.kill();
          await world.until(() => first.probe.of('disconnected').length === round + 1);
          expect(await first.within((env) => env.network.send(ids[round] as ConnectionId, say('gone')))).toBe(
            'closed',
          );
          await second.boot();
        }
        await world.pass(QUIET_MS);
        expect(new Set(ids).size).toBe(3);
        expect(first.probe.of('disconnected').map(({ c }) => c)).toEqual(ids);
        for (const { reason } of first.probe.of('disconnected'))
          expect(['reset', 'closed']).toContain(reason);
      }),
    );
  });
}
