import { describe, expect, it } from 'vitest';
import { encodePoaConfig, TIE_BREAK } from '../../src/chain/consensus/poa/config.ts';
import { createPoa } from '../../src/chain/consensus/poa/engine.ts';
import { encodeProposal, PROPOSE } from '../../src/chain/consensus/poa/proposals.ts';
import { encodePowConfig } from '../../src/chain/consensus/pow/config.ts';
import { createModelledSearch } from '../../src/chain/consensus/pow/modelled-search.ts';
import { createPow } from '../../src/chain/consensus/pow/pow.ts';
import { encodeRoundRobinConfig } from '../../src/chain/consensus/round-robin/config.ts';
import { createRoundRobin } from '../../src/chain/consensus/round-robin/engine.ts';
import type { Answer, ChainWorld } from '../../src/chain/types/command.ts';
import type { Message } from '../../src/chain/types/message.ts';
import {
  amount,
  blockHash,
  hash,
  height,
  publicKey,
  signature,
  weight,
} from '../../src/chain/types/units.ts';
import { bytesToHex } from '../../src/env/bytes.ts';
import type { Env, Process, Program } from '../../src/env/program.ts';
import { type ConnectionId, ms } from '../../src/env/units.ts';
import { liar } from '../support/liar.ts';
import { type HostPlan, NodeWorld, PERIOD_MS, toyConsensus } from '../support/node-world.ts';

const CUT = {
  kind: 'link',
  change: {
    kind: 'split',
    groups: [
      [0, 2],
      [1, 3],
    ],
  },
} as const;

describe('nodes on one network', () => {
  it('reach one head, two of them', () => {
    const world = new NodeWorld([{ consensus: toyConsensus(1, 20) }, { dials: [0] }]);
    world.run(25 * PERIOD_MS);
    expect(world.heights()).toEqual([20, 20]);
    expect(world.headCount()).toBe(1);
    expect(world.overBounds()).toEqual([]);
    expect(world.of('BlockProduced', 0).length).toBe(20);
    expect(world.of('PeerScored')).toEqual([]);
    expect(world.of('SyncStarted')).toEqual([]);
  });

  it('reach one head, five in a line with three producers that race', () => {
    const hosts: HostPlan[] = [0, 1, 2, 3, 4].map((i) => ({
      dials: i === 0 ? [] : [i - 1],
      ...(i % 2 === 0 ? { consensus: toyConsensus(1 + i, 30) } : {}),
    }));
    const world = new NodeWorld(hosts);
    world.run(45 * PERIOD_MS);
    expect(world.headCount()).toBe(1);
    expect(world.heights()[0]).toBeGreaterThanOrEqual(30);
    expect(world.of('PeerScored')).toEqual([]);
  });

  it('keep one connection of two that dial each other', () => {
    const world = new NodeWorld([{ dials: [1] }, { dials: [0] }]);
    world.run(60_000);
    expect(world.inspect(0).peers.length).toBe(1);
    expect(world.inspect(1).peers.length).toBe(1);
    const refused = world.of('HandshakeRefused').map((event) => event.code);
    expect(refused.every((code) => code === 'DUPLICATE')).toBe(true);
    expect(refused.length).toBeLessThanOrEqual(2);
  });

  it('find each other by discovery from one bootstrap address', () => {
    const config = { limits: { outboundTarget: 4 } };
    const world = new NodeWorld(
      Array.from({ length: 8 }, (_, i) => ({ discovers: i === 0 ? [] : [0], config })),
    );
    world.run(120_000);
    for (let i = 1; i < 8; i++) expect(world.inspect(i).peers.length).toBeGreaterThanOrEqual(4);
    expect(world.of('PeerScored')).toEqual([]);
    expect(world.overBounds()).toEqual([]);
  });

  it('is refused by another chain, and nobody is banned', () => {
    const other = new NodeWorld([{}]).genesis;
    const world = new NodeWorld([{}, { dials: [0], config: { genesis: { ...other, name: 'elsewhere' } } }]);
    world.run(20_000);
    expect(world.of('HandshakeRefused').some((event) => event.code === 'OTHER_GENESIS')).toBe(true);
    expect(world.of('PeerUp')).toEqual([]);
    expect(world.of('PeerBanned')).toEqual([]);
  });
});

describe('engines', () => {
  it.each([2, 5])('%i nodes of round-robin reach one head, each producing in its turn', (count) => {
    const hosts = Array.from({ length: count }, (_, i) => ({
      consensus: createRoundRobin(),
      dials: Array.from({ length: i }, (_, to) => to),
    }));
    const world = new NodeWorld(hosts, {}, (keys) => ({
      engine: 'round-robin',
      engineConfig: encodeRoundRobinConfig({ periodMs: 1_000, skipMs: 500, finalityDepth: 3 }),
      validators: [...keys].sort((a, b) => (a < b ? -1 : 1)).map((key) => ({ key, power: amount(1n) })),
    }));
    world.run(60_500);
    expect(world.headCount()).toBe(1);
    expect(world.heights()[0]).toBeGreaterThanOrEqual(55);
    for (let host = 0; host < count; host++)
      expect(world.of('BlockProduced', host).length).toBeGreaterThan(5);
    expect(world.of('PeerScored')).toEqual([]);
    expect(world.inspect(0).finality.final).toBe((world.heights()[0] ?? 0) - 3);
  });

  it.each([2, 5])('%i authorities reach one head, each signing, and one is voted out', (count) => {
    const hosts = Array.from({ length: count + 1 }, (_, i) => ({
      consensus: createPoa(),
      dials: Array.from({ length: i }, (_, to) => to),
    }));
    const world = new NodeWorld(hosts, {}, (keys) => ({
      engine: 'poa',
      engineConfig: encodePoaConfig({
        periodMs: 1_000,
        wiggleMs: 100,
        epoch: 1_000,
        tieBreak: TIE_BREAK['eip-3436'],
      }),
      validators: [...keys].sort((a, b) => (a < b ? -1 : 1)).map((key) => ({ key, power: amount(1n) })),
    }));
    world.run(60_500);
    expect(world.headCount()).toBe(1);
    expect(world.heights()[0]).toBeGreaterThanOrEqual(55);
    for (let host = 0; host <= count; host++)
      expect(world.of('BlockProduced', host).length).toBeGreaterThan(3);
    expect(world.inspect(0).finality).toMatchObject({
      final: (world.heights()[0] ?? 0) - Math.floor((count + 1) / 2),
      kind: 'depth',
    });
    const answers: Answer[] = [];
    const target = publicKey(world.inspect(count).nodeKey);
    const body = bytesToHex(encodeProposal({ target, what: PROPOSE.drop }));
    for (let host = 0; host < count; host++)
      world.simulator.command(host, { kind: 'Propose', body }, (answer) => answers.push(answer));
    world.simulator.command(0, { kind: 'Propose', body: '00' }, (answer) => answers.push(answer));
    world.run(30_000);
    expect(answers.filter(({ kind }) => kind === 'Done')).toHaveLength(count);
    expect(answers.filter(({ kind }) => kind === 'NotProposed')).toHaveLength(1);
    expect(world.of('ProducersChanged', 0)).toMatchObject([{ producers: count }]);
    const signed = world.of('BlockProduced', count).length;
    world.run(30_000);
    expect(world.of('BlockProduced', count)).toHaveLength(signed);
    expect(world.headCount()).toBe(1);
    expect(world.of('PeerScored')).toEqual([]);
  });

  it('without votes refuse what an operator proposes', () => {
    const world = new NodeWorld([{ consensus: toyConsensus(1, 1) }]);
    const answers: Answer[] = [];
    world.run(1_000);
    for (const body of ['00', 'no hex'])
      world.simulator.command(0, { kind: 'Propose', body }, (answer) => answers.push(answer));
    world.run(1_000);
    expect(answers.map(({ kind }) => kind)).toEqual(['NotProposed', 'NotProposed']);
  });

  it.each([2, 5])('%i miners reach one head, forks and all', (count) => {
    const hashRate = 1_600;
    const hosts = Array.from({ length: count }, (_, i) => ({
      consensus: createPow({ mine: true, hashRate, rebuildMs: 0 }),
      dials: i === 0 ? [] : [i - 1],
      config: { createSearch: (env: Env<ChainWorld>) => createModelledSearch(env, hashRate) },
    }));
    const initialTarget = hash((2n ** 256n / BigInt(hashRate * count) - 1n).toString(16).padStart(64, '0'));
    const world = new NodeWorld(hosts, {}, () => ({
      engine: 'pow',
      engineConfig: encodePowConfig({
        difficulty: { kind: 'constant' },
        initialTarget,
        powLimit: hash('f'.repeat(64)),
        powScale: amount(BigInt((hashRate * count) / 16)),
        finalityDepth: 6,
        issuance: [{ height: height(1), reward: amount(50n) }],
      }),
    }));
    world.run(200_000);
    const heads = new Set(Array.from({ length: count }, (_, host) => world.inspect(host).head.height));
    expect(Math.max(...heads) - Math.min(...heads)).toBeLessThanOrEqual(2);
    const final = Math.min(...heads) - 4;
    const ids = Array.from({ length: count }, (_, host) => {
      const answers: Answer[] = [];
      world.simulator.command(host, { kind: 'GetBlock', at: { height: height(final) } }, (a) =>
        answers.push(a),
      );
      world.run(1);
      return answers[0]?.kind === 'Block' ? answers[0].id : `${host}`;
    });
    expect(new Set(ids).size).toBe(1);
    expect(Math.min(...heads)).toBeGreaterThan(150);
    expect(world.of('PeerScored')).toEqual([]);
  });
});

describe('headers', () => {
  it('with a wrong seal are not passed on, and whoever announces them is banned', () => {
    const forger = liar((message) => {
      if (message.kind !== 'Block') return message;
      return { ...message, header: { ...message.header, seal: `${message.header.seal.slice(0, -2)}00` } };
    });
    const consensus = createRoundRobin();
    const world = new NodeWorld(
      [
        { consensus, program: forger },
        { consensus, dials: [0] },
        { consensus, dials: [1] },
      ],
      {},
      (keys) => ({
        engine: 'round-robin',
        engineConfig: encodeRoundRobinConfig({ periodMs: 1_000, skipMs: 500, finalityDepth: 3 }),
        validators: keys.slice(0, 1).map((key) => ({ key, power: amount(1n) })),
      }),
    );
    world.run(10_000);
    expect(new Set(world.of('PeerScored', 1).map((event) => event.fault))).toEqual(
      new Set(['INVALID_HEADER']),
    );
    expect(world.of('PeerBanned', 1).map((event) => event.peer)).toEqual([world.inspect(0).nodeKey]);
    expect(world.heights().slice(1)).toEqual([0, 0]);
    expect(world.of('PeerScored', 2)).toEqual([]);
  });
});

describe('handshakes', () => {
  it('lose no block that comes while they last', () => {
    for (let startMs = 880; startMs <= 1_000; startMs += 8) {
      const world = new NodeWorld([
        { consensus: toyConsensus(1, 1) },
        { dials: [0], startUs: startMs * 1_000 },
      ]);
      world.run(5_000);
      expect(world.heights()).toEqual([1, 1]);
    }
  });

  it('fail with a signature that is not that of the stated key', () => {
    const impostor = liar((message) =>
      message.kind === 'HandshakeProof' ? { ...message, signature: signature('11'.repeat(64)) } : message,
    );
    const world = new NodeWorld([{}, { dials: [0], program: impostor }]);
    world.run(5_000);
    expect(world.of('HandshakeRefused', 0).map((event) => event.code)).toContain('BAD_PROOF');
    expect(world.of('PeerUp', 0)).toEqual([]);
  });
});

describe('requests', () => {
  const swallow = (kind: Message['kind'], isSwallowed: (message: never) => boolean) =>
    liar((message) => (message.kind === kind && isSwallowed(message as never) ? undefined : message));

  /** Host 4 hears of everything from the mute host 1 first, and a moment later by the longer way over 2 and 3. */
  const paths = (
    mute: NonNullable<HostPlan['program']>,
    config: NonNullable<HostPlan['config']>,
    producer: HostPlan,
  ) =>
    new NodeWorld([
      { ...producer, config },
      { dials: [0], config, program: mute },
      { dials: [0], config },
      { dials: [2], config },
      { dials: [1, 3], config },
    ]);

  it('of a block go to the next announcer when the first does not answer', () => {
    const mute = swallow('GetBlockResponse', () => true);
    const config = { features: { compactBlocks: 'off' } } as const;
    const world = paths(mute, config, { consensus: toyConsensus(1, 1) });
    world.run(4_000);
    expect(world.heights()[4]).toBe(0);
    world.run(4_000);
    expect(world.heights()[4]).toBe(1);
    expect(world.of('SyncStarted', 4)).toEqual([]);
  });

  it('of a block wait for ever where time-outs are off', () => {
    const mute = swallow('GetBlockResponse', () => true);
    const config = { features: { compactBlocks: 'off', requestTimeouts: false } } as const;
    const world = paths(mute, config, { consensus: toyConsensus(1, 1) });
    world.run(60_000);
    expect(world.heights()).toEqual([1, 1, 1, 1, 0]);
  });

  it('of a transaction go to the next announcer when the first does not answer', () => {
    const mute = swallow(
      'Transactions',
      (message: { readonly bodies: readonly unknown[] }) => message.bodies.length > 0,
    );
    const world = paths(mute, {}, {});
    world.run(1_000);
    world.submit(0, world.transfer(0, 0));
    world.run(4_000);
    expect(world.inspect(4).mempool.count).toBe(0);
    world.run(4_000);
    expect(world.inspect(4).mempool.count).toBe(1);
  });
});

describe('limits', () => {
  it('hold for inbound peers, and refusing one bans nobody', () => {
    const world = new NodeWorld([
      { config: { limits: { inboundMax: 2 } } },
      ...Array.from({ length: 5 }, () => ({ dials: [0] })),
    ]);
    world.run(30_000);
    expect(world.inspect(0).peers.length).toBe(2);
    expect(world.of('HandshakeRefused', 0).every((event) => event.code === 'TOO_MANY_PEERS')).toBe(true);
    expect(world.of('PeerBanned')).toEqual([]);
    expect(world.overBounds()).toEqual([]);
  });
});

describe('determinism', () => {
  const hashOf = (isolate: boolean): string => {
    const hosts: HostPlan[] = [
      { consensus: toyConsensus(1) },
      { consensus: toyConsensus(2), dials: [0] },
      { dials: [0, 1] },
      { dials: [2], startUs: 40_000_000 },
    ];
    const world = new NodeWorld(hosts, {
      isolate,
      faults: [
        { id: 'cut', atUs: 10_000_000, ...CUT, forUs: 15_000_000 },
        {
          id: 'kill',
          atUs: 30_000_000,
          kind: 'crash',
          hosts: [2],
          how: 'power',
          downUs: 5_000_000,
          disk: 'keep',
        },
      ],
    });
    for (let i = 0; i < 30; i++) {
      world.run(2_000);
      world.submit(i % 2, world.transfer(i % 10, Math.floor(i / 10)));
    }
    expect(world.of('Reorganised').length).toBeGreaterThan(0);
    return world.simulator.traceHash();
  };

  it('gives one trace to equal runs, shared and isolated', () => {
    const shared = hashOf(false);
    expect(hashOf(false)).toBe(shared);
    expect(hashOf(true)).toBe(shared);
  });
});

describe('transactions', () => {
  it('reach every mempool over any path, are included once, and leave every mempool', () => {
    const world = new NodeWorld([
      { consensus: toyConsensus(1) },
      { dials: [0] },
      { dials: [1] },
      { dials: [2] },
    ]);
    world.run(500);
    const answers = [0, 1, 2, 3, 4].flatMap((from) => {
      const replies = world.submit(3, world.transfer(from, 0));
      world.run(100);
      return replies;
    });
    expect(answers.map((answer) => answer.kind)).toEqual(Array(5).fill('Accepted'));
    world.run(10 * PERIOD_MS);
    for (let host = 0; host < 4; host++) {
      expect(world.of('TransactionAccepted', host).length).toBe(5);
      expect(world.inspect(host).mempool.count).toBe(0);
      expect(world.of('BlockImported', host).reduce((sum, event) => sum + event.txCount, 0)).toBe(5);
    }
    expect(world.of('PeerScored')).toEqual([]);
  });

  it('are told to nobody who is known to have them', () => {
    const told: string[] = [];
    const spy = liar((message) => {
      if (message.kind === 'Transactions') told.push(...message.have);
      return message;
    });
    const world = new NodeWorld([{}, { dials: [0], program: spy }]);
    world.run(1_000);
    world.submit(0, world.transfer(0, 0));
    world.run(2_000);
    expect(world.inspect(1).mempool.count).toBe(1);
    expect(told).toEqual([]);
  });

  it('are refused with a wrong signature', () => {
    const world = new NodeWorld([{}]);
    world.run(10);
    const answers = world.submit(0, { ...world.transfer(0, 0), signature: world.transfer(1, 0).signature });
    world.run(10);
    expect(answers).toEqual([{ kind: 'Refused', why: { code: 'BAD_SIGNATURE' } }]);
  });
});

describe('compact blocks', () => {
  const hosts = (compactBlocks: 'on' | 'off', gossip: boolean): HostPlan[] => [
    { consensus: toyConsensus(1), config: { features: { compactBlocks } } },
    { dials: [0], config: { features: { compactBlocks, transactionGossip: gossip } } },
  ];
  const viaOf = (world: NodeWorld): Set<string> => {
    world.run(300);
    for (let from = 0; from < 10; from++) world.submit(0, world.transfer(from, 0));
    world.run(8 * PERIOD_MS);
    expect(world.headCount()).toBe(1);
    const full = world.of('BlockImported', 1).filter((event) => event.txCount > 0);
    expect(full.reduce((sum, event) => sum + event.txCount, 0)).toBe(10);
    const ids = new Set(full.map((event) => event.id));
    return new Set(world.of('BlockReceived', 1).flatMap((event) => (ids.has(event.id) ? [event.via] : [])));
  };

  it('are rebuilt from the mempool', () => {
    expect(viaOf(new NodeWorld(hosts('on', true)))).toEqual(new Set(['compact']));
  });

  it('are asked for whole when the mempool holds nothing of them', () => {
    expect(viaOf(new NodeWorld(hosts('on', false)))).toEqual(new Set(['full']));
  });

  it('are asked for whole when the feature is off', () => {
    expect(viaOf(new NodeWorld(hosts('off', true)))).toEqual(new Set(['full']));
  });

  it('ask for what is missing by index', () => {
    const sent: Message[] = [];
    const spy = liar((message) => {
      sent.push(message);
      return message;
    });
    const [producer, receiver] = hosts('on', false) as [HostPlan, HostPlan];
    const world = new NodeWorld([producer, { ...receiver, program: spy }]);
    world.run(300);
    for (let from = 0; from < 10; from++) world.submit(0, world.transfer(from, 0));
    for (let from = 0; from < 4; from++) world.submit(1, world.transfer(from, 0));
    world.run(8 * PERIOD_MS);
    const asked = sent.flatMap((message) =>
      message.kind === 'GetBlock' && message.indexes ? [message.indexes.length] : [],
    );
    expect(asked).toEqual([6]);
    expect(world.of('BlockReceived', 1).some((event) => event.via === 'compact')).toBe(true);
    expect(world.headCount()).toBe(1);
  });

  it('fall back to the whole block when the short ids are wrong', () => {
    const wrongIds = liar((message) => {
      if (message.kind !== 'Block' || message.shortIds === undefined) return message;
      return { ...message, shortIds: { ...message.shortIds, nonce: '0000000000000000' } };
    });
    const [producer, receiver] = hosts('on', true) as [HostPlan, HostPlan];
    expect(viaOf(new NodeWorld([{ ...producer, program: wrongIds }, receiver]))).toEqual(new Set(['full']));
  });
});

describe('sync', () => {
  const SYNC_US = 205 * PERIOD_MS * 1_000;

  it('brings a late joiner to the head over 200 blocks', () => {
    const world = new NodeWorld([
      { consensus: toyConsensus(1, 200) },
      { dials: [0] },
      { dials: [0, 1], startUs: SYNC_US },
    ]);
    world.run(SYNC_US / 1_000 + 5_000);
    expect(world.heights()).toEqual([200, 200, 200]);
    expect(world.headCount()).toBe(1);
    expect(world.of('SyncStarted', 2).length).toBe(1);
    expect(world.of('SyncFinished', 2).map((event) => event.at)).toEqual([200]);
    const from = new Set(world.of('BlockReceived', 2).map((event) => event.from));
    expect(from.size).toBe(2);
    expect(world.of('PeerScored')).toEqual([]);
    expect(world.overBounds()).toEqual([]);
  });

  it('goes on while new blocks come', () => {
    const world = new NodeWorld([{ consensus: toyConsensus(1) }, { dials: [0], startUs: SYNC_US }]);
    world.run(SYNC_US / 1_000 + 10 * PERIOD_MS);
    const heights = world.heights();
    expect(Math.abs((heights[0] ?? 0) - (heights[1] ?? 0))).toBeLessThanOrEqual(1);
    expect(heights[1]).toBeGreaterThanOrEqual(210);
  });

  it('fetches from peers the bodies that rotted on the disk', () => {
    const rot = [1, 2, 3].map((i) => ({
      id: `rot-${i}`,
      atUs: 160_000_000,
      kind: 'disk' as const,
      hosts: [1],
      fault: {
        kind: 'bitRotValue' as const,
        target: { kind: 'drawn' as const, draw: i * 1_000_000_007, prefix: '62' },
        bit: 100,
      },
      forUs: 'forever' as const,
    }));
    const kill = {
      id: 'kill',
      atUs: 161_000_000,
      kind: 'crash' as const,
      hosts: [1],
      how: 'kill' as const,
      downUs: 1_000_000,
      disk: 'keep' as const,
    };
    const world = new NodeWorld([{ consensus: toyConsensus(1, 150) }, { dials: [0] }], {
      faults: [...rot, kill],
    });
    world.run(159_000);
    expect(world.heights()).toEqual([150, 150]);
    world.run(60_000);
    const keys = (kind: 'CorruptionDetected' | 'CorruptionRepaired') =>
      [...new Set(world.of(kind, 1).map((e) => e.key))].sort();
    expect(keys('CorruptionDetected').length).toBeGreaterThan(0);
    expect(keys('CorruptionRepaired')).toEqual(keys('CorruptionDetected'));
    expect(world.inspect(1).sync.phase).toBe('idle');
    expect(world.heights()).toEqual([150, 150]);
  });

  const claimsFar = liar((message) => {
    if (message.kind !== 'Handshake' && message.kind !== 'SyncResponse') return message;
    const head = {
      id: blockHash('fe'.repeat(32)),
      height: height(1_000_000),
      weight: weight('7fffffffffffffff'),
    };
    return { ...message, head };
  });
  const silent = liar((message, env) => {
    if (message.kind === 'Handshake')
      return {
        ...message,
        head: {
          ...message.head,
          height: height(500),
          weight: weight('7fffffffffffffff'),
          id: blockHash('fd'.repeat(32)),
        },
      };
    return message.kind === 'SyncResponse' && env.clock.monotonicMs() >= 0 ? undefined : message;
  });
  const garbage = liar((message) => {
    if (message.kind !== 'SyncResponse' || message.result.kind !== 'blocks') return message;
    const blocks = message.result.blocks.map((block) => ({
      ...block,
      system: { evidence: ['ab'], lastCommit: '' },
    }));
    return { ...message, result: { ...message.result, blocks } };
  });
  const badHeaders = liar((message) => {
    if (message.kind !== 'SyncResponse' || message.result.kind !== 'headers') return message;
    const headers = message.result.headers.map((header) => ({ ...header, consensus: 'aaaa' }));
    return { ...message, result: { ...message.result, headers } };
  });
  const withLiar = (program: NonNullable<HostPlan['program']>): NodeWorld => {
    const world = new NodeWorld([
      { consensus: toyConsensus(1, 100) },
      { dials: [0], program },
      { dials: [1, 0], startUs: SYNC_US / 2 },
    ]);
    world.run(SYNC_US / 2_000 + 120_000);
    expect(world.heights()[2]).toBe(100);
    expect(world.inspect(2).head.id).toBe(world.inspect(0).head.id);
    return world;
  };
  const liarKey = (world: NodeWorld) => world.inspect(1).nodeKey;

  it('reaches the head beside a peer that claims a height and has no headers, and bans it', () => {
    const world = withLiar(claimsFar);
    const dropped = world.of('SyncPeerDropped', 2);
    expect(dropped.every((event) => event.peer === liarKey(world) && event.fault === 'FALSE_HEAD')).toBe(
      true,
    );
    expect(dropped.length).toBeGreaterThan(0);
    expect(world.of('PeerBanned', 2).map((event) => event.peer)).toEqual([liarKey(world)]);
  });

  it('reaches the head beside a peer that does not answer', () => {
    const world = withLiar(silent);
    expect(world.of('SyncPeerDropped', 2).some((event) => event.fault === 'STALLED')).toBe(true);
    expect(world.of('PeerBanned')).toEqual([]);
  });

  it('reaches the head beside a peer that sends other bodies, and scores it', () => {
    const world = withLiar(garbage);
    const faults = world.of('PeerScored', 2);
    expect(new Set(faults.map((event) => event.fault))).toEqual(new Set(['BODY_MISMATCH']));
    expect(faults.every((event) => event.peer === liarKey(world))).toBe(true);
  });

  it('reaches the head beside a peer that sends invalid headers, and scores it', () => {
    const world = withLiar(badHeaders);
    expect(world.of('PeerScored', 2).every((event) => event.fault === 'INVALID_HEADER')).toBe(true);
    expect(world.of('PeerScored', 2).length).toBeGreaterThan(0);
  });
});

describe('forks', () => {
  it('end with the heavier branch everywhere, and what the lighter one included is pending again', () => {
    const world = new NodeWorld(
      [
        { consensus: toyConsensus(1, 8), dials: [1] },
        { consensus: toyConsensus(3, 8) },
        { dials: [0] },
        { dials: [1, 2] },
      ],
      { faults: [{ id: 'cut', atUs: 500_000, ...CUT, forUs: 30_000_000 }] },
    );
    world.run(1_000);
    world.submit(2, world.transfer(0, 0));
    world.run(15 * PERIOD_MS);
    expect(world.headCount()).toBe(2);
    world.run(75_000);
    expect(world.headCount()).toBe(1);
    expect(world.inspect(2).head.id).toBe(world.inspect(1).head.id);
    const reorgs = world.of('Reorganised', 2);
    expect(reorgs.map((event) => event.returned)).toEqual([1]);
    expect(world.of('TransactionAccepted', 2).map((event) => event.origin)).toEqual(['local', 'reorg']);
    for (let host = 0; host < 4; host++) expect(world.inspect(host).mempool.count).toBe(1);
    expect(world.of('PeerBanned')).toEqual([]);
  });
});

describe('restarts', () => {
  it('go on from the same disk', () => {
    const world = new NodeWorld([{ consensus: toyConsensus(1) }, { dials: [0] }], {
      faults: [
        { id: 'stop', atUs: 20_500_000, kind: 'stop', hosts: [1], deadlineUs: 1_000_000, downUs: 5_000_000 },
        {
          id: 'power',
          atUs: 40_500_000,
          kind: 'crash',
          hosts: [1],
          how: 'power',
          downUs: 5_000_000,
          disk: 'keep',
        },
      ],
    });
    world.run(90_500);
    const starts = world.of('NodeStarted', 1);
    expect(starts.length).toBe(3);
    expect(starts[1]?.height).toBeGreaterThanOrEqual(18);
    expect(starts[2]?.height).toBeGreaterThanOrEqual(36);
    expect(world.of('NodeStopped', 1).length).toBe(1);
    expect(world.headCount()).toBe(1);
    expect(world.heights()[1]).toBeGreaterThanOrEqual(85);
  });

  it('catch up with an empty disk', () => {
    const world = new NodeWorld([{ consensus: toyConsensus(1) }, { dials: [0] }], {
      faults: [
        {
          id: 'kill',
          atUs: 30_500_000,
          kind: 'crash',
          hosts: [1],
          how: 'kill',
          downUs: 1_000_000,
          disk: 'empty',
        },
      ],
    });
    world.run(60_500);
    expect(world.of('NodeStarted', 1).map((event) => event.height)).toEqual([0, 0]);
    expect(world.headCount()).toBe(1);
  });
});

describe('upgrades', () => {
  it('stop a node that does not know the version of a header, and ban nobody', () => {
    const upgraded = { protocolMax: 2, schedule: [{ height: height(10), version: 2 }] };
    const world = new NodeWorld([
      { consensus: toyConsensus(1), config: upgraded },
      { dials: [0], config: upgraded },
      { dials: [0, 1] },
    ]);
    world.run(20_500);
    expect(world.of('NodeHalted', 2).map((event) => event.code)).toEqual(['UPGRADE_REQUIRED']);
    expect(world.inspect(2).halted).toBe('UPGRADE_REQUIRED');
    expect(world.heights()).toEqual([20, 20, 9]);
    expect(world.of('PeerBanned')).toEqual([]);
    expect(world.of('PeerScored')).toEqual([]);
    expect(world.inspect(0).peers.length).toBe(1);
  });
});

describe('bad peers', () => {
  /** Sends one message a second as soon as the handshake is done. */
  const nagging =
    (message: Message) =>
    (honest: Program<ChainWorld>): Program<ChainWorld> =>
    (env) => {
      const inner = honest(env);
      const nag = (c: ConnectionId): void => {
        env.clock.setTimer('nag', ms(1_000), () => {
          env.network.send(c, message);
          nag(c);
        });
      };
      return {
        ...bindAll(inner),
        onConnected: (c, info) => {
          inner.onConnected(c, info);
          nag(c);
        },
      };
    };
  const bindAll = (inner: Process<ChainWorld>): Process<ChainWorld> => ({ ...inner });
  const afterNagging = (message: Message): NodeWorld => {
    const world = new NodeWorld([{}, { dials: [0], program: nagging(message) }]);
    world.run(120_000);
    return world;
  };

  it('are banned for messages of a handshake after the handshake', () => {
    const world = afterNagging({ kind: 'HandshakeProof', signature: '00'.repeat(64) as never });
    expect(world.of('PeerBanned', 0).map((event) => event.fault)).toEqual(['UNEXPECTED_MESSAGE']);
  });

  it('are banned for what the engine faults', () => {
    const world = afterNagging({ kind: 'Consensus', body: 'ff' });
    expect(world.of('PeerBanned', 0).map((event) => event.fault)).toEqual(['ENGINE']);
  });

  it('are banned for transactions that nobody may relay', () => {
    const bad = new NodeWorld([{}]);
    const transaction = { ...bad.transfer(0, 0), signature: bad.transfer(1, 0).signature };
    const world = afterNagging({ kind: 'Transactions', have: [], want: [], bodies: [transaction] });
    expect(world.of('PeerScored', 0).every((event) => event.fault === 'UNREQUESTED')).toBe(true);
    expect(world.of('TransactionAccepted', 0)).toEqual([]);
  });
});
