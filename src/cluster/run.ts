/** One run of a scenario: steps it, judges it, and says what it came to. */
import { assertNever } from '../env/assert.ts';
import type { FaultCount } from '../sim/fault.ts';
import type { EndReason } from '../sim/simulator.ts';
import { describeRecord } from '../sim/trace-kinds.ts';
import type { ClusterOptions } from './chain-setup.ts';
import { judgeLiveness } from './liveness.ts';
import { orderFreeOf } from './order-free.ts';
import type { ClusterPlan } from './plan.ts';
import { faultKindOf, resolveScenario } from './resolve.ts';
import type { FaultCoverage, RunCounts, RunResult, Verdict, Violation } from './result.ts';
import type { ScenarioFile } from './scenario/schema.ts';
import { TestCluster } from './test-cluster.ts';

/** What a run depends on beside its scenario. */
export interface RunOptions extends ClusterOptions {
  readonly seed: string;
}

/** One event of a trace as text. */
export interface RecordLine {
  readonly index: number;
  readonly hash: string;
  readonly text: string;
}

/** A run in progress. How it is cut into steps changes nothing in it. */
export interface ScenarioRun {
  readonly cluster: TestCluster;
  readonly nowUs: number;
  readonly events: number;
  readonly traceHash: string;
  /** Simulates up to so many events; false when the run has ended. */
  step(maxEvents: number): boolean;
  /** What ended the run before its time; undefined when nothing was thrown. */
  readonly thrown: unknown;
  /** The last events, oldest first. */
  lastRecords(): readonly RecordLine[];
  /** Judges, once the run has ended or is given up. */
  result(): RunResult;
}

/** Helpers of a fault are not faults: backups before a crash with an old disk, starts after a repair, what liveness mode makes permanent. */
const HELPERS: readonly string[] = ['backup', 'repaired', 'permanent'];

function coverage(plan: ClusterPlan, counts: readonly FaultCount[]): readonly FaultCoverage[] {
  const byKind = new Map<string, { planned: number; injected: number; effective: number }>();
  const entry = (id: string): { planned: number; injected: number; effective: number } => {
    const kind = faultKindOf(id);
    const known = byKind.get(kind) ?? { planned: 0, injected: 0, effective: 0 };
    byKind.set(kind, known);
    return known;
  };
  for (const fault of plan.faults) if (fault.off !== true) entry(fault.id).planned++;
  for (const count of counts) {
    const kind = entry(count.id);
    kind.injected += count.injected > 0 ? 1 : 0;
    kind.effective += count.effective > 0 ? 1 : 0;
  }
  return [...byKind]
    .filter(([kind]) => !HELPERS.includes(kind))
    .map(([kind, numbers]) => ({ kind, ...numbers }));
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

/** What `atLeast` demands and did not get. */
function shortfall(
  plan: ClusterPlan,
  counts: RunCounts,
  faults: readonly FaultCoverage[],
): readonly { readonly what: string; readonly wanted: number; readonly got: number }[] {
  const missing: { what: string; wanted: number; got: number }[] = [];
  const demand = (what: string, wanted: number | undefined, got: number): void => {
    if (wanted !== undefined && got < wanted) missing.push({ what, wanted, got });
  };
  const { faults: faultsWanted, ...wanted } = plan.atLeast;
  for (const [what, got] of Object.entries(counts))
    demand(what, new Map(Object.entries(wanted)).get(what), Number(got));
  for (const [kind, atLeast] of Object.entries(faultsWanted ?? {})) {
    demand(`faults.${kind}`, atLeast, faults.find((fault) => fault.kind === kind)?.effective ?? 0);
  }
  return missing;
}

/** Safety before liveness; of each the first that was found. */
function worst(violations: readonly Violation[]): Violation | undefined {
  return violations.find((violation) => violation.kind === 'safety') ?? violations[0];
}

function verdictOf(
  plan: ClusterPlan,
  violations: readonly Violation[],
  missing: ReturnType<typeof shortfall>,
): Verdict {
  const { expect } = plan;
  const found = worst(violations);
  if (expect.kind === 'pass') {
    if (found !== undefined) return { kind: 'violated', violation: found };
    return missing.length > 0 ? { kind: 'tooLittle', missing } : { kind: 'passed' };
  }
  const wanted = expect.kind === 'stall' ? 'convergence' : expect.oracle;
  const other = worst(violations.filter((violation) => violation.oracle !== wanted));
  if (other !== undefined) return { kind: 'violated', violation: other };
  if (found === undefined)
    return {
      kind: 'unexpectedPass',
      expected: expect.kind === 'stall' ? 'stall' : `violation: ${expect.oracle}`,
    };
  return missing.length > 0 ? { kind: 'tooLittle', missing } : { kind: 'passed' };
}

function countsOf(cluster: TestCluster): RunCounts {
  const { observation } = cluster;
  const best = cluster.commonHead() ?? observation.heads.reduce((a, b) => (b.height > a.height ? b : a));
  const holder = cluster.nodes.find((node) => node.head.id === best.id);
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
  };
}

/**
 * The laws of the oracles, which hold always, and what a sweep must see somewhere: a sweep in which one of those never
 * happened has not tested what it seems to test.
 */
function assertionsOf(cluster: TestCluster): RunResult['assertions'] {
  const { observation, violations } = cluster;
  const always = cluster.oracleChecks().map(({ name, checked }) => {
    const isBroken = violations.some((violation) => violation.oracle === name);
    return { name, kind: 'always' as const, checked, held: isBroken ? 0 : checked };
  });
  const seen: readonly (readonly [string, number])[] = [
    ['a reorganisation', observation.reorgs],
    ['a block in compact form', observation.compact],
    ['a block by synchronisation', observation.synced],
    ['a damaged record detected', observation.corruptionsDetected],
    ['a record repaired', observation.repairs],
    ['a transaction refused', observation.rejected],
    ['a node that stops by itself', observation.halted.filter((halted) => halted).length],
  ];
  const sometimes = seen.map(([name, held]) => ({ name, kind: 'sometimes' as const, checked: 1, held }));
  return [...always, ...sometimes];
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

  get thrown(): unknown {
    const status = this.cluster.simulator.status();
    return status.kind === 'ended' && 'error' in status.reason ? status.reason.error : undefined;
  }

  step(maxEvents: number): boolean {
    return this.cluster.step(maxEvents).kind === 'running';
  }

  lastRecords(): readonly RecordLine[] {
    return this.cluster.simulator.trace
      .records()
      .map((record) => ({ index: record.index, hash: record.hash, text: describeRecord(record) }));
  }

  result(): RunResult {
    this.#result ??= this.#judge();
    return this.#result;
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
    if (depthNote !== undefined) notes.push(`depth finality is not judged: ${depthNote}`);
    const faults = coverage(plan, cluster.simulator.faultCounts());
    const counts = countsOf(cluster);
    const verdict = crashed ?? verdictOf(plan, cluster.violations, shortfall(plan, counts, faults));
    const stats = cluster.simulator.stats();
    const head = cluster.commonHead();
    return {
      scenario: plan.name,
      seed: plan.seed,
      verdict,
      traceHash: cluster.simulator.traceHash(),
      orderFree: orderFreeOf(cluster, verdict, faults),
      simulatedUs: cluster.nowUs,
      events: stats.events,
      messages: stats.messages,
      counts,
      faults,
      assertions: assertionsOf(cluster),
      head: head === undefined ? undefined : { height: head.height, id: head.id },
      lastEvents: verdict.kind === 'passed' ? [] : cluster.lastEvents(verdict),
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
