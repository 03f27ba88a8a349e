/** Authorities split in halves and healed, by real nodes: who agrees again and when, and the proof of whoever never does. */
import type { TieBreak } from '../src/chain/consensus/poa/config.ts';
import { proveStandstill } from '../src/cluster/standstill.ts';
import type { TestCluster } from '../src/cluster/test-cluster.ts';
import { createStream } from '../src/sim/seeds.ts';
import { experimentCluster, experimentPlan, KEEP_ALL } from './experiment.ts';

/** So many seeds of one number of signers, the smaller half of which is on one side. */
export interface AuthorityPartitionJob {
  readonly kind: 'authority-partition';
  readonly signers: number;
  readonly tieBreak: TieBreak;
  readonly runs: number;
  readonly seed: string;
}

export interface AuthorityPartitionOutcome {
  readonly kind: 'authority-partition';
  readonly signers: number;
  readonly tieBreak: TieBreak;
  readonly runs: number;
  /** Runs that never advance again, each with the proof that nobody may extend his own head and none is better. */
  readonly deadlocks: number;
  /** Those in which all stand on one of two heads: what no odd number of signers can come to. */
  readonly deadlocksOfTwo: number;
  /** Runs that came together later than `signers` periods after the heal, or neither did so nor are proven. */
  readonly late: number;
  readonly unresolved: number;
  /** Periods from the heal to a new common head, the slowest run that came to one. */
  readonly slowestPeriods: number;
}

/** BLOCK_PERIOD as EIP-225 suggests it. */
const PERIOD_S = 15;
const PERIOD_US = PERIOD_S * 1_000_000;
/** At least eight: each side comes to its end. */
const APART_PERIODS = 10;
const WARM_UP_PERIODS = 4;
/** Looks at the heads in a period: a block is under way for a small part of it. */
const LOOKS = 8;
/** Then whoever still moves would have come together. */
const PATIENCE = 4;

function partitioned(job: AuthorityPartitionJob, seed: string): { cluster: TestCluster; healUs: number } {
  const { signers, tieBreak } = job;
  const plan = experimentPlan(
    {
      nodes: signers,
      intervalS: PERIOD_S,
      chain: `{ engine: poa, blockInterval: ${PERIOD_S}s, poa: { tieBreak: ${tieBreak} } }`,
      network: '{ latency: { uniform: 20ms..120ms } }',
      node: '{ compactBlocks: false, transactionGossip: false }',
    },
    seed,
  );
  const stream = createStream(seed, 'authority-partition');
  const order = stream.shuffled(plan.hosts.map((_, host) => host));
  const half = Math.floor(signers / 2);
  const atUs = WARM_UP_PERIODS * PERIOD_US + stream.below(signers * PERIOD_US);
  const forUs = APART_PERIODS * PERIOD_US;
  const change = { kind: 'split', groups: [order.slice(0, half), order.slice(half)] } as const;
  const faults = [{ id: 'partition/0/0', kind: 'link', atUs, forUs, change } as const];
  return { cluster: experimentCluster({ ...plan, faults }, { store: KEEP_ALL }), healUs: atUs + forUs };
}

/** Periods until all have one head that is higher than any before; undefined: not within so many. */
function periodsToAgree(cluster: TestCluster, most: number): number | undefined {
  const before = Math.max(...cluster.nodes.map((node) => node.height));
  for (let look = 1; look <= most * LOOKS; look++) {
    cluster.run(PERIOD_US / LOOKS);
    const head = cluster.commonHead();
    if (head !== undefined && head.height > before) return look / LOOKS;
  }
  return undefined;
}

/** Runs the seeds of a job. */
export function runAuthorityPartition(job: AuthorityPartitionJob): AuthorityPartitionOutcome {
  const { signers, tieBreak, runs } = job;
  const counts = { deadlocks: 0, deadlocksOfTwo: 0, late: 0, unresolved: 0, slowestPeriods: 0 };
  for (let i = 0; i < runs; i++) {
    const { cluster, healUs } = partitioned(job, `${job.seed}/${i}`);
    cluster.run(healUs);
    const periods = periodsToAgree(cluster, PATIENCE * signers);
    if (periods !== undefined) {
      counts.slowestPeriods = Math.max(counts.slowestPeriods, periods);
      if (periods > signers) counts.late++;
      continue;
    }
    const proof = proveStandstill(cluster);
    if (proof === undefined || proof.missing.length > 0) counts.unresolved++;
    else {
      counts.deadlocks++;
      if (proof.heads === 2) counts.deadlocksOfTwo++;
    }
  }
  return { kind: 'authority-partition', signers, tieBreak, runs, ...counts };
}
