import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/chain/types/message.ts';
import { WALL_START_US } from '../../src/sim/config.ts';
import { liar } from '../support/liar.ts';
import { NodeWorld, toyConsensus } from '../support/node-world.ts';

/** The attacker's branch: each of its blocks weighs as much as a hundred honest ones. */
const BRANCH = 20;
/** From here on the attacker gives its bodies. */
const GIVES_MS = 400_000;
/** Host that joins late, host that lies. */
const [JOINER, ATTACKER] = [2, 3] as const;

/** Says what it has, and gives no body until `GIVES_MS`: neither by sync nor by gossip, nor what would rebuild one. */
function withholding(how: 'empty' | 'silent') {
  return liar((message: Message, env) => {
    if (env.clock.wallMs() >= WALL_START_US / 1_000 + GIVES_MS) return message;
    if (message.kind === 'Transactions') return undefined;
    if (message.kind === 'GetBlockResponse') {
      return how === 'silent' ? undefined : { ...message, result: { kind: 'unknown' } };
    }
    if (message.kind !== 'SyncResponse' || message.result.kind !== 'blocks') return message;
    return how === 'silent'
      ? undefined
      : { ...message, result: { kind: 'blocks', blocks: [], certificates: [] } };
  });
}

/** Two honest producers, a node that joins after a minute, and the attacker, in whose blocks there is always something to withhold. */
function attack(how: 'empty' | 'silent'): NodeWorld {
  const world = new NodeWorld([
    { consensus: toyConsensus(1) },
    { dials: [0] },
    { dials: [0, 1, ATTACKER], startUs: 60_000_000 },
    { consensus: toyConsensus(100, BRANCH), dials: [0, 1], program: withholding(how) },
  ]);
  for (let nonce = 0; nonce < BRANCH; nonce++) {
    world.submit(ATTACKER, world.transfer(nonce % 16, Math.floor(nonce / 16)));
    world.run(1_000);
  }
  return world;
}

describe.each(['empty', 'silent'] as const)(
  'a heavier branch whose bodies are withheld (%s answers)',
  (how) => {
    it('is left alone while honest nodes go on, and taken when its bodies come', () => {
      const world = attack(how);
      world.run(GIVES_MS - 40_000 - BRANCH * 1_000 + 500);
      const honest = [0, 1, JOINER];
      // Every honest node set it aside, and follows the chain that grows a block a second: the one that joined late too.
      for (const host of honest) {
        expect(world.of('BranchSetAside', host).length).toBeGreaterThan(0);
        expect(world.heights()[host]).toBeGreaterThan(GIVES_MS / 1_000 - 60);
      }
      expect(new Set(honest.map((host) => world.inspect(host).head.id)).size).toBe(1);
      expect(world.inspect(ATTACKER).head.id).not.toBe(world.inspect(0).head.id);
      // The questions become rare: in the last two minutes no node begins more than four times.
      const before = honest.map((host) => world.of('SyncStarted', host).length);
      world.run(38_000);
      for (const [i, host] of honest.entries()) {
        expect(world.of('SyncStarted', host).length - (before[i] ?? 0)).toBeLessThanOrEqual(2);
      }
      // Nobody honest was banned.
      const attacker = world.inspect(ATTACKER).nodeKey;
      expect(world.of('PeerBanned').filter(({ peer }) => peer !== attacker)).toEqual([]);
      expect(world.overBounds()).toEqual([]);
      // The longest pause, and the way.
      world.run(130_000);
      for (const host of honest) expect(world.of('Reorganised', host).length).toBeGreaterThan(0);
      const branch = world.inspect(ATTACKER).head.id;
      expect(world.inspect(0).head.id).toBe(branch);
      expect(world.headCount()).toBe(1);
    });
  },
);
