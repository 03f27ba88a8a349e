/** What a sweep asks of single seeds beside their run: nothing shared, run twice, or once more without one kind of fault. */
import { BehaviourLog, EventDigest } from '../../cluster/behaviours.ts';
import { faultKindOf } from '../../cluster/fault-kind.ts';
import type { ClusterPlan } from '../../cluster/plan.ts';
import type { RunResult } from '../../cluster/result.ts';
import type { TestCluster } from '../../cluster/test-cluster.ts';
import type { Job, JobOutcome } from '../job.ts';
import { NONDETERMINISM } from '../nondeterminism.ts';
import type { Probes } from './probe-plan.ts';

/** The plan with one kind of faults switched off: nothing else shifts. */
export function withoutFaults(plan: ClusterPlan, kind: string): ClusterPlan {
  const faults = plan.faults.map((fault) =>
    faultKindOf(fault.id) === kind ? { ...fault, off: true } : fault,
  );
  return { ...plan, faults };
}

/** What the worker can do for it. */
export interface ProbeRun {
  readonly job: Job;
  /** Sees the cluster before its first event. */
  readonly watch?: (cluster: TestCluster) => void;
  /** A kind of faults that is switched off. */
  readonly without?: string;
}

/** Runs a seed as its probes say, in one thread. */
export async function runProbed(
  job: Job,
  probes: Probes,
  run: (what: ProbeRun) => Promise<JobOutcome>,
): Promise<JobOutcome> {
  let log: BehaviourLog | undefined;
  let digest: EventDigest | undefined;
  const watch = (cluster: TestCluster): void => {
    log = new BehaviourLog(cluster);
    if (probes.measuresEffect) digest = new EventDigest(cluster);
  };
  const outcome = await run({ job: { ...job, isolate: probes.mode === 'isolated' }, watch });
  const behaviours = log?.behaviours(outcome.result) ?? [];
  const again = probes.mode === 'twice' ? await run({ job: { ...job, isolate: true } }) : undefined;
  const result = again === undefined ? outcome.result : compared(outcome.result, again.result);
  const kind = kindInTurn(outcome.result, probes);
  if (kind === undefined || digest === undefined) return { ...outcome, result, findings: { behaviours } };
  const full = digest.text;
  await run({ job, without: kind, watch });
  const effect = { kind, differs: digest.text !== full };
  return { ...outcome, result, findings: { behaviours, effect } };
}

/** The kinds of injected faults take turns; undefined: there is none, or nothing is measured. */
function kindInTurn({ faults, verdict }: RunResult, { measuresEffect, turn }: Probes): string | undefined {
  if (!measuresEffect || verdict.kind === 'crashed') return undefined;
  const kinds = faults.filter(({ injected }) => injected > 0).map(({ kind }) => kind);
  return kinds.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))[turn % Math.max(1, kinds.length)];
}

/** Of two runs that differ the verdict is nondeterminism. */
function compared(shared: RunResult, isolated: RunResult): RunResult {
  if (JSON.stringify(shared) === JSON.stringify(isolated)) return shared;
  const hashes = [shared.traceHash, isolated.traceHash];
  const fact =
    hashes[0] === hashes[1]
      ? 'run again with nothing shared the trace agrees, but what was concluded from it differs'
      : 'run again with nothing shared the trace differs';
  const detail = `  shared   ${hashes[0]}\n  isolated ${hashes[1]}`;
  const verdict = { kind: 'nondeterminism', fact, detail } as const;
  return { ...shared, verdict, fingerprint: NONDETERMINISM, lastEvents: [], notes: [] };
}
