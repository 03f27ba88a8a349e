/**
 * One scenario a seed from a space: engine, cluster, load, liars and faults, each part from a stream of its own, so that to leave
 * a family out shifts no other.
 */
import { createStream, type Stream } from '../../sim/seeds.ts';
import { lineOf } from '../byzantine/behaviours.ts';
import { engineTolerance } from '../engines.ts';
import { parseDurationRange, parseDurationUs } from '../scenario/duration.ts';
import type { LoadLine } from '../scenario/schema/load.ts';
import type { ScenarioFile } from '../scenario/schema.ts';
import { familyLines, SWARM_FAMILIES, type SwarmFamily } from './families.ts';
import { parseCountRange, type SpaceCluster, type SpaceFile } from './schema.ts';

/** One seed of a space. */
export interface SwarmDraw {
  readonly scenario: ScenarioFile;
  readonly families: readonly SwarmFamily[];
  /** Hosts whose disk may lose what it promised, or that are Byzantine: the engine bears as many. */
  readonly faulty: readonly number[];
}

type HostRule = NonNullable<ScenarioFile['hosts']>[number];
type ChainLine = NonNullable<ScenarioFile['chain']>;

const US_PER_MS = 1_000;
/** What a host counts for where nothing is said. */
const POWER = 1_000;
/** The strongest host has so many times the power of the weakest. */
const POWER_SPREAD = 4;

/** Of engines to which no wall clock matters. */
const CLOCK_STEPS: readonly string[] = ['50ms', '500ms', '5s', '1min', '1h'];
const CLOCK_DRIFT_PPM = 200_000;

function countIn(text: string, stream: Stream): number {
  const { min, max } = parseCountRange(text) ?? { min: 1, max: 1 };
  return stream.between(min, max);
}

/** Whole milliseconds of a range that the schema has checked. */
function msIn(text: string, stream: Stream): number {
  const { minUs, maxUs } = parseDurationRange(text) ?? { minUs: 0, maxUs: 0 };
  return Math.round(stream.between(minUs, maxUs) / US_PER_MS);
}

function secondsOf(text: string): number {
  return Math.floor((parseDurationUs(text) ?? 0) / 1_000_000);
}

/** By weight. */
function pickCluster(space: SpaceFile, stream: Stream): SpaceCluster {
  const all = space.clusters.reduce((sum, { weight = 1 }) => sum + weight, 0);
  let left = stream.below(all);
  for (const cluster of space.clusters) {
    left -= cluster.weight ?? 1;
    if (left < 0) return cluster;
  }
  return space.clusters[0] as SpaceCluster;
}

/** Power of each host: the same for all in half of the seeds. In half of them a host has no stake: it follows. */
function powersOf(engine: SpaceCluster['engine'], nodes: number, stream: Stream): readonly number[] {
  const isEqual = stream.below(2) === 0;
  const powers = Array.from({ length: nodes }, () =>
    isEqual ? POWER : stream.between(POWER, POWER_SPREAD * POWER),
  );
  const follower = stream.below(2) === 0 && engine === 'pos' ? stream.below(nodes) : -1;
  return powers.map((power, host) => (host === follower ? 0 : power));
}

/** Drawn hosts, as many as the engine bears. */
function faultyHosts(
  engine: SpaceCluster['engine'],
  powers: readonly number[],
  stream: Stream,
): readonly number[] {
  const [part, of] = engineTolerance(engine).liveness;
  const all = powers.reduce((sum, power) => sum + power, 0);
  const wanted = stream.between(1, Math.ceil((powers.length * part) / of));
  const faulty: number[] = [];
  let power = 0;
  for (const host of stream.shuffled([...powers.keys()])) {
    const more = power + (powers[host] as number);
    if (faulty.length >= wanted || more * of >= all * part) continue;
    faulty.push(host);
    power = more;
  }
  return faulty.sort((a, b) => a - b);
}

/** Each faulty host breaks the protocol in one to three ways. */
function liars(cluster: SpaceCluster, seed: string, faulty: readonly number[]): readonly HostRule[] {
  const stream = createStream(seed, 'swarm/byzantine');
  return faulty.flatMap((host): HostRule[] => {
    // One behaviour may stand there with several parameters: a host has it once.
    const byKind = new Map(
      stream.shuffled(cluster.behaviours ?? []).map((line) => [lineOf(line).kind, line]),
    );
    const kinds = [...byKind.values()].slice(0, stream.between(1, 3));
    return kinds.length === 0 ? [] : [{ hosts: [host], byzantine: kinds }];
  });
}

/**
 * Time-outs of hasty validators, as half of the seeds have them, and each with somebody who forgets his locks: proposals come in
 * time, precommits do not, so that locks are taken and rounds go on.
 */
function rounds(
  { engine }: SpaceCluster,
  seed: string,
  hosts: readonly HostRule[],
): Pick<ChainLine, 'rounds'> {
  const stream = createStream(seed, 'swarm/rounds');
  const forgets = hosts.some(({ byzantine }) => byzantine?.some((line) => lineOf(line).kind === 'amnesia'));
  const isHasty = stream.below(2) === 0 || forgets;
  if (engine !== 'pos' || !isHasty) return {};
  const some = (leastMs: number, mostMs: number): string => `${stream.between(leastMs, mostMs)}ms`;
  return {
    rounds: {
      propose: some(200, 400),
      prevote: some(20, 50),
      precommit: some(10, 40),
      growth: some(10, 200),
    },
  };
}

/** Times after which stake is free and evidence too old: in half of the seeds within the run, evidence before stake. */
function staking({ engine }: SpaceCluster, seed: string): Pick<ChainLine, 'staking'> {
  const stream = createStream(seed, 'swarm/staking');
  if (engine !== 'pos' || stream.below(2) === 0) return {};
  const unbondingBlocks = stream.between(6, 30);
  const unbondingS = stream.between(8, 60);
  return {
    staking: {
      unbondingBlocks,
      unbonding: `${unbondingS}s`,
      evidenceBlocks: stream.between(3, unbondingBlocks - 1),
      evidence: `${stream.between(4, unbondingS - 1)}s`,
    },
  };
}

/** Clients: mostly some, and now and then such as spend twice, are refused, or move stake. */
function loadLines({ engine }: SpaceCluster, seed: string, isHonest: boolean): readonly LoadLine[] {
  const stream = createStream(seed, 'swarm/load');
  const lines: LoadLine[] = [];
  if (stream.below(4) > 0)
    lines.push({ kind: 'transfers', perSecond: stream.between(1, 3), accounts: stream.pick([3, 8, 20]) });
  if (stream.below(3) === 0) lines.push({ kind: 'conflicting', perSecond: 0.5 });
  if (stream.below(4) === 0) lines.push({ kind: 'invalid', perSecond: 0.5 });
  // Who is faulty counts by the stake of the start: where somebody is, nobody moves any.
  if (engine === 'pos' && isHonest && stream.below(2) === 0)
    lines.push({ kind: 'stakes', perSecond: 0.3, moves: 'both', keep: 3 });
  return lines;
}

/** Hosts that come late, with or without a snapshot of others. */
function joiners(
  seed: string,
  nodes: number,
  lastS: number,
): { readonly hosts: readonly HostRule[]; readonly chain: Pick<ChainLine, 'snapshots'> } {
  const stream = createStream(seed, 'swarm/joiners');
  if (stream.below(3) > 0) return { hosts: [], chain: {} };
  const host = stream.below(nodes);
  const joins = `${stream.between(5, Math.max(5, lastS - 5))}s`;
  const hasSnapshot = stream.below(2) === 0;
  return {
    hosts: [{ hosts: [host], joins, ...(hasSnapshot ? { snapshot: true } : {}) }],
    chain: hasSnapshot ? { snapshots: { every: stream.between(4, 12), chunkBytes: 4_096 } } : {},
  };
}

function powerRules(engine: SpaceCluster['engine'], powers: readonly number[]): readonly HostRule[] {
  if (engine !== 'pos' && engine !== 'pow') return [];
  return powers.map((power, host) => ({
    hosts: [host],
    ...(engine === 'pos' ? { stake: power } : { hashShare: power / POWER }),
  }));
}

/** Small room: what waits, what fits a block, and what can be undone meet their limits. */
function limits(seed: string): {
  readonly chain: Pick<ChainLine, 'blockBytesMax'>;
  readonly node: NonNullable<ScenarioFile['node']>;
} {
  const stream = createStream(seed, 'swarm/limits');
  const isSmall = stream.below(4) === 0;
  return {
    chain: isSmall ? { blockBytesMax: stream.between(4_096, 8_192) } : {},
    node: {
      compactBlocks: stream.below(4) > 0,
      ...(isSmall ? { mempoolMax: stream.between(10, 60) } : {}),
    },
  };
}

/** How often nodes flush, and how far behind the head the state on their disks is: in half of the seeds other than nodes do. */
function storage(seed: string): Pick<NonNullable<ScenarioFile['node']>, 'flushBlocks' | 'baseDepth'> {
  const stream = createStream(seed, 'swarm/storage');
  const flushBlocks = stream.between(2, 16);
  const baseDepth = stream.between(1, 12);
  return {
    ...(stream.below(2) === 0 ? { flushBlocks } : {}),
    ...(stream.below(2) === 0 ? { baseDepth } : {}),
  };
}

/** The scenario of a seed. The same space and seed give the same scenario. */
export function drawScenario(space: SpaceFile, seed: string): SwarmDraw {
  const config = createStream(seed, 'swarm/cluster');
  const cluster = pickCluster(space, config);
  const { engine } = cluster;
  const nodes = countIn(cluster.nodes, config);
  const without = [...(space.without ?? []), ...(cluster.without ?? [])];
  const families = SWARM_FAMILIES.filter((family) => {
    return createStream(seed, `swarm/${family}/on`).below(2) === 0 && !without.includes(family);
  });
  const powers = powersOf(engine, nodes, createStream(seed, 'swarm/power'));
  const faulty = faultyHosts(engine, powers, config);
  const lastS = secondsOf(cluster.duration) - secondsOf(cluster.quiet);
  const { clockSteps = CLOCK_STEPS, clockDriftPpm = CLOCK_DRIFT_PPM } = cluster;
  const faults = families.flatMap((family) =>
    familyLines(family, {
      stream: createStream(seed, `swarm/${family}`),
      nodes,
      faulty,
      lastS,
      clockSteps,
      clockDriftPpm,
    }),
  );
  const byzantine = families.includes('byzantine') ? liars(cluster, seed, faulty) : [];
  const isHonest = byzantine.length === 0 && !families.includes('disk-loss');
  const late = joiners(seed, nodes, lastS);
  const small = limits(seed);
  const latencyMs = msIn(cluster.latency, config);
  const interval = `${msIn(cluster.blockInterval, config)}ms`;
  return {
    families,
    faulty,
    scenario: {
      name: `${space.name}-${engine}`,
      shows: 'A cluster and faults that were drawn from a seed.',
      duration: cluster.duration,
      quiet: cluster.quiet,
      nodes,
      signatures: space.signatures ?? 'modelled',
      chain: {
        engine,
        blockInterval: interval,
        ...(cluster.finalityDepth === undefined || engine === 'pos' || engine === 'poa'
          ? {}
          : { finalityDepth: countIn(cluster.finalityDepth, config) }),
        ...rounds(cluster, seed, byzantine),
        ...staking(cluster, seed),
        ...late.chain,
        ...small.chain,
      },
      node: { ...small.node, ...storage(seed) },
      network: {
        latency: { uniform: `${latencyMs}ms..${latencyMs + msIn(cluster.spread, config)}ms` },
        stallReset: `${config.between(3, 10)}s`,
      },
      hosts: [
        { hosts: 'all', disk: { write: '0ms', flush: `${config.between(0, 50)}ms` } },
        ...powerRules(engine, powers),
        ...late.hosts,
        ...byzantine,
      ],
      load: [...loadLines(cluster, seed, isHonest)],
      faults,
      expect: 'pass',
    },
  };
}
