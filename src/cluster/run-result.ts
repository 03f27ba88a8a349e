/** What a run came to: its verdict, its counts, what its faults did; of a simulated and of a real cluster alike. */
import { assertNever } from '../env/assert.ts';
import type { FaultCount } from '../sim/fault.ts';
import { assertionsOf, type Seen } from './assertions.ts';
import type { EndedCluster } from './ended-cluster.ts';
import { failureFingerprint } from './failure-fingerprint.ts';
import { type FaultHistory, faultCoverage, idleFaults } from './fault-outcomes.ts';
import { judgeLiveness } from './liveness.ts';
import { orderFreeOf } from './order-free.ts';
import type { ClusterPlan } from './plan.ts';
import type { Missing, RunCounts, RunResult, Verdict, Violation } from './result.ts';
import { shortfall } from './shortfall.ts';

/** How often a Byzantine host did what no honest one does. */
interface Deviation {
  readonly host: number;
  readonly behaviour: string;
  readonly times: number;
}

/** What the world knows of a run that has ended, beside what was judged. */
export interface RunEnd {
  /** Set when a program or the world itself threw: nothing else is judged. */
  readonly crashed: Verdict | undefined;
  readonly faults: readonly FaultCount[];
  /** False for a loss or corruption that hit no message. */
  readonly hasHit: (id: string) => boolean;
  readonly deviations: readonly Deviation[];
  /** Empty where there is none. */
  readonly traceHash: string;
  readonly events: number;
  readonly messages: number;
}

/** Safety before liveness; of each the first that was found. */
function worst(violations: readonly Violation[]): Violation | undefined {
  return violations.find((violation) => violation.kind === 'safety') ?? violations[0];
}

/** Whether the violation is what the scenario says must come. */
function isExpected({ expect }: ClusterPlan, { oracle, rule }: Violation): boolean {
  switch (expect.kind) {
    case 'pass':
      return false;
    case 'stall':
      return oracle === 'convergence';
    case 'deadlock':
      return oracle === 'convergence' && rule === 'deadlock';
    case 'violation':
      return oracle === expect.oracle;
    default:
      return assertNever(expect);
  }
}

function verdictOf(
  plan: ClusterPlan,
  violations: readonly Violation[],
  missing: readonly Missing[],
): Verdict {
  const { expect } = plan;
  const found = worst(violations);
  if (expect.kind === 'pass') {
    if (found !== undefined) return { kind: 'violated', violation: found };
    return missing.length > 0 ? { kind: 'tooLittle', missing } : { kind: 'passed' };
  }
  const other = worst(violations.filter((violation) => !isExpected(plan, violation)));
  if (other !== undefined) return { kind: 'violated', violation: other };
  if (found === undefined)
    return {
      kind: 'unexpectedPass',
      expected: expect.kind === 'violation' ? `violation: ${expect.oracle}` : expect.kind,
    };
  return missing.length > 0 ? { kind: 'tooLittle', missing } : { kind: 'passed' };
}

function countsOf(cluster: EndedCluster): RunCounts {
  const { observation, chains } = cluster.judgement;
  const honest = observation.heads.filter((_, host) => cluster.isHonest(host));
  const best =
    cluster.commonHead() ??
    (honest.length > 0 ? honest : observation.heads).reduce((a, b) => (b.height > a.height ? b : a));
  const holder = cluster.nodes.find((node) => node.head.id === best.id && cluster.isHonest(node.index));
  const disk = holder === undefined ? undefined : cluster.disks()[holder.index];
  const chain = disk === undefined ? undefined : chains.chain(disk, best);
  return {
    blocks: best.height,
    reorgs: observation.reorgs,
    reorgDepth: observation.reorgDepth,
    synced: observation.synced,
    transactions: chain?.blocks.reduce((sum, { block }) => sum + block.transactions.length, 0) ?? 0,
    rejected: observation.rejected,
    corruptionsDetected: observation.corruptionsDetected,
    repairs: observation.repairs,
    restarts: Math.max(0, observation.starts - cluster.plan.hosts.length),
    halted: observation.halted.filter((halted) => halted).length,
    compact: observation.compact,
    snapshots: observation.snapshots,
    setChanges: Math.max(...observation.setChanges),
  };
}

function seenOf({ judgement }: EndedCluster, deviated: readonly Deviation[]): Seen {
  const { observation, violations, budget } = judgement;
  const {
    reorgs,
    compact,
    synced,
    snapshots,
    corruptionsDetected,
    repairs,
    rejected,
    halts,
    unknownMessages,
  } = observation;
  const isFinal = budget.finality === undefined;
  const deviations = new Map<string, number>();
  for (const { behaviour, times } of deviated)
    deviations.set(behaviour, (deviations.get(behaviour) ?? 0) + times);
  const checks = judgement.oracleChecks().map(({ name, checked }) => {
    return { name, checked, isBroken: violations.some((violation) => violation.oracle === name) };
  });
  return {
    checks,
    reorgs,
    compact,
    synced,
    snapshots,
    corruptionsDetected,
    repairs,
    rejected,
    halts,
    unknownMessages,
    isFinal,
    deviations,
  };
}

/** Of a cluster whose oracles have judged. */
export function resultOf(cluster: EndedCluster, end: RunEnd): RunResult {
  const { plan, judgement } = cluster;
  const notes: string[] = [];
  if (end.crashed === undefined) notes.push(...judgeLiveness(cluster));
  const depthNote = judgement.depthNote();
  if (depthNote !== undefined) notes.push(`finality is not judged: ${depthNote}`);
  const history: FaultHistory = { plan, counts: end.faults, nowUs: cluster.nowUs, hasHit: end.hasHit };
  const faults = faultCoverage(history);
  const idle = idleFaults(history);
  const counts = countsOf(cluster);
  const byzantine = end.deviations.map(({ host, behaviour, times }) => {
    return { host: judgement.nameOf(host), behaviour, times };
  });
  const missing = shortfall({ plan, counts, faults, byzantine, idle, simulatedUs: cluster.nowUs });
  const verdict = end.crashed ?? verdictOf(plan, judgement.violations, missing);
  const isPassed = verdict.kind === 'passed';
  const head = cluster.commonHead();
  return {
    scenario: plan.name,
    seed: plan.seed,
    verdict,
    fingerprint: failureFingerprint(plan, verdict),
    traceHash: end.traceHash,
    orderFree: orderFreeOf(cluster, verdict, faults),
    simulatedUs: cluster.nowUs,
    events: end.events,
    messages: end.messages,
    counts,
    faults,
    byzantine,
    idleFaults: isPassed ? [] : idle,
    assertions: assertionsOf(plan, seenOf(cluster, end.deviations)),
    head: head === undefined ? undefined : { height: head.height, id: head.id },
    lastEvents: isPassed ? [] : judgement.lastEvents(verdict),
    notes,
  };
}
