/** What a sweep must have tried: laws that hold always, events that happen sometimes, and events that never may. */

import { DEFAULT_STORE } from '../chain/node-config.ts';
import { depthAssumption, flipsBits, taintTimes } from './assumptions.ts';
import { DEVIATIONS, TWIN } from './byzantine/behaviours.ts';
import { byzantineHosts } from './byzantine/byzantine-hosts.ts';
import { engineSetup } from './engines.ts';
import type { ClusterPlan } from './plan.ts';
import type { AssertionCount } from './result.ts';

/** Intervals in which a chain surely has a few blocks. */
const SOME_BLOCKS = 10;
/** Intervals after which a chain is surely twice as long as a depth that is half of them. */
const DEPTHS = 2;
/** Intervals that a host must be away before the others surely have blocks that it lacks. */
const LONG_AWAY = 20;
/** Blocks to be expected on each side of a split before a reorganisation is sure: all but one in 400 such sides find one. */
const BLOCKS_APART = 6;

/** After so many times the blocks of a first snapshot and of a base one is surely made. */
const SNAPSHOT_INTERVALS = 2;

/** What was counted in a run for the assertions. */
export interface Seen {
  readonly checks: readonly { readonly name: string; readonly checked: number; readonly isBroken: boolean }[];
  readonly reorgs: number;
  readonly compact: number;
  readonly synced: number;
  readonly snapshots: number;
  readonly corruptionsDetected: number;
  readonly repairs: number;
  readonly rejected: number;
  /** Nodes that stopped by themselves, by their reason. */
  readonly halts: ReadonlyMap<string, number>;
  readonly unknownMessages: number;
  /** Whether the engine bears the Byzantine hosts that there are: else nothing final need stay so. */
  readonly isFinal: boolean;
  /** Deviations of Byzantine hosts, by behaviour. */
  readonly deviations: ReadonlyMap<string, number>;
}

/** When something is surely called final: not before the depth is reached, and never once its assumption is broken. */
function finalFromUs(plan: ClusterPlan): number {
  const fromUs = (DEPTHS * plan.chain.finalityDepth + SOME_BLOCKS) * plan.chain.blockIntervalUs;
  const broken = depthAssumption(plan);
  return broken === undefined || broken.fromUs > fromUs ? fromUs : Number.POSITIVE_INFINITY;
}

/** From when on depth finality is not judged any more. */
function brokenFromUs(plan: ClusterPlan): number {
  return depthAssumption(plan)?.fromUs ?? Number.POSITIVE_INFINITY;
}

function hasBlocks(plan: ClusterPlan): boolean {
  return plan.stopAtHeight === undefined && plan.durationUs >= SOME_BLOCKS * plan.chain.blockIntervalUs;
}

/** Whether a host that is surely bound by a promise is started again with its disk. */
function restartsBound(plan: ClusterPlan): boolean {
  const fromUs = finalFromUs(plan);
  // Of authorities the restart itself may break the assumption: nothing is judged from there on.
  const beforeUs = brokenFromUs(plan);
  return (
    taintTimes(plan).every((time) => time === undefined) &&
    plan.stopAtHeight === undefined &&
    plan.faults.some(
      (fault) =>
        fault.off !== true &&
        ((fault.kind === 'crash' && fault.at === undefined) || fault.kind === 'stop') &&
        fault.atUs >= fromUs &&
        fault.atUs < beforeUs,
    )
  );
}

function damagesRecords(plan: ClusterPlan): boolean {
  const kinds: readonly string[] = [
    'bitRotValue',
    'bitRotKey',
    'staleValue',
    'misdirectedValue',
    'missingKey',
  ];
  return plan.faults.some(
    (fault) => fault.off !== true && fault.kind === 'disk' && kinds.includes(fault.fault.kind),
  );
}

/** Whether miners are apart for so long that each side surely finds blocks. */
function splitsMiners(plan: ClusterPlan): boolean {
  const powerOf = (hosts: readonly number[]): number =>
    hosts.reduce((sum, host) => sum + (plan.hosts[host]?.hashShare ?? 0), 0);
  const all = powerOf([...plan.hosts.keys()]);
  return plan.faults.some(
    (fault) =>
      fault.off !== true &&
      fault.kind === 'link' &&
      fault.change.kind === 'split' &&
      fault.change.groups.length > 1 &&
      fault.change.groups.every(
        (group) => powerOf(group) * Number(fault.forUs) >= BLOCKS_APART * all * plan.chain.blockIntervalUs,
      ),
  );
}

/** Whether a host is away while the others surely go on. */
function leavesBehind(plan: ClusterPlan): boolean {
  const limitUs = LONG_AWAY * plan.chain.blockIntervalUs;
  const byzantine = byzantineHosts(plan);
  return (
    plan.stopAtHeight === undefined &&
    (plan.hosts.some(({ joinsUs }, i) => joinsUs >= limitUs && !byzantine.has(i)) ||
      plan.faults.some(
        (fault) =>
          fault.off !== true &&
          fault.kind === 'crash' &&
          fault.at === undefined &&
          fault.downUs !== 'forever' &&
          fault.downUs >= limitUs &&
          fault.hosts.some((host) => !byzantine.has(host)) &&
          2 * fault.hosts.length < plan.hosts.length,
      ))
  );
}

/** Whether a host that may begin with a snapshot comes when the others surely have made one. */
function startsFromSnapshot({ chain, hosts }: ClusterPlan): boolean {
  const { snapshots, blockIntervalUs } = chain;
  if (snapshots === undefined) return false;
  const fromUs = SNAPSHOT_INTERVALS * (snapshots.every + DEFAULT_STORE.baseDepth) * blockIntervalUs;
  const byzantine = byzantineHosts({ hosts });
  return hosts.some(({ fromSnapshot, joinsUs }, i) => fromSnapshot && joinsUs >= fromUs && !byzantine.has(i));
}

function refusesTransactions(plan: ClusterPlan): boolean {
  return plan.loads.some(({ kind }) => kind === 'invalid' || kind === 'conflicting');
}

/** Whether the plan surely gives an oracle something to judge. A law that is not asked for may go unchecked. */
function asksFor(oracle: string, plan: ClusterPlan, isFinal: boolean): boolean {
  switch (oracle) {
    case 'agreement':
      return isFinal && plan.stopAtHeight === undefined && plan.durationUs >= finalFromUs(plan);
    case 're-execution':
    case 'claims':
      return hasBlocks(plan);
    case 'durability':
      return isFinal && restartsBound(plan);
    case 'acknowledged':
      return (
        isFinal &&
        plan.stopAtHeight === undefined &&
        brokenFromUs(plan) >= 2 * finalFromUs(plan) &&
        plan.loads.some(({ kind, untilUs }) => kind === 'transfers' && untilUs >= 2 * finalFromUs(plan))
      );
    case 'corruption':
      return damagesRecords(plan);
    case 'bounds':
      return true;
    case 'signing':
      return plan.chain.engine !== 'pow' && hasBlocks(plan);
    case 'bans':
      return plan.hosts.length > 1;
    default:
      return false;
  }
}

/** Whether the plan has a host that deviates in this way. */
function behaves(plan: ClusterPlan, kind: string): boolean {
  return plan.hosts.some(({ byzantine, twinOf }) =>
    kind === TWIN ? twinOf !== undefined : byzantine.some((line) => line.kind === kind),
  );
}

function hasDiskStops(plan: ClusterPlan): boolean {
  return plan.faults.some(
    (fault) => fault.kind === 'disk' && (fault.fault.kind === 'diskFull' || fault.fault.kind === 'ioError'),
  );
}

/** All assertions of a run, always in this order. */
export function assertionsOf(plan: ClusterPlan, seen: Seen): readonly AssertionCount[] {
  const sometimes = (name: string, isAsked: boolean, count: number): AssertionCount => ({
    name,
    kind: 'sometimes',
    isAsked,
    checked: 1,
    held: count > 0 ? 1 : 0,
  });
  const unreachable = (name: string, isAsked: boolean, count: number): AssertionCount => ({
    name,
    kind: 'unreachable',
    isAsked,
    checked: 1,
    held: count > 0 ? 0 : 1,
  });
  const halts = (code: string): number => seen.halts.get(code) ?? 0;
  const anyHalt = [...seen.halts.values()].reduce((sum, count) => sum + count, 0);
  const hasLoad = plan.loads.some(({ kind }) => kind === 'transfers');
  return [
    ...seen.checks.map(({ name, checked, isBroken }) => ({
      name,
      kind: 'always' as const,
      isAsked: asksFor(name, plan, seen.isFinal),
      checked,
      held: isBroken ? 0 : checked,
    })),
    sometimes('a reorganisation', splitsMiners(plan) && plan.chain.engine === 'pow', seen.reorgs),
    sometimes(
      'a block in compact form',
      plan.features.compactBlocks &&
        hasLoad &&
        plan.hosts.length > 1 &&
        hasBlocks(plan) &&
        plan.network.model === 'stream' &&
        !engineSetup(plan).rules.isCertified,
      seen.compact,
    ),
    sometimes('a block by synchronisation', leavesBehind(plan), seen.synced),
    sometimes('a node that began with a snapshot', startsFromSnapshot(plan), seen.snapshots),
    sometimes('a damaged record detected', false, seen.corruptionsDetected),
    sometimes('a record repaired', false, seen.repairs),
    sometimes('a transaction refused', refusesTransactions(plan), seen.rejected),
    sometimes('a node that stops by itself', false, anyHalt),
    ...DEVIATIONS.map((kind) =>
      sometimes(`Byzantine: ${kind}`, behaves(plan, kind), seen.deviations.get(kind) ?? 0),
    ),
    unreachable(
      'an unknown message from an honest node',
      !flipsBits(plan) && !behaves(plan, 'garbage'),
      seen.unknownMessages,
    ),
    unreachable('a disk that fails and was not planned to', !hasDiskStops(plan), halts('STORAGE_FAULT')),
    unreachable(
      'an upgrade that nobody planned',
      plan.chain.upgrade === undefined,
      halts('UPGRADE_REQUIRED'),
    ),
  ];
}
