/** From a scenario file and a seed to a resolved plan: defaults, durations, hosts, links and drawn faults. */
import { signerLimit } from '../chain/consensus/poa/signers.ts';
import type { Fault } from '../sim/fault.ts';
import { createStream, type Stream } from '../sim/seeds.ts';
import { lineOf } from './byzantine/behaviours.ts';
import { planByzantine } from './byzantine/plan-byzantine.ts';
import {
  type BandwidthPlan,
  type ChainPlan,
  type ClusterPlan,
  type Expectation,
  type FeaturePlan,
  type HostPlan,
  type LatencyPlan,
  type LoadPlan,
  type NetworkPlan,
  type PosPlan,
  type ProposalPlan,
  type StakesPlan,
  selectHosts,
} from './plan.ts';
import { planFaults } from './plan-faults.ts';
import { parseDurationRange, parseDurationUs, type UsRange } from './scenario/duration.ts';
import { quietUsOf } from './scenario/quiet.ts';
import type { LoadLine } from './scenario/schema/load.ts';
import type { ProposalLine } from './scenario/schema/proposals.ts';
import type { ScenarioFile } from './scenario/schema.ts';
import type { Topology } from './topology.ts';

function durationUs(text: string | undefined, fallbackUs: number): number {
  return text === undefined ? fallbackUs : (parseDurationUs(text) ?? fallbackUs);
}

/** A range that the schema has checked. */
function rangeOf(text: string): UsRange {
  return parseDurationRange(text) ?? { minUs: 0, maxUs: 0 };
}

/** Least stake where nothing is said, and what a host has. */
const STAKE_MIN = 1_000;
/** A step of the scrub for so many blocks: what it costs is a small part of what they cost, however slow they come. */
const SCRUB_INTERVALS = 6;

function blockIntervalUs(file: ScenarioFile): number {
  return durationUs(file.chain?.blockInterval, 10_000_000);
}

/** @param validators how many hosts genesis lists. */
function chainPlan(file: ScenarioFile, validators: number): ChainPlan {
  const chain = file.chain ?? {};
  return {
    engine: chain.engine ?? 'pow',
    blockIntervalUs: blockIntervalUs(file),
    difficulty: chain.difficulty ?? 'asert',
    halfLifeUs: durationUs(chain.halfLife, 3_600_000_000),
    finalityDepth: chain.engine === 'poa' ? signerLimit(validators) : (chain.finalityDepth ?? 40),
    undoDepth: chain.keepUndo ?? 100,
    snapshots:
      chain.snapshots === undefined
        ? undefined
        : { every: chain.snapshots.every, chunkBytes: chain.snapshots.chunkBytes ?? 1_048_576 },
    reward: chain.reward ?? 5_000,
    upgrade: chain.upgrade,
    blockBytesMax: chain.blockBytesMax ?? 1_048_576,
    pos: posPlan(chain),
    poa: {
      wiggleUs: durationUs(chain.poa?.wiggle, 500_000),
      epoch: chain.poa?.epoch ?? 30_000,
      tieBreak: chain.poa?.tieBreak ?? 'eip-3436',
    },
  };
}

/** Parameters of stake, with what holds where nothing is said. */
export function posPlan({ rounds = {}, staking = {} }: NonNullable<ScenarioFile['chain']>): PosPlan {
  return {
    proposeUs: durationUs(rounds.propose, 1_000_000),
    prevoteUs: durationUs(rounds.prevote, 500_000),
    precommitUs: durationUs(rounds.precommit, 500_000),
    growthUs: durationUs(rounds.growth, 500_000),
    stakeMin: staking.min ?? STAKE_MIN,
    validatorsMax: staking.validatorsMax ?? 512,
    unbondingBlocks: staking.unbondingBlocks ?? 200,
    unbondingUs: durationUs(staking.unbonding, 600_000_000),
    evidenceBlocks: staking.evidenceBlocks ?? 100,
    evidenceUs: durationUs(staking.evidence, 300_000_000),
    slashPermille: staking.slashPermille ?? 50,
    safeHeights: staking.safeHeights ?? 2,
  };
}

/** Who is there, by the rules of the file. */
export function hostPlans(file: ScenarioFile): readonly HostPlan[] {
  const code = file.chain?.upgrade === undefined ? 'v1' : 'v2';
  // Not by the seed of the run: every run of a scenario has the same genesis.
  const signers = selectHosts(
    file.chain?.poa?.signers ?? 'all',
    file.nodes,
    createStream(file.name, 'signers'),
  );
  const hosts = Array.from(
    { length: file.nodes },
    (_, i): HostPlan => ({
      name: `n${i}`,
      hashShare: 1,
      stake: STAKE_MIN,
      isValidator: signers.includes(i),
      joinsUs: 0,
      isAbsent: false,
      fromSnapshot: false,
      skewUs: 0,
      driftPpm: 0,
      code,
      diskWriteUs: 0,
      diskFlushUs: 0,
      byzantine: [],
      twinOf: undefined,
    }),
  );
  const stream = createStream(file.seed ?? '1', 'host-rules');
  for (const rule of file.hosts ?? []) {
    for (const i of selectHosts(rule.hosts, file.nodes, stream)) {
      const host = hosts[i] as HostPlan;
      hosts[i] = {
        name: host.name,
        hashShare: rule.hashShare ?? host.hashShare,
        stake: rule.stake ?? host.stake,
        isValidator: host.isValidator,
        joinsUs: durationUs(rule.joins, host.joinsUs),
        isAbsent: rule.absent ?? host.isAbsent,
        fromSnapshot: rule.snapshot ?? host.fromSnapshot,
        skewUs: durationUs(rule.skew, host.skewUs),
        driftPpm: rule.driftPpm ?? host.driftPpm,
        code: rule.code ?? host.code,
        diskWriteUs: durationUs(rule.disk?.write, host.diskWriteUs),
        diskFlushUs: durationUs(rule.disk?.flush, host.diskFlushUs),
        byzantine: rule.byzantine?.map(lineOf) ?? host.byzantine,
        twinOf: rule.twinOf ?? host.twinOf,
      };
    }
  }
  return hosts;
}

type NetworkLines = NonNullable<ScenarioFile['network']>;

function latencyPlan(latency: NetworkLines['latency']): LatencyPlan {
  if (latency === undefined) return { kind: 'fixed', us: 50_000 };
  if ('fixed' in latency) return { kind: 'fixed', us: durationUs(latency.fixed, 0) };
  if ('uniform' in latency) return { kind: 'uniform', ...rangeOf(latency.uniform) };
  return { kind: 'internet-2019' };
}

function bandwidthPlan(bandwidth: NetworkLines['bandwidth']): BandwidthPlan {
  if (bandwidth === undefined || bandwidth === 'unlimited') return { kind: 'unlimited' };
  if ('measured' in bandwidth) return { kind: 'internet-2019' };
  return {
    kind: 'fixed',
    uploadKbit: Math.round(bandwidth.uploadMbit * 1_000),
    downloadKbit: Math.round(bandwidth.downloadMbit * 1_000),
  };
}

function topologyPlan(topology: NetworkLines['topology']): Topology {
  if (topology === undefined) return { kind: 'mesh' };
  if (typeof topology === 'string') return { kind: topology };
  return 'links' in topology ? { kind: 'links', links: topology.links } : { kind: 'measured' };
}

function networkPlan(file: ScenarioFile): NetworkPlan {
  const network = file.network ?? {};
  return {
    model: network.model ?? 'stream',
    latency: latencyPlan(network.latency),
    jitterUs: durationUs(network.jitter, 0),
    bandwidth: bandwidthPlan(network.bandwidth),
    uplink: network.uplink ?? 'fair',
    stallResetUs: durationUs(network.stallReset, 20_000_000),
    topology: topologyPlan(network.topology),
    blockBytes: network.blockBytes,
    compactModel: network.compactModel ?? false,
    latencyScalePermille: 1_000,
  };
}

function featurePlan(file: ScenarioFile): FeaturePlan {
  const node = file.node ?? {};
  return {
    compactBlocks: node.compactBlocks ?? true,
    transactionGossip: node.transactionGossip ?? true,
    pings: node.pings ?? true,
    timeouts: node.timeouts ?? true,
    relayStale: node.relayStale ?? false,
    mempoolMax: node.mempoolMax,
    flushBlocks: node.flushBlocks,
    baseDepth: node.baseDepth,
    scrubEveryUs: durationUs(node.scrubEvery, SCRUB_INTERVALS * blockIntervalUs(file)),
  };
}

function stakesPlan(line: Extract<LoadLine, { kind: 'stakes' }>, { nodes, chain }: ScenarioFile): StakesPlan {
  return {
    hosts: selectHosts(line.hosts ?? 'all', nodes, createStream('', 'stakes')),
    amount: line.amount ?? chain?.staking?.min ?? STAKE_MIN,
    keep: line.keep ?? 1,
    moves: line.moves ?? 'both',
  };
}

function loadPlan(line: LoadLine, file: ScenarioFile, endUs: number): LoadPlan {
  return {
    kind: line.kind,
    everyUs: Math.max(1, Math.round(1_000_000 / line.perSecond)),
    accounts: line.kind === 'transfers' ? (line.accounts ?? 20) : 20,
    hotPercent: line.kind === 'transfers' ? (line.hotPercent ?? 0) : 0,
    fromUs: durationUs(line.from, 0),
    untilUs: Math.min(endUs, durationUs(line.until, endUs)),
    ...(line.kind === 'stakes' ? { stakes: stakesPlan(line, file) } : {}),
  };
}

function proposalPlan(line: ProposalLine, nodes: number, stream: Stream): ProposalPlan {
  const what = line.add !== undefined ? 'add' : line.drop !== undefined ? 'drop' : 'withdraw';
  return {
    atUs: durationUs(line.at, 0),
    hosts: selectHosts(line.hosts, nodes, stream),
    what,
    target: line.add ?? line.drop ?? line.withdraw ?? 0,
  };
}

function expectation(expect: ScenarioFile['expect']): Expectation {
  if (typeof expect === 'string') return { kind: expect };
  return { kind: 'violation', oracle: expect.violation };
}

/** Who is absent stays so. */
function withoutStarts(faults: readonly Fault[], hosts: readonly HostPlan[]): readonly Fault[] {
  if (!hosts.some(({ isAbsent }) => isAbsent)) return faults;
  const isThere = (host: number): boolean => hosts[host]?.isAbsent !== true;
  return faults.map((fault) =>
    fault.kind === 'start' ? { ...fault, hosts: fault.hosts.filter(isThere) } : fault,
  );
}

/** The same scenario and seed give the same plan, everywhere. */
export function resolveScenario(file: ScenarioFile, seed: string): ClusterPlan {
  const durationTotalUs = durationUs(file.duration, 0);
  const quietFromUs = durationTotalUs - quietUsOf(file);
  const cpu = file.cpu;
  const hosts = planByzantine(hostPlans({ ...file, seed }), file.byzantine, seed);
  const proposals = createStream(seed, 'proposals');
  return {
    name: file.name,
    seed,
    durationUs: durationTotalUs,
    quietFromUs,
    hosts,
    signatures: file.signatures ?? 'real',
    chain: chainPlan(file, hosts.filter((host) => host.isValidator).length),
    features: featurePlan(file),
    network: networkPlan(file),
    cpu:
      cpu === undefined
        ? undefined
        : {
            hashNs: cpu.hashNs ?? 0,
            verifyUs: cpu.verifyUs ?? 0,
            signUs: cpu.signUs ?? 0,
            executeNsPerGas: cpu.executeNsPerGas ?? 0,
            decodeNsPerByte: cpu.decodeNsPerByte ?? 0,
          },
    loads: (file.load ?? []).map((line) => loadPlan(line, file, quietFromUs)),
    proposals: (file.proposals ?? []).map((line) => proposalPlan(line, file.nodes, proposals)),
    faults: withoutStarts(
      file.plan ?? planFaults(file.faults ?? [], { seed, hosts: file.nodes, endUs: quietFromUs }),
      hosts,
    ),
    messageFaults: file.messageFaults,
    liveness: file.liveness ?? 'required',
    stopAtHeight: file.stopAtHeight,
    expect: expectation(file.expect),
    atLeast: file.atLeast ?? {},
  };
}
