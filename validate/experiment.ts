/** Clusters for experiments: real nodes of a bare chain, of proof of work where nothing else is said, and a harness that reacts to what they do. */
import { createNode } from '../src/chain/node.ts';
import type { Search, StoreSettings } from '../src/chain/node-config.ts';
import type { ClusterOptions } from '../src/cluster/chain-setup.ts';
import type { ClusterPlan } from '../src/cluster/plan.ts';
import { resolveScenario } from '../src/cluster/resolve.ts';
import { parseScenario } from '../src/cluster/scenario/parse.ts';
import { TestCluster } from '../src/cluster/test-cluster.ts';
import { address } from '../src/env/units.ts';
import { createNativeSuite } from '../src/lab/native-suite.ts';
import { installTraps, removeTraps } from '../src/sim/traps.ts';

/** Longer than any experiment: they end by themselves. */
const DURATION_US = 1_000_000_000_000_000;
/** Nothing rots here, and the simulated time is years: steps of a scrub would be most events. */
const NO_SCRUB: Partial<StoreSettings> = { scrubIntervalMs: 0 };
/** The base never moves: no race is too long to be undone. Memory grows with every block, so runs are short. */
export const KEEP_ALL: Partial<StoreSettings> = {
  ...NO_SCRUB,
  accountIndex: false,
  baseDepth: 100_000,
  undoDepth: 100,
  flushBlocks: 64,
};
/** Little is kept, and memory is bounded: branches of 100 blocks do not happen by themselves. */
export const KEEP_LITTLE: Partial<StoreSettings> = {
  ...NO_SCRUB,
  accountIndex: false,
  bodies: 100,
  baseDepth: 60,
  undoDepth: 40,
  flushBlocks: 64,
};

/** What one of an experiment's scenarios says beside what all have in common; lines of YAML. */
export interface ExperimentText {
  readonly nodes: number;
  readonly intervalS: number;
  /** Absent: proof of work of constant difficulty, without a reward. */
  readonly chain?: string;
  readonly network: string;
  readonly node: string;
  readonly rest?: string;
}

const suite = createNativeSuite();

/** Constant difficulty, no reward (nothing depends on one, and a state that never changes costs nothing), modelled signatures, no pings and no time-outs. */
export function experimentPlan(text: ExperimentText, seed: string): ClusterPlan {
  const yaml = `
name: experiment
shows: what an experiment of validate runs
nodes: ${text.nodes}
duration: 400d
expect: pass
signatures: modelled
chain: ${text.chain ?? `{ engine: pow, difficulty: constant, blockInterval: ${text.intervalS}s, reward: 0 }`}
network: ${text.network}
node: ${text.node}
${text.rest ?? ''}
`;
  const plan = resolveScenario(parseScenario('experiment', yaml, []), seed);
  return { ...plan, durationUs: DURATION_US, quietFromUs: DURATION_US };
}

/** What an experiment changes in its nodes. */
export interface ExperimentNodes {
  readonly store: Partial<StoreSettings>;
  /** Replaces whom a host dials. */
  readonly peersOf?: (host: number) => readonly string[];
  /** While it answers true, what the miner of a host would find is nothing: he does not mine. */
  readonly isResting?: (host: number) => boolean;
}

/** A cluster without oracles and without a trace, which nobody would read. */
export function experimentCluster(plan: ClusterPlan, nodes: ExperimentNodes): TestCluster {
  const { peersOf, isResting } = nodes;
  const options: ClusterOptions = {
    oracles: [],
    trace: false,
    nativeSuite: suite,
    program: (host, _honest, config) => {
      const peers = peersOf?.(host).map((name) => address(name));
      const { createSearch } = config;
      return createNode({
        ...config,
        ...(peers === undefined ? {} : { bootstrap: peers, staticPeers: peers }),
        ...(isResting === undefined
          ? {}
          : { createSearch: (env) => restingSearch(createSearch(env), () => isResting(host)) }),
        store: { ...config.store, ...nodes.store },
      });
    },
  };
  return new TestCluster(plan, options);
}

/**
 * The search of a miner who rests at times. What he would have found meanwhile is dropped, and the search drawn anew:
 * an exponential time has no memory, so this is a miner who begins when the rest ends.
 */
export function restingSearch(search: Search, isResting: () => boolean): Search {
  return (job, onFound) => {
    let cancel = (): void => {};
    const begin = (): void => {
      cancel = search({ ...job, headerBytes: () => (isResting() ? restart() : job.headerBytes()) }, onFound);
    };
    const restart = (): undefined => {
      begin();
    };
    begin();
    return () => cancel();
  };
}

/** Simulates event by event until `isDone`, which may act on the run between two events. */
export function drive({ simulator }: TestCluster, isDone: () => boolean): void {
  // Once for the whole run: on and off for each event would take most of the time.
  installTraps();
  try {
    while (!isDone()) {
      const status = simulator.step(1);
      if (status.kind === 'running') continue;
      if (status.kind === 'ended' && 'error' in status.reason) throw status.reason.error;
      throw new Error(`an experiment ended early: ${status.kind}`);
    }
  } finally {
    removeTraps();
  }
}
