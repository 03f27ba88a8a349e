import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { meetsTarget, workHash } from '../../chain/consensus/pow/search.ts';
import { sha256 } from '../../chain/crypto/sha256.ts';
import { systemRandom } from '../system-random.ts';
import { createMiner, type Miner } from './miner.ts';

const EASY = (1n << 256n) / 5_000n;
const HOPELESS = 1n;
const HEADER = Uint8Array.from({ length: 200 }, (_, i) => i);

describe('a miner', () => {
  let miner: Miner | undefined;
  afterEach(async () => {
    await miner?.stop();
  });

  function start(threads: number) {
    miner = createMiner(threads, systemRandom, (error) => expect.fail(error.message));
    const found: Uint8Array[] = [];
    const search = miner.search((run) => run());
    const begin = (target: bigint, header: Uint8Array | 'none' = HEADER) =>
      search(
        { headerBytes: () => (header === 'none' ? undefined : header), target, checkTarget: target },
        (seal) => found.push(seal),
      );
    return { miner, found, begin };
  }

  it('finds a seal that meets its target, once', async () => {
    const { found, begin, miner: running } = start(2);
    begin(EASY);
    expect(found).toEqual([]);
    await expect.poll(() => found.length).toBe(1);
    expect(meetsTarget(workHash(HEADER, found[0] ?? HEADER, sha256), EASY)).toBe(true);
    const { tries } = running;
    expect(tries).toBeGreaterThan(0);
    await sleep(50);
    expect(found).toHaveLength(1);
  });

  it('finds nothing for a search that ended, and the next one', async () => {
    const { found, begin } = start(1);
    const end = begin(HOPELESS);
    await sleep(20);
    end();
    const cancel = begin(EASY);
    cancel();
    cancel();
    await sleep(100);
    expect(found).toEqual([]);
    const other = HEADER.toReversed();
    begin(EASY, other);
    await expect.poll(() => found.length).toBe(1);
    expect(meetsTarget(workHash(other, found[0] ?? HEADER, sha256), EASY)).toBe(true);
  });

  it('rests where there is nothing to seal', async () => {
    const { miner: running, begin } = start(1);
    begin(EASY, 'none');
    await sleep(200);
    expect(running.tries).toBe(0);
    begin(HOPELESS);
    await expect.poll(() => running.tries).toBeGreaterThan(0);
  });
});
