import { describe, expect, it } from 'vitest';
import { type HostPlan, NodeWorld, toyConsensus } from '../support/node-world.ts';

/** The keys of the peers of a host. */
function peersOf(world: NodeWorld, host: number): readonly string[] {
  return world.inspect(host).peers.map(({ peer }) => peer);
}

function keyOf(world: NodeWorld, host: number): string {
  return world.inspect(host).nodeKey;
}

describe('inbound places that are all taken', () => {
  const INBOUND = 12;
  const ATTACKERS = 20;
  const HONEST = 4;
  const target: HostPlan = { config: { limits: { inboundMax: INBOUND } }, address: '192.0.2.1:1' };
  const attackers = Array.from({ length: ATTACKERS }, (_, i): HostPlan => {
    return { dials: [0], address: `10.66.${i}.1:1` };
  });
  const honest = (startUs: number) =>
    Array.from({ length: HONEST }, (_, i): HostPlan => {
      return { dials: [0], address: `10.${100 + i}.0.1:1`, startUs };
    });
  const evicted = (world: NodeWorld) =>
    world
      .of('PeerDown', 0)
      .filter(({ reason }) => reason === 'evicted')
      .map(({ peer }) => peer);
  const isHonest = (world: NodeWorld) => {
    const keys = Array.from({ length: HONEST }, (_, i) => keyOf(world, 1 + ATTACKERS + i));
    return (peer: string) => keys.includes(peer);
  };

  it('by one group of addresses are given up to peers of others', () => {
    const world = new NodeWorld([target, ...attackers, ...honest(30_000_000)]);
    world.run(29_000);
    expect(peersOf(world, 0)).toHaveLength(INBOUND);
    world.run(31_000);
    expect(peersOf(world, 0).filter(isHonest(world))).toHaveLength(HONEST);
    expect(peersOf(world, 0)).toHaveLength(INBOUND);
    expect(evicted(world).length).toBeGreaterThanOrEqual(HONEST);
    expect(evicted(world).filter(isHonest(world))).toEqual([]);
    expect(world.overBounds()).toEqual([]);
  });

  it('are not given to a group that comes in numbers: peers of others stay', () => {
    const late = attackers.map((plan) => ({ ...plan, startUs: 30_000_000 }));
    const world = new NodeWorld([target, ...late, ...honest(0)]);
    world.run(120_000);
    expect(peersOf(world, 0).filter(isHonest(world))).toHaveLength(HONEST);
    expect(evicted(world).filter(isHonest(world))).toEqual([]);
    expect(evicted(world).length).toBeGreaterThanOrEqual(ATTACKERS + HONEST - INBOUND);
  });
});

/** Host 0 finds hosts 2 and 3 through host 1, which then is gone for ever; 2 and 3 dial nobody but 1. */
function neighbourhood(disk: 'keep' | 'empty'): NodeWorld {
  const downUs = 5_000_000;
  const crash = { kind: 'crash', how: 'power', disk } as const;
  return new NodeWorld(
    [
      { discovers: [1], consensus: toyConsensus(1) },
      { discovers: [] },
      { dials: [1], consensus: toyConsensus(0) },
      { dials: [1], consensus: toyConsensus(0) },
    ],
    {
      faults: [
        { ...crash, id: 'seed', atUs: 60_000_000, hosts: [1], disk: 'keep', downUs: 'forever' },
        { ...crash, id: 'self', atUs: 60_500_000, hosts: [0], downUs },
      ],
    },
  );
}

describe('a node that starts again', () => {
  it('comes back to its anchors, though all that it was told of is gone', () => {
    const world = neighbourhood('keep').run(59_000);
    expect(peersOf(world, 0)).toHaveLength(3);
    world.run(31_000);
    const back = world.inspect(0).peers.map(({ peer, direction }) => [peer, direction]);
    expect(new Set(back)).toEqual(
      new Set([
        [keyOf(world, 2), 'out'],
        [keyOf(world, 3), 'out'],
      ]),
    );
    expect(world.headCount()).toBe(1);
  });

  it('without a disk knows nobody', () => {
    const world = neighbourhood('empty').run(90_000);
    expect(world.inspect(0).peers).toEqual([]);
  });
});

describe('a feeler', () => {
  it('tries an address that was only heard of, and lets go of it', () => {
    const world = new NodeWorld([
      { discovers: [1], config: { limits: { outboundTarget: 1 } } },
      { discovers: [], config: { limits: { outboundTarget: 0 } } },
      { dials: [1] },
      { dials: [1] },
    ]);
    world.run(59_000);
    expect(peersOf(world, 0)).toEqual([keyOf(world, 1)]);
    expect(world.inspect(0).knownAddresses).toBe(3);
    world.run(600_000);
    const tried = world.of('PeerDown', 0).filter(({ reason }) => reason === 'feeler');
    expect(new Set(tried.map(({ peer }) => peer))).toEqual(new Set([keyOf(world, 2), keyOf(world, 3)]));
    // Each once: then it is proven, and feelers look for others.
    expect(tried).toHaveLength(2);
    expect(peersOf(world, 0)).toEqual([keyOf(world, 1)]);
    expect(world.of('PeerScored')).toEqual([]);
  });

  it('lets go of a peer that it reaches by another way, and not of the connection that is there', () => {
    const world = new NodeWorld([
      { discovers: [], config: { limits: { outboundTarget: 0 } } },
      ...[1, 2, 3, 4].map((): HostPlan => ({ dials: [0] })),
    ]);
    world.run(1_200_000);
    const refused = world.of('HandshakeRefused', 0).filter(({ code }) => code === 'DUPLICATE');
    expect(refused.length).toBeGreaterThan(4);
    expect(world.of('PeerDown')).toEqual([]);
  });
});
