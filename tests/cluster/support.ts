/** Small clusters for tests of the tester: runs to their end, and programs with a lie in them. */
import type { ChainWorld } from '../../src/chain/types/command.ts';
import type { ClusterOptions } from '../../src/cluster/chain-setup.ts';
import { judgeLiveness } from '../../src/cluster/liveness.ts';
import type { ClusterPlan } from '../../src/cluster/plan.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import type { ScenarioFile } from '../../src/cluster/scenario/schema.ts';
import { TestCluster } from '../../src/cluster/test-cluster.ts';
import type { Env, Process } from '../../src/env/program.ts';
import { createNativeSuite } from '../../src/lab/native-suite.ts';

/** One suite for all runs of a test process: it remembers what was signed. */
export const SUITE = createNativeSuite();

/** Three miners, a block in two seconds, transfers: 120 s, the last 60 without new faults. */
export function small(overrides: Partial<ScenarioFile> = {}): ScenarioFile {
  return {
    name: 'small',
    shows: 'A small cluster for a test.',
    duration: '120s',
    nodes: 3,
    signatures: 'modelled',
    chain: { engine: 'pow', blockInterval: '2s', finalityDepth: 8 },
    network: { latency: { uniform: '10ms..40ms' } },
    load: [{ kind: 'transfers', perSecond: 1, accounts: 4 }],
    expect: 'pass',
    ...overrides,
  };
}

/** Simulates to the end of the plan and judges. */
export function finished(plan: ClusterPlan, options: ClusterOptions = {}): TestCluster {
  const cluster = new TestCluster(plan, { nativeSuite: SUITE, ...options });
  for (let status = cluster.step(100_000); status.kind === 'running'; ) status = cluster.step(100_000);
  const status = cluster.simulator.status();
  if (status.kind === 'ended' && 'error' in status.reason) throw status.reason.error;
  cluster.judge();
  judgeLiveness(cluster);
  return cluster;
}

/** As `finished`, from a scenario. */
export function played(
  file: ScenarioFile,
  options: ClusterOptions = {},
  change: (plan: ClusterPlan) => ClusterPlan = (plan) => plan,
): TestCluster {
  return finished(change(resolveScenario(file, '1')), options);
}

/** The broken laws, as `oracle/rule`. */
export function lawsBroken(cluster: TestCluster): readonly string[] {
  return cluster.violations.map(({ oracle, rule }) => `${oracle}/${rule}`);
}

/** What a planted program does differently; what it leaves out stays honest. */
export interface Lie {
  readonly env?: Partial<Env<ChainWorld>>;
  readonly process?: (honest: Process<ChainWorld>) => Partial<Process<ChainWorld>>;
}

/** The honest node on every host but those listed, where the lie stands between it and its world. Built once a boot. */
export function planted(
  hosts: readonly number[],
  lie: (env: Env<ChainWorld>, host: number) => Lie,
): NonNullable<ClusterOptions['program']> {
  return (host, honest) => (env, number) => {
    if (!hosts.includes(host)) return honest(env, number);
    const { env: ports = {}, process = () => ({}) } = lie(env, host);
    const inner = honest({ ...env, ...ports }, number);
    return { ...inner, ...process(inner) };
  };
}
