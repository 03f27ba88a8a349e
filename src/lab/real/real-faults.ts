/** The faults of a plan as they came to pass: processes start when they can, timers of a busy machine are late, and work finds blocks faster or slower than planned. */
import { POW_NAME } from '../../chain/consensus/pow/config.ts';
import { engineTolerance } from '../../cluster/engines.ts';
import { UNPLANNED_CUT } from '../../cluster/fault-outcomes.ts';
import type { ClusterPlan } from '../../cluster/plan.ts';
import { assertNever } from '../../env/assert.ts';
import type { Fault, SpanUs } from '../../sim/fault.ts';
import type { FaultSpan } from './fault-driver.ts';

/** From and until, in µs of the run. */
export type Interval = readonly [fromUs: number, untilUs: number];

/** What is known of a run whose faults are over. */
export interface RealCourse {
  readonly spans: ReadonlyMap<string, FaultSpan>;
  /** For each host when it had its chain open, in order. */
  readonly ups: readonly (readonly Interval[])[];
  readonly endedUs: number;
  /** When hosts that were up did not all reach each other. */
  readonly aparts: readonly Interval[];
  /** The greatest height that any host called its head by then. */
  heightAt(us: number): number;
}

/**
 * Separations that no fault planned, as faults of their own: as long as the intervals of the blocks that came meanwhile. While nodes start,
 * time passes in which nobody makes any.
 */
export function unplannedCuts(chain: ClusterPlan['chain'], course: RealCourse): readonly Fault[] {
  if (!engineTolerance(chain.engine).isByDepth) return [];
  return course.aparts.flatMap(([fromUs, untilUs], i): readonly Fault[] => {
    const blocks = course.heightAt(untilUs) - course.heightAt(fromUs);
    const change = { kind: 'isolate', hosts: [] } as const;
    const forUs = blocks * chain.blockIntervalUs;
    return blocks === 0
      ? []
      : [{ id: `${UNPLANNED_CUT}/${i}`, atUs: Math.max(0, fromUs), kind: 'link', change, forUs }];
  });
}

/**
 * The same faults with the times that they took. What is down while all are down keeps nothing from anybody: it is late by the time
 * that another host had. Where work decides, links are cut for their time or for the intervals of the blocks that came meanwhile, whichever is longer.
 */
export function faultsAsTheyWere(
  { faults, chain }: Pick<ClusterPlan, 'faults' | 'chain'>,
  course: RealCourse,
): readonly Fault[] {
  return faults.map((fault) => {
    const span = course.spans.get(fault.id);
    if (span === undefined || fault.off === true) return fault;
    const { fromUs, untilUs = course.endedUs } = span;
    const took = (planned: SpanUs): SpanUs => (planned === 'forever' ? planned : untilUs - fromUs);
    switch (fault.kind) {
      case 'link': {
        // Only work comes sooner than it is due.
        const blocks = chain.engine === POW_NAME ? course.heightAt(untilUs) - course.heightAt(fromUs) : 0;
        const grownUs = blocks * chain.blockIntervalUs;
        const forUs = took(fault.forUs);
        return { ...fault, atUs: fromUs, forUs: forUs === 'forever' ? forUs : Math.max(forUs, grownUs) };
      }
      case 'pause':
      case 'disk':
        return { ...fault, atUs: fromUs, forUs: took(fault.forUs) };
      case 'crash':
      case 'stop': {
        if (fault.downUs === 'forever') return { ...fault, atUs: fromUs };
        const lates = fault.hosts.map((host) => lateUs(course, host, fromUs));
        return { ...fault, atUs: fromUs, downUs: Math.max(0, ...lates) };
      }
      case 'start':
      case 'clockStep':
      case 'clockDrift':
      case 'timerJitter':
      case 'diskSnapshot':
        return fault;
      default:
        return assertNever(fault);
    }
  });
}

/** For how long others went on, from the fault until the host was there again. */
function lateUs({ ups, endedUs }: RealCourse, host: number, fromUs: number): number {
  const again = ups[host]?.find(([startedUs]) => startedUs > fromUs)?.[0] ?? endedUs;
  const others = ups.flatMap((intervals, other) => (other === host ? [] : intervals));
  return coveredUs(others, [fromUs, again]);
}

/** How much of an interval is covered by at least one of the others. */
function coveredUs(intervals: readonly Interval[], [fromUs, untilUs]: Interval): number {
  let covered = 0;
  let at = fromUs;
  for (const [begin, end] of [...intervals].sort((a, b) => a[0] - b[0])) {
    const upTo = Math.min(end, untilUs);
    if (upTo <= at) continue;
    covered += Math.max(0, upTo - Math.max(begin, at));
    at = Math.max(at, upTo);
  }
  return covered;
}
