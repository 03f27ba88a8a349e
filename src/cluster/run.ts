/** One run of a scenario: steps it, judges it, and says what it came to. */
import { assertNever } from '../env/assert.ts';
import type { EndReason } from '../sim/simulator.ts';
import type { ClusterOptions } from './chain-setup.ts';
import type { ClusterPlan } from './plan.ts';
import { resolveScenario } from './resolve.ts';
import type { RunResult, Verdict } from './result.ts';
import { resultOf } from './run-result.ts';
import type { ScenarioFile } from './scenario/schema.ts';
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

class Run implements ScenarioRun {
  readonly cluster: TestCluster;
  #result: RunResult | undefined;

  constructor(plan: ClusterPlan, options: ClusterOptions) {
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

  #judge(): RunResult {
    const { cluster } = this;
    const { simulator } = cluster;
    const status = simulator.status();
    const crashed = status.kind === 'ended' ? crashVerdict(status.reason, cluster, status.atUs) : undefined;
    if (crashed === undefined) cluster.judge();
    const { events, messages } = simulator.stats();
    return resultOf(cluster, {
      crashed,
      faults: simulator.faultCounts(),
      hasHit: (id) => cluster.messageFaults.hasHit(id),
      deviations: cluster.byzantine.deviations(),
      traceHash: simulator.traceHash(),
      events,
      messages,
    });
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
