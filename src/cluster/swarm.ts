/**
 * Swarm: random clusters under random faults, one scenario a seed. Each seed switches whole families of faults off and
 * draws its own rates and sizes, since a run that has everything hides what needs the absence of something (Groce et
 * al., Swarm Testing, ISSTA 2012). Each family draws from its own stream: to leave one out shifts no other.
 */
import { createStream, type Stream } from '../sim/seeds.ts';
import type { BehaviourLine } from './byzantine/behaviours.ts';
import type { FaultLine } from './scenario/schema/faults.ts';
import type { ScenarioFile } from './scenario/schema.ts';

/** What clusters are drawn from. */
export interface SwarmSpace {
  readonly engine: NonNullable<NonNullable<ScenarioFile['chain']>['engine']>;
  readonly nodesMin: number;
  readonly nodesMax: number;
  /** Simulated seconds of a run; the last `quietS` of them without faults. */
  readonly seconds: number;
  readonly quietS: number;
  readonly signatures: 'real' | 'modelled';
  /** How many of n hosts may be faulty in a way that counts against the protocol's promise. */
  faultyMax(nodes: number): number;
  /** Names of Byzantine behaviours that the engine knows. */
  readonly behaviours: readonly BehaviourLine['kind'][];
  /** Families of faults that are never drawn. */
  readonly without?: readonly SwarmFamily[];
}

/** Families of faults; each is on in half of the seeds. */
export const SWARM_FAMILIES = [
  'crash',
  'partition',
  'link',
  'clock',
  'pause',
  'disk',
  'disk-loss',
  'byzantine',
] as const;
export type SwarmFamily = (typeof SWARM_FAMILIES)[number];

/** Short enough for twenty blocks in the quiet end. */
const BLOCK_INTERVAL_MAX_MS = 2_500;

/** One seed of a swarm. */
export interface SwarmDraw {
  readonly scenario: ScenarioFile;
  readonly families: readonly SwarmFamily[];
  /** Hosts whose disk may lose what it promised, or that are Byzantine: at most `faultyMax`. */
  readonly faulty: readonly number[];
}

/** What a family draws its lines with. */
interface Draw {
  readonly stream: Stream;
  readonly nodes: number;
  readonly faulty: readonly number[];
  /** Faults begin before this second. */
  readonly lastS: number;
}

const seconds = (from: number, to: number): string => `${from}s..${to}s`;

/** When a line first strikes and how often again. */
function pace({ stream, lastS }: Draw, everyMinS: number): { readonly at: string; readonly every: string } {
  const everyS = stream.between(everyMinS, Math.max(everyMinS, Math.floor(lastS / 2)));
  return { at: seconds(1, Math.max(1, Math.min(lastS - 1, everyS))), every: seconds(everyS, 2 * everyS) };
}

function some({ stream, nodes }: Draw, most = nodes): { readonly random: number } {
  return { random: stream.between(1, Math.max(1, most)) };
}

function crashes(draw: Draw): FaultLine[] {
  const { stream } = draw;
  return [
    {
      kind: 'crash',
      ...pace(draw, 4),
      hosts: some(draw),
      how: stream.pick(['kill', 'power', 'any'] as const),
      down: seconds(0, stream.between(1, 15)),
      disk: 'keep',
      ...(stream.below(2) === 0 ? { effect: 'random' as const } : {}),
    },
  ];
}

function partitions(draw: Draw): FaultLine[] {
  const { stream, nodes } = draw;
  const lasts = seconds(1, stream.between(2, 30));
  switch (stream.below(4)) {
    case 0:
      return [{ kind: 'bridge', ...pace(draw, 10), for: lasts }];
    case 1:
      return [
        {
          kind: 'partition',
          ...pace(draw, 10),
          for: lasts,
          isolate: some(draw, nodes - 1),
          oneWay: stream.below(2) === 0,
        },
      ];
    case 2:
      return nodes >= 4
        ? [{ kind: 'ring', ...pace(draw, 10), for: lasts }]
        : [{ kind: 'partition', ...pace(draw, 10), for: lasts, split: 'random' }];
    default:
      return [{ kind: 'partition', ...pace(draw, 10), for: lasts, split: 'random' }];
  }
}

function links(draw: Draw): FaultLine[] {
  const { stream } = draw;
  const link = { from: some(draw), to: 'all' as const, bothWays: stream.below(2) === 0 };
  const lasts = seconds(1, stream.between(2, 30));
  const kinds: readonly FaultLine[] = [
    { kind: 'loss', ...pace(draw, 8), for: lasts, link, percent: stream.between(1, 30) },
    { kind: 'latency', ...pace(draw, 8), for: lasts, link, extra: `${stream.between(50, 3_000)}ms` },
    { kind: 'clog', ...pace(draw, 8), for: lasts, link },
    { kind: 'swizzle', ...pace(draw, 15), for: seconds(10, 30), hosts: some(draw) },
    {
      kind: 'flap',
      ...pace(draw, 20),
      for: seconds(5, 20),
      link,
      down: seconds(1, 4),
      up: seconds(1, 4),
    },
  ];
  return stream.shuffled(kinds).slice(0, stream.between(1, 2));
}

function clocks(draw: Draw): FaultLine[] {
  const { stream } = draw;
  const ms = stream.pick([50, 500, 5_000, 60_000, 3_600_000]);
  const sign = stream.below(2) === 0 ? '' : '-';
  const kinds: readonly FaultLine[] = [
    { kind: 'clockStep', ...pace(draw, 10), hosts: some(draw), by: `${sign}${ms}ms` },
    {
      kind: 'clockDrift',
      ...pace(draw, 10),
      for: seconds(5, 60),
      hosts: some(draw),
      ppm: stream.between(-200_000, 200_000),
    },
    {
      kind: 'timerJitter',
      ...pace(draw, 10),
      for: seconds(5, 60),
      hosts: some(draw),
      upTo: `${stream.between(10, 2_000)}ms`,
    },
  ];
  return stream.shuffled(kinds).slice(0, stream.between(1, 3));
}

function pauses(draw: Draw): FaultLine[] {
  return [
    { kind: 'pause', ...pace(draw, 8), for: seconds(1, draw.stream.between(2, 20)), hosts: some(draw) },
  ];
}

/**
 * Disks that fail in ways which a program can see: they break no promise. A validator whose record of what it signed is
 * rotten falls silent, and too many of them stop the chain: what harms records mostly strikes those who count as faulty.
 */
function disks(draw: Draw): FaultLine[] {
  const { stream, faulty } = draw;
  const one = { random: 1 };
  const rotten = faulty.length > 0 && stream.below(4) > 0 ? [stream.pick(faulty)] : one;
  const kinds: readonly FaultLine[] = [
    { kind: 'bitRot', ...pace(draw, 15), hosts: rotten, records: stream.between(1, 4) },
    { kind: 'misdirected', ...pace(draw, 15), hosts: rotten, records: stream.between(1, 2) },
    { kind: 'diskSlow', ...pace(draw, 15), for: seconds(2, 20), hosts: one, factor: stream.between(2, 200) },
    { kind: 'diskFull', ...pace(draw, 30), for: seconds(2, 10), hosts: one },
    {
      kind: 'diskError',
      ...pace(draw, 30),
      for: seconds(2, 10),
      hosts: one,
      on: stream.pick(['write', 'flush'] as const),
    },
  ];
  return stream.shuffled(kinds).slice(0, stream.between(1, 2));
}

/** Disks that forget what they called durable: their hosts count as faulty. */
function losses(draw: Draw): FaultLine[] {
  const { stream, faulty } = draw;
  if (faulty.length === 0) return [];
  const hosts = [stream.pick(faulty)];
  const down = seconds(0, 10);
  const kinds: readonly FaultLine[] = [
    {
      kind: 'crash',
      ...pace(draw, 20),
      hosts,
      how: 'any',
      down,
      disk: stream.pick(['empty', 'old'] as const),
    },
    { kind: 'missingKey', ...pace(draw, 15), hosts, records: stream.between(1, 3) },
    { kind: 'staleValue', ...pace(draw, 15), hosts, records: stream.between(1, 3) },
    { kind: 'lyingFlush', ...pace(draw, 20), for: seconds(5, 30), hosts },
  ];
  return stream.shuffled(kinds).slice(0, stream.between(1, 2));
}

type HostRule = NonNullable<ScenarioFile['hosts']>[number];

/** Each faulty host breaks the protocol in one or two ways, or only by its disk. */
function behaviours(space: SwarmSpace, seed: string, faulty: readonly number[]): readonly HostRule[] {
  const stream = createStream(seed, 'swarm/byzantine');
  return faulty.flatMap((host): HostRule[] => {
    const kinds = stream.shuffled(space.behaviours).slice(0, stream.between(0, 2));
    return kinds.length === 0 ? [] : [{ hosts: [host], byzantine: kinds }];
  });
}

type ChainLine = NonNullable<ScenarioFile['chain']>;

/**
 * Time-outs of hasty validators, as one seed in four has them, and each with somebody who forgets his locks: proposals come in
 * time, precommits do not, so that locks are taken and rounds go on.
 */
function rounds(space: SwarmSpace, seed: string, hosts: readonly HostRule[]): Pick<ChainLine, 'rounds'> {
  const stream = createStream(seed, 'swarm/rounds');
  const isHasty = stream.below(4) === 0 || hosts.some(({ byzantine }) => byzantine?.includes('amnesia'));
  if (space.engine !== 'pos' || !isHasty) return {};
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

const LINES: Readonly<Record<Exclude<SwarmFamily, 'byzantine'>, (draw: Draw) => FaultLine[]>> = {
  crash: crashes,
  partition: partitions,
  link: links,
  clock: clocks,
  pause: pauses,
  disk: disks,
  'disk-loss': losses,
};

/** The scenario of a seed. The same space and seed give the same scenario. */
export function drawSwarm(space: SwarmSpace, seed: string): SwarmDraw {
  const config = createStream(seed, 'swarm/cluster');
  const nodes = config.between(space.nodesMin, space.nodesMax);
  const families = SWARM_FAMILIES.filter((family) => {
    return (
      createStream(seed, `swarm/${family}/on`).below(2) === 0 && space.without?.includes(family) !== true
    );
  });
  const count = space.faultyMax(nodes);
  const faulty = config
    .shuffled(Array.from({ length: nodes }, (_, i) => i))
    .slice(0, config.between(Math.min(1, count), count))
    .sort((a, b) => a - b);
  const lastS = space.seconds - space.quietS;
  const faults: FaultLine[] = [];
  for (const family of families) {
    if (family === 'byzantine') continue;
    faults.push(...LINES[family]({ stream: createStream(seed, `swarm/${family}`), nodes, faulty, lastS }));
  }
  const byzantine = families.includes('byzantine') ? behaviours(space, seed, faulty) : [];
  const latencyMs = config.between(1, 150);
  return {
    families,
    faulty,
    scenario: {
      name: 'swarm',
      shows: 'A cluster and faults that were drawn from a seed.',
      duration: `${space.seconds}s`,
      quiet: `${space.quietS}s`,
      nodes,
      signatures: space.signatures,
      chain: {
        engine: space.engine,
        blockInterval: `${config.between(1_000, BLOCK_INTERVAL_MAX_MS)}ms`,
        ...rounds(space, seed, byzantine),
      },
      network: {
        latency: { uniform: `${latencyMs}ms..${latencyMs + config.between(0, 200)}ms` },
        stallReset: `${config.between(3, 10)}s`,
      },
      hosts: [{ hosts: 'all', disk: { write: '0ms', flush: `${config.between(0, 20)}ms` } }, ...byzantine],
      load: config.below(4) === 0 ? [] : [{ kind: 'transfers', perSecond: config.between(1, 3) }],
      faults,
      expect: 'pass',
    },
  };
}
