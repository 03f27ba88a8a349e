import { describe, expect, it } from 'vitest';
import { encodePosConfig, POS_NAME } from '../../src/chain/consensus/pos/config.ts';
import { createPos } from '../../src/chain/consensus/pos/engine.ts';
import { posTestConfig } from '../../src/chain/consensus/pos/test-chain.ts';
import { amount } from '../../src/chain/types/units.ts';
import { type HostPlan, NodeWorld } from '../support/node-world.ts';

const SETTINGS = posTestConfig({
  proposeMs: 600,
  proposeDeltaMs: 100,
  prevoteMs: 200,
  prevoteDeltaMs: 100,
  precommitMs: 200,
  precommitDeltaMs: 100,
  commitMs: 500,
  safeHeights: 4,
});

/** Validators, each connected to all; then others. */
function posWorld(
  validators: number,
  others: readonly HostPlan[] = [],
  overrides: ConstructorParameters<typeof NodeWorld>[1] = {},
): NodeWorld {
  const consensus = createPos();
  const config = { isVouched: true };
  // An operator vouches for the first boot of each.
  const boots = Array.from({ length: validators }, () => 0);
  const members = Array.from({ length: validators }, (_, i) => ({
    consensus,
    config: () => ({ isVouched: (boots[i] = (boots[i] ?? 0) + 1) === 1 }),
    dials: Array.from({ length: i }, (_unused, to) => to),
  }));
  const followers = others.map((plan) => ({ consensus, config, ...plan }));
  return new NodeWorld([...members, ...followers], overrides, (nodeKeys) => ({
    engine: POS_NAME,
    engineConfig: encodePosConfig(SETTINGS),
    validators: nodeKeys
      .slice(0, validators)
      .sort()
      .map((key) => ({ key, power: amount(10_000n) })),
  }));
}

/** True when all nodes have nearly the same height, at least this one. */
function isLevel(world: NodeWorld, atLeast: number): boolean {
  const heights = world.heights();
  return Math.min(...heights) >= atLeast && Math.max(...heights) - Math.min(...heights) <= 1;
}

describe('nodes with stake', () => {
  it('grow a chain, carry transactions, and need no sync', () => {
    const world = posWorld(4, [{ dials: [0, 1] }]);
    world.run(2_500);
    const answers = world.submit(4, world.transfer(0, 0));
    world.run(40_000);
    expect(answers).toMatchObject([{ kind: 'Accepted' }]);
    expect(isLevel(world, 50)).toBe(true);
    expect(world.of('BlockImported', 2).reduce((sum, { txCount }) => sum + txCount, 0)).toBe(1);
    expect(world.of('PeerScored')).toEqual([]);
    expect(world.of('BlockRejected')).toEqual([]);
    expect(world.overBounds()).toEqual([]);
    expect(world.of('Engine').filter(({ what }) => what === 'round')).toEqual([]);
  });

  it('fetch by its id a block that is too large for its proposal', () => {
    const world = posWorld(4);
    world.run(2_000);
    for (let nonce = 0; nonce < 16; nonce++)
      for (let wallet = 0; wallet < 19; wallet++)
        for (let host = 0; host < 4; host++) world.submit(host, world.transfer(wallet, nonce));
    world.run(10_000);
    const counts = world.of('BlockImported', 3).map(({ txCount }) => txCount);
    // Of 150 bytes and more each.
    expect(Math.max(...counts)).toBeGreaterThan(220);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(16 * 19);
    expect(isLevel(world, 12)).toBe(true);
    expect(world.of('Engine').filter(({ what }) => what === 'round')).toEqual([]);
    expect(world.of('PeerScored')).toEqual([]);
  });

  it('survive crashes of all in turn, and of all at once', () => {
    const crash = { kind: 'crash', how: 'power', disk: 'keep', downUs: 2_000_000 } as const;
    const inTurn = Array.from({ length: 12 }, (_, i) => ({
      ...crash,
      id: `crash-${i}`,
      atUs: 5_020_000 + i * 3_010_000,
      hosts: [i % 4],
    }));
    const atOnce = Array.from({ length: 6 }, (_, i) => ({
      ...crash,
      id: `blackout-${i}`,
      atUs: 50_000_000 + i * 6_013_000,
      hosts: [0, 1, 2, 3],
    }));
    const world = posWorld(4, [], { faults: [...inTurn, ...atOnce] }).run(120_000);
    expect(isLevel(world, 60)).toBe(true);
    expect(world.of('Engine').filter(({ what }) => what === 'evidence')).toEqual([]);
    expect(world.of('PeerScored').filter(({ fault }) => fault === 'ENGINE')).toEqual([]);
    expect(world.overBounds()).toEqual([]);
  });

  it('go on through cuts, a ring and losses, and agree', () => {
    const link = (id: string, atS: number, change: object) => ({
      id,
      atUs: atS * 1_000_000,
      kind: 'link' as const,
      change: change as never,
      forUs: 15_000_000,
    });
    const faults = [
      link('halves', 10, {
        kind: 'split',
        groups: [
          [0, 1],
          [2, 3, 4],
        ],
      }),
      link('ring', 35, { kind: 'ring', hosts: [0, 1, 2, 3, 4], reach: 1 }),
      link('alone', 60, { kind: 'isolate', hosts: [1] }),
      link('loss', 85, { kind: 'loss', links: { from: 'all', to: 'all', bothWays: false }, ppm: 100_000 }),
      link('deaf', 110, { kind: 'cut', links: { from: 'all', to: [2], bothWays: false } }),
    ];
    const world = posWorld(5, [], { faults }).run(160_000);
    expect(isLevel(world, 100)).toBe(true);
    expect(world.of('Engine').filter(({ what }) => what === 'evidence')).toEqual([]);
    expect(world.of('PeerScored').filter(({ fault }) => fault === 'ENGINE')).toEqual([]);
    expect(world.overBounds()).toEqual([]);
  });

  it('whose disk was emptied, and for whom nobody vouches, wait until it is safe', () => {
    const crash = { kind: 'crash', how: 'power', disk: 'empty', downUs: 1_000_000 } as const;
    const world = posWorld(4, [], { faults: [{ ...crash, id: 'empty', atUs: 20_000_000, hosts: [2] }] });
    world.run(60_000);
    expect(isLevel(world, 50)).toBe(true);
    const told = world.of('Engine', 2).filter(({ what }) => what.startsWith('signing'));
    expect(told.map(({ what }) => what)).toEqual(['signing-paused', 'signing-resumed']);
    const [paused, resumed] = told;
    const atCrash = world.of('Engine', 0).filter(({ what }) => what === 'round').length;
    expect((resumed?.height ?? 0) - (paused?.height ?? 0)).toBeGreaterThan(SETTINGS.safeHeights);
    // Its turns were passed over while it was silent.
    expect(atCrash).toBeGreaterThan(0);
    expect(world.of('Engine').filter(({ what }) => what === 'evidence')).toEqual([]);
  });

  it('whose sign record rotted sign nothing in that height, and go on in the next', () => {
    const faults = [
      {
        id: 'down',
        atUs: 20_000_000,
        kind: 'crash',
        how: 'kill',
        disk: 'keep',
        downUs: 3_000_000,
        hosts: [1],
      },
      {
        id: 'rot',
        atUs: 21_000_000,
        kind: 'disk',
        hosts: [1],
        // Promises of the engine: e, 01.
        fault: { kind: 'bitRotValue', target: { kind: 'drawn', draw: 1, prefix: '6501' }, bit: 9 },
        forUs: 'forever',
      },
    ] as const;
    const world = posWorld(4, [], { faults: [...faults] }).run(40_000);
    expect(isLevel(world, 30)).toBe(true);
    expect(world.of('CorruptionDetected', 1).map(({ record }) => record)).toContain('engine');
    const told = world.of('Engine', 1).filter(({ what }) => what.startsWith('signing'));
    expect(told.map(({ what }) => what)).toEqual(['signing-paused', 'signing-resumed']);
    expect(world.of('Engine').filter(({ what }) => what === 'evidence')).toEqual([]);
  });
});
