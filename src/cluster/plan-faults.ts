/** From the fault lines of a scenario to a fault plan: each line draws from its own stream, so that none shifts another. */
import { assertNever } from '../env/assert.ts';
import type { Fault, FaultAction } from '../sim/fault.ts';
import type { LinkTarget } from '../sim/network/link-change.ts';
import { swizzleClog } from '../sim/network/link-plans.ts';
import { createStream, type Stream } from '../sim/seeds.ts';
import { selectHosts } from './plan.ts';
import { parseDurationRange, parseDurationUs } from './scenario/duration.ts';
import type { FaultLine } from './scenario/schema/faults.ts';

/** How many faults one line may plan: past it the scenario is a mistake, and the plan no longer fits a screen or a capsule. */
const FAULTS_PER_LINE_MAX = 100_000;
/** A stop that takes longer becomes a kill. */
const STOP_DEADLINE_US = 10_000_000;
/** From the end of a disk's fault to the restart of its host. */
const REPAIR_US = 1_000_000;
/** An old disk is a backup of that age when the host crashes. */
const BACKUP_AGE_MIN_US = 5_000_000;
const BACKUP_AGE_MAX_US = 90_000_000;
/** A random crash point inside a handler: most handlers have fewer effects than that. */
const EFFECT_MAX = 12;
/** States of flaps and swizzles last at least that long when the line does not say. */
const MIN_STABLE_US = 1_000_000;
/** Millionths in a per cent. */
const PPM_OF_PERCENT = 10_000;

export interface FaultContext {
  readonly seed: string;
  readonly hosts: number;
  /** Nothing begins after it, and what lasts ends by then. */
  readonly endUs: number;
}

/** One occurrence of a line. */
interface Occurrence extends FaultContext {
  readonly atUs: number;
  readonly stream: Stream;
  /** Adds to the plan under the next id of the line; `helper`: what prepares or ends a fault and is not counted as one. */
  add(atUs: number, action: FaultAction, helper?: string): void;
}

type Line<K extends FaultLine['kind']> = Extract<FaultLine, { readonly kind: K }>;

function drawUs(text: string, stream: Stream): number {
  const range = parseDurationRange(text) ?? { minUs: 0, maxUs: 0 };
  return stream.between(range.minUs, range.maxUs);
}

/** How long something drawn lasts, cut at the end of the faults. */
function lastUs(text: string, o: Occurrence): number {
  return Math.max(0, Math.min(drawUs(text, o.stream), o.endUs - o.atUs));
}

function linkOf(line: Line<'clog'>['link'], o: Occurrence): LinkTarget {
  return {
    from: selectHosts(line.from, o.hosts, o.stream),
    to: selectHosts(line.to, o.hosts, o.stream),
    bothWays: line.bothWays ?? true,
  };
}

/** Two groups that are not empty. */
function randomSplit(hosts: readonly number[], stream: Stream): readonly (readonly number[])[] {
  const order = stream.shuffled(hosts);
  const cut = 1 + stream.below(Math.max(1, order.length - 1));
  return [order.slice(0, cut), order.slice(cut)].filter((group) => group.length > 0);
}

function planPartition(line: Line<'partition'>, o: Occurrence): void {
  const forUs = lastUs(line.for, o);
  const everyone = Array.from({ length: o.hosts }, (_, i) => i);
  if (line.isolate !== undefined) {
    const hosts = selectHosts(line.isolate, o.hosts, o.stream);
    const change =
      line.oneWay === true
        ? ({ kind: 'cut', links: { from: hosts, to: 'all', bothWays: false } } as const)
        : ({ kind: 'split', groups: [hosts, everyone.filter((host) => !hosts.includes(host))] } as const);
    return o.add(o.atUs, { kind: 'link', change, forUs });
  }
  const groups = line.groups ?? randomSplit(everyone, o.stream);
  const [first, ...others] = groups;
  if (line.oneWay === true && first !== undefined) {
    const links = { from: first, to: others.flat(), bothWays: false };
    return o.add(o.atUs, { kind: 'link', change: { kind: 'cut', links }, forUs });
  }
  o.add(o.atUs, { kind: 'link', change: { kind: 'split', groups }, forUs });
}

function planBridge(line: Line<'bridge'>, o: Occurrence): void {
  const bridge = line.bridge ?? o.stream.below(o.hosts);
  const others = Array.from({ length: o.hosts }, (_, i) => i).filter((host) => host !== bridge);
  const groups = randomSplit(others, o.stream).map((group) => [...group, bridge]);
  o.add(o.atUs, { kind: 'link', change: { kind: 'split', groups }, forUs: lastUs(line.for, o) });
}

function planFlap(line: Line<'flap'>, o: Occurrence): void {
  const stableUs =
    line.minStable === undefined ? MIN_STABLE_US : (parseDurationUs(line.minStable) ?? MIN_STABLE_US);
  const untilUs = o.atUs + lastUs(line.for, o);
  const change =
    line.link === undefined
      ? ({ kind: 'split', groups: line.groups ?? [] } as const)
      : ({ kind: 'cut', links: linkOf(line.link, o) } as const);
  let atUs = o.atUs;
  while (atUs < untilUs) {
    const downUs = Math.max(stableUs, drawUs(line.down, o.stream));
    const forUs = Math.min(downUs, untilUs - atUs);
    o.add(atUs, { kind: 'link', change, forUs });
    atUs += forUs + Math.max(stableUs, drawUs(line.up, o.stream));
  }
}

function planSwizzle(line: Line<'swizzle'>, o: Occurrence): void {
  const stabilityUs =
    line.minStable === undefined ? MIN_STABLE_US : (parseDurationUs(line.minStable) ?? MIN_STABLE_US);
  const hosts = selectHosts(line.hosts, o.hosts, o.stream);
  const forUs = lastUs(line.for, o);
  const longestUs = Math.max(stabilityUs, Math.floor(forUs / (2 * hosts.length + 1)));
  const pace = { fromUs: o.atUs, untilUs: o.atUs + forUs, stabilityUs, longestUs };
  const timed = swizzleClog('swizzle', hosts, pace, (n) => o.stream.below(n));
  const ends = timed.filter((entry) => entry.kind === 'clear');
  for (const entry of timed) {
    if (entry.kind !== 'set' || entry.change.kind !== 'clog') continue;
    const { id, links } = entry.change;
    const end = ends.find((other) => other.id === id && other.atUs >= entry.atUs);
    if (end === undefined) continue;
    o.add(entry.atUs, { kind: 'link', change: { kind: 'clog', links }, forUs: end.atUs - entry.atUs });
  }
}

function planCrash(line: Line<'crash'>, o: Occurrence): void {
  const hosts = selectHosts(line.hosts, o.hosts, o.stream);
  const how = line.how === 'any' ? o.stream.pick(['kill', 'power'] as const) : line.how;
  const fate = line.disk ?? 'keep';
  const disk = fate === 'any' ? o.stream.pick(['keep', 'empty', 'old'] as const) : fate;
  const downUs = lastUs(line.down, o);
  const effect = line.effect === 'random' ? o.stream.below(EFFECT_MAX) : line.effect;
  const ageUs = o.stream.between(BACKUP_AGE_MIN_US, BACKUP_AGE_MAX_US);
  if (disk === 'old') o.add(Math.max(0, o.atUs - ageUs), { kind: 'diskSnapshot', hosts }, 'backup');
  const at = effect === undefined ? {} : { at: { of: 'handler', count: effect } as const };
  o.add(o.atUs, { kind: 'crash', hosts, how, downUs, disk, ...at });
}

function planRolling(line: Line<'rollingRestart'>, o: Occurrence): void {
  const gapUs = parseDurationUs(line.gap) ?? 0;
  const variant = line.code === undefined ? {} : { variant: line.code };
  let atUs = o.atUs;
  for (const host of selectHosts(line.hosts, o.hosts, o.stream)) {
    const downUs = drawUs(line.down, o.stream);
    if (line.how === 'stop')
      o.add(atUs, { kind: 'stop', hosts: [host], deadlineUs: STOP_DEADLINE_US, downUs, ...variant });
    else o.add(atUs, { kind: 'crash', hosts: [host], how: line.how, downUs, disk: 'keep', ...variant });
    atUs += downUs + gapUs;
  }
}

function planCorruption(
  line: Line<'bitRot' | 'staleValue' | 'misdirected' | 'missingKey'>,
  o: Occurrence,
): void {
  for (const host of selectHosts(line.hosts, o.hosts, o.stream)) {
    for (let i = 0; i < line.records; i++) {
      const target = { kind: 'drawn', draw: o.stream.word() } as const;
      const other = { kind: 'drawn', draw: o.stream.word() } as const;
      const bit = o.stream.word();
      const fault =
        line.kind === 'bitRot'
          ? ({ kind: line.where === 'key' ? 'bitRotKey' : 'bitRotValue', target, bit } as const)
          : line.kind === 'misdirected'
            ? ({ kind: 'misdirectedValue', target, source: other } as const)
            : ({ kind: line.kind, target } as const);
      o.add(o.atUs, { kind: 'disk', hosts: [host], fault, forUs: 'forever' });
    }
  }
}

/**
 * A disk that refuses: the node stops by itself, in whichever way. Once the disk is well its operator ends what is
 * left of the process and starts it again.
 */
function planDiskStop(
  hosts: readonly number[],
  fault: Extract<FaultAction, { kind: 'disk' }>['fault'],
  forUs: number,
  o: Occurrence,
): void {
  const wellUs = o.atUs + forUs;
  o.add(o.atUs, { kind: 'disk', hosts, fault, forUs });
  o.add(wellUs, { kind: 'crash', hosts, how: 'kill', downUs: REPAIR_US, disk: 'keep' }, 'repaired');
  o.add(wellUs + REPAIR_US, { kind: 'start', hosts }, 'repaired');
}

function planOnce(line: FaultLine, o: Occurrence): void {
  const hostsOf = (selector: Line<'pause'>['hosts']): readonly number[] =>
    selectHosts(selector, o.hosts, o.stream);
  const ppm = (percent: number): number => Math.round(percent * PPM_OF_PERCENT);
  switch (line.kind) {
    case 'partition':
      return planPartition(line, o);
    case 'bridge':
      return planBridge(line, o);
    case 'ring':
      return o.add(o.atUs, {
        kind: 'link',
        change: { kind: 'ring', hosts: hostsOf('all'), reach: 1 },
        forUs: lastUs(line.for, o),
      });
    case 'flap':
      return planFlap(line, o);
    case 'swizzle':
      return planSwizzle(line, o);
    case 'clog':
      return o.add(o.atUs, {
        kind: 'link',
        change: { kind: 'clog', links: linkOf(line.link, o) },
        forUs: lastUs(line.for, o),
      });
    case 'loss':
      return o.add(o.atUs, {
        kind: 'link',
        change: { kind: 'loss', links: linkOf(line.link, o), ppm: ppm(line.percent) },
        forUs: lastUs(line.for, o),
      });
    case 'corruption':
      return o.add(o.atUs, {
        kind: 'link',
        change: { kind: 'corrupt', links: linkOf(line.link, o), ppm: ppm(line.percent) },
        forUs: lastUs(line.for, o),
      });
    case 'latency':
      return o.add(o.atUs, {
        kind: 'link',
        change: { kind: 'latency', links: linkOf(line.link, o), extraUs: parseDurationUs(line.extra) ?? 0 },
        forUs: lastUs(line.for, o),
      });
    case 'crash':
      return planCrash(line, o);
    case 'rollingRestart':
      return planRolling(line, o);
    case 'pause':
      return o.add(o.atUs, { kind: 'pause', hosts: hostsOf(line.hosts), forUs: lastUs(line.for, o) });
    case 'clockStep':
      return o.add(o.atUs, {
        kind: 'clockStep',
        hosts: hostsOf(line.hosts),
        byUs: parseDurationUs(line.by) ?? 0,
      });
    case 'clockDrift':
      return o.add(o.atUs, {
        kind: 'clockDrift',
        hosts: hostsOf(line.hosts),
        ppm: line.ppm,
        forUs: lastUs(line.for, o),
      });
    case 'timerJitter':
      return o.add(o.atUs, {
        kind: 'timerJitter',
        hosts: hostsOf(line.hosts),
        upToUs: parseDurationUs(line.upTo) ?? 0,
        forUs: lastUs(line.for, o),
      });
    case 'diskSlow':
      return o.add(o.atUs, {
        kind: 'disk',
        hosts: hostsOf(line.hosts),
        fault: { kind: 'slow', multiplier: line.factor },
        forUs: lastUs(line.for, o),
      });
    case 'diskFull':
      return planDiskStop(
        hostsOf(line.hosts),
        { kind: 'diskFull', on: 'write', roomBytes: line.roomBytes ?? 0 },
        lastUs(line.for, o),
        o,
      );
    case 'diskError':
      return planDiskStop(hostsOf(line.hosts), { kind: 'ioError', on: line.on }, lastUs(line.for, o), o);
    case 'lyingFlush':
      return o.add(o.atUs, {
        kind: 'disk',
        hosts: hostsOf(line.hosts),
        fault: { kind: 'lyingFlush' },
        forUs: lastUs(line.for, o),
      });
    case 'bitRot':
    case 'staleValue':
    case 'misdirected':
    case 'missingKey':
      return planCorruption(line, o);
    default:
      return assertNever(line);
  }
}

function planLine(line: FaultLine, index: number, context: FaultContext): readonly Fault[] {
  const stream = createStream(context.seed, `fault/${index}/${line.kind}`);
  const faults: Fault[] = [];
  const lastAtUs = Math.min(
    context.endUs,
    line.until === undefined ? context.endUs : (parseDurationUs(line.until) ?? context.endUs),
  );
  let atUs = drawUs(line.at, stream);
  while (atUs < lastAtUs && faults.length < FAULTS_PER_LINE_MAX) {
    planOnce(line, {
      ...context,
      atUs,
      stream,
      add: (at, action, helper) => {
        faults.push({ id: `${helper ?? line.kind}/${index}/${faults.length}`, atUs: at, ...action });
      },
    });
    if (line.every === undefined) break;
    atUs += Math.max(1, drawUs(line.every, stream));
  }
  return faults;
}

/** The plan, ordered by line and then by time; ids are `kind/line/number`. */
export function planFaults(lines: readonly FaultLine[], context: FaultContext): readonly Fault[] {
  return lines.flatMap((line, index) => planLine(line, index, context));
}
