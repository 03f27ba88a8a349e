/** The workloads of a plan, each with accounts of its own. */
import { assert, assertNever } from '../../env/assert.ts';
import type { ChainSetup } from '../chain-setup.ts';
import type { ClusterPlan, LoadPlan } from '../plan.ts';
import { createConflicting, createInvalid } from './hostile.ts';
import type { Load, LoadHost } from './load.ts';
import { createStakes } from './stakes.ts';
import { createTransfers } from './transfers.ts';
import type { Keys } from './wallet.ts';

function createLoad(
  { plan, setup }: { readonly plan: ClusterPlan; readonly setup: ChainSetup },
  load: LoadPlan,
  host: LoadHost,
  wallets: ChainSetup['wallets'][number],
): Load {
  switch (load.kind) {
    case 'transfers':
    case 'burns':
      return createTransfers(host, load, wallets);
    case 'invalid':
      return createInvalid(host, load, wallets);
    case 'conflicting':
      return createConflicting(host, load, wallets);
    case 'stakes': {
      const { stakes } = load;
      assert(stakes !== undefined, 'a load of stakes says whose');
      const owners = stakes.hosts.map((i) => ({
        keys: setup.hostKeys[i] as Keys,
        stake: plan.hosts[i]?.stake ?? 0,
      }));
      return createStakes(host, load, stakes, owners);
    }
    default:
      return assertNever(load.kind);
  }
}

/** @param hostFor what the load of that name may ask of the cluster. */
export function createLoads(
  plan: ClusterPlan,
  setup: ChainSetup,
  hostFor: (name: string) => LoadHost,
): readonly Load[] {
  return plan.loads.map((load, i) =>
    createLoad({ plan, setup }, load, hostFor(`${i}/${load.kind}`), setup.wallets[i] ?? []),
  );
}
