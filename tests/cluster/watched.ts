/** A cluster that runs to its end, is judged, and remembers everything that was told in it: for tests of Byzantine hosts. */
import type { Block } from '../../src/chain/types/block.ts';
import type { DomainEvent } from '../../src/chain/types/event.ts';
import type { ClusterOptions } from '../../src/cluster/chain-setup.ts';
import { judgeLiveness } from '../../src/cluster/liveness.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import type { ScenarioFile } from '../../src/cluster/scenario/schema.ts';
import { TestCluster } from '../../src/cluster/test-cluster.ts';
import { SUITE } from './support.ts';

type Of<K extends DomainEvent['kind']> = Extract<DomainEvent, { readonly kind: K }>;

interface Told {
  readonly host: number;
  readonly atUs: number;
  readonly event: DomainEvent;
}

/** A run to its end, judged, with everything that was told in it. */
export class Watched {
  readonly cluster: TestCluster;
  readonly #told: Told[] = [];

  constructor(file: ScenarioFile, options: ClusterOptions = {}, seed = '1') {
    this.cluster = new TestCluster(resolveScenario(file, seed), { nativeSuite: SUITE, ...options });
    const { simulator } = this.cluster;
    simulator.observe((host, event, atUs) => this.#told.push({ host, event, atUs }));
    while (this.cluster.step(100_000).kind === 'running');
    const status = simulator.status();
    if (status.kind === 'ended' && 'error' in status.reason) throw status.reason.error;
    this.cluster.judge();
    judgeLiveness(this.cluster);
  }

  of<K extends DomainEvent['kind']>(
    kind: K,
    hosts: readonly number[] = this.honest,
  ): readonly { readonly host: number; readonly atUs: number; readonly event: Of<K> }[] {
    return this.#told.flatMap(({ host, atUs, event }) =>
      hosts.includes(host) && isOf(event, kind) ? [{ host, atUs, event }] : [],
    );
  }

  /** Hosts that follow the protocol. */
  get honest(): readonly number[] {
    return this.cluster.nodes.map(({ index }) => index).filter((host) => this.cluster.isHonest(host));
  }

  keyOf(host: number): string {
    return this.cluster.setup.hostKeys[host]?.key ?? '';
  }

  /** Deviations of that behaviour, over all hosts. */
  deviations(behaviour: string): number {
    return this.cluster.byzantine
      .deviations()
      .filter((one) => one.behaviour === behaviour)
      .reduce((sum, { times }) => sum + times, 0);
  }

  /** The main chain of the first host. */
  chain(): readonly Block[] {
    const head = this.cluster.node(0).head;
    return this.cluster.chains.wholeChain(this.cluster.disks(), 0, head).blocks.map(({ block }) => block);
  }

  /** Every block that the first host executed, on whichever branch. */
  imported(): readonly Block[] {
    const disk = this.cluster.simulator.disk(0).pristine;
    return this.of('BlockImported', [0]).flatMap(
      ({ event }) => this.cluster.chains.read(disk, event.height, event.id) ?? [],
    );
  }
}

function isOf<K extends DomainEvent['kind']>(event: DomainEvent, kind: K): event is Of<K> {
  return event.kind === kind;
}
