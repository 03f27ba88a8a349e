import { describe, expect, it } from 'vitest';
import { blockId } from '../../types/header-codec.ts';
import { testRandom } from '../test-host.ts';
import { PosCluster } from './test-cluster.ts';

/** Stakes of four to six, none with 1/3. */
const STAKES = [
  [10_000n, 10_000n, 10_000n, 10_000n],
  [9_000n, 8_000n, 7_000n, 6_000n, 5_000n],
  [10_000n, 10_000n, 10_000n, 10_000n, 10_000n, 10_000n],
];

/** Minutes of lost messages, cuts, and power losses of any number of hosts at any moment; then quiet. */
function storm(seed: number): PosCluster {
  const random = testRandom(seed * 2_654_435 + 1);
  const cluster = new PosCluster(STAKES[seed % STAKES.length] ?? []);
  const { hosts } = cluster;
  let lossPercent = 0;
  let cut = hosts.length;
  cluster.filter = () => random.below(100) >= lossPercent;
  cluster.isConnected = (a, b) => hosts.indexOf(a) < cut === hosts.indexOf(b) < cut;
  cluster.start();
  for (let turn = 0; turn < 120; turn++) {
    cluster.clock.advance(20 + random.below(400));
    const what = random.below(10);
    if (what < 2) lossPercent = random.below(60);
    else if (what < 3) cut = 1 + random.below(hosts.length);
    else if (what < 6) {
      const host = cluster.host(random.below(hosts.length));
      if (host.isUp) host.crash();
      else host.start();
    } else if (what < 7) {
      for (const host of hosts) if (host.isUp) host.crash();
    } else if (what < 8) {
      const host = cluster.host(random.below(hosts.length));
      if (host.isUp)
        host.crashAt = { record: host.recordCount + 1 + random.below(4), isDurable: turn % 2 === 0 };
    } else for (const host of hosts) if (!host.isUp && random.below(2) === 0) host.start();
  }
  lossPercent = 0;
  cut = hosts.length;
  for (const host of hosts) host.crashAt = undefined;
  cluster.clock.advance(100);
  for (const host of hosts) if (!host.isUp) host.start();
  return cluster;
}

describe('PosEngine in a storm', () => {
  it('one block at each height, nothing said twice differently, and everybody goes on when it is over', () => {
    for (let seed = 1; seed <= 24; seed++) {
      const cluster = storm(seed);
      const at = Math.max(...cluster.hosts.map((host) => host.height));
      cluster.runToHeight(at + 3, 120_000);
      const heads = cluster.hosts.map((host) => {
        const block = host.chain()[at + 3];
        return block === undefined ? '' : blockId(block.header);
      });
      expect(new Set(heads).size).toBe(1);
      expect(cluster.hosts.flatMap((host) => host.accusations)).toEqual([]);
      expect(cluster.hosts.flatMap((host) => host.faults)).toEqual([]);
    }
  });
});
