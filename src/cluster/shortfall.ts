/** What `atLeast` demands and did not get: which line, by how much, why, and what to change in the scenario. */
import { DEFAULT_STORE } from '../chain/node-config.ts';
import type { LoggedEvent } from './event-log.ts';
import type { ClusterPlan } from './plan.ts';
import type { DeviationCount, FaultCoverage, FaultOutcome, Missing, RunCounts } from './result.ts';
import { formatDurationUs, formatSecondsUs } from './scenario/duration.ts';

/** Reasons of faults without effect that are told apart; what is left is counted. */
const REASONS_SHOWN = 3;

/** Counts that `atLeast` may name, in the order in which they are told, and the events that make them. */
const COUNTED: readonly (readonly [keyof RunCounts, readonly LoggedEvent['kind'][]])[] = [
  ['blocks', []],
  ['reorgs', ['Reorganised']],
  ['reorgDepth', ['Reorganised']],
  ['synced', ['SyncStarted', 'SyncFinished', 'SyncPeerDropped']],
  ['transactions', []],
  ['rejected', []],
  ['corruptionsDetected', ['CorruptionDetected']],
  ['repairs', ['CorruptionDetected', 'CorruptionRepaired']],
  ['restarts', ['HostDown', 'NodeStarted']],
  ['halted', ['NodeHalted']],
  ['compact', []],
  ['setChanges', ['ProducersChanged']],
  [
    'snapshots',
    ['SnapshotMade', 'SnapshotFetchStarted', 'SnapshotUnavailable', 'SnapshotLeftAside', 'SnapshotInstalled'],
  ],
];

/** What the run came to, as far as it explains what is missing. */
export interface Evidence {
  readonly plan: ClusterPlan;
  readonly counts: RunCounts;
  readonly faults: readonly FaultCoverage[];
  readonly byzantine: readonly DeviationCount[];
  readonly idle: readonly FaultOutcome[];
  readonly simulatedUs: number;
}

/** Why it fell short, and what would change it. */
type Advice = Pick<Missing, 'why' | 'change'>;

function blocksAdvice(wanted: number, { plan, simulatedUs }: Evidence): Advice {
  const { blockIntervalUs } = plan.chain;
  const usual = Math.floor(simulatedUs / blockIntervalUs);
  const pace = `${formatSecondsUs(simulatedUs)} at a block every ${formatDurationUs(blockIntervalUs)} are about ${usual} blocks`;
  if (usual < wanted)
    return { why: pace, change: 'a longer duration, a shorter chain.blockInterval, or a lower number' };
  return {
    why: `${pace}; the common chain is shorter`,
    change: 'shorter faults or fewer of them, or a lower number: what hosts lose while apart is not on it',
  };
}

function reorgAdvice({ plan }: Evidence): Advice {
  if (plan.chain.engine !== 'pow')
    return {
      why: 'in a rotation a branch begins only where a producer is apart from the others',
      change: 'a longer partition',
    };
  const separates = plan.faults.some((fault) => fault.kind === 'link');
  return {
    why: separates
      ? 'no branch lost to another, or not often enough, while hosts were apart'
      : 'no fault sets hosts apart, and a branch begins only where two blocks are found before either is known',
    change: `a partition of several block intervals (${formatDurationUs(plan.chain.blockIntervalUs)} each) with miners on both sides, or a network.latency nearer to the interval`,
  };
}

function transactionAdvice({ plan }: Evidence): Advice {
  if (plan.loads.length === 0) return { why: 'load is empty: nobody sends any', change: 'a line in load' };
  const sent = plan.loads.reduce(
    (sum, load) => sum + Math.floor((load.untilUs - load.fromUs) / load.everyUs),
    0,
  );
  return {
    why: `load sends about ${sent} in all, invalid and conflicting ones included`,
    change: 'a higher load.perSecond, or a longer duration',
  };
}

function corruptionAdvice({ faults }: Evidence): Advice {
  const damaging = ['bitRot', 'staleValue', 'misdirected', 'missingKey', 'lyingFlush'];
  const planned = faults.filter(({ kind }) => damaging.includes(kind));
  const effective = planned.reduce((sum, { effective: count }) => sum + count, 0);
  if (effective === 0)
    return {
      why:
        planned.length === 0 ? 'no fault damages a disk' : 'none of the faults that damage disks took effect',
      change: `a line of faults of kind ${damaging.slice(0, 4).join(', ')}, later than the first blocks`,
    };
  return {
    why: `${effective} such faults took effect; a node notices damage only when it reads the record`,
    change:
      'a crash of these hosts after the damage, since a start reads most; a shorter node.scrubEvery; or more records',
  };
}

function adviceFor(what: keyof RunCounts, wanted: number, evidence: Evidence): Advice {
  const { plan, counts } = evidence;
  switch (what) {
    case 'blocks':
      return blocksAdvice(wanted, evidence);
    case 'reorgs':
    case 'reorgDepth':
      return reorgAdvice(evidence);
    case 'synced':
      return {
        why: 'no node was far enough behind for long enough',
        change: 'a longer down of a crash, a longer partition, or hosts that join later (hosts[].joins)',
      };
    case 'transactions':
      return transactionAdvice(evidence);
    case 'rejected':
      return {
        why: 'nearly all that was sent was valid',
        change: 'a line in load of kind invalid or conflicting, or a higher perSecond of it',
      };
    case 'corruptionsDetected':
      return corruptionAdvice(evidence);
    case 'repairs':
      return counts.corruptionsDetected === 0
        ? corruptionAdvice(evidence)
        : {
            why: `${counts.corruptionsDetected} were detected; what is not on the chain any more needs no repair`,
            change: 'more records, or more time before the end',
          };
    case 'restarts':
      return {
        why: 'every start after the first one of a host counts, whatever ended the boot before',
        change: 'a line of faults of kind crash or rollingRestart, or a shorter every of the one there is',
      };
    case 'halted':
      return {
        why: 'a node stops for good at an upgrade that its code does not know, or before a reorg deeper than it can undo',
        change: 'chain.upgrade with hosts of code v1, or a partition longer than chain.keepUndo blocks',
      };
    case 'compact':
      return plan.features.compactBlocks
        ? {
            why: 'a block comes in compact form where the receiver has most of its transactions',
            change: 'more load, or more blocks',
          }
        : { why: 'node.compactBlocks is off', change: 'node.compactBlocks: true' };
    case 'setChanges':
      if (plan.chain.engine === 'pos')
        return {
          why: 'the set changes two heights after a block in which somebody staked or unstaked, or was slashed',
          change: 'a line in load of kind stakes, a higher perSecond of it, or a longer duration',
        };
      return {
        why:
          plan.proposals.length === 0
            ? 'proposals is empty: nobody votes'
            : 'a proposal decides when a majority of the producers has voted for it, each in a block of its own',
        change: 'proposals of more hosts, earlier, or a longer duration',
      };
    case 'snapshots':
      return {
        why: 'a host begins with a snapshot when two others have made one alike before its first start, and keep it until it has all of it',
        change: `hosts that join later, or a lower chain.snapshots.every: the first is made ${DEFAULT_STORE.baseDepth + 1} blocks after its height`,
      };
  }
}

/** `n1 was down (4 times)`: what kept faults from having an effect, the most frequent first. */
function reasonsOf(idle: readonly FaultOutcome[]): string {
  const byReason = new Map<string, number>();
  for (const { why } of idle) byReason.set(why, (byReason.get(why) ?? 0) + 1);
  const sorted = [...byReason].sort(([, a], [, b]) => b - a);
  const shown = sorted
    .slice(0, REASONS_SHOWN)
    .map(([why, times]) => (times === 1 ? why : `${why} (${times} times)`));
  const rest = sorted.length - shown.length;
  return [...shown, ...(rest > 0 ? [`and ${rest} other reasons`] : [])].join('; ');
}

function faultAdvice(kind: string, wanted: number, { faults, idle }: Evidence): Advice {
  const planned = faults.find((fault) => fault.kind === kind)?.planned ?? 0;
  const without = idle.filter((fault) => fault.kind === kind);
  const reasons = without.length === 0 ? '' : `; ${without.length} had no effect: ${reasonsOf(without)}`;
  const change =
    planned < wanted
      ? 'a shorter every, a later until, a longer duration or a shorter quiet; or a lower number'
      : 'another time or other hosts for those without effect, or a lower number';
  return { why: `this seed plans ${planned}${reasons}`, change };
}

function deviationAdvice(behaviour: string, { byzantine }: Evidence): Advice {
  const who = byzantine.filter((one) => one.behaviour === behaviour);
  if (who.length === 0)
    return {
      why: 'this seed gives no host this behaviour',
      change: 'a line in hosts[].byzantine, or more hosts in byzantine.count',
    };
  return {
    why: who
      .map(({ host, times }) => `${host} deviated ${times === 1 ? 'once' : `${times} times`}`)
      .join(', '),
    change: 'more time or power for these hosts, an earlier from, a later until, or a lower number',
  };
}

/** What `atLeast` demands and the run did not come to. */
export function shortfall(evidence: Evidence): readonly Missing[] {
  const { plan, counts, faults } = evidence;
  const { faults: faultsWanted = {}, byzantine: deviationsWanted = {}, ...countsWanted } = plan.atLeast;
  const wantedOf = new Map(Object.entries(countsWanted));
  const missing: Missing[] = [];
  for (const [what] of COUNTED) {
    const wanted = wantedOf.get(what) ?? 0;
    if (counts[what] >= wanted) continue;
    missing.push({ what, wanted, got: counts[what], ...adviceFor(what, wanted, evidence) });
  }
  for (const [kind, wanted = 0] of Object.entries(faultsWanted)) {
    const got = faults.find((fault) => fault.kind === kind)?.effective ?? 0;
    if (got >= wanted) continue;
    missing.push({ what: `faults.${kind}`, wanted, got, ...faultAdvice(kind, wanted, evidence) });
  }
  for (const [behaviour, wanted = 0] of Object.entries(deviationsWanted)) {
    const got = evidence.byzantine
      .filter((one) => one.behaviour === behaviour)
      .reduce((sum, { times }) => sum + times, 0);
    if (got >= wanted) continue;
    missing.push({ what: `byzantine.${behaviour}`, wanted, got, ...deviationAdvice(behaviour, evidence) });
  }
  return missing;
}

/** Which events tell of what is missing; faults stand in the plan, where their outcome is told. */
export function eventsOfMissing(missing: readonly Missing[]): readonly LoggedEvent['kind'][] {
  const names = missing.map(({ what }) => what);
  const deviated = names.some((what) => what.startsWith('byzantine.')) ? (['Deviated'] as const) : [];
  return [
    ...new Set([...COUNTED.flatMap(([what, kinds]) => (names.includes(what) ? kinds : [])), ...deviated]),
  ];
}
