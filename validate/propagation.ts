/** How blocks spread among 300 real nodes over the message model of the published simulator: arrivals and orphans. */
import type { DomainEvent } from '../src/chain/types/event.ts';
import type { ClusterPlan } from '../src/cluster/plan.ts';
import type { TestCluster } from '../src/cluster/test-cluster.ts';
import { createSampler } from '../src/sim/network/distribution.ts';
import { createStream } from '../src/sim/seeds.ts';
import { experimentCluster, experimentPlan, KEEP_LITTLE } from './experiment.ts';
import { addValue, createHistogram, type Histogram } from './statistics.ts';

/** Hashes per ms of a node: normal, at least 1. */
const HASH_RATE_MEAN = 400_000;
const HASH_RATE_SD = 100_000;
/** Blocks this far below the end have arrived wherever they ever will. */
const LAST_HEIGHTS = 10;
/**
 * A block counts when at least this share of the nodes got it by gossip. Who was on another branch fetches it by sync, when that
 * branch has lost: the published simulator has no sync, there such a block has not reached the node.
 */
const REACHED_SHARE = 0.999;
const HISTOGRAM_MAX_MS = 120_000;
const SLICE_EVENTS = 50_000;

/** One run of one row of the published table. */
export interface PropagationJob {
  readonly kind: 'propagation';
  readonly nodes: number;
  readonly intervalS: number;
  readonly compact: boolean;
  readonly heights: number;
  /** 1000, unless the network is to be mis-set. */
  readonly latencyPermille: number;
  readonly seed: string;
}

export interface PropagationOutcome {
  readonly kind: 'propagation';
  readonly intervalS: number;
  readonly compact: boolean;
  /** Production to arrival, for each counted block and each node, its producer included. */
  readonly arrivals: Histogram;
  readonly main: number;
  readonly orphans: number;
}

/** A block and when each node had it. */
interface Spread {
  readonly height: number;
  readonly producedUs: number;
  readonly delaysUs: number[];
  /** Nodes that got it by sync. */
  synced: number;
}

/** Counts by what nodes tell. */
export class Spreads {
  readonly #blocks = new Map<string, Spread>();

  /** The first to import a block is its producer. */
  onEvent(event: DomainEvent, atUs: number): void {
    if (event.kind !== 'BlockImported' && event.kind !== 'BlockReceived') return;
    const known = this.#blocks.get(event.id);
    if (event.kind === 'BlockReceived') {
      if (event.via === 'sync' && known !== undefined) known.synced++;
    } else if (known === undefined)
      this.#blocks.set(event.id, { height: event.height, producedUs: atUs, delaysUs: [0], synced: 0 });
    else known.delaysUs.push(atUs - known.producedUs);
  }

  /** What was counted up to that height of a network of so many nodes, whose main chain is at least that high. */
  result(nodes: number, height: number): Pick<PropagationOutcome, 'arrivals' | 'main' | 'orphans'> {
    const arrivals = createHistogram(HISTOGRAM_MAX_MS);
    let produced = 0;
    for (const spread of this.#blocks.values()) {
      if (spread.height > height) continue;
      produced++;
      if (spread.delaysUs.length - spread.synced < REACHED_SHARE * nodes) continue;
      for (const delayUs of spread.delaysUs) addValue(arrivals, delayUs / 1_000);
    }
    return { arrivals, main: height, orphans: produced - height };
  }
}

function planOf(job: PropagationJob): ClusterPlan {
  const plan = experimentPlan(
    {
      nodes: job.nodes,
      intervalS: job.intervalS,
      network: `{ model: simblock, latency: { measured: internet-2019 }, bandwidth: { measured: internet-2019 },
        topology: { measured: internet-2019 }, blockBytes: 535000, compactModel: ${job.compact} }`,
      node: '{ compactBlocks: false, transactionGossip: false, pings: false, timeouts: false, relayStale: false }',
      rest: `stopAtHeight: ${job.heights}`,
    },
    job.seed,
  );
  const rates = createStream(job.seed, 'hash-rates');
  const hashRates = createSampler({ kind: 'normal', meanUs: HASH_RATE_MEAN, sdUs: HASH_RATE_SD });
  return {
    ...plan,
    hosts: plan.hosts.map((host) => {
      const rate = Math.max(1, hashRates.at(rates.word()));
      return { ...host, hashShare: rate / HASH_RATE_MEAN };
    }),
    network: { ...plan.network, latencyScalePermille: job.latencyPermille },
  };
}

/** Simulates to the end, where `stopAtHeight` is reached everywhere. */
export function runToHeight(cluster: TestCluster): void {
  let status = cluster.step(SLICE_EVENTS);
  while (status.kind === 'running') status = cluster.step(SLICE_EVENTS);
  if (status.kind === 'ended' && 'error' in status.reason) throw status.reason.error;
  if (status.kind !== 'ended') throw new Error(`a propagation run ended early: ${status.kind}`);
}

/** Runs one job. */
export function runPropagation(job: PropagationJob): PropagationOutcome {
  const cluster = experimentCluster(planOf(job), { store: KEEP_LITTLE });
  const spreads = new Spreads();
  cluster.simulator.observe((_, event, atUs) => spreads.onEvent(event, atUs));
  runToHeight(cluster);
  const { intervalS, compact } = job;
  return {
    kind: 'propagation',
    intervalS,
    compact,
    ...spreads.result(job.nodes, job.heights - LAST_HEIGHTS),
  };
}
