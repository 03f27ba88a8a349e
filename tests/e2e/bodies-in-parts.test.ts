import { describe, expect, it } from 'vitest';
import { IN_FLIGHT_MAX_BYTES } from '../../src/chain/peers/answer-window.ts';
import type { ChainWorld } from '../../src/chain/types/command.ts';
import type { Message } from '../../src/chain/types/message.ts';
import { ANSWER_MAX_BYTES, createMessageCodec } from '../../src/chain/types/message-codec.ts';
import type { Env, Program } from '../../src/env/program.ts';
import { address, type ConnectionId, ms } from '../../src/env/units.ts';
import { type NetworkConfig, plainNetwork } from '../../src/sim/network/config.ts';
import { systemOf } from '../support/big-block.ts';
import { liar } from '../support/liar.ts';
import { type HostPlan, NodeWorld, toyConsensus } from '../support/node-world.ts';

/** As much as a block holds: with its header below 1 MiB. */
const BLOCK_BYTES = 1_040_000;
const LATENCY_MS = 20;
/** 2 Mbit/s. */
const BYTES_PER_MS = 250;
const PROBE_MS = 50;
/** What names and numbers around two full bodies add, and the probe itself. */
const AROUND_BYTES = 2_000;
const DELAY_MAX_MS = (IN_FLIGHT_MAX_BYTES + AROUND_BYTES) / BYTES_PER_MS + LATENCY_MS;

const codec = createMessageCodec();
/** The scrub would read every block once a second: they are few and long here. */
const store = { scrubIntervalMs: 3_600_000 };
const plain = { features: { compactBlocks: 'off' }, store } as const;

function slowNetwork(
  hosts: number,
  changes: Partial<NetworkConfig> = {},
): { readonly network: NetworkConfig } {
  const addresses = Array.from({ length: hosts }, (_, i) => address(`host-${i}`));
  const network = plainNetwork(addresses, LATENCY_MS * 1_000);
  return { network: { ...network, uploadKbitPerS: [2_000], stallResetUs: 60_000_000, ...changes } };
}

type Wrapper = (honest: Program<ChainWorld>) => Program<ChainWorld>;

/** Sends a Consensus message that carries its time to every connection, twenty times a second, beside what the node sends. */
const probing: Wrapper = (honest) => (env) => {
  const process = honest(env);
  const connections = new Set<ConnectionId>();
  const probe = (): void => {
    const body = env.clock.wallMs().toString(16).padStart(16, '0');
    for (const c of connections) env.network.send(c, { kind: 'Consensus', body });
    env.clock.setTimer('probe', ms(PROBE_MS), probe);
  };
  return {
    ...process,
    onStart: () => {
      process.onStart();
      env.clock.setTimer('probe', ms(1_000), probe);
    },
    onConnected: (c, info) => {
      connections.add(c);
      process.onConnected(c, info);
    },
    onDisconnected: (c, reason) => {
      connections.delete(c);
      process.onDisconnected(c, reason);
    },
  };
};

/** Takes the probes out, and notes how long each was on its way: wall clocks agree. */
function measuring(delays: number[]): Wrapper {
  return (honest) => (env) => {
    const process = honest(env);
    return {
      ...process,
      onMessage: (from, message) => {
        if (message.kind !== 'Consensus') process.onMessage(from, message);
        else delays.push(env.clock.wallMs() - Number.parseInt(message.body, 16));
      },
    };
  };
}

function spy(seen: Message[]): Wrapper {
  return liar((message) => {
    seen.push(message);
    return message;
  });
}

/** One producer of one block of about 1 MiB, one node that fetches it, and how long a message takes that is sent meanwhile. */
function fetchedOver(config: NonNullable<HostPlan['config']>) {
  const delays: number[] = [];
  const sent: Message[] = [];
  const consensus = toyConsensus(1, 1, systemOf(BLOCK_BYTES));
  const world = new NodeWorld(
    [
      { consensus, config, program: (honest) => probing(spy(sent)(honest)) },
      { dials: [0], config, program: measuring(delays) },
    ],
    slowNetwork(2),
  );
  world.run(20_000);
  expect(world.heights()).toEqual([1, 1]);
  expect(delays.length).toBeGreaterThan(300);
  return { world, delay: Math.max(...delays), largest: Math.max(...sent.map((m) => codec.byteLength(m))) };
}

describe('while a block of 1 MiB travels at 2 Mbit/s', () => {
  it('a message behind it waits for two parts at most: 0.55 s', () => {
    const { world, delay, largest } = fetchedOver(plain);
    expect(world.of('BlockReceived', 1)).toMatchObject([{ height: 1, via: 'full' }]);
    expect(world.of('PeerScored')).toEqual([]);
    expect(largest).toBeGreaterThan(ANSWER_MAX_BYTES);
    expect(largest).toBeLessThan(ANSWER_MAX_BYTES + 512);
    expect(DELAY_MAX_MS).toBeLessThan(553);
    expect(delay).toBeLessThanOrEqual(DELAY_MAX_MS);
    // The window is used: a message waits for more than one part.
    expect(delay).toBeGreaterThan(ANSWER_MAX_BYTES / BYTES_PER_MS);
  });

  it('a message would wait for 8 s where answers may be as long as blocks', () => {
    const { delay, largest } = fetchedOver({ ...plain, limits: { answerBytesMax: 8 * 1_048_576 } });
    expect(largest).toBeGreaterThan(2 * BLOCK_BYTES);
    expect(delay).toBeGreaterThan(8_000);
  });
});

describe('a block of 1 MiB', () => {
  it('takes half as many round trips as it has parts, where latency is all that counts', () => {
    const network = plainNetwork([address('host-0'), address('host-1')], 100_000);
    const consensus = toyConsensus(1, 1, systemOf(BLOCK_BYTES));
    const world = new NodeWorld(
      [
        { consensus, config: plain },
        { dials: [0], config: plain },
      ],
      { network },
    );
    let atMs = 0;
    for (; world.of('BlockReceived', 1).length === 0 && atMs < 10_000; atMs += 50) world.run(50);
    // Built after 1 s; announced and asked for in 0.2 s; 32 parts, the first with the answer, then two a round trip.
    expect(atMs).toBeGreaterThan(1_000 + 200 + 16 * 200 - 200);
    expect(atMs).toBeLessThan(1_000 + 400 + 16 * 200 + 200);
  });
});

describe('a block in parts', () => {
  it('gives the same run where hosts share nothing and every message is encoded and decoded', () => {
    const runOf = (isolate: boolean): string => {
      const plans = [{ consensus: toyConsensus(1, 2, systemOf(200_000)) }, { dials: [0] }, { dials: [1] }];
      const world = new NodeWorld(
        plans.map((plan) => ({ ...plan, config: plain })),
        { isolate },
      );
      world.run(5_000);
      expect(world.heights()).toEqual([2, 2, 2]);
      return world.simulator.traceHash();
    };
    expect(runOf(true)).toBe(runOf(false));
  });
});

describe('a node that joins late', () => {
  it('fetches blocks of 1 MiB from several peers at once, in parts, and no message waits long', () => {
    const delays: number[] = [];
    const served: Message[][] = [[], [], []];
    const consensus = toyConsensus(1, 5, systemOf(BLOCK_BYTES));
    const server = (i: number): Wrapper => {
      const inner = spy(served[i] as Message[]);
      return (honest) => probing(inner(honest));
    };
    const ignoring = measuring([]);
    const plans: HostPlan[] = [
      { consensus, config: plain, program: (honest) => ignoring(server(0)(honest)) },
      { dials: [0], config: plain, program: (honest) => ignoring(server(1)(honest)) },
      { dials: [0], config: plain, program: (honest) => ignoring(server(2)(honest)) },
      { dials: [0, 1, 2], config: plain, startUs: 120_000_000, program: measuring(delays) },
    ];
    const world = new NodeWorld(plans, slowNetwork(4));
    world.run(120_000);
    expect([0, 1, 2].map((host) => world.inspect(host).head.height)).toEqual([5, 5, 5]);
    for (const messages of served) messages.length = 0;
    world.run(60_000);
    expect(world.heights()).toEqual([5, 5, 5, 5]);
    expect(world.of('BlockReceived', 3).every(({ via }) => via === 'sync')).toBe(true);
    for (const messages of served) {
      const parts = messages.filter((m) => m.kind === 'SyncResponse' && m.result.kind === 'part');
      expect(parts.length).toBeGreaterThanOrEqual(32);
      expect(Math.max(...messages.map((m) => codec.byteLength(m)))).toBeLessThan(ANSWER_MAX_BYTES + 512);
    }
    expect(world.of('PeerScored')).toEqual([]);
    expect(world.overBounds()).toEqual([]);
    expect(delays.length).toBeGreaterThan(1_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(DELAY_MAX_MS);
  });
});

/** Changes the parts that an honest node sends, of gossip and of sync alike; undefined: it keeps silent. */
function parts(change: (part: Part, env: Env<ChainWorld>) => Part | undefined): Wrapper {
  return liar((message, env) => {
    if (message.kind !== 'GetBlockResponse' && message.kind !== 'SyncResponse') return message;
    const { result } = message;
    if (result.kind !== 'part') return message;
    const changed = change(result, env);
    return changed === undefined ? undefined : ({ ...message, result: { ...result, ...changed } } as Message);
  });
}

interface Part {
  readonly offset: number;
  readonly size: number;
  readonly bytes: string;
}

const firstOnly = parts((part) => (part.offset === 0 ? part : undefined));
const flipped = parts((part) =>
  part.offset === 65_536 ? { ...part, bytes: `ffff${part.bytes.slice(4)}` } : part,
);
function growing(): Wrapper {
  let more = 0;
  return parts((part) => ({ ...part, size: part.size + ++more }));
}
const short = parts((part) => ({ ...part, bytes: part.bytes.slice(0, 100) }));

describe.each<readonly [string, Wrapper, string | undefined]>([
  ['gives the first part alone', firstOnly, undefined],
  ['gives a wrong part', flipped, 'BODY_MISMATCH'],
  ['states another size each time', growing(), 'BODY_MISMATCH'],
  ['gives less than a part', short, 'BODY_MISMATCH'],
])('a peer that %s', (_, program, fault) => {
  const consensus = toyConsensus(1, 3, systemOf(300_000));

  it('delays the block of gossip, which the next announcer gives', () => {
    // Host 3 hears of everything from the liar first, and a moment later by the longer way over host 2.
    const world = new NodeWorld([
      { consensus, config: plain },
      { dials: [0], config: plain, program },
      { dials: [0], config: plain },
      { dials: [1, 2], config: plain },
    ]);
    world.run(30_000);
    expect(world.heights()).toEqual([3, 3, 3, 3]);
    const { nodeKey } = world.inspect(1);
    const scored = world.of('PeerScored', 3);
    expect(scored.every(({ peer }) => peer === nodeKey)).toBe(true);
    if (fault !== undefined) expect(scored.map((event) => event.fault)).toContain(fault);
    expect(world.overBounds()).toEqual([]);
  });

  it('delays a sync, which others end', () => {
    const world = new NodeWorld([
      { consensus, config: plain },
      { dials: [0], config: plain, program },
      { dials: [1, 0], config: plain, startUs: 10_000_000 },
    ]);
    world.run(100_000);
    expect(world.heights()).toEqual([3, 3, 3]);
    const { nodeKey } = world.inspect(1);
    const dropped = world.of('SyncPeerDropped', 2);
    expect(dropped.length).toBeGreaterThan(0);
    expect(dropped.every(({ peer }) => peer === nodeKey)).toBe(true);
    expect(dropped.map((event) => event.fault)).toContain(fault ?? 'STALLED');
    expect(world.overBounds()).toEqual([]);
  });
});

describe('a compact block of which much is missing', () => {
  it('is filled up in several answers', () => {
    const asked: number[] = [];
    const seen = liar((message) => {
      if (message.kind === 'GetBlock') asked.push(message.indexes?.length ?? -1);
      return message;
    });
    const config = { features: { transactionGossip: false } } as const;
    const pool = { features: { transactionGossip: true } } as const;
    const world = new NodeWorld([
      { consensus: toyConsensus(1, 3), config: pool },
      { dials: [0], config: { features: { ...config.features } }, program: seen },
    ]);
    world.run(300);
    for (let i = 0; i < 400; i++) world.submit(0, world.transfer(i % 16, Math.floor(i / 16)));
    for (let i = 0; i < 16; i++) world.submit(1, world.transfer(i, 0));
    world.run(8_000);
    expect(asked).toEqual([260, 128]);
    expect(world.of('BlockReceived', 1)).toMatchObject([{ via: 'compact' }, { height: 2 }, { height: 3 }]);
    expect(world.headCount()).toBe(1);
    expect(world.of('PeerScored')).toEqual([]);
  });
});
