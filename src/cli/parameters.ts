/** Every parameter of a run as text, defaults included: what a reader needs who has only the failure in front of him. */
import { engineTolerance } from '../cluster/engines.ts';
import type { ClusterPlan, CpuPlan, HostPlan, LoadPlan } from '../cluster/plan.ts';
import { formatDurationUs } from '../cluster/scenario/duration.ts';
import type { Topology } from '../cluster/topology.ts';
import { grouped, hostNames, plural } from './format.ts';

type Row = readonly [name: string, facts: readonly string[]];

function clusterFacts(plan: ClusterPlan): readonly string[] {
  const { expect } = plan;
  return [
    plural(plan.hosts.length, 'node'),
    `${formatDurationUs(plan.durationUs)}, quiet from ${formatDurationUs(plan.quietFromUs)}`,
    `${plan.signatures} signatures`,
    ...(plan.stopAtHeight === undefined ? [] : [`stops at height ${plan.stopAtHeight}`]),
    `expect ${expect.kind === 'violation' ? `violation ${expect.oracle}` : expect.kind}`,
    `liveness ${plan.liveness}`,
  ];
}

function chainFacts({ chain }: ClusterPlan): readonly string[] {
  return [
    chain.engine,
    `block every ${formatDurationUs(chain.blockIntervalUs)}`,
    ...(chain.engine === 'pow'
      ? [
          chain.difficulty === 'asert'
            ? `difficulty asert, half-life ${formatDurationUs(chain.halfLifeUs)}`
            : `difficulty ${chain.difficulty}`,
        ]
      : []),
    engineTolerance(chain.engine).isByDepth ? `final at depth ${chain.finalityDepth}` : 'final when decided',
    `undo ${chain.undoDepth}`,
    ...(chain.snapshots === undefined
      ? []
      : [
          `snapshots every ${grouped(chain.snapshots.every)} blocks, chunks of ${grouped(chain.snapshots.chunkBytes)} bytes`,
        ]),
    `reward ${grouped(chain.reward)}`,
    `blocks up to ${grouped(chain.blockBytesMax)} bytes`,
    ...(chain.upgrade === undefined
      ? []
      : [`version ${chain.upgrade.version} from height ${chain.upgrade.height}`]),
  ];
}

function topologyText(topology: Topology): string {
  return topology.kind === 'links' ? `${topology.links} links a node` : topology.kind;
}

function networkFacts({ network }: ClusterPlan): readonly string[] {
  const { latency, bandwidth } = network;
  return [
    network.model,
    latency.kind === 'fixed'
      ? `latency ${formatDurationUs(latency.us)}`
      : latency.kind === 'uniform'
        ? `latency ${formatDurationUs(latency.minUs)}..${formatDurationUs(latency.maxUs)}`
        : `latency ${latency.kind}`,
    `jitter ${formatDurationUs(network.jitterUs)}`,
    bandwidth.kind === 'fixed'
      ? `bandwidth ${grouped(bandwidth.uploadKbit)} kbit/s up, ${grouped(bandwidth.downloadKbit)} down`
      : `bandwidth ${bandwidth.kind}`,
    `uplink ${network.uplink}`,
    `stall reset ${formatDurationUs(network.stallResetUs)}`,
    `topology ${topologyText(network.topology)}`,
    ...(network.blockBytes === undefined ? [] : [`modelled blocks of ${grouped(network.blockBytes)} bytes`]),
    ...(network.compactModel ? ['modelled compact form'] : []),
  ];
}

function nodeFacts({ features }: ClusterPlan): readonly string[] {
  const switches: readonly (readonly [string, boolean])[] = [
    ['compactBlocks', features.compactBlocks],
    ['transactionGossip', features.transactionGossip],
    ['pings', features.pings],
    ['timeouts', features.timeouts],
    ['relayStale', features.relayStale],
  ];
  return [
    ...switches.map(([name, on]) => `${name} ${on ? 'on' : 'off'}`),
    features.scrubEveryUs === 0 ? 'scrub off' : `scrub every ${formatDurationUs(features.scrubEveryUs)}`,
    ...(features.mempoolMax === undefined ? [] : [`mempoolMax ${features.mempoolMax}`]),
  ];
}

/** `flooding (perSecond 5, from 10s)`. */
function behaviourText({ kind, ...keys }: HostPlan['byzantine'][number]): string {
  const facts = Object.entries(keys).map(([key, value]) => `${key} ${String(value)}`);
  return facts.length === 0 ? kind : `${kind} (${facts.join(', ')})`;
}

function hostFacts(host: HostPlan): string {
  const facts = [
    `hashShare ${host.hashShare}`,
    host.isAbsent ? 'is never started' : `joins ${formatDurationUs(host.joinsUs)}`,
    ...(host.skewUs === 0
      ? []
      : [`skew ${host.skewUs < 0 ? '-' : '+'}${formatDurationUs(Math.abs(host.skewUs))}`]),
    ...(host.driftPpm === 0 ? [] : [`drift ${host.driftPpm} ppm`]),
    `code ${host.code}`,
    `disk write ${formatDurationUs(host.diskWriteUs)}, flush ${formatDurationUs(host.diskFlushUs)}`,
    ...host.byzantine.map((line) => `Byzantine ${behaviourText(line)}`),
    ...(host.twinOf === undefined ? [] : [`Byzantine: has the key of n${host.twinOf}`]),
  ];
  return facts.join(', ');
}

/** Hosts that are alike share one text. */
function hostGroups(hosts: readonly HostPlan[]): readonly string[] {
  const groups = new Map<string, number[]>();
  for (const [i, host] of hosts.entries()) {
    const facts = hostFacts(host);
    const group = groups.get(facts);
    if (group === undefined) groups.set(facts, [i]);
    else group.push(i);
  }
  return [...groups].map(([facts, who]) => `${groups.size === 1 ? 'all' : hostNames(who)}: ${facts}`);
}

function cpuFacts(cpu: CpuPlan): readonly string[] {
  return [
    `hash ${cpu.hashNs} ns`,
    `verify ${cpu.verifyUs} us`,
    `sign ${cpu.signUs} us`,
    `execute ${cpu.executeNsPerGas} ns a gas`,
    `decode ${cpu.decodeNsPerByte} ns a byte`,
  ];
}

function loadFacts(load: LoadPlan): string {
  const accounts =
    load.kind === 'transfers'
      ? ` between ${load.accounts} accounts${load.hotPercent > 0 ? `, ${load.hotPercent} % hot` : ''}`
      : load.stakes === undefined
        ? ''
        : ` of ${load.stakes.amount} by ${hostNames(load.stakes.hosts)}, ${load.stakes.moves}, ${load.stakes.keep} keep theirs`;
  return `${load.kind} every ${formatDurationUs(load.everyUs)}${accounts}, ${formatDurationUs(load.fromUs)} to ${formatDurationUs(load.untilUs)}`;
}

/** What only a simulation has. */
const MODELLED: readonly string[] = ['network', 'nodes', 'cpu'];

/**
 * One line a group of parameters, the names in a column. Faults stand elsewhere, with what became of them.
 * @param isReal of real nodes: what is modelled is left out.
 */
export function parameterLines(plan: ClusterPlan, isReal = false): readonly string[] {
  const all: readonly Row[] = [
    ['cluster', clusterFacts(plan)],
    ['chain', chainFacts(plan)],
    ['network', networkFacts(plan)],
    ['nodes', nodeFacts(plan)],
    ...hostGroups(plan.hosts).map((group): Row => ['hosts', [group]]),
    ['cpu', plan.cpu === undefined ? ['free'] : cpuFacts(plan.cpu)],
    ['load', plan.loads.length === 0 ? ['none'] : plan.loads.map(loadFacts)],
  ];
  const rows = all.filter(([name]) => !isReal || !MODELLED.includes(name));
  return rows.map(([name, facts]) => `${name.padEnd(8)} ${facts.join(' · ')}`);
}
