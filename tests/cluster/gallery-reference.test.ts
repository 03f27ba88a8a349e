import { describe, expect, it } from 'vitest';
import { CHECKSUM_BYTES, PREFIX, placeOfSnapshotKey } from '../../src/chain/blockstore/records.ts';
import { exportChain } from '../../src/cluster/export-chain.ts';
import type { Storage } from '../../src/env/storage.ts';
import { type ChainExport, checkChain, checkExport } from '../reference/checker.ts';
import { checkSnapshot } from '../reference/snapshot.ts';
import { GALLERY, shortPlan } from './gallery.ts';
import { finished } from './support.ts';

/** Some blocks, so that the checker had something to check. */
const BLOCKS_MIN = 5;

/** The items of the highest snapshot on a disk, in order. */
function newestSnapshot(disk: Pick<Storage, 'scan'>): { readonly items: readonly Buffer[] } {
  const records = disk.scan(
    { start: Uint8Array.of(PREFIX.snapshot), end: Uint8Array.of(PREFIX.snapshot + 1) },
    10_000,
  );
  const placed = records.map(({ key, value }) => ({
    height: placeOfSnapshotKey(key)?.height ?? 0,
    bytes: Buffer.from(value.subarray(CHECKSUM_BYTES)),
  }));
  const highest = Math.max(...placed.map(({ height }) => height));
  return { items: placed.filter(({ height }) => height === highest).map(({ bytes }) => bytes) };
}

describe('the independent checker', () => {
  it.each(GALLERY)('finds nothing in the chain that %s ends with', (name) => {
    const cluster = finished(shortPlan(name));
    const best = cluster.live().reduce((a, b) => (b.height > a.height ? b : a));
    const exported = exportChain(cluster, best.index);
    expect(exported?.blocks.length).toBeGreaterThanOrEqual(BLOCKS_MIN);
    // Modelled signatures are no Ed25519: everything else is checked.
    expect(checkExport(exported, 'skip')).toEqual([]);
  });

  it('finds nothing in a snapshot that hosts serve, and the state of its block in its own execution', () => {
    const cluster = finished(shortPlan('19-snapshot-joiner.yaml'));
    expect(cluster.observation.snapshots).toBe(1);
    const exported = exportChain(cluster, 0);
    // The one that began with it holds nothing from below: its chain is read from the others too.
    const joiner = cluster.nodes.length - 1;
    expect(exportChain(cluster, joiner)).toEqual(exported);
    const alone = cluster.disks()[joiner];
    const origin = alone === undefined ? undefined : cluster.chains.origin(alone);
    const { missing, blocks } = cluster.chains.wholeChain(
      [alone ?? { get: () => undefined, scan: () => [] }],
      0,
      cluster.node(joiner).head,
    );
    expect([missing, blocks[0]?.block.header.parent]).toEqual([origin?.id, origin?.id]);
    expect(cluster.chains.wholeChain([], 0, cluster.node(joiner).head).missing).toBe(
      cluster.node(joiner).head.id,
    );
    const served = cluster.nodes.map(({ index }) => newestSnapshot(cluster.simulator.disk(index).pristine));
    const heights = served.map(({ items }) => {
      const [manifest = Buffer.alloc(0), ...chunks] = items;
      const { manifest: stated, leaves } = checkSnapshot(manifest, chunks);
      const { height, id, stateRoot } = stated.header;
      const chain = checkChain(
        { ...exported, blocks: exported?.blocks.slice(0, height) ?? [] } as ChainExport,
        'skip',
      );
      expect([chain.problems, chain.ids[height], chain.stateRoot]).toEqual([[], id, stateRoot]);
      expect(leaves.length).toBeGreaterThan(400);
      return height;
    });
    // The newest of each: where a host came to it at all, it is the same as that of the others.
    expect(new Set(heights).size).toBe(1);
    expect(new Set(served.map(({ items }) => items.map(String).join())).size).toBe(1);
  });

  it('finds a block that was changed on its way', () => {
    const cluster = finished(shortPlan('01-partition-and-heal.yaml'));
    const exported = exportChain(cluster, 0);
    const blocks = [...(exported?.blocks ?? [])];
    const last = blocks.pop() ?? '';
    const spoilt = `${last.slice(0, 40)}${last[40] === '0' ? '1' : '0'}${last.slice(41)}`;
    expect(checkExport({ ...exported, blocks: [...blocks, spoilt] }, 'skip')).not.toEqual([]);
  });
});
