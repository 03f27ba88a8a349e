/** What a contract test asks of a world, simulated or real: hosts that run a probe, and time that goes on. */
import type { TestContext } from 'vitest';
import { AssertionError } from '../../src/env/assert.ts';
import type {
  Codec,
  ConnectionInfo,
  DecodeRejection,
  DialFailure,
  DisconnectReason,
} from '../../src/env/network.ts';
import type { Env, Program, World } from '../../src/env/program.ts';
import type { Address, ConnectionId } from '../../src/env/units.ts';

/** `garbage` is encoded to bytes that are no message, not even with bits of them flipped. */
export type ProbeMessage = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'garbage' };

/** Runs as a handler of the host, with the world of the running boot. */
export interface ProbeCommand {
  run(env: Env<ProbeTypes>): unknown;
}

/** What the probe speaks. */
export interface ProbeTypes extends World {
  message: ProbeMessage;
  event: string;
  command: ProbeCommand;
  answer: unknown;
  snapshot: { readonly calls: number };
}

/** One call that a world made on the probe, or on a callback that a test gave to it. */
export type Call =
  | { readonly kind: 'build' | 'start' | 'stop' | 'command'; readonly boot: number }
  | { readonly kind: 'callback'; readonly boot: number; readonly name: string }
  | {
      readonly kind: 'connected';
      readonly boot: number;
      readonly c: ConnectionId;
      readonly info: ConnectionInfo;
    }
  | {
      readonly kind: 'dialFailed';
      readonly boot: number;
      readonly address: Address;
      readonly reason: DialFailure;
    }
  | {
      readonly kind: 'message';
      readonly boot: number;
      readonly c: ConnectionId;
      readonly message: ProbeMessage;
    }
  | {
      readonly kind: 'malformed';
      readonly boot: number;
      readonly c: ConnectionId;
      readonly reason: DecodeRejection;
    }
  | { readonly kind: 'writable'; readonly boot: number; readonly c: ConnectionId }
  | {
      readonly kind: 'disconnected';
      readonly boot: number;
      readonly c: ConnectionId;
      readonly reason: DisconnectReason;
    };

/** What a test does in the handlers of a probe. */
export interface Hooks {
  build?(env: Env<ProbeTypes>): void;
  connected?(env: Env<ProbeTypes>, c: ConnectionId): void;
  message?(env: Env<ProbeTypes>, c: ConnectionId, message: ProbeMessage): void;
  stop?(env: Env<ProbeTypes>, done: () => void): void;
}

/** A program that writes down every call, over all boots of its host. */
export interface Probe {
  readonly program: Program<ProbeTypes>;
  readonly hooks: Hooks;
  readonly calls: readonly Call[];
  /** Calls of one kind, in order. */
  of<K extends Call['kind']>(kind: K): readonly Extract<Call, { readonly kind: K }>[];
  /** Names of the callbacks that were called, in order. */
  callbacks(): readonly string[];
  /** A callback to give to the world; what it does runs inside the call. */
  callback<A extends readonly unknown[]>(name: string, run?: (...args: A) => void): (...args: A) => void;
  /** Calls that came while another had not returned. Always 0 when the world keeps its word. */
  readonly reentries: number;
}

/** One host of a world. */
export interface TestHost {
  readonly address: Address;
  readonly probe: Probe;
  /** Runs `run` as one handler and answers what it answered; what `run` throws is thrown here, and ends no boot. */
  within<T>(run: (env: Env<ProbeTypes>) => T): Promise<T>;
  /** Builds the program and starts it. The host is down before. */
  readonly boot: () => Promise<void>;
  /** Ends the boot without telling the program. */
  readonly kill: () => Promise<void>;
  /** Undefined: this world cannot. */
  readonly power: (() => Promise<void>) | undefined;
  /** Calls `onStop` and waits until the boot has ended. */
  readonly stop: () => Promise<void>;
}

/** A world made for one test. */
export interface TestWorld {
  readonly hosts: readonly TestHost[];
  /** Lets time go on until the condition holds. Throws when it does not within the world's patience. */
  until(condition: () => boolean): Promise<void>;
  /** Lets that much of the world's time go by. */
  pass(ms: number): Promise<void>;
  /** From now on bytes of messages arrive changed, if the world can do that; a `garbage` message is malformed then. */
  garble(): void;
  dispose(): Promise<void>;
}

/** Makes a world of that many hosts, each booted. Every host holds the keys of `probe-keys.ts`. */
export type WorldFactory = (hosts: number) => Promise<TestWorld>;

/**
 * Runs a test in a world of its own, and at its end checks what holds always.
 * @param needs skips the test, visibly, in a world that cannot lose power.
 */
export function inWorld(
  make: WorldFactory,
  hosts: number,
  run: (world: TestWorld, first: TestHost, second: TestHost) => Promise<void>,
  needs?: 'power',
): (context: TestContext) => Promise<void> {
  return async (context) => {
    const world = await make(hosts);
    try {
      const first = world.hosts[0] as TestHost;
      if (needs === 'power' && first.power === undefined) context.skip('this world cannot lose power');
      await run(world, first, world.hosts[1] ?? first);
      for (const { probe } of world.hosts) {
        if (probe.reentries > 0)
          throw new Error(`the world called back inside a handler ${probe.reentries} times`);
      }
    } finally {
      await world.dispose();
    }
  };
}

/** True when `run` throws an assertion. For use inside handlers. */
export function asserts(run: () => unknown): boolean {
  try {
    run();
  } catch (error) {
    if (error instanceof AssertionError) return true;
    throw error;
  }
  return false;
}

/** A probe for one host. */
export function createProbe(): Probe {
  const calls: Call[] = [];
  const hooks: Hooks = {};
  let boot = 0;
  let depth = 0;
  let reentries = 0;

  function handle(call: Call, run?: () => void): void {
    calls.push(call);
    if (depth > 0) reentries++;
    depth++;
    try {
      run?.();
    } finally {
      depth--;
    }
  }

  return {
    hooks,
    calls,
    of: (kind) =>
      calls.filter((call): call is Extract<Call, { readonly kind: typeof kind }> => call.kind === kind),
    callbacks: () => calls.flatMap((call) => (call.kind === 'callback' ? [call.name] : [])),
    callback(name, run) {
      const mine = boot;
      return (...args) => handle({ kind: 'callback', boot: mine, name }, () => run?.(...args));
    },
    get reentries() {
      return reentries;
    },
    program: (env) => {
      const mine = ++boot;
      handle({ kind: 'build', boot: mine }, () => hooks.build?.(env));
      return {
        onStart: () => handle({ kind: 'start', boot: mine }),
        onConnected: (c, info) =>
          handle({ kind: 'connected', boot: mine, c, info }, () => hooks.connected?.(env, c)),
        onDialFailed: (address, reason) => handle({ kind: 'dialFailed', boot: mine, address, reason }),
        onMessage: (c, message) =>
          handle({ kind: 'message', boot: mine, c, message }, () => hooks.message?.(env, c, message)),
        onMalformed: (c, reason) => handle({ kind: 'malformed', boot: mine, c, reason }),
        onWritable: (c) => handle({ kind: 'writable', boot: mine, c }),
        onDisconnected: (c, reason) => handle({ kind: 'disconnected', boot: mine, c, reason }),
        onCommand: (command, reply) => handle({ kind: 'command', boot: mine }, () => reply(command.run(env))),
        onStop: (done) =>
          handle({ kind: 'stop', boot: mine }, () => {
            if (hooks.stop === undefined) done();
            else hooks.stop(env, done);
          }),
        inspect: () => ({ calls: calls.length }),
      };
    },
  };
}

/** Largest message of the probe, so that its limit can be met without much memory. */
export const PROBE_MESSAGE_MAX_BYTES = 2 * 1024 * 1024;

/** `t` and the text, ASCII without line feed; anything else is no message. */
export const probeCodec: Codec<ProbeMessage> = {
  encode(message) {
    const text = message.kind === 'text' ? `t${message.text}` : '\u0001\u0001\u0001';
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  },
  decode(bytes) {
    if (bytes.length > PROBE_MESSAGE_MAX_BYTES) return { code: 'TOO_LARGE', detail: 'past the limit' };
    if (bytes[0] !== 116) return { code: 'UNKNOWN_KIND', detail: 'no text' };
    let text = '';
    for (let at = 1; at < bytes.length; at += 4_096)
      text += String.fromCharCode(...bytes.subarray(at, Math.min(at + 4_096, bytes.length)));
    return { kind: 'text', text };
  },
  byteLength: (message) => (message.kind === 'text' ? 1 + message.text.length : 3),
  fingerprint(message) {
    if (message.kind === 'garbage') return 1;
    let hash = 2_166_136_261;
    for (let i = 0; i < message.text.length; i++)
      hash = Math.imul(hash ^ message.text.charCodeAt(i), 16_777_619);
    return hash >>> 0;
  },
  kind: (message) => message.kind,
  messageMaxBytes: PROBE_MESSAGE_MAX_BYTES,
};
