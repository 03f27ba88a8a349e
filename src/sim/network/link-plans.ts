/** Schedules of link changes for fault plans: pure lists in order of time, each state lasting a least time. */
import { assert } from '../../env/assert.ts';
import type { LinkChange, LinkTarget, TimedLinkChange } from './link-change.ts';

/** Times in µs: how long the schedule runs, and how long each state lasts at least and at most. */
export interface Pace {
  readonly fromUs: number;
  readonly untilUs: number;
  /** The shortest time between two changes of one link: below what the program needs, nothing but the fault is tested. */
  readonly stabilityUs: number;
  readonly longestUs: number;
}

/** A uniform integer 0 <= x < n from the plan's own stream. */
export type Below = (n: number) => number;

/** A change that comes and goes: active and inactive in turns; ends inactive, at `untilUs` at the latest. */
export function flapping(change: LinkChange, pace: Pace, below: Below): readonly TimedLinkChange[] {
  assertPace(pace);
  const plan: TimedLinkChange[] = [];
  let atUs = pace.fromUs + stay(pace, below);
  for (;;) {
    const endUs = atUs + stay(pace, below);
    if (endUs > pace.untilUs) return plan;
    plan.push({ atUs, kind: 'set', change }, { atUs: endUs, kind: 'clear', id: change.id });
    atUs = endUs + stay(pace, below);
  }
}

/**
 * Swizzle-clogging (FoundationDB): a random subset of hosts is clogged one after the other in random order, then
 * released in another random order, again and again.
 */
export function swizzleClog(
  id: string,
  hosts: readonly number[],
  pace: Pace,
  below: Below,
): readonly TimedLinkChange[] {
  assertPace(pace);
  const plan: TimedLinkChange[] = [];
  let atUs = pace.fromUs;
  while (hosts.length > 0) {
    const chosen = shuffled(hosts, below).slice(0, 1 + below(hosts.length));
    const steps: TimedLinkChange[] = [];
    for (const host of chosen) {
      atUs += stay(pace, below);
      const links: LinkTarget = { from: [host], to: 'all', bothWays: true };
      steps.push({ atUs, kind: 'set', change: { kind: 'clog', id: `${id}/${host}`, links } });
    }
    for (const host of shuffled(chosen, below)) {
      atUs += stay(pace, below);
      steps.push({ atUs, kind: 'clear', id: `${id}/${host}` });
    }
    if (atUs > pace.untilUs) break;
    plan.push(...steps);
  }
  return plan;
}

/** Two halves that only `bridges` can reach both of, for the stated time. */
export function bridge(
  id: string,
  left: readonly number[],
  right: readonly number[],
  bridges: readonly number[],
  pace: Pace,
): readonly TimedLinkChange[] {
  const groups = [
    [...left, ...bridges],
    [...right, ...bridges],
  ];
  return once({ kind: 'split', id, groups }, pace);
}

/** Every host reaches its neighbours in the circle alone, for the stated time: each majority is another one. */
export function ring(
  id: string,
  hosts: readonly number[],
  reach: number,
  pace: Pace,
): readonly TimedLinkChange[] {
  return once({ kind: 'ring', id, hosts, reach }, pace);
}

function once(change: LinkChange, pace: Pace): readonly TimedLinkChange[] {
  assertPace(pace);
  if (pace.untilUs - pace.fromUs < pace.stabilityUs) return [];
  return [
    { atUs: pace.fromUs, kind: 'set', change },
    { atUs: pace.untilUs, kind: 'clear', id: change.id },
  ];
}

function assertPace(pace: Pace): void {
  assert(
    pace.stabilityUs > 0 && pace.longestUs >= pace.stabilityUs,
    'a state lasts some time, and its longest is no shorter than its shortest',
  );
  assert(pace.fromUs >= 0 && pace.untilUs >= pace.fromUs, 'a schedule ends after it begins');
}

function stay(pace: Pace, below: Below): number {
  return pace.stabilityUs + below(pace.longestUs - pace.stabilityUs + 1);
}

function shuffled(items: readonly number[], below: Below): number[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = below(last + 1);
    const held = order[last] as number;
    order[last] = order[other] as number;
    order[other] = held;
  }
  return order;
}
