/**
 * Families of faults, each drawn from its own stream: which lines a seed gets, with rates and sizes of its own. A run that has
 * everything hides what needs the absence of something (Groce et al., Swarm Testing, ISSTA 2012): each is on in half of the seeds.
 */
import type { Stream } from '../../sim/seeds.ts';
import type { FaultLine } from '../scenario/schema/faults.ts';

/** By name, in the order in which they are drawn. */
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

/** What a family draws its lines with. */
export interface FamilyDraw {
  readonly stream: Stream;
  readonly nodes: number;
  /** Hosts that may break promises. */
  readonly faulty: readonly number[];
  /** How far wall clocks may jump. */
  readonly clockSteps: readonly string[];
  /** How much too fast or too slow clocks may run, in millionths. */
  readonly clockDriftPpm: number;
  /** Faults begin before this second. */
  readonly lastS: number;
}

const seconds = (from: number, to: number): string => `${from}s..${to}s`;

/** When a line first strikes and how often again. */
function pace(
  { stream, lastS }: FamilyDraw,
  everyMinS: number,
): { readonly at: string; readonly every: string } {
  const everyS = stream.between(everyMinS, Math.max(everyMinS, Math.floor(lastS / 2)));
  return { at: seconds(1, Math.max(1, Math.min(lastS - 1, everyS))), every: seconds(everyS, 2 * everyS) };
}

function some({ stream, nodes }: FamilyDraw, most = nodes): { readonly random: number } {
  return { random: stream.between(1, Math.max(1, most)) };
}

function crashes(draw: FamilyDraw): FaultLine[] {
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

function partitions(draw: FamilyDraw): FaultLine[] {
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

function links(draw: FamilyDraw): FaultLine[] {
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

function clocks(draw: FamilyDraw): FaultLine[] {
  const { stream, clockSteps, clockDriftPpm } = draw;
  const step = stream.pick(clockSteps);
  const sign = stream.below(2) === 0 ? '' : '-';
  const kinds: readonly FaultLine[] = [
    { kind: 'clockStep', ...pace(draw, 10), hosts: some(draw), by: `${sign}${step}` },
    {
      kind: 'clockDrift',
      ...pace(draw, 10),
      for: seconds(5, 60),
      hosts: some(draw),
      ppm: stream.between(-clockDriftPpm, clockDriftPpm),
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

function pauses(draw: FamilyDraw): FaultLine[] {
  return [
    { kind: 'pause', ...pace(draw, 8), for: seconds(1, draw.stream.between(2, 20)), hosts: some(draw) },
  ];
}

/**
 * Disks that fail in ways which a program can see: they break no promise. A validator whose record of what it signed is
 * rotten falls silent, and too many of them stop the chain: what harms records mostly strikes those who count as faulty.
 */
function disks(draw: FamilyDraw): FaultLine[] {
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
function losses(draw: FamilyDraw): FaultLine[] {
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

const LINES: Readonly<Record<Exclude<SwarmFamily, 'byzantine'>, (draw: FamilyDraw) => FaultLine[]>> = {
  crash: crashes,
  partition: partitions,
  link: links,
  clock: clocks,
  pause: pauses,
  disk: disks,
  'disk-loss': losses,
};

/** The fault lines of a family; the Byzantine have none: they are lines of hosts. */
export function familyLines(family: SwarmFamily, draw: FamilyDraw): readonly FaultLine[] {
  return family === 'byzantine' ? [] : LINES[family](draw);
}
