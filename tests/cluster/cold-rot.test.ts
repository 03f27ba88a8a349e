import { describe, expect, it } from 'vitest';
import { heightIdOf } from '../../src/chain/blockstore/records.ts';
import type { DomainEvent } from '../../src/chain/types/event.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { TestCluster } from '../../src/cluster/test-cluster.ts';
import { hexToBytes } from '../../src/env/bytes.ts';
import { SUITE, small } from './support.ts';

/** The disk of host 1 rots here, when the first blocks are old and nobody asks for them: all nodes are up and in step. */
const ROT_S = 200;
/** From there on each node reads its whole disk once in this time: about 900 records of 64 every second, and the wait for peers. */
const WITHIN_S = 30;

type Corruption = Extract<DomainEvent, { kind: 'CorruptionDetected' | 'CorruptionRepaired' }>;

/** Blocks below this height are far below the head when the disk rots; the newest are read all the time. */
const COLD_HEIGHT = 40;

function isCold({ key, record }: Corruption): boolean {
  const bytes = hexToBytes(key);
  const place = bytes === undefined || record !== 'block' ? undefined : heightIdOf(bytes);
  return place !== undefined && place.height < COLD_HEIGHT;
}

/** What host 1 found and repaired, with the second of simulated time. */
function corruptions(scrubEvery: string): readonly (Corruption & { readonly atS: number })[] {
  const file = small({
    duration: '300s',
    nodes: 4,
    load: [{ kind: 'transfers', perSecond: 1, accounts: 4, until: '150s' }],
    faults: [{ kind: 'bitRot', at: `${ROT_S}s`, hosts: [1], records: 40 }],
    node: { scrubEvery },
  });
  const cluster = new TestCluster(resolveScenario(file, '1'), { nativeSuite: SUITE });
  const found: (Corruption & { readonly atS: number })[] = [];
  cluster.simulator.observe((host, event) => {
    if (host === 1 && (event.kind === 'CorruptionDetected' || event.kind === 'CorruptionRepaired'))
      found.push({ ...event, atS: cluster.simulator.nowUs() / 1_000_000 });
  });
  for (let status = cluster.step(100_000); status.kind === 'running'; ) status = cluster.step(100_000);
  cluster.judge();
  expect(cluster.violations).toEqual([]);
  return found;
}

describe('rot in old blocks that nobody asks for', () => {
  it(`is found and repaired from peers within ${WITHIN_S} s`, () => {
    const found = corruptions('1s');
    const detected = found.filter((event) => event.kind === 'CorruptionDetected');
    const blocks = detected.filter(isCold).map(({ key }) => key);
    expect(blocks.length).toBeGreaterThan(1);
    const repaired = found.filter((event) => event.kind === 'CorruptionRepaired').map(({ key }) => key);
    for (const key of blocks) expect(repaired).toContain(key);
    expect(repaired.length).toBe(detected.length);
    for (const { atS } of found) {
      expect(atS).toBeGreaterThanOrEqual(ROT_S);
      expect(atS).toBeLessThan(ROT_S + WITHIN_S);
    }
  });

  it('is not found without a scrub: nothing else reads it', () => {
    expect(corruptions('0s').filter(isCold)).toEqual([]);
  });
});
