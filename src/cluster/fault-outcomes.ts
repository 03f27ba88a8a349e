/** What became of the planned faults: how many took effect, and why the others did not. */
import type { Fault, FaultCount } from '../sim/fault.ts';
import { faultKindOf } from './fault-kind.ts';
import type { ClusterPlan } from './plan.ts';
import type { FaultCoverage, FaultOutcome } from './result.ts';
import { formatSecondsUs } from './scenario/duration.ts';

/** Faults without effect that are explained: of more the first say the same. */
const OUTCOMES_MAX = 200;
/** Kind of what separated real nodes though no fault was to do so. */
export const UNPLANNED_CUT = 'apart';
/**
 * Helpers of a fault are not faults: backups before a crash with an old disk, starts after a repair, what liveness mode makes permanent; nor
 * is what nobody planned.
 */
const HELPERS: readonly string[] = ['backup', 'repaired', 'permanent', UNPLANNED_CUT];

/** Prepares a fault or ends it, and is none. */
export function isHelper(id: string): boolean {
  return HELPERS.includes(faultKindOf(id));
}

/** What the run knows of its faults. */
export interface FaultHistory {
  readonly plan: Pick<ClusterPlan, 'faults' | 'hosts'>;
  readonly counts: readonly FaultCount[];
  readonly nowUs: number;
  /** False for a loss or corruption that hit no message. */
  hasHit(id: string): boolean;
}

/** Hosts on which it took effect; for links 1 or 0. */
function effectiveOf(count: FaultCount, history: FaultHistory): number {
  return history.hasHit(count.id) ? count.effective : 0;
}

/** By kind, in the order of the plan. */
export function faultCoverage(history: FaultHistory): readonly FaultCoverage[] {
  const byKind = new Map<string, { planned: number; injected: number; effective: number }>();
  const entry = (id: string): { planned: number; injected: number; effective: number } => {
    const kind = faultKindOf(id);
    const known = byKind.get(kind) ?? { planned: 0, injected: 0, effective: 0 };
    byKind.set(kind, known);
    return known;
  };
  for (const fault of history.plan.faults)
    if (fault.off !== true && !isHelper(fault.id)) entry(fault.id).planned++;
  for (const count of history.counts) {
    if (isHelper(count.id)) continue;
    const kind = entry(count.id);
    kind.injected += count.injected > 0 ? 1 : 0;
    kind.effective += effectiveOf(count, history) > 0 ? 1 : 0;
  }
  return [...byKind].map(([kind, numbers]) => ({ kind, ...numbers }));
}

/** When a fault that ends a boot ended it, until the start that it plans. */
interface Outage {
  readonly host: number;
  readonly id: string;
  readonly fromUs: number;
  readonly untilUs: number;
}

function outagesOf({ plan, counts }: FaultHistory): readonly Outage[] {
  const effective = new Map(counts.map(({ id, effective: hosts }) => [id, hosts]));
  return plan.faults.flatMap((fault) => {
    if ((fault.kind !== 'crash' && fault.kind !== 'stop') || (effective.get(fault.id) ?? 0) === 0) return [];
    // When a crash inside a handler came is not known here.
    if (fault.kind === 'crash' && fault.at !== undefined) return [];
    const untilUs = fault.downUs === 'forever' ? Number.POSITIVE_INFINITY : fault.atUs + fault.downUs;
    return fault.hosts.map((host) => ({ host, id: fault.id, fromUs: fault.atUs, untilUs }));
  });
}

/** Why nothing can be done to the process of a host at that moment. */
function downReason(host: number, fault: Fault, outages: readonly Outage[], { plan }: FaultHistory): string {
  const name = plan.hosts[host]?.name ?? `host ${host}`;
  if (plan.hosts[host]?.isAbsent === true) return `${name} is never started`;
  const joinsUs = plan.hosts[host]?.joinsUs ?? 0;
  if (joinsUs > fault.atUs) return `${name} joins at ${formatSecondsUs(joinsUs)} only`;
  const outage = outages.find(
    (known) =>
      known.host === host &&
      known.id !== fault.id &&
      known.fromUs <= fault.atUs &&
      fault.atUs <= known.untilUs,
  );
  if (outage === undefined) return `${name} was down`;
  const until =
    outage.untilUs === Number.POSITIVE_INFINITY ? 'for ever' : `until ${formatSecondsUs(outage.untilUs)}`;
  return `${name} was down ${until}, since ${faultKindOf(outage.id)} at ${formatSecondsUs(outage.fromUs)}`;
}

function whyNot(fault: Fault, history: FaultHistory, outages: readonly Outage[]): string {
  if (fault.kind === 'link') {
    return fault.change.kind === 'loss' || fault.change.kind === 'corrupt'
      ? 'no message on these links was hit: none was sent, or the share is too small'
      : 'it names no link';
  }
  if (fault.hosts.length === 0) return 'it names no host';
  switch (fault.kind) {
    case 'crash':
      if (fault.at !== undefined)
        return `no handler of these hosts came to effect ${fault.at.count} from then on`;
      break;
    case 'clockStep':
    case 'clockDrift':
    case 'timerJitter':
      return 'it changes the clock by nothing';
    case 'disk':
      return fault.atUs <= 0
        ? 'there was nothing on the disk yet'
        : 'no record could be damaged: there was none, or it was the last good copy of a block';
    default:
      break;
  }
  return fault.hosts.map((host) => downReason(host, fault, outages, history)).join('; ');
}

/** Planned faults that came to nothing, in the order of their times: at most 200. */
export function idleFaults(history: FaultHistory): readonly FaultOutcome[] {
  const counts = new Map(history.counts.map((count) => [count.id, count]));
  const outages = outagesOf(history);
  const idle: FaultOutcome[] = [];
  const inTime = [...history.plan.faults].sort((a, b) => a.atUs - b.atUs);
  for (const fault of inTime) {
    const count = counts.get(fault.id);
    if (fault.off === true || isHelper(fault.id) || count === undefined) continue;
    if (effectiveOf(count, history) > 0) continue;
    const why =
      count.injected === 0
        ? `the run ended at ${formatSecondsUs(history.nowUs)}, before its time`
        : whyNot(fault, history, outages);
    idle.push({ id: fault.id, kind: faultKindOf(fault.id), atUs: fault.atUs, why });
    if (idle.length === OUTCOMES_MAX) break;
  }
  return idle;
}
