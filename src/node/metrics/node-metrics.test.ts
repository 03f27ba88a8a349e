import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../chain/types/event.ts';
import { blockHash, hash, height, publicKey, txId } from '../../chain/types/units.ts';
import { address } from '../../env/units.ts';
import { METRIC_PREFIX } from './definitions.ts';
import { createNodeMetrics, type NodeMetrics } from './node-metrics.ts';
import { familiesOf, type MetricFamily } from './samples.ts';
import { summaryOf } from './summary.ts';

const BLOCK = blockHash('0a'.repeat(32));
const FINALITY = { final: height(3), acknowledged: height(3), kind: 'absolute' } as const;

function head(at: number): DomainEvent {
  return { kind: 'HeadChanged', id: BLOCK, height: height(at), parent: BLOCK };
}

function rejected(code: string, origin: 'local' | 'peer'): DomainEvent {
  return { kind: 'TransactionRejected', id: txId('0b'.repeat(32)), code, origin };
}

async function valuesOf(metrics: NodeMetrics, name: string): Promise<readonly (readonly [string, number])[]> {
  const families = await familiesOf(metrics.registry);
  const family = families.find((one) => one.name === METRIC_PREFIX + name) as MetricFamily;
  return family.samples.map(({ labels, value }) => [Object.values(labels).join(), value]);
}

describe('metrics of a node', () => {
  it('count what its events say.', async () => {
    const metrics = createNodeMetrics(() => 0);
    const told: readonly DomainEvent[] = [
      { kind: 'BlockImported', id: BLOCK, height: height(1), txCount: 5, failedCount: 2 },
      { kind: 'BlockImported', id: BLOCK, height: height(2), txCount: 1, failedCount: 0 },
      { kind: 'TransactionAccepted', id: txId('0b'.repeat(32)), origin: 'local' },
      { kind: 'TransactionAccepted', id: txId('0b'.repeat(32)), origin: 'peer' },
      rejected('NONCE_USED', 'local'),
      rejected('NONCE_USED', 'peer'),
      { kind: 'FinalityAdvanced', finality: FINALITY, finalId: BLOCK },
      { kind: 'BlockReceived', id: BLOCK, height: height(2), from: publicKey('0c'.repeat(32)), via: 'sync' },
      { kind: 'PeerBanned', peer: publicKey('0c'.repeat(32)), address: address('a:1'), fault: 'f' },
    ];
    for (const event of told) metrics.onEvent(event, 0);
    expect(await valuesOf(metrics, 'transactions_processed_total')).toEqual([['', 6]]);
    expect(await valuesOf(metrics, 'transactions_failed_total')).toEqual([
      ['EXECUTION_FAILED', 2],
      ['NONCE_USED', 2],
    ]);
    expect(await valuesOf(metrics, 'transactions_submitted_total')).toEqual([['', 2]]);
    expect(await valuesOf(metrics, 'final_height')).toEqual([['', 3]]);
    expect(await valuesOf(metrics, 'blocks_received_total')).toEqual([['sync', 1]]);
    expect(await valuesOf(metrics, 'peers_banned_total')).toEqual([['', 1]]);
  });

  it('measure rounds from one head, or round of voting, to the next, and blocks from their parent on.', async () => {
    const metrics = createNodeMetrics(() => 0);
    metrics.onEvent(head(1), 1_000);
    metrics.onEvent({ kind: 'Engine', engine: 'pos', what: 'round', height: height(2), round: 1 }, 4_000);
    metrics.onEvent({ kind: 'Engine', engine: 'pos', what: 'lock', height: height(2), round: 1 }, 4_500);
    metrics.onEvent({ kind: 'BlockProduced', id: BLOCK, height: height(2), txCount: 0 }, 4_700);
    metrics.onEvent(head(2), 5_000);
    expect(await valuesOf(metrics, 'consensus_rounds_total')).toEqual([['', 2]]);
    const { metrics: summary } = summaryOf(await familiesOf(metrics.registry));
    const of = (name: string) => summary.find((one) => one.name === METRIC_PREFIX + name)?.series;
    expect(of('consensus_round_time_seconds')).toMatchObject([{ value: 2, mean: 2 }]);
    expect(of('block_production_time_seconds')).toMatchObject([{ value: 1, mean: 3.7 }]);
  });

  it('show heights of peers by their lowest, median and highest, however many there are, and none without peers.', async () => {
    const metrics = createNodeMetrics(() => 0);
    const claim = { id: BLOCK, height: height(0), weight: '' as never };
    const sampled = (heights: readonly number[]) => ({
      keys: 7,
      snapshot: {
        nodeKey: publicKey('0c'.repeat(32)),
        halted: undefined,
        head: { ...claim, height: height(9) },
        stateRoot: hash('0d'.repeat(32)),
        headWeight: '1180591620717411303424',
        accounts: 4,
        base: { id: BLOCK, height: height(0) },
        origin: undefined,
        finality: FINALITY,
        peers: heights.map((at) => ({
          peer: publicKey('0e'.repeat(32)),
          address: address('a:1'),
          direction: 'in' as const,
          head: claim,
          height: height(at),
          score: 0,
        })),
        knownAddresses: 0,
        bannedPeers: 0,
        mempool: { count: 2, bytes: 300, queued: 0 },
        sync: { phase: 'idle', target: height(0) },
        engine: { kind: 'idle' as const },
        bounds: [],
      },
    });
    metrics.sample(sampled([8, 1, 7, 9]));
    expect(await valuesOf(metrics, 'peer_heights')).toEqual([
      ['min', 1],
      ['median', 7],
      ['max', 9],
    ]);
    expect(await valuesOf(metrics, 'pow_difficulty')).toEqual([['', 2 ** 70]]);
    metrics.sample(sampled([]));
    expect(await valuesOf(metrics, 'peer_heights')).toEqual([]);
    expect(await valuesOf(metrics, 'peers_connected')).toEqual([
      ['in', 0],
      ['out', 0],
    ]);
    expect(await valuesOf(metrics, 'db_keys')).toEqual([['', 7]]);
  });
});
