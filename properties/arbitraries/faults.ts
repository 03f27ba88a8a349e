/**
 * Arbitrary fault plans: lists of explicit faults that shrink by themselves to fewer, earlier and shorter ones on fewer hosts.
 * They are made without knowing the cluster; `foldFaults` gives them to the hosts that there are, so that every cut stays valid.
 */
import fc from 'fast-check';
import type { Fault, FaultAction } from '../../src/sim/fault.ts';
import type { LinkTarget } from '../../src/sim/network/link-change.ts';

/** Hosts are drawn below this; a smaller cluster takes the rest of a division. */
export const HOSTS_MAX = 7;
/** Faults begin in this time: ten blocks and more. */
const BEGIN_MAX_MS = 20_000;
/** What lasts, lasts at most so long: a host that is cut off so long has lost every connection. */
const LASTS_MAX_MS = 12_000;
/** A wall clock steps at most so far at once, and at most twice on a host: see CLOCKS_APART_MS. */
const STEP_MAX_MS = 2_000;
const STEPS_MAX = 2;
const DRIFT_MAX_PPM = 50_000;
const DRIFTS_MAX = 2;
/** Two wall clocks are at most so far apart after any plan: one of them ahead, the other behind. */
export const CLOCKS_APART_MS: number =
  2 * STEPS_MAX * STEP_MAX_MS + (2 * DRIFTS_MAX * LASTS_MAX_MS * DRIFT_MAX_PPM) / 1_000_000;
/** A timer is late by at most so much. */
const JITTER_MAX_MS = 500;
/** Few handlers have more effects. */
const EFFECT_MAX = 8;
/** A disk that fails stops its node; so long after it is well again an operator starts it. */
const REPAIR_US = 1_000_000;
/** A crash at an effect waits for a handler that has so many; each host has some in this time. */
const ARMED_MS = 3_000;
const LINES_MAX = 8;
/** After this moment nothing goes wrong in any plan. */
export const ENDS_MAX_MS: number = BEGIN_MAX_MS + LASTS_MAX_MS + Math.max(ARMED_MS, REPAIR_US / 1_000);

type DiskFault = Extract<FaultAction, { readonly kind: 'disk' }>['fault'];
type Change = Extract<FaultAction, { readonly kind: 'link' }>['change'];

/** Families, as they are counted. */
export type FaultFamily = 'crash' | 'partition' | 'link' | 'clock' | 'pause' | 'disk' | 'records';

/** What goes wrong at one moment: a fault, and what belongs to it. Hosts are below HOSTS_MAX. */
export interface FaultGroup {
  readonly family: FaultFamily;
  readonly atUs: number;
  readonly endUs: number;
  readonly parts: readonly (FaultAction & { readonly afterUs: number })[];
}

const hostSets = fc
  .uniqueArray(fc.nat({ max: HOSTS_MAX - 1 }), { minLength: 1, maxLength: HOSTS_MAX })
  .map((hosts) => [...hosts].sort((a, b) => a - b));
const oneHost = fc.nat({ max: HOSTS_MAX - 1 }).map((host) => [host]);
const atUs = fc.integer({ min: 0, max: BEGIN_MAX_MS }).map((ms) => 1_000 * ms);
const lastsUs = fc.integer({ min: 1, max: LASTS_MAX_MS }).map((ms) => 1_000 * ms);
const draws = fc.noShrink(fc.nat({ max: 0x7fff_ffff }));

function group(
  family: FaultFamily,
  at: number,
  lasts: number,
  ...actions: readonly FaultAction[]
): FaultGroup {
  return { family, atUs: at, endUs: at + lasts, parts: actions.map((action) => ({ ...action, afterUs: 0 })) };
}

const crashes = fc
  .record({
    at: atUs,
    hosts: hostSets,
    how: fc.constantFrom('kill' as const, 'power' as const),
    downUs: lastsUs,
    effect: fc.option(fc.nat({ max: EFFECT_MAX }), { nil: undefined }),
  })
  .map(({ at, hosts, how, downUs, effect }) => {
    const point = effect === undefined ? {} : { at: { of: 'handler', count: effect } as const };
    const armedUs = effect === undefined ? 0 : 1_000 * ARMED_MS;
    return group('crash', at, armedUs + downUs, {
      kind: 'crash',
      hosts,
      how,
      downUs,
      disk: 'keep',
      ...point,
    });
  });

function linkGroups(family: FaultFamily, changes: fc.Arbitrary<Change>): fc.Arbitrary<FaultGroup> {
  return fc
    .tuple(atUs, lastsUs, changes)
    .map(([at, forUs, change]) => group(family, at, forUs, { kind: 'link', change, forUs }));
}

const linkTargets: fc.Arbitrary<LinkTarget> = fc.record(
  { from: hostSets, to: fc.oneof(fc.constant('all' as const), hostSets), bothWays: fc.boolean() },
  { noNullPrototype: true },
);

const partitions = linkGroups(
  'partition',
  fc.oneof(
    fc.tuple(hostSets, hostSets).map(([a, b]): Change => ({ kind: 'split', groups: [a, b] })),
    hostSets.map((hosts): Change => ({ kind: 'split', groups: [hosts, othersOf(hosts)] })),
    hostSets.map((hosts): Change => ({ kind: 'isolate', hosts })),
    hostSets.map((hosts): Change => ({ kind: 'ring', hosts, reach: 1 })),
    linkTargets.map((links): Change => ({ kind: 'cut', links })),
  ),
);

const links = linkGroups(
  'link',
  fc.oneof(
    linkTargets.map((target): Change => ({ kind: 'clog', links: target })),
    fc
      .tuple(linkTargets, fc.integer({ min: 1, max: 300_000 }))
      .map(([target, ppm]): Change => ({ kind: 'loss', links: target, ppm })),
    fc
      .tuple(linkTargets, fc.integer({ min: 1, max: 2_000 }))
      .map(([target, ms]): Change => ({ kind: 'latency', links: target, extraUs: 1_000 * ms })),
    fc
      .tuple(linkTargets, fc.integer({ min: 64, max: 2_000 }))
      .map(([target, kbitPerS]): Change => ({ kind: 'bandwidth', links: target, kbitPerS })),
  ),
);

const steps = fc
  .tuple(atUs, hostSets, fc.integer({ min: -STEP_MAX_MS, max: STEP_MAX_MS }))
  .map(([at, hosts, ms]) => group('clock', at, 0, { kind: 'clockStep', hosts, byUs: 1_000 * ms }));
const drifts = fc
  .tuple(atUs, lastsUs, hostSets, fc.integer({ min: -DRIFT_MAX_PPM, max: DRIFT_MAX_PPM }))
  .map(([at, forUs, hosts, ppm]) => group('clock', at, forUs, { kind: 'clockDrift', hosts, ppm, forUs }));
const jitters = fc
  .tuple(atUs, lastsUs, hostSets, fc.integer({ min: 1, max: JITTER_MAX_MS }))
  .map(([at, forUs, hosts, ms]) =>
    group('clock', at, forUs, { kind: 'timerJitter', hosts, upToUs: 1_000 * ms, forUs }),
  );

const pauses = fc
  .tuple(atUs, lastsUs, hostSets)
  .map(([at, forUs, hosts]) => group('pause', at, forUs, { kind: 'pause', hosts, forUs }));

/** A disk that refuses: the node stops by itself, and its operator starts it when the disk is well. */
const refusals = fc
  .tuple(
    atUs,
    lastsUs,
    oneHost,
    fc.oneof(
      fc
        .constantFrom('read' as const, 'write' as const, 'flush' as const)
        .map((on): DiskFault => ({ kind: 'ioError', on })),
      fc.nat({ max: 2_000 }).map((roomBytes): DiskFault => ({ kind: 'diskFull', on: 'write', roomBytes })),
    ),
  )
  .map(([at, forUs, hosts, fault]): FaultGroup => {
    const repair = { kind: 'crash', hosts, how: 'kill', downUs: REPAIR_US, disk: 'keep' } as const;
    return {
      family: 'disk',
      atUs: at,
      endUs: at + forUs + REPAIR_US,
      parts: [
        { kind: 'disk', hosts, fault, forUs, afterUs: 0 },
        { ...repair, afterUs: forUs },
        { kind: 'start', hosts, afterUs: forUs + REPAIR_US },
      ],
    };
  });
const slowDisks = fc
  .tuple(atUs, lastsUs, oneHost, fc.integer({ min: 2, max: 100 }))
  .map(([at, forUs, hosts, multiplier]) =>
    group('disk', at, forUs, { kind: 'disk', hosts, fault: { kind: 'slow', multiplier }, forUs }),
  );

/** Damage that a checksum shows. A key whose records of what it signed are lost is silent: its host counts as faulty. */
const rot = fc.tuple(atUs, fc.nat({ max: HOSTS_MAX - 1 }), draws, draws).map(([at, host, draw, bit]) =>
  group('records', at, 0, {
    kind: 'disk',
    hosts: [host],
    fault: { kind: 'bitRotValue', target: { kind: 'drawn', draw }, bit },
    forUs: 'forever',
  }),
);

/** Up to eight things that go wrong. */
export const faultGroups: fc.Arbitrary<readonly FaultGroup[]> = fc
  .array(
    fc.oneof(
      // What a crash alone brings about is told with a crash.
      { withCrossShrink: true },
      crashes,
      partitions,
      links,
      fc.oneof(steps, drifts, jitters),
      pauses,
      refusals,
      slowDisks,
      rot,
    ),
    { maxLength: LINES_MAX, size: 'max' },
  )
  .map(withinClocks);

/** Leaves out clock steps and drifts past their number: what they do to a clock stays. */
function withinClocks(groups: readonly FaultGroup[]): readonly FaultGroup[] {
  let left: Readonly<Record<string, number>> = { clockStep: STEPS_MAX, clockDrift: DRIFTS_MAX };
  return groups.filter(({ parts: [part] }) => {
    const kind = part?.kind ?? '';
    const allowed = left[kind] ?? 1;
    if (kind in left) left = { ...left, [kind]: allowed - 1 };
    return allowed > 0;
  });
}

/** The faults of a cluster of so many hosts; records rot only on the faulty ones. Ids are `kind/number/part`. */
export function foldFaults(
  groups: readonly FaultGroup[],
  nodes: number,
  faulty: readonly number[],
): readonly Fault[] {
  const fold = (hosts: readonly number[]): readonly number[] =>
    [...new Set(hosts.map((host) => host % nodes))].sort((a, b) => a - b);
  return groups.flatMap(({ family, atUs: at, parts }, i) => {
    const rotten = family === 'records' ? faulty : undefined;
    if (rotten?.length === 0) return [];
    return parts.map(({ afterUs, ...action }, part): Fault => {
      const place = { id: `${kindOf(action)}/${i}/${part}`, atUs: at + afterUs };
      if (action.kind === 'link') return { ...action, ...place, change: foldChange(action.change, fold) };
      const hosts =
        rotten === undefined
          ? fold(action.hosts)
          : action.hosts.map((host) => rotten[host % rotten.length] ?? 0);
      return { ...action, ...place, hosts };
    });
  });
}

function kindOf(action: FaultAction): string {
  if (action.kind === 'disk') return action.fault.kind;
  return action.kind === 'link' ? action.change.kind : action.kind;
}

function foldChange(change: Change, fold: (hosts: readonly number[]) => readonly number[]): Change {
  const side = (hosts: readonly number[] | 'all'): readonly number[] | 'all' =>
    hosts === 'all' ? 'all' : fold(hosts);
  switch (change.kind) {
    case 'split':
      return { ...change, groups: change.groups.map(fold) };
    case 'ring':
    case 'isolate':
      return { ...change, hosts: fold(change.hosts) };
    default:
      return {
        ...change,
        links: { ...change.links, from: side(change.links.from), to: side(change.links.to) },
      };
  }
}

function othersOf(hosts: readonly number[]): readonly number[] {
  return Array.from({ length: HOSTS_MAX }, (_, host) => host).filter((host) => !hosts.includes(host));
}
