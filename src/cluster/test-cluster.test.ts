import { describe, expect, it } from 'vitest';
import { clusterOf } from './cluster-builder.ts';
import { connected, converged, everyoneAt, finalAt, heightKnown, mempoolsEmpty } from './conditions.ts';
import { WaitError } from './test-cluster.ts';

const MINUTE_US = 60_000_000;

describe('TestCluster', () => {
  it('finds all peers from one bootstrap address', () => {
    const cluster = clusterOf(6).network({ topology: 'discovery' }).build();
    cluster.until(connected(5), 5 * MINUTE_US);
    for (const node of cluster.nodes) expect(node.inspect()?.peers).toHaveLength(5);
  });

  it('produces blocks, and everybody has them', () => {
    const cluster = clusterOf(4).engine('pow', '5s').build();
    cluster.until(everyoneAt(10), 10 * MINUTE_US).until(converged(10), 5 * MINUTE_US);
    cluster.judge();
    expect(cluster.violations).toEqual([]);
    expect(cluster.commonHead()?.height).toBeGreaterThanOrEqual(10);
    expect(cluster.observation.produced).toBeGreaterThanOrEqual(10);
  });

  it('knows the heights of peers before it has their blocks', () => {
    const cluster = clusterOf(3).engine('round-robin', '2s').build();
    cluster.until(heightKnown(5), 5 * MINUTE_US);
    expect(Math.max(...cluster.nodes.map((node) => node.height))).toBeGreaterThanOrEqual(5);
  });

  it('includes what clients submit, and calls it final by depth', () => {
    const cluster = clusterOf(3)
      .duration('5min')
      .chain({ blockInterval: '3s', finalityDepth: 5 })
      .load({ kind: 'transfers', perSecond: 2, accounts: 4, until: '30s' })
      .build();
    cluster.run(40_000_000);
    cluster.until(mempoolsEmpty(), 5 * MINUTE_US).until(finalAt(10), 10 * MINUTE_US);
    const sent = cluster.loads
      .flatMap((load) => load.result().accounts)
      .reduce((sum, account) => sum + account.sent, 0);
    cluster.judge();
    expect(cluster.violations).toEqual([]);
    const state = cluster.stateAt(cluster.node(0).head.id);
    expect(sent).toBeGreaterThan(30);
    expect(state?.size).toBeGreaterThan(4);
  });

  it('vouches for the key of a host at each boot, until its disk is emptied', () => {
    const told: [number, boolean | undefined][] = [];
    const cluster = clusterOf(3)
      .duration('2min')
      .engine('round-robin', '2s')
      .fault({ kind: 'crash', at: '10s', down: '2s', hosts: [0, 1], how: 'power', disk: 'keep' })
      .fault({ kind: 'crash', at: '20s', down: '2s', hosts: [1], how: 'power', disk: 'empty' })
      .fault({ kind: 'crash', at: '30s', down: '2s', hosts: [0, 1], how: 'power', disk: 'keep' })
      .options({
        program(host, honest, { isVouched }) {
          told.push([host, isVouched]);
          return honest;
        },
      })
      .build();
    cluster.run(MINUTE_US);
    cluster.node(2).crash('power', 1_000_000, 'empty');
    cluster.run(MINUTE_US / 2);
    const of = (host: number) => told.filter(([at]) => at === host).map(([, isVouched]) => isVouched);
    expect(of(0)).toEqual([true, true, true]);
    expect(of(1)).toEqual([true, true, false, false]);
    expect(of(2)).toEqual([true, false]);
  });

  it('agrees again after a partition, and counts the reorganisation', () => {
    const cluster = clusterOf(4)
      .duration('10min')
      .engine('pow', '5s')
      .fault({
        kind: 'partition',
        at: '60s',
        for: '60s',
        groups: [
          [0, 1],
          [2, 3],
        ],
      })
      .build();
    cluster.run(125_000_000).until(converged(20), 5 * MINUTE_US);
    expect(cluster.observation.reorgs).toBeGreaterThan(0);
  });

  it('crashes and starts single nodes', () => {
    const cluster = clusterOf(3).engine('pow', '5s').build();
    cluster.until(everyoneAt(5), 5 * MINUTE_US);
    cluster.node(2).crash('power', 'forever');
    cluster.run(1_000_000);
    expect([cluster.node(2).isUp, cluster.live().length]).toEqual([false, 2]);
    cluster.until(everyoneAt(15), 5 * MINUTE_US);
    cluster.node(2).start();
    cluster.run(1_000).until(converged(15), 5 * MINUTE_US);
    expect(cluster.live()).toHaveLength(3);
  });

  it('answers commands as a client is answered', () => {
    const cluster = clusterOf(2).engine('pow', '5s').build();
    cluster.until(everyoneAt(3), 5 * MINUTE_US);
    const answers: string[] = [];
    expect(cluster.node(0).command({ kind: 'GetHead' }, (answer) => answers.push(answer.kind))).toBe(true);
    cluster.run(1_000);
    expect(answers).toEqual(['Head']);
  });

  it('says what did not come to pass', () => {
    const cluster = clusterOf(2).engine('pow', '10s').build();
    expect(() => cluster.until(everyoneAt(1_000), MINUTE_US)).toThrow(WaitError);
    expect(() =>
      clusterOf(2)
        .fault({ kind: 'pause', at: '1s', for: '1s', hosts: [7] })
        .build(),
    ).toThrow('there is no host 7');
  });
});
