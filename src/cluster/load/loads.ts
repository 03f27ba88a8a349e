/** The workloads of a plan, each with accounts of its own. */
import type { ChainSetup } from '../chain-setup.ts';
import type { ClusterPlan, LoadPlan } from '../plan.ts';
import { createConflicting, createInvalid } from './hostile.ts';
import type { Load, LoadHost } from './load.ts';
import { createTransfers } from './transfers.ts';

function createLoad(plan: LoadPlan, host: LoadHost, wallets: ChainSetup['wallets'][number]): Load {
  switch (plan.kind) {
    case 'transfers':
    case 'burns':
      return createTransfers(host, plan, wallets);
    case 'invalid':
      return createInvalid(host, plan, wallets);
    case 'conflicting':
      return createConflicting(host, plan, wallets);
  }
}

/** @param hostFor what the load of that name may ask of the cluster. */
export function createLoads(
  plan: ClusterPlan,
  setup: ChainSetup,
  hostFor: (name: string) => LoadHost,
): readonly Load[] {
  return plan.loads.map((load, i) => createLoad(load, hostFor(`${i}/${load.kind}`), setup.wallets[i] ?? []));
}
