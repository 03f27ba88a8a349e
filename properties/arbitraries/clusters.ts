/** Arbitrary clusters with a load, liars and a fault plan, small enough to print; `planOf` makes the plan that runs. */
import fc from 'fast-check';
import type { BehaviourLine } from '../../src/cluster/byzantine/behaviours.ts';
import type { ClusterPlan } from '../../src/cluster/plan.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import type { Fault } from '../../src/sim/fault.ts';
import { faultGroups, foldFaults, HOSTS_MAX } from './faults.ts';

/** Between two blocks: a message and its answer fit in several times. */
export const INTERVAL_MIN_MS = 1_000;
const INTERVAL_MAX_MS = 2_500;
/** One way, at most: of two blocks found at the same time most pairs are told apart by the next one. */
export const LATENCY_MAX_MS = 150;
/** A connection on which nothing passes is given up after so long. */
const STALL_RESET_MS = 5_000;
/** Without faults the chain has this time to begin. */
const BEGIN_US = 3_000_000;

/** What clusters of one engine are made of. */
export interface ClusterSpace {
  readonly engine: 'pow' | 'poa' | 'pos';
  readonly nodesMin: number;
  /** How many of n hosts may be faulty: the f of the law. */
  faultyMax(nodes: number): number;
  /** What a faulty host may do beside losing records. */
  readonly behaviours: readonly BehaviourLine['kind'][];
  /** The law's B: blocks within which all agree after the last fault. */
  readonly bound: number;
}

/** A host that breaks the protocol, or whose disk may rot. */
export interface FaultyHost {
  readonly host: number;
  readonly behaviours: readonly BehaviourLine['kind'][];
}

/** One case of a law about clusters. */
export interface ClusterCase {
  readonly seed: number;
  readonly nodes: number;
  readonly intervalMs: number;
  readonly latencyMs: number;
  readonly flushMs: number;
  readonly transfersPerSecond: number;
  readonly faulty: readonly FaultyHost[];
  /** After this moment nothing goes wrong. */
  readonly quietFromUs: number;
  readonly faults: readonly Fault[];
}

/** Cases of that space; they shrink to fewer hosts and faults, and to shorter times. */
export function clusterCases(space: ClusterSpace): fc.Arbitrary<ClusterCase> {
  const liars = fc.uniqueArray(
    fc.record(
      {
        host: fc.nat({ max: HOSTS_MAX - 1 }),
        behaviours:
          space.behaviours.length === 0
            ? fc.constant([])
            : fc.uniqueArray(fc.constantFrom(...space.behaviours), { maxLength: 2 }),
      },
      { noNullPrototype: true },
    ),
    { maxLength: HOSTS_MAX, selector: ({ host }) => host },
  );
  return fc
    .record({
      seed: fc.noShrink(fc.nat({ max: 1_000_000 })),
      nodes: fc.integer({ min: space.nodesMin, max: HOSTS_MAX }),
      intervalMs: fc.integer({ min: INTERVAL_MIN_MS, max: INTERVAL_MAX_MS }),
      latencyMs: fc.integer({ min: 1, max: LATENCY_MAX_MS }),
      flushMs: fc.nat({ max: 20 }),
      transfersPerSecond: fc.nat({ max: 3 }),
      liars,
      groups: faultGroups,
    })
    .map(({ liars: drawn, groups, ...cluster }): ClusterCase => {
      const faulty = withinNodes(drawn, cluster.nodes).slice(0, space.faultyMax(cluster.nodes));
      const faults = foldFaults(
        groups,
        cluster.nodes,
        faulty.map(({ host }) => host),
      );
      const quietFromUs = Math.max(BEGIN_US, ...groups.map(({ endUs }) => endUs + 1));
      return { ...cluster, faulty, quietFromUs, faults };
    });
}

/** The plan of a case, which ends when the law's bound is over. */
export function planOf(space: ClusterSpace, one: ClusterCase): ClusterPlan {
  const plan = resolveScenario(
    {
      name: `property-${space.engine}`,
      shows: 'A cluster that fast-check made.',
      duration: '1h',
      nodes: one.nodes,
      signatures: 'modelled',
      chain: { engine: space.engine, blockInterval: `${one.intervalMs}ms` },
      network: { latency: { uniform: `1ms..${one.latencyMs}ms` }, stallReset: `${STALL_RESET_MS}ms` },
      hosts: [
        { hosts: 'all', disk: { write: '0ms', flush: `${one.flushMs}ms` } },
        ...one.faulty.map(({ host, behaviours }) => ({ hosts: [host], byzantine: [...behaviours] })),
      ],
      load:
        one.transfersPerSecond === 0
          ? []
          : [{ kind: 'transfers', perSecond: one.transfersPerSecond, accounts: 6 }],
      expect: 'pass',
    },
    String(one.seed),
  );
  const { quietFromUs, faults, intervalMs } = one;
  return {
    ...plan,
    quietFromUs,
    durationUs: quietFromUs + space.bound * intervalMs * 1_000,
    loads: plan.loads.map((load) => ({ ...load, untilUs: quietFromUs })),
    faults,
  };
}

function withinNodes(liars: readonly FaultyHost[], nodes: number): readonly FaultyHost[] {
  const seen = new Map<number, FaultyHost>();
  for (const { host, behaviours } of liars) {
    const own = host % nodes;
    if (!seen.has(own)) seen.set(own, { host: own, behaviours });
  }
  return [...seen.values()];
}
