/** Beside the comparison: the node's own compact blocks, from real mempools, over ordered streams. Printed, not judged. */
import { experimentCluster, experimentPlan, KEEP_LITTLE } from './experiment.ts';
import { type PropagationOutcome, runToHeight, Spreads } from './propagation.ts';

const NODES = 50;
const LAST_HEIGHTS = 3;

/** One run. */
export interface RealCompactJob {
  readonly kind: 'real-compact';
  readonly heights: number;
  readonly seed: string;
}

export interface RealCompactOutcome extends Pick<PropagationOutcome, 'arrivals' | 'main' | 'orphans'> {
  readonly kind: 'real-compact';
  /** Received blocks by the form in which they came. */
  readonly compact: number;
  readonly full: number;
  readonly transactions: number;
}

/** Runs one job. */
export function runRealCompact(job: RealCompactJob): RealCompactOutcome {
  const plan = experimentPlan(
    {
      nodes: NODES,
      intervalS: 60,
      network: `{ latency: { measured: internet-2019 }, bandwidth: { measured: internet-2019 },
        topology: { measured: internet-2019 } }`,
      node: '{ pings: false }',
      rest: `stopAtHeight: ${job.heights}\nload: [{ kind: transfers, perSecond: 3, accounts: 40 }]`,
    },
    job.seed,
  );
  const cluster = experimentCluster(plan, { store: KEEP_LITTLE });
  const spreads = new Spreads();
  const counts = { compact: 0, full: 0, transactions: 0 };
  cluster.simulator.observe((_, event, atUs) => {
    spreads.onEvent(event, atUs);
    if (event.kind === 'BlockProduced') counts.transactions += event.txCount;
    else if (event.kind !== 'BlockReceived') return;
    else if (event.via === 'compact') counts.compact++;
    else if (event.via === 'full') counts.full++;
  });
  runToHeight(cluster);
  return { kind: 'real-compact', ...counts, ...spreads.result(NODES, job.heights - LAST_HEIGHTS) };
}
