/** Fault plans in common shapes, each drawn from a stream of its own. */
import { assert } from '../env/assert.ts';
import type { Fault, FaultAction } from './fault.ts';
import type { TimedLinkChange } from './network/link-change.ts';
import { flapping, type Pace, swizzleClog } from './network/link-plans.ts';
import type { Stream } from './seeds.ts';

/** A plan longer than that is a mistake of its author. */
const PLAN_MAX = 100_000;

/** A range of times in µs, ends included. */
export interface RangeUs {
  readonly minUs: number;
  readonly maxUs: number;
}

/** Crashes of one host at a time, again and again; each boot is left in peace for `upUs` at least. */
export interface CrashStorm {
  readonly id: string;
  readonly hosts: readonly number[];
  readonly fromUs: number;
  readonly untilUs: number;
  /** From one crash of the storm to the next. */
  readonly everyUs: RangeUs;
  readonly downUs: RangeUs;
  readonly how: readonly ('kill' | 'power')[];
}

export function crashStorm(storm: CrashStorm, stream: Stream): readonly Fault[] {
  assert(storm.everyUs.minUs > 0, 'time passes between the crashes of a storm');
  const plan: Fault[] = [];
  /** When a host is up again, and has been for as long as crashes are apart. */
  const restsUntil = new Map<number, number>();
  let atUs = storm.fromUs + draw(storm.everyUs, stream);
  for (; atUs < storm.untilUs && storm.hosts.length > 0; atUs += draw(storm.everyUs, stream)) {
    const host = stream.pick(storm.hosts);
    const how = stream.pick(storm.how);
    const downUs = draw(storm.downUs, stream);
    if ((restsUntil.get(host) ?? 0) > atUs) continue;
    restsUntil.set(host, atUs + downUs + storm.everyUs.minUs);
    add(plan, storm.id, atUs, { kind: 'crash', hosts: [host], how, downUs, disk: 'keep' });
  }
  return plan;
}

/** Hosts are stopped and started one after the other, perhaps with other code. */
export interface RollingRestart {
  readonly id: string;
  readonly hosts: readonly number[];
  readonly fromUs: number;
  readonly downUs: RangeUs;
  /** From the start of one host to the stop of the next. */
  readonly gapUs: RangeUs;
  readonly deadlineUs: number;
  readonly variant?: string;
}

export function rollingRestart(roll: RollingRestart, stream: Stream): readonly Fault[] {
  const plan: Fault[] = [];
  let atUs = roll.fromUs;
  const variant = roll.variant === undefined ? {} : { variant: roll.variant };
  for (const host of roll.hosts) {
    const downUs = draw(roll.downUs, stream);
    add(plan, roll.id, atUs, {
      kind: 'stop',
      hosts: [host],
      deadlineUs: roll.deadlineUs,
      downUs,
      ...variant,
    });
    atUs += roll.deadlineUs + downUs + draw(roll.gapUs, stream);
  }
  return plan;
}

type LinkAction = Extract<FaultAction, { readonly kind: 'link' }>;

/** A change of links that comes and goes. */
export function flappingLinks(
  id: string,
  change: LinkAction['change'],
  pace: Pace,
  stream: Stream,
): readonly Fault[] {
  // The id inside is that of the schedule; each appearance is a fault with an id of its own.
  const timed = flapping({ ...change, id }, pace, stream.below);
  return linkFaults(id, timed);
}

/** Random hosts are clogged one by one, and released in another order. */
export function swizzle(id: string, hosts: readonly number[], pace: Pace, stream: Stream): readonly Fault[] {
  return linkFaults(id, swizzleClog(id, hosts, pace, stream.below));
}

/** Each pair of set and clear becomes one fault with a span. */
function linkFaults(id: string, timed: readonly TimedLinkChange[]): readonly Fault[] {
  const plan: Fault[] = [];
  for (const [index, entry] of timed.entries()) {
    if (entry.kind !== 'set') continue;
    const clear = timed.slice(index).find((other) => other.kind === 'clear' && other.id === entry.change.id);
    const forUs = clear === undefined ? 'forever' : clear.atUs - entry.atUs;
    add(plan, id, entry.atUs, { kind: 'link', change: entry.change, forUs });
  }
  return plan;
}

function draw(range: RangeUs, stream: Stream): number {
  return stream.between(range.minUs, range.maxUs);
}

function add(plan: Fault[], id: string, atUs: number, action: FaultAction): void {
  assert(plan.length < PLAN_MAX, 'a fault plan has at most 100,000 faults');
  plan.push({ id: `${id}/${plan.length}`, atUs, ...action });
}
