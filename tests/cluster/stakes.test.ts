import { describe, expect, it } from 'vitest';
import { RECEIPT_STATUS } from '../../src/chain/types/account.ts';
import { transactionId } from '../../src/chain/types/transaction-codec.ts';
import { ClusterError, clusterOf } from '../../src/cluster/cluster-builder.ts';
import { converged } from '../../src/cluster/conditions.ts';
import type { LoadLine } from '../../src/cluster/scenario/schema/load.ts';
import type { TestCluster } from '../../src/cluster/test-cluster.ts';
import { lawsBroken, SUITE } from './support.ts';

type StakesLine = Extract<LoadLine, { kind: 'stakes' }>;

/** Four validators, and two hosts without stake; what is staked comes back after ten blocks. */
function cluster(line: Omit<StakesLine, 'kind'>, validatorsMax = 8): TestCluster {
  const staking = {
    unbondingBlocks: 10,
    unbonding: '10s',
    evidenceBlocks: 5,
    evidence: '5s',
    validatorsMax,
  };
  return clusterOf(6)
    .duration('150s')
    .chain({ engine: 'pos', blockInterval: '1s', staking })
    .hosts([4, 5], { stake: 0 })
    .load({ kind: 'stakes', ...line })
    .options({ nativeSuite: SUITE })
    .build();
}

/** Who votes on the block after the common head, by host. */
function members(run: TestCluster): readonly number[] {
  run.judge();
  const head = run.commonHead();
  const keys = head === undefined ? [] : (run.committee(head.id) ?? []).map(({ key }) => key);
  return run.nodes.flatMap(({ index }) =>
    keys.some((key) => key === run.setup.hostKeys[index]?.key) ? [index] : [],
  );
}

/** Statuses of all transactions on the common chain. */
function statuses(run: TestCluster): ReadonlySet<number> {
  const seen = new Set<number>();
  const head = run.commonHead();
  const chain = head === undefined ? undefined : run.chains.wholeChain(run.disks(), 0, head);
  for (const transaction of chain?.blocks.flatMap(({ block }) => block.transactions) ?? []) {
    run.node(0).command({ kind: 'GetTransaction', id: transactionId(transaction) }, (answer) => {
      if (answer.kind === 'Transaction' && answer.receipt !== undefined) seen.add(answer.receipt.status);
    });
  }
  run.run(100_000);
  return seen;
}

describe('a load of stakes', () => {
  it('brings hosts without stake into the set, takes others out of it, and leaves those that it does not name', () => {
    const run = cluster({ perSecond: 1, hosts: [1, 2, 3, 4, 5], keep: 3 })
      .run(140_000_000)
      .until(converged(60), 20_000_000);
    const changes = run.observation.setChanges;
    expect(Math.min(...changes)).toBeGreaterThan(15);
    const left = members(run);
    expect(left).toContain(0);
    expect(left.length).toBeGreaterThanOrEqual(4);
    expect(lawsBroken(run)).toEqual([]);
  });

  it('replaces a set when some join and the others leave', () => {
    const run = clusterOf(6)
      .duration('150s')
      .chain({ engine: 'pos', blockInterval: '1s' })
      .hosts([3, 4, 5], { stake: 0 })
      .load({ kind: 'stakes', perSecond: 1, hosts: [3, 4, 5], moves: 'join', until: '30s' })
      .load({ kind: 'stakes', perSecond: 1, hosts: [0, 1, 2], moves: 'leave', keep: 0, from: '40s' })
      .options({ nativeSuite: SUITE })
      .build()
      .run(140_000_000)
      .until(converged(60), 20_000_000);
    expect(members(run)).toEqual([3, 4, 5]);
    expect(lawsBroken(run)).toEqual([]);
  });

  it('meets the refusals of the rules, which are included and paid for', () => {
    const run = cluster({ perSecond: 3 }, 5).run(140_000_000).until(converged(60), 20_000_000);
    const { OK, STAKE_REFUSED, STAKE_TOO_LOW, TOO_MANY_VALIDATORS } = RECEIPT_STATUS;
    expect([...statuses(run)].sort((a, b) => a - b)).toEqual([
      OK,
      STAKE_REFUSED,
      STAKE_TOO_LOW,
      TOO_MANY_VALIDATORS,
    ]);
  });

  it('needs an engine with stake, hosts that there are, and one owner for each', () => {
    expect(() => clusterOf(3).load({ kind: 'stakes', perSecond: 1 }).build()).toThrow(ClusterError);
    expect(() => cluster({ perSecond: 1, hosts: [6] })).toThrow(/there is no host 6/);
    const twice = clusterOf(3)
      .engine('pos')
      .load({ kind: 'stakes', perSecond: 1, hosts: [1] })
      .load({ kind: 'stakes', perSecond: 1 });
    expect(() => twice.build()).toThrow(/host 1 has an owner in an earlier line/);
  });
});
