import { describe, expect, it } from 'vitest';
import { CHECKSUM_BYTES, PREFIX, snapshotKey } from '../../src/chain/blockstore/records.ts';
import { sha256 } from '../../src/chain/crypto/sha256.ts';
import { decodeManifest, encodeManifest, snapshotId } from '../../src/chain/snapshot/manifest.ts';
import type { ChainWorld } from '../../src/chain/types/command.ts';
import type { DomainEvent } from '../../src/chain/types/event.ts';
import type { Message } from '../../src/chain/types/message.ts';
import { PART_MAX_BYTES } from '../../src/chain/types/message-codec.ts';
import { accountAddress, amount, type Hash, hash } from '../../src/chain/types/units.ts';
import { bytesToHex, hexToBytes } from '../../src/env/bytes.ts';
import type { Env, Program } from '../../src/env/program.ts';
import { address, type ConnectionId } from '../../src/env/units.ts';
import { committeeWorld } from '../support/committee.ts';
import { type HostPlan, NodeWorld, PERIOD_MS, toyConsensus } from '../support/node-world.ts';

const STORE = { baseDepth: 4, undoDepth: 12, snapshotInterval: 10, snapshotChunkBytes: 400 };
const config = { store: STORE };
/** The chain is 40 blocks long when the new node comes. */
const JOINS_MS = 40_500;
const JOINER = 3;

/** An honest node, some of whose ports are others. */
function around(change: (env: Env<ChainWorld>) => Partial<Env<ChainWorld>>) {
  return (honest: Program<ChainWorld>): Program<ChainWorld> =>
    (env) =>
      honest({
        clock: env.clock,
        network: env.network,
        storage: env.storage,
        random: env.random,
        crypto: env.crypto,
        memo: env.memo,
        emit: (event) => env.emit(event),
        spend: (kind, units) => env.spend(kind, units),
        ...change(env),
      });
}

/** Changes what an honest node sends; undefined: the message is swallowed. */
function liar(change: (message: Message) => Message | undefined) {
  return around(({ network }) => ({
    network: {
      dial: (address) => network.dial(address),
      close: (c, how, reason) => network.close(c, how, reason),
      send: (to: ConnectionId, message: Message) => {
        const changed = change(message);
        return changed === undefined ? 'queued' : network.send(to, changed);
      },
    },
  }));
}

/** The first leaf of the state is never there when it is read. */
const forgetfulDisk = around(({ storage }) => ({
  storage: {
    get: (key) => storage.get(key),
    write: (ops) => storage.write(ops),
    flush: (onDurable) => storage.flush(onDurable),
    scan: (range, limit, reverse) => {
      const entries = storage.scan(range, limit, reverse);
      const isState = range.start.length === 1 && range.start[0] === PREFIX.state;
      return isState ? entries.slice(1) : entries;
    },
  },
}));

type SnapshotPart = Extract<
  Extract<Message, { kind: 'SyncResponse' }>['result'],
  { readonly kind: 'snapshot' }
>;

/** Changes the parts of snapshots that an honest node sends, and nothing else. */
function badParts(change: (part: SnapshotPart) => SnapshotPart | undefined) {
  return liar((message) => {
    if (message.kind !== 'SyncResponse' || message.result.kind !== 'snapshot') return message;
    const result = change(message.result);
    return result === undefined ? undefined : { ...message, result };
  });
}

function flipped({ size, bytes }: SnapshotPart): SnapshotPart {
  const changed = hexToBytes(bytes) ?? new Uint8Array(1);
  changed[changed.length >> 1] = (changed[changed.length >> 1] as number) ^ 1;
  return { kind: 'snapshot', size, bytes: bytesToHex(changed) };
}

/** States another size each time. */
function growing(): (part: SnapshotPart) => SnapshotPart {
  let more = 0;
  return (part) => ({ ...part, size: part.size + ++more });
}

interface Cast {
  readonly servers?: readonly HostPlan['program'][];
  readonly trusted?: (made: readonly Extract<DomainEvent, { kind: 'SnapshotMade' }>[]) => Hash;
  readonly joiner?: HostPlan;
  /** Blocks that are built in all: with 45 nobody drops the snapshot of height 30. */
  readonly blocks?: number;
}

/** Three nodes with forty blocks, of which host 0 builds all, and one that begins with a snapshot of theirs. */
function worldOf({
  servers = [],
  trusted = (made) => made.at(-1)?.id as Hash,
  joiner = {},
  blocks = 60,
}: Cast = {}) {
  const plan = (i: number, rest: HostPlan): HostPlan => {
    const program = servers[i];
    return { config, ...rest, ...(program === undefined ? {} : { program }) };
  };
  const world: NodeWorld = new NodeWorld([
    plan(0, { consensus: toyConsensus(1, blocks) }),
    plan(1, { dials: [0] }),
    plan(2, { dials: [0, 1] }),
    {
      dials: [0, 1, 2],
      startUs: JOINS_MS * 1_000,
      config: () => ({ ...config, snapshot: { trusted: trusted(world.of('SnapshotMade', 0)) } }),
      ...joiner,
    },
  ]);
  return world;
}

describe('a node that begins with a snapshot', () => {
  it('fetches its chunks from several peers, then the blocks above it, and agrees with all', () => {
    const served = [0, 0, 0];
    const counting = served.map((_, i) =>
      badParts((part) => {
        served[i] = (served[i] as number) + 1;
        return part;
      }),
    );
    const world = worldOf({ servers: counting });
    world.run(JOINS_MS + 4_000);
    expect(world.of('SnapshotMade', 0).map(({ height }) => height)).toEqual([10, 20, 30]);
    expect(world.of('SnapshotMade', 1)).toEqual(world.of('SnapshotMade', 0));
    const started = world.of('SnapshotFetchStarted', JOINER);
    expect(started).toHaveLength(1);
    expect(started[0]).toMatchObject({ height: 30, received: 0 });
    expect(started[0]?.chunks).toBeGreaterThan(4);
    expect(served.every((parts) => parts > 0)).toBe(true);
    expect(world.of('SnapshotInstalled', JOINER)).toHaveLength(1);
    world.run(25 * PERIOD_MS);
    expect(world.heights()).toEqual([60, 60, 60, 60]);
    expect(world.headCount()).toBe(1);
    const synced = world.of('BlockReceived', JOINER).map(({ height }) => height);
    expect(Math.min(...synced)).toBe(31);
    expect(world.of('PeerScored')).toEqual([]);
    expect(world.of('CorruptionDetected')).toEqual([]);
    expect(world.overBounds()).toEqual([]);
    // What follows is the same on all: snapshots too.
    const later = world.of('SnapshotMade', JOINER).map(({ id }) => id);
    expect(later.length).toBeGreaterThan(1);
    expect(world.of('SnapshotMade', 0).map(({ id }) => id)).toEqual(expect.arrayContaining(later));
  });

  it('serves it in its turn to the next', () => {
    const world = new NodeWorld([
      { config, consensus: toyConsensus(1, 60) },
      {
        dials: [0],
        startUs: JOINS_MS * 1_000,
        config: () => ({ ...config, snapshot: { trusted: world.of('SnapshotMade', 0).at(-1)?.id as Hash } }),
      },
      {
        dials: [1],
        startUs: (JOINS_MS + 3_000) * 1_000,
        config: () => ({ ...config, snapshot: { trusted: world.of('SnapshotInstalled', 1)[0]?.id as Hash } }),
      },
    ]);
    world.run(JOINS_MS + 30_000);
    expect(world.of('SnapshotInstalled').map(({ height }) => height)).toEqual([30, 30]);
    expect(world.headCount()).toBe(1);
    expect(world.of('PeerScored')).toEqual([]);
  });

  it('goes on after a crash where it was, whatever of it was received', () => {
    const world = worldOf({ joiner: { dials: [0] } });
    world.run(JOINS_MS);
    for (const how of ['power', 'kill', 'kill'] as const) {
      const fetches = world.of('SnapshotFetchStarted', JOINER).length;
      for (let turn = 0; turn < 200 && world.of('SnapshotFetchStarted', JOINER).length === fetches; turn++)
        world.run(10);
      world.run(90);
      const atUs = world.simulator.nowUs();
      const id = `crash/${fetches}`;
      world.simulator.inject({
        id,
        atUs,
        kind: 'crash',
        hosts: [JOINER],
        how,
        downUs: 100_000,
        disk: 'keep',
      });
    }
    world.run(30_000);
    const started = world.of('SnapshotFetchStarted', JOINER);
    expect(started.length).toBeGreaterThan(1);
    expect(started.some(({ received, chunks }) => received > 0 && received < chunks)).toBe(true);
    expect(world.of('SnapshotInstalled', JOINER)).toHaveLength(1);
    expect(world.headCount()).toBe(1);
    expect(world.of('CorruptionDetected')).toEqual([]);
  });

  it('works where blocks have certificates', () => {
    const world: NodeWorld = committeeWorld(
      [
        {
          dials: [0, 1],
          startUs: 50_500_000,
          config: () => ({
            ...config,
            snapshot: { trusted: world.of('SnapshotMade', 0).at(-1)?.id as Hash },
          }),
        },
      ],
      { until: 45 },
      {},
      config,
    );
    world.run(80_000);
    expect(world.of('SnapshotInstalled', 3).map(({ height }) => height)).toEqual([40]);
    expect(world.heights()).toEqual([45, 45, 45, 45]);
    expect(world.headCount()).toBe(1);
    expect(world.of('PeerScored')).toEqual([]);
    expect(world.of('CorruptionDetected')).toEqual([]);
  });

  it('asks for long items part by part, each small enough that other messages pass in between', () => {
    const sizes: number[] = [];
    const measuring = badParts((part) => {
      sizes.push(part.bytes.length / 2);
      return part;
    });
    const store = { ...STORE, snapshotChunkBytes: 200_000 };
    const allocation = Array.from({ length: 2_000 }, (_, i) => ({
      address: accountAddress(i.toString(16).padStart(64, '0')),
      balance: amount(7n),
    }));
    const world: NodeWorld = new NodeWorld(
      [
        { config: { store }, consensus: toyConsensus(1, 40), program: measuring },
        {
          dials: [0],
          startUs: 30_500_000,
          config: () => ({ store, snapshot: { trusted: world.of('SnapshotMade', 0).at(-1)?.id as Hash } }),
        },
      ],
      {},
      () => ({ allocation }),
    );
    world.run(60_000);
    expect(world.of('SnapshotInstalled', 1).map(({ chunks }) => chunks)).toEqual([2]);
    expect(sizes.filter((size) => size === PART_MAX_BYTES).length).toBeGreaterThan(6);
    expect(Math.max(...sizes)).toBe(PART_MAX_BYTES);
    expect(world.heights()).toEqual([40, 40]);
    expect(world.of('PeerScored')).toEqual([]);
  });

  it('has no headers from below it for others, which is nobody’s fault: they ask somebody else', () => {
    const world: NodeWorld = new NodeWorld([
      { config, consensus: toyConsensus(1, 42) },
      {
        dials: [0],
        startUs: 30_500_000,
        config: () => ({ ...config, snapshot: { trusted: world.of('SnapshotMade', 0).at(-1)?.id as Hash } }),
      },
      { dials: [1], config, startUs: 36_000_000 },
    ]);
    world.run(60_000);
    expect(world.heights()).toEqual([42, 42, 0]);
    expect(world.of('PeerScored')).toEqual([]);
    world.simulator.command(2, { kind: 'Dial', address: address('host-0') }, () => undefined);
    world.run(30_000);
    expect(world.heights()).toEqual([42, 42, 42]);
    expect(world.of('PeerScored')).toEqual([]);
  });

  it('waits, and says so, while nobody has it; it begins no other chain meanwhile', () => {
    const world = worldOf({ trusted: () => hash('5'.repeat(64)) });
    world.run(JOINS_MS + 20_000);
    expect(world.of('SnapshotUnavailable', JOINER).length).toBeGreaterThan(2);
    expect(world.heights()).toEqual([60, 60, 60, 0]);
    expect(world.inspect(JOINER).sync.phase).toBe('snapshot');
    expect(world.submit(JOINER, world.transfer(0, 0))).toEqual([]);
    world.run(100);
    expect(world.of('PeerScored')).toEqual([]);
    expect(world.of('SyncStarted', JOINER)).toEqual([]);
  });

  it('leaves it aside when the disk does not keep its state, and fetches the blocks from genesis on', () => {
    const world = worldOf({ joiner: { program: forgetfulDisk } });
    world.run(JOINS_MS + 30_000);
    expect(world.of('SnapshotFetchStarted', JOINER)).toHaveLength(3);
    expect(world.of('SnapshotInstalled', JOINER)).toEqual([]);
    expect(world.of('SnapshotLeftAside', JOINER)).toEqual([
      expect.objectContaining({ id: world.of('SnapshotMade', 0)[2]?.id, installs: 3 }),
    ]);
    expect(world.heights()).toEqual([60, 60, 60, 60]);
    expect(world.headCount()).toBe(1);
  });

  it('takes no notice of a snapshot once it has blocks', () => {
    const world = worldOf({ joiner: { startUs: 0 }, trusted: (made) => made[0]?.id ?? hash('5'.repeat(64)) });
    world.run(10_000);
    expect(world.heights()[JOINER]).toBe(0);
    const other = worldOf({ joiner: { startUs: 0, config } });
    other.run(20_000);
    expect(other.heights()[JOINER]).toBeGreaterThan(15);
  });
});

describe('servers of snapshots that lie', () => {
  function outcome(program: HostPlan['program'], everybody = false) {
    const world = worldOf({
      servers: everybody ? [program, program, program] : [undefined, program, undefined],
    });
    world.run(JOINS_MS + 15_000);
    return world;
  }

  it.each([
    ['in the bytes of chunks and manifest', badParts(flipped)],
    [
      'with the bytes of another item',
      badParts((part) => ({ ...part, bytes: part.bytes.replaceAll('0', '1') })),
    ],
    ['with a part that is too short', badParts((part) => ({ ...part, bytes: part.bytes.slice(2) }))],
    ['with a size beyond all limits', badParts((part) => ({ ...part, size: 0xffff_ffff }))],
    ['with a size that changes', badParts(growing())],
    ['with an empty item', badParts((part) => ({ ...part, size: 0, bytes: '' }))],
  ])('%s are scored, and honest peers give what they did not', (_, program) => {
    const world = outcome(program);
    const scored = world.of('PeerScored', JOINER);
    expect(new Set(scored.map(({ fault }) => fault))).toEqual(new Set(['INVALID_SNAPSHOT']));
    expect(new Set(scored.map(({ peer }) => peer))).toEqual(new Set([world.inspect(1).nodeKey]));
    expect(world.of('SnapshotInstalled', JOINER)).toHaveLength(1);
    expect(world.headCount()).toBe(1);
  });

  it('are banned, and nothing of theirs is kept, where there is nobody else', () => {
    const world = outcome(badParts(flipped), true);
    world.run(30_000);
    expect(world.of('SnapshotInstalled', JOINER)).toEqual([]);
    expect(new Set(world.of('PeerBanned', JOINER).map(({ peer }) => peer))).toEqual(
      new Set([0, 1, 2].map((host) => world.inspect(host).nodeKey)),
    );
    expect(world.heights()[JOINER]).toBe(0);
  });

  it('by silence lose their turn', () => {
    const world = worldOf({ servers: [undefined, badParts(() => undefined), undefined], blocks: 45 });
    world.run(JOINS_MS + 60_000);
    const dropped = world.of('SyncPeerDropped', JOINER);
    expect(dropped.map(({ fault }) => fault)).toContain('STALLED');
    expect(new Set(dropped.map(({ peer }) => peer))).toEqual(new Set([world.inspect(1).nodeKey]));
    expect(world.of('SnapshotInstalled', JOINER)).toHaveLength(1);
  });

  it('with what nobody asked for are scored', () => {
    let forged = false;
    const talker = liar((message) => {
      if (message.kind !== 'SyncResponse' || message.result.kind !== 'snapshot' || forged) return message;
      forged = true;
      return { ...message, requestId: 9_999 };
    });
    const world = worldOf({ servers: [undefined, talker, undefined], blocks: 45 });
    world.run(JOINS_MS + 60_000);
    expect(world.of('PeerScored', JOINER).map(({ fault }) => fault)).toContain('UNREQUESTED');
    expect(world.of('SnapshotInstalled', JOINER)).toHaveLength(1);
  });
});

type Manifest = Exclude<ReturnType<typeof decodeManifest>, { code: string }>;

/** Answers for the forged id with a manifest of its own making, and with honest chunks. */
function impostor(forged: Uint8Array, realId: Hash): HostPlan['program'] {
  const forgedId = snapshotId(forged, sha256);
  return (honest) => (env) => {
    const process = honest(env);
    return {
      ...process,
      onMessage(from, message) {
        if (message.kind !== 'SyncRequest' || message.want.kind !== 'snapshot')
          return process.onMessage(from, message);
        const { requestId, want } = message;
        if (want.id !== forgedId) return process.onMessage(from, message);
        if (want.item > 0) return process.onMessage(from, { ...message, want: { ...want, id: realId } });
        const result = { kind: 'snapshot', size: forged.length, bytes: bytesToHex(forged) } as const;
        env.network.send(from, { kind: 'SyncResponse', requestId, head: process.inspect().head, result });
      },
    };
  };
}

describe('a trusted id', () => {
  const learned = worldOf();
  learned.run(JOINS_MS);
  const real = learned.of('SnapshotMade', 0).at(-1);
  const record = learned.simulator.disk(0).pristine.get(snapshotKey(real?.height ?? 0, 0));
  const honest = record?.slice(CHECKSUM_BYTES) ?? new Uint8Array(0);
  const manifest = decodeManifest(honest) as Manifest;

  it('is the hash of the manifest, which the records of all servers share', () => {
    expect(snapshotId(honest, sha256)).toBe(real?.id);
  });

  it.each<readonly [string, string, Uint8Array]>([
    ['of another chain', 'OTHER_CHAIN', encodeManifest({ ...manifest, genesisId: manifest.header.parent })],
    [
      'with a false history',
      'HISTORY_MISMATCH',
      encodeManifest({ ...manifest, peaks: manifest.peaks.slice(1) }),
    ],
    ['with no view of the engine', 'BAD_VIEW', encodeManifest({ ...manifest, view: '00' })],
    [
      'with a wrong count of leaves',
      'leaves',
      encodeManifest({ ...manifest, leafCount: manifest.leafCount + 1 }),
    ],
    ['of bytes that are no manifest', 'no manifest', Uint8Array.of(1, 2, 3)],
  ])('%s stops the node, which blames no peer', (_, fact, forged) => {
    const server = impostor(forged, real?.id as Hash);
    const trusted = snapshotId(forged, sha256);
    const world = worldOf({ servers: [server, server, server], trusted: () => trusted });
    world.run(JOINS_MS + 5_000);
    const halted = world.of('NodeHalted', JOINER);
    expect(halted.map(({ code }) => code)).toEqual(['SNAPSHOT_UNUSABLE']);
    expect(halted[0]?.fact).toContain(fact);
    expect(world.of('PeerScored', JOINER)).toEqual([]);
    expect(world.of('SnapshotInstalled', JOINER)).toEqual([]);
  });
});
