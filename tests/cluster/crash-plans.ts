/** The runs whose every effect is a crash point: three hosts, about twenty blocks, transfers. */
import type { ClusterPlan, EngineName } from '../../src/cluster/plan.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import type { ScenarioFile } from '../../src/cluster/scenario/schema.ts';
import { small } from './support.ts';

/** The host that dies in `installPlan`: it comes late, and begins with a snapshot of the others. */
export const JOINER = 2;

/** Two hosts with some blocks and snapshots, and one that fetches and installs one. */
export function installPlan(): ClusterPlan {
  const file = small({
    duration: '46s',
    quiet: '20s',
    chain: {
      engine: 'pow',
      blockInterval: '1s',
      finalityDepth: 12,
      snapshots: { every: 10, chunkBytes: 250 },
    },
    hosts: [{ hosts: [JOINER], joins: '18s', hashShare: 0, snapshot: true }],
    load: [{ kind: 'transfers', perSecond: 1, accounts: 6 }],
  });
  return resolveScenario(file, 'install-points');
}

/** The host that dies. */
export const VICTIM = 1;

/** Four of them, since of three two blocks are final; what an operator orders is durable too, and one vote decides nothing. */
const AUTHORITIES: Partial<ScenarioFile> = {
  nodes: 4,
  chain: { engine: 'poa', blockInterval: '1s', poa: { wiggle: '100ms' } },
  proposals: [{ at: '6s', hosts: [VICTIM], drop: 0 }],
};

/** Four of them too: with one that is down the others go on deciding. */
const VALIDATORS: Partial<ScenarioFile> = { nodes: 4, chain: { engine: 'pos', blockInterval: '900ms' } };

const OF_ENGINE: Readonly<Partial<Record<EngineName, Partial<ScenarioFile>>>> = {
  poa: AUTHORITIES,
  pos: VALIDATORS,
};

/** A run of twenty blocks, then twice that time to come back together. */
export function crashPlan(engine: EngineName): ClusterPlan {
  const file = small({
    duration: '40s',
    quiet: '20s',
    chain: { engine, blockInterval: '1s', finalityDepth: 12 },
    load: [{ kind: 'transfers', perSecond: 1, accounts: 3 }],
    ...OF_ENGINE[engine],
  });
  return resolveScenario(file, 'crash-points');
}
