/** A cluster in a few lines of code: the words of scenario files as a fluent interface, for tests. */
import type { ClusterOptions } from './chain-setup.ts';
import type { EngineName } from './plan.ts';
import { resolveScenario } from './resolve.ts';
import type { FaultLine } from './scenario/schema/faults.ts';
import type { LoadLine } from './scenario/schema/load.ts';
import type { ProposalLine } from './scenario/schema/proposals.ts';
import { type ScenarioFile, scenarioSchema } from './scenario/schema.ts';
import { findImpossible } from './scenario/sense.ts';
import { TestCluster } from './test-cluster.ts';

/** The cluster that was described cannot be: the first reason. */
export class ClusterError extends Error {
  readonly code = 'CLUSTER_IMPOSSIBLE';
  override readonly name = 'ClusterError';
}

type HostLine = Omit<NonNullable<ScenarioFile['hosts']>[number], 'hosts'>;

/** Immutable: every step answers a new description. Durations as in scenario files: `10s`, `5min`. */
export class ClusterBuilder {
  readonly #file: ScenarioFile;
  readonly #options: ClusterOptions;

  constructor(file: ScenarioFile, options: ClusterOptions = {}) {
    this.#file = file;
    this.#options = options;
  }

  #with(part: Partial<ScenarioFile>): ClusterBuilder {
    return new ClusterBuilder({ ...this.#file, ...part }, this.#options);
  }

  seed(seed: string): ClusterBuilder {
    return this.#with({ seed });
  }

  /** How long the plan is: faults end before its quiet end, waits may go on after it. */
  duration(duration: string): ClusterBuilder {
    return this.#with({ duration });
  }

  engine(engine: EngineName, blockInterval = '10s'): ClusterBuilder {
    return this.chain({ engine, blockInterval });
  }

  chain(chain: NonNullable<ScenarioFile['chain']>): ClusterBuilder {
    return this.#with({ chain: { ...this.#file.chain, ...chain } });
  }

  network(network: NonNullable<ScenarioFile['network']>): ClusterBuilder {
    return this.#with({ network: { ...this.#file.network, ...network } });
  }

  features(node: NonNullable<ScenarioFile['node']>): ClusterBuilder {
    return this.#with({ node: { ...this.#file.node, ...node } });
  }

  /** Rules for some hosts; later ones win. */
  hosts(hosts: readonly number[], rule: HostLine): ClusterBuilder {
    return this.#with({ hosts: [...(this.#file.hosts ?? []), { ...rule, hosts: [...hosts] }] });
  }

  load(line: LoadLine): ClusterBuilder {
    return this.#with({ load: [...(this.#file.load ?? []), line] });
  }

  /** What operators tell their nodes to vote for. */
  proposal(line: ProposalLine): ClusterBuilder {
    return this.#with({ proposals: [...(this.#file.proposals ?? []), line] });
  }

  fault(line: FaultLine): ClusterBuilder {
    return this.#with({ faults: [...(this.#file.faults ?? []), line] });
  }

  /** Hosts that break the protocol, drawn by the seed. */
  byzantine(generator: NonNullable<ScenarioFile['byzantine']>): ClusterBuilder {
    return this.#with({ byzantine: generator });
  }

  /** Isolation, order of simultaneous events, oracles, planted programs. */
  options(options: ClusterOptions): ClusterBuilder {
    return new ClusterBuilder(this.#file, { ...this.#options, ...options });
  }

  /** The description as a scenario file holds it. */
  get file(): ScenarioFile {
    return this.#file;
  }

  /** @throws {ClusterError} when it contradicts itself, {ZodError} when a value is out of range. */
  build(): TestCluster {
    const file = scenarioSchema.parse(this.#file);
    const [first] = findImpossible(file);
    if (first !== undefined)
      throw new ClusterError(`${first.path.join('.')}: ${first.message}; expected ${first.expected}`);
    return new TestCluster(resolveScenario(file, file.seed ?? '1'), this.#options);
  }
}

/** `n` nodes of proof of work on a full mesh, modelled signatures, an hour of simulated time, no faults, no load. */
export function clusterOf(nodes: number): ClusterBuilder {
  return new ClusterBuilder({
    name: 'test-cluster',
    shows: 'A cluster that a test describes in code.',
    duration: '1h',
    nodes,
    signatures: 'modelled',
    expect: 'pass',
  });
}
