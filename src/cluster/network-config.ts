/** From a network plan to the simulator's configuration of it. */
import { address } from '../env/units.ts';
import {
  type CompactConfig,
  type HostPlace,
  type LatencyConfig,
  type NetworkConfig,
  plainNetwork,
} from '../sim/network/config.ts';
import type { Stream } from '../sim/seeds.ts';
import {
  CHURN_NODES_PER_1000,
  CHURN_REPAIR_COUNTS,
  COMPACT_BLOCK_BYTES,
  COMPACT_FAILURE_PER_1000,
  COMPACT_USERS_PER_1000,
  CONTROL_REPAIR_PERCENT,
  DOWNLOAD_KBIT_PER_S,
  LATENCY_MEAN_MS,
  UPLOAD_KBIT_PER_S,
} from './internet-2019.ts';
import type { ClusterPlan, NetworkPlan } from './plan.ts';
import { planRegions } from './topology.ts';

/** Mean of what a measured link adds to a message now and then. */
const MEASURED_JITTER_US = 5_000;
/** The kind that carries the transactions of a block; announcements and requests are small. */
const BULK_KIND = 'GetBlockResponse';

function scaled(us: number, plan: NetworkPlan): number {
  return Math.round((us * plan.latencyScalePermille) / 1_000);
}

function latencyConfig(plan: NetworkPlan): LatencyConfig {
  const jitter =
    plan.jitterUs === 0
      ? ({ kind: 'constant', us: 0 } as const)
      : ({ kind: 'exponential', meanUs: plan.jitterUs } as const);
  const none = { kind: 'constant', us: 0 } as const;
  switch (plan.latency.kind) {
    case 'fixed':
      return { meanUs: [[scaled(plan.latency.us, plan)]], pair: none, jitter };
    case 'uniform': {
      const { minUs, maxUs } = plan.latency;
      const pair = { kind: 'uniform', minUs: 0, maxUs: scaled(maxUs - minUs, plan) } as const;
      return { meanUs: [[scaled(minUs, plan)]], pair, jitter };
    }
    case 'internet-2019': {
      const meanUs = LATENCY_MEAN_MS.map((row) => row.map((meanMs) => scaled(meanMs * 1_000, plan)));
      const measured = { kind: 'exponential', meanUs: MEASURED_JITTER_US } as const;
      return {
        meanUs,
        pair: none,
        jitter: plan.jitterUs === 0 && plan.model === 'stream' ? measured : jitter,
      };
    }
  }
}

/** The region of each host; all in one unless measured tables are used. */
function regionsOf(plan: ClusterPlan, stream: Stream): readonly number[] {
  const measured =
    plan.network.latency.kind === 'internet-2019' || plan.network.bandwidth.kind === 'internet-2019';
  return measured ? planRegions(plan.hosts.length, stream) : plan.hosts.map(() => 0);
}

function perRegion(
  plan: NetworkPlan,
  measured: readonly number[],
  fixed: (bandwidth: { uploadKbit: number; downloadKbit: number }) => number,
): readonly number[] {
  const regions =
    plan.latency.kind === 'internet-2019' || plan.bandwidth.kind === 'internet-2019' ? measured.length : 1;
  if (plan.bandwidth.kind === 'internet-2019') return measured;
  const rate = plan.bandwidth.kind === 'fixed' ? fixed(plan.bandwidth) : 0;
  return Array.from({ length: regions }, () => rate);
}

/** Latencies of one region serve every region when only bandwidths are measured. */
function spread(latency: LatencyConfig, regions: number): LatencyConfig {
  if (latency.meanUs.length === regions) return latency;
  const mean = latency.meanUs[0]?.[0] ?? 0;
  return {
    ...latency,
    meanUs: Array.from({ length: regions }, () => Array.from({ length: regions }, () => mean)),
  };
}

/** True for that share of the hosts, rounded up, which are drawn. */
function share(hosts: number, per1000: number, stream: Stream): readonly boolean[] {
  const count = Math.ceil((hosts * per1000) / 1_000);
  return stream.shuffled(Array.from({ length: hosts }, (_, i) => i < count));
}

/** As the published simulator has it: who knows compact blocks and who churns is drawn once, failures by message. */
function compactConfig(hosts: number, stream: Stream): CompactConfig {
  const users = share(hosts, COMPACT_USERS_PER_1000, stream);
  const churns = share(hosts, CHURN_NODES_PER_1000, stream);
  const churnRepairs = CHURN_REPAIR_COUNTS.flatMap((count, i) =>
    Array.from({ length: count }, () => 10 * (i + 1)),
  );
  return {
    bytes: COMPACT_BLOCK_BYTES,
    users,
    classOf: churns.map((churn) => (churn ? 1 : 0)),
    classes: [
      { failurePpm: 1_000 * COMPACT_FAILURE_PER_1000.control, repairPermille: [10 * CONTROL_REPAIR_PERCENT] },
      { failurePpm: 1_000 * COMPACT_FAILURE_PER_1000.churn, repairPermille: churnRepairs },
    ],
  };
}

/** Host i is named `n<i>` and listens at that name. */
export function networkConfig(plan: ClusterPlan, stream: Stream): NetworkConfig {
  const { network } = plan;
  const regions = regionsOf(plan, stream);
  const hosts = plan.hosts.map(
    (host, i): HostPlace => ({ address: address(host.name), region: regions[i] as number }),
  );
  const upload = perRegion(network, UPLOAD_KBIT_PER_S, (b) => b.uploadKbit);
  const download = perRegion(network, DOWNLOAD_KBIT_PER_S, (b) => b.downloadKbit);
  return {
    ...plainNetwork([], 0),
    model: network.model,
    hosts,
    latency: spread(latencyConfig(network), upload.length),
    uploadKbitPerS: upload,
    downloadKbitPerS: download,
    uplink: network.uplink,
    stallResetUs: network.stallResetUs,
    keepAliveUs: 0,
    messageBytes: network.blockBytes === undefined ? new Map() : new Map([[BULK_KIND, network.blockBytes]]),
    bulkKinds: new Set([BULK_KIND]),
    ...(network.compactModel ? { compact: compactConfig(hosts.length, stream) } : {}),
  };
}
