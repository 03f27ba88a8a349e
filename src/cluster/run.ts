/** One run of a scenario: steps it, judges it, and says what it came to. */
import { assertNever } from '../env/assert.ts';
import type { EndReason } from '../sim/simulator.ts';
import { assertionsOf, type Seen } from './assertions.ts';
import type { ClusterOptions } from './chain-setup.ts';
import { failureFingerprint } from './failure-fingerprint.ts';
import { type FaultHistory, faultCoverage, idleFaults } from './fault-outcomes.ts';
import { judgeLiveness } from './liveness.ts';
import { orderFreeOf } from './order-free.ts';
import type { ClusterPlan } from './plan.ts';
import { resolveScenario } from './resolve.ts';
import type { Missing, RunCounts, RunResult, Verdict, Violation } from './result.ts';
import type { ScenarioFile } from './scenario/schema.ts';
import { shortfall } from './shortfall.ts';
import { TestCluster } from './test-cluster.ts';

/** What a run depends on beside its scenario. */
export interface RunOptions extends ClusterOptions {
  readonly seed: string;
}

/** A run in progress. How it is cut into steps changes nothing in it. */
export interface ScenarioRun {
  readonly cluster: TestCluster;
  readonly nowUs: number;
  readonly events: number;
  readonly traceHash: string;
  /** Of a branch: the trace hash at the moment at which it left the run; undefined: it has none, or is not there yet. */
  readonly branchHash: string | undefined;
  /** Simulates up to so many events; false when the run has ended. */
  step(maxEvents: number): boolean;
  /** What ended the run before its time; undefined when nothing was thrown. */
  readonly thrown: unknown;
  /** Judges, once the run has ended or is given up. */
  result(): RunResult;
}

/** The class of what was thrown: its text differs between engines, and is added by whoever shows it. */
function classOf(error: unknown): { readonly error: string; readonly stack: string } {
  return { error: error instanceof Error ? error.name : typeof error, stack: '' };
}

function crashVerdict(reason: EndReason, cluster: TestCluster, atUs: number): Verdict | undefined {
  const host = (index: number): string => cluster.nodes[index]?.name ?? 'harness';
  switch (reason.kind) {
    case 'harnessEnded':
      return undefined;
    case 'programThrew':
    case 'exhausted':
    case 'trapped':
      return { kind: 'crashed', host: host(reason.host), atUs, ...classOf(reason.error) };
    case 'harnessThrew':
    case 'simulatorThrew':
      return { kind: 'crashed', host: 'harness', atUs, ...classOf(reason.error) };
    case 'standstill':
      return {
        kind: 'crashed',
        host: host(reason.host),
        atUs,
        error: `time stands still: ${reason.what} again and again at one instant`,
        stack: '',
      };
    default:
      return assertNever(reason);
  }
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

function countsOf(cluster: TestCluster): RunCounts {
  const { observation } = cluster;
  const honest = observation.heads.filter((_, host) => cluster.isHonest(host));
  const best =
    cluster.commonHead() ??
    (honest.length > 0 ? honest : observation.heads).reduce((a, b) => (b.height > a.height ? b : a));
  const holder = cluster.nodes.find((node) => node.head.id === best.id && cluster.isHonest(node.index));
  const disk = holder === undefined ? undefined : cluster.simulator.disk(holder.index).pristine;
  const chain = disk === undefined ? undefined : cluster.chains.chain(disk, best);
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

function seenOf(cluster: TestCluster): Seen {
  const { observation, violations } = cluster;
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
  const isFinal = cluster.budget.finality === undefined;
  const deviations = new Map<string, number>();
  for (const { behaviour, times } of cluster.byzantine.deviations())
    deviations.set(behaviour, (deviations.get(behaviour) ?? 0) + times);
  const checks = cluster.oracleChecks().map(({ name, checked }) => {
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

class Run implements ScenarioRun {
  readonly cluster: TestCluster;
  readonly #plan: ClusterPlan;
  #result: RunResult | undefined;

  constructor(plan: ClusterPlan, options: ClusterOptions) {
    this.#plan = plan;
    this.cluster = new TestCluster(plan, options);
  }

  get nowUs(): number {
    return this.cluster.nowUs;
  }

  get events(): number {
    return this.cluster.simulator.stats().events;
  }

  get traceHash(): string {
    return this.cluster.simulator.traceHash();
  }

  get branchHash(): string | undefined {
    return this.cluster.branchHash;
  }

  get thrown(): unknown {
    const status = this.cluster.simulator.status();
    return status.kind === 'ended' && 'error' in status.reason ? status.reason.error : undefined;
  }

  step(maxEvents: number): boolean {
    return this.cluster.step(maxEvents).kind === 'running';
  }

  result(): RunResult {
    this.#result ??= this.#judge();
    return this.#result;
  }

  #faultHistory(): FaultHistory {
    const { cluster } = this;
    return {
      plan: this.#plan,
      counts: cluster.simulator.faultCounts(),
      nowUs: cluster.nowUs,
      hasHit: (id) => cluster.messageFaults.hasHit(id),
    };
  }

  #judge(): RunResult {
    const { cluster } = this;
    const plan = this.#plan;
    const status = cluster.simulator.status();
    const crashed = status.kind === 'ended' ? crashVerdict(status.reason, cluster, status.atUs) : undefined;
    const notes: string[] = [];
    if (crashed === undefined) {
      cluster.judge();
      notes.push(...judgeLiveness(cluster));
    }
    const depthNote = cluster.depthNote();
    if (depthNote !== undefined) notes.push(`finality is not judged: ${depthNote}`);
    const history = this.#faultHistory();
    const faults = faultCoverage(history);
    const idle = idleFaults(history);
    const counts = countsOf(cluster);
    const byzantine = cluster.byzantine
      .deviations()
      .map(({ host, behaviour, times }) => ({ host: cluster.node(host).name, behaviour, times }));
    const missing = shortfall({ plan, counts, faults, byzantine, idle, simulatedUs: cluster.nowUs });
    const verdict = crashed ?? verdictOf(plan, cluster.violations, missing);
    const isPassed = verdict.kind === 'passed';
    const stats = cluster.simulator.stats();
    const head = cluster.commonHead();
    return {
      scenario: plan.name,
      seed: plan.seed,
      verdict,
      fingerprint: failureFingerprint(plan, verdict),
      traceHash: cluster.simulator.traceHash(),
      orderFree: orderFreeOf(cluster, verdict, faults),
      simulatedUs: cluster.nowUs,
      events: stats.events,
      messages: stats.messages,
      counts,
      faults,
      byzantine,
      idleFaults: isPassed ? [] : idle,
      assertions: assertionsOf(plan, seenOf(cluster)),
      head: head === undefined ? undefined : { height: head.height, id: head.id },
      lastEvents: isPassed ? [] : cluster.lastEvents(verdict),
      notes,
    };
  }
}

/** Builds a run from a scenario that was checked. The same scenario, seed and options give the same run, everywhere. */
export function createScenarioRun(file: ScenarioFile, options: RunOptions): ScenarioRun {
  return new Run(resolveScenario(file, options.seed), options);
}

/** As createScenarioRun, from a plan: one that was cut, renumbered or shrunk. */
export function createPlanRun(plan: ClusterPlan, options: ClusterOptions = {}): ScenarioRun {
  return new Run(plan, options);
}
