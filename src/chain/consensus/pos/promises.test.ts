import { describe, expect, it } from 'vitest';
import { unixMs } from '../../../env/units.ts';
import { testKey } from '../../execution/test-chain.ts';
import { blockId } from '../../types/header-codec.ts';
import { type BlockHash, height } from '../../types/units.ts';
import { voteBytes } from './messages.ts';
import { Promises } from './promises.ts';
import { NO_SIGNATURE, PosTestChain, posTestGenesis, testBlock } from './test-chain.ts';
import { PosCluster, type PosHost } from './test-cluster.ts';
import { VOTE, type Vote, type VoteType } from './vote.ts';

const STAKES = [10_000n, 10_000n, 10_000n, 10_000n];
const BLOCK = new PosTestChain(posTestGenesis(STAKES)).build();
const V = blockId(BLOCK.header);
const W = testBlock('22');

function hostOf(): PosHost {
  const [host] = new PosCluster(STAKES).hosts;
  if (host === undefined) throw new Error('a cluster has hosts');
  host.isUp = true;
  return host;
}

function vote(type: VoteType, round: number, block: BlockHash | undefined, at = 1, index = 0): Vote {
  return {
    type: VOTE[type],
    height: height(at),
    round,
    block,
    timestampMs: unixMs(5),
    validator: testKey(index),
    signature: NO_SIGNATURE,
  };
}

/** Promises of a boot at height 1, and what it says when it is durable. */
function boot(host: PosHost): { promises: Promises; said: Vote[]; sign: (v: Vote, proof?: object) => void } {
  const promises = new Promises(host);
  promises.recover(height(1));
  const said: Vote[] = [];
  return {
    promises,
    said,
    sign: (v, proof = {}) =>
      promises.promise({ kind: 'vote', vote: v }, voteBytes(v), proof, () => said.push(v)),
  };
}

const polka = { round: 2, block: V, votes: [1, 2, 3].map((index) => vote('prevote', 2, V, 1, index)) };

describe('Promises', () => {
  it('says nothing before the record is durable, and nothing of a height that is over', () => {
    const host = hostOf();
    const { promises, said, sign } = boot(host);
    sign(vote('prevote', 0, V));
    expect(said).toEqual([]);
    expect(promises.recorded(0, 'prevote')).toBeUndefined();
    host.clock.advance(10);
    expect(said).toHaveLength(1);
    expect(promises.recorded(0, 'prevote')?.bytes).toBe(voteBytes(said[0] ?? vote('prevote', 0, V)));
    sign(vote('precommit', 0, undefined));
    promises.moveTo(height(2));
    host.clock.advance(10);
    expect(said).toHaveLength(1);
  });

  it('nothing is signed twice for one height, round and type', () => {
    const { sign } = boot(hostOf());
    sign(vote('prevote', 0, V));
    expect(() => sign(vote('prevote', 0, W))).toThrow('nothing is signed twice');
    expect(() => sign(vote('prevote', 1, W, 2))).toThrow('of the height that is not decided');
  });

  it('a later boot finds round, step, lock, valid value, polka and block', () => {
    const host = hostOf();
    const { sign } = boot(host);
    sign(vote('prevote', 2, V));
    sign(vote('precommit', 2, V), { block: BLOCK, polka });
    sign(vote('prevote', 3, undefined));
    host.clock.advance(10);
    const { state, polka: found, blocks, highest, hasMarker } = new Promises(host).recover(height(1));
    expect(state).toMatchObject({
      round: 3,
      step: 'prevote',
      locked: { round: 2, block: V },
      valid: { round: 2, block: V },
    });
    expect(found).toEqual(polka);
    expect(blocks).toEqual([BLOCK]);
    expect([highest, hasMarker]).toEqual([1, false]);
  });

  it('a value that became valid without a precommit is newer than the lock', () => {
    const host = hostOf();
    const { promises, sign } = boot(host);
    sign(vote('precommit', 1, W));
    promises.keepValid(polka, BLOCK);
    host.clock.advance(10);
    const { state } = new Promises(host).recover(height(1));
    expect(state).toMatchObject({ locked: { round: 1, block: W }, valid: { round: 2, block: V } });
  });

  it('of several locks the newest counts, and nil unlocks nothing', () => {
    const host = hostOf();
    const { sign } = boot(host);
    sign(vote('precommit', 1, W));
    sign(vote('precommit', 4, V));
    sign(vote('precommit', 10, undefined));
    host.clock.advance(10);
    expect(new Promises(host).recover(height(1)).state).toMatchObject({
      round: 10,
      step: 'precommit',
      locked: { round: 4, block: V },
    });
  });

  it('records of a decided height go with the first promise of the next, so that the newest tells how far was signed', () => {
    const host = hostOf();
    const { promises, sign } = boot(host);
    sign(vote('prevote', 0, V));
    sign(vote('precommit', 0, V), { block: BLOCK, polka });
    promises.moveTo(height(2));
    host.clock.advance(10);
    expect(host.disk.size).toBe(4);
    expect(new Promises(host).recover(height(2))).toMatchObject({ highest: 1, state: undefined });
    sign(vote('prevote', 0, W, 2));
    host.clock.advance(10);
    expect(host.disk.size).toBe(1);
    expect(new Promises(host).recover(height(2)).highest).toBe(2);
  });

  it('what is damaged is told, and a record under a key that is not its own is damage', () => {
    const host = hostOf();
    const { sign } = boot(host);
    sign(vote('prevote', 0, V));
    host.clock.advance(10);
    const [name] = [...host.disk.keys()];
    const entry = host.disk.get(name ?? '');
    if (name === undefined || entry === undefined) throw new Error('there is one record');
    const moved = {
      key: Uint8Array.from(entry.key, (byte, at) => (at === 12 ? 7 : byte)),
      value: entry.value,
    };
    host.replaceDisk(new Map([['moved', moved]]));
    expect(new Promises(host).recover(height(1))).toMatchObject({ hasCorrupt: true, state: undefined });
    host.replaceDisk(new Map([[name, { key: entry.key, value: new Uint8Array(0) }]]));
    expect(new Promises(host).recover(height(1))).toMatchObject({ hasCorrupt: true, state: undefined });
  });
});
