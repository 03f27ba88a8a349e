/** What the tests of the kernel run: a small language of numbered notes, and programs made of handlers. */
import { concatBytes } from '../env/bytes.ts';
import type { Codec } from '../env/network.ts';
import type { Env, Process, Program, World } from '../env/program.ts';
import { address, ms } from '../env/units.ts';
import type { HostConfig, SimulatorConfig } from './config.ts';
import { createSimulator } from './create-simulator.ts';
import { hashBytes, hashText, mix32 } from './hash.ts';
import { createModelledCrypto } from './modelled-crypto.ts';
import { plainNetwork } from './network/config.ts';
import type { Simulator } from './simulator.ts';

/** A number that is sent about. */
export interface Note {
  readonly n: number;
}

export interface NoteWorld extends World {
  message: Note;
  event: string;
  command: string;
  answer: string;
  snapshot: string;
}

export type NoteEnv = Env<NoteWorld>;

/** Six bytes: the number, twice its low byte as a checksum. */
export const NOTES: Codec<Note> = {
  encode: ({ n }) => Uint8Array.of(n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24, n & 255, n & 255),
  decode(b) {
    const [a = 0, c = 0, d = 0, e = 0, f, g] = b;
    if (b.length !== 6 || f !== a || g !== a) return { code: 'BAD_FIELD', detail: 'checksum' };
    return { n: (a | (c << 8) | (d << 16) | (e << 24)) >>> 0 };
  },
  byteLength: () => 6,
  fingerprint: ({ n }) => mix32(n),
  kind: () => 'note',
  messageMaxBytes: 6,
};

/** Not SHA-256, and good enough where only sameness counts. */
export function weakHash(b: Uint8Array): Uint8Array {
  const words = Array.from({ length: 8 }, (_, i) => hashBytes(concatBytes(Uint8Array.of(i), b)));
  return Uint8Array.from(
    words.flatMap((word) => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24]),
  );
}

/** A program that does nothing but what is stated. */
export function program(build: (env: NoteEnv) => Partial<Process<NoteWorld>>): Program<NoteWorld> {
  const nothing = (): void => {};
  return (env) => ({
    onStart: nothing,
    onConnected: nothing,
    onDialFailed: nothing,
    onMessage: nothing,
    onMalformed: nothing,
    onWritable: nothing,
    onDisconnected: nothing,
    onCommand: (command, reply) => reply(command),
    onStop: (done) => done(),
    inspect: () => '',
    ...build(env),
  });
}

export type Overrides = Partial<Omit<SimulatorConfig<NoteWorld>, 'programs' | 'hosts'>> & {
  readonly host?: (number: number) => Partial<HostConfig>;
  readonly programs?: ReadonlyMap<string, Program<NoteWorld>>;
};

/** `count` hosts `h0`, `h1`, … that run `main`, on a network with 1 ms between any two. */
export function simulate(
  count: number,
  main: Program<NoteWorld>,
  overrides: Overrides = {},
): Simulator<NoteWorld> {
  const { host, programs, ...rest } = overrides;
  const addresses = Array.from({ length: count }, (_, number) => address(`h${number}`));
  return createSimulator<NoteWorld>({
    seed: 'test',
    network: plainNetwork(addresses, 1000),
    codec: NOTES,
    fingerprintEvent: hashText,
    fingerprintCommand: hashText,
    crypto: createModelledCrypto(weakHash),
    ...rest,
    programs: programs ?? new Map([['main', main]]),
    hosts: addresses.map((_, number) => ({ variant: 'main', ...host?.(number) })),
  });
}

/** What the programs emitted, as `host@µs: text`. */
export function logOf(simulator: Simulator<NoteWorld>): string[] {
  const log: string[] = [];
  simulator.observe((host, event, atUs) => log.push(`${host}@${atUs}: ${event}`));
  return log;
}

/** Steps until nothing is left, the time is over, or the run ended. */
export function runTo(simulator: Simulator<NoteWorld>, untilUs: number): void {
  while (simulator.step(10_000, untilUs).kind === 'running');
}

/** Hosts gossip numbers in a ring, write and flush each, and answer on timers: something of everything. */
export function gossip(rounds: number): Program<NoteWorld> {
  return program((env) => {
    let latest = 0;
    const key = Uint8Array.of(1);
    const next = (n: number): Uint8Array => Uint8Array.of(n & 255, (n >>> 8) & 255);
    return {
      onStart() {
        const stored = env.storage.get(key);
        latest = stored === undefined ? 0 : (stored[0] as number) + 256 * (stored[1] as number);
        env.emit(`start ${latest}`);
        for (const peer of ['h0', 'h1', 'h2']) env.network.dial(address(peer));
      },
      onConnected(c) {
        env.network.send(c, { n: latest + 1 });
      },
      onMessage(from, { n }) {
        if (n <= latest || n > rounds) return;
        latest = n;
        env.storage.write([{ kind: 'put', key, value: next(n) }]);
        env.storage.flush(() => {
          env.emit(`stored ${n}`);
          env.clock.setTimer('answer', ms(1 + env.random.below(5)), () => {
            env.network.send(from, { n: n + 1 });
          });
        });
      },
      onDisconnected() {
        env.clock.setTimer('redial', ms(10), () => env.network.dial(address('h0')));
      },
      inspect: () => `${latest}`,
    };
  });
}
