import { describe, expect, it } from 'vitest';
import { exportChain } from '../../src/cluster/export-chain.ts';
import { checkExport } from '../reference/checker.ts';
import { GALLERY, shortPlan } from './gallery.ts';
import { finished } from './support.ts';

/** Some blocks, so that the checker had something to check. */
const BLOCKS_MIN = 5;

describe('the independent checker', () => {
  it.each(GALLERY)('finds nothing in the chain that %s ends with', (name) => {
    const cluster = finished(shortPlan(name));
    const best = cluster.live().reduce((a, b) => (b.height > a.height ? b : a));
    const exported = exportChain(cluster, best.index);
    expect(exported?.blocks.length).toBeGreaterThanOrEqual(BLOCKS_MIN);
    // Modelled signatures are no Ed25519: everything else is checked.
    expect(checkExport(exported, 'skip')).toEqual([]);
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
