/** What a fault plan does to the assumptions under which promises hold: depth finality, and what a disk still keeps. */
import { assertNever } from '../env/assert.ts';
import type { Fault } from '../sim/fault.ts';
import type { LinkChange } from '../sim/network/link-change.ts';
import { engineTolerance } from './engines.ts';
import type { ClusterPlan } from './plan.ts';
import { formatSecondsUs } from './scenario/duration.ts';

/** From when on, and why. */
export interface Broken {
  readonly fromUs: number;
  readonly why: string;
}

/**
 * Depth k is safe while no part of the network is apart from the rest for k/3 intervals: the smaller side then falls
 * behind by less than k blocks except with a probability that no sweep reaches.
 */
const DEPTH_SHARE = 3;

function separates(kind: LinkChange['kind']): boolean {
  switch (kind) {
    case 'split':
    case 'ring':
    case 'isolate':
    case 'cut':
    case 'clog':
      return true;
    case 'loss':
    case 'latency':
    case 'bandwidth':
    case 'corrupt':
    case 'duplicate':
    case 'reorder':
      return false;
    default:
      return assertNever(kind);
  }
}

/**
 * Of authorities SIGNER_LIMIT blocks are final. One block in turn that comes late, as that of a signer who crashed before he
 * sent it, weighs as much as two out of turn: with fewer than four authorities, where two blocks are final, it undoes them.
 */
const AUTHORITY_DEPTH_MIN = 3;

/** How long a fault keeps back what hosts have to say, beside what it does to links. */
function lateUs(fault: Fault): number {
  switch (fault.kind) {
    case 'crash':
    case 'stop':
      return fault.downUs === 'forever' ? 0 : fault.downUs;
    case 'pause':
      return fault.forUs === 'forever' ? 0 : fault.forUs;
    case 'clockStep':
      return Math.abs(fault.byUs);
    case 'timerJitter':
      return fault.upToUs;
    default:
      return 0;
  }
}

/** Where blocks of authorities come late, which their few blocks of depth do not outweigh; who never comes back is not late. */
function lateBlocks(
  { chain, faults }: Pick<ClusterPlan, 'chain' | 'faults'>,
  limitUs: number,
): Broken | undefined {
  if (chain.engine !== 'poa') return undefined;
  const isShallow = chain.finalityDepth < AUTHORITY_DEPTH_MIN;
  let first: Fault | undefined;
  for (const fault of faults) {
    if (fault.off === true || (!isShallow && lateUs(fault) <= limitUs)) continue;
    if (first === undefined || fault.atUs < first.atUs) first = fault;
  }
  if (first === undefined) return undefined;
  const most = isShallow ? 'that none is late' : `that none is later than ${formatSecondsUs(limitUs)}`;
  const why = `${first.id} makes blocks late; the ${chain.finalityDepth} blocks that are final assume ${most}`;
  return { fromUs: first.atUs, why };
}

/** When depth finality stops being promised; undefined: never in this plan, or finality is not by depth. */
export function depthAssumption(plan: Pick<ClusterPlan, 'chain' | 'faults'>): Broken | undefined {
  if (!engineTolerance(plan.chain.engine).isByDepth) return undefined;
  const limitUs = Math.floor((plan.chain.finalityDepth * plan.chain.blockIntervalUs) / DEPTH_SHARE);
  let first = lateBlocks(plan, limitUs);
  for (const fault of plan.faults) {
    if (fault.off === true || fault.kind !== 'link' || !separates(fault.change.kind)) continue;
    if (fault.forUs !== 'forever' && fault.forUs <= limitUs) continue;
    if (first !== undefined && first.fromUs <= fault.atUs) continue;
    const lasts = fault.forUs === 'forever' ? 'for ever' : `for ${formatSecondsUs(fault.forUs)}`;
    const why = `${fault.id} separates hosts ${lasts}; depth ${plan.chain.finalityDepth} assumes at most ${formatSecondsUs(limitUs)}`;
    first = { fromUs: fault.atUs, why };
  }
  return first;
}

function taints(fault: Fault): boolean {
  if (fault.kind === 'crash') return fault.disk !== 'keep';
  return (
    fault.kind === 'disk' &&
    fault.fault.kind !== 'slow' &&
    fault.fault.kind !== 'diskFull' &&
    fault.fault.kind !== 'ioError'
  );
}

/** Whether a plan makes the disk of a host forget durable records in a way that no program can see. */
export function forgets(plan: Pick<ClusterPlan, 'faults'>, host: number): boolean {
  return plan.faults.some((fault) => {
    if (fault.off === true || !('hosts' in fault) || !fault.hosts.includes(host)) return false;
    if (fault.kind === 'crash') return fault.disk !== 'keep';
    if (fault.kind !== 'disk') return false;
    const { kind } = fault.fault;
    return kind === 'lyingFlush' || kind === 'staleValue' || kind === 'missingKey' || kind === 'bitRotKey';
  });
}

/** A crash that takes the disk with it, at an effect: it strikes some time after it was armed, or never. */
export function isArmedLoss(fault: Fault): fault is Extract<Fault, { readonly kind: 'crash' }> {
  return fault.kind === 'crash' && fault.at !== undefined && fault.off !== true && taints(fault);
}

/** For each host when its disk first stops keeping what was promised, or may do so; undefined: never. */
export function taintTimes(plan: Pick<ClusterPlan, 'hosts' | 'faults'>): readonly (number | undefined)[] {
  const times: (number | undefined)[] = plan.hosts.map(() => undefined);
  for (const fault of plan.faults) {
    if (fault.off === true || !taints(fault) || !('hosts' in fault)) continue;
    for (const host of fault.hosts) times[host] = Math.min(times[host] ?? fault.atUs, fault.atUs);
  }
  return times;
}

/** Whether some link alters messages: what arrives is then not what was sent. */
export function flipsBits(plan: Pick<ClusterPlan, 'faults'>): boolean {
  return plan.faults.some(
    (fault) => fault.off !== true && fault.kind === 'link' && fault.change.kind === 'corrupt',
  );
}
