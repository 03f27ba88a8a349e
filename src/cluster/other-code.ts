/** Other code: a second build of the chain that some honest hosts run in place of this one, as a planted bug does. Who judges runs this one. */
import type { NodeConfig } from '../chain/node-config.ts';
import type { ChainWorld } from '../chain/types/command.ts';
import { assert } from '../env/assert.ts';
import type { Env, Program } from '../env/program.ts';
import type { EngineSetup } from './engines.ts';
import type { ClusterPlan } from './plan.ts';

/** What the hosts of the cluster are given instead of `createNode` and `engineSetup`. */
export interface OtherCode {
  /** Part of the name of whatever hosts share: other code never heals this one, nor is it healed. */
  readonly name: string;
  createNode(config: NodeConfig): Program<ChainWorld>;
  engineSetup(plan: ClusterPlan): EngineSetup;
  /** Which of the honest hosts run it; the others, and all Byzantine ones, run this code. */
  runs(host: number): boolean;
}

/** Builds programs of the other code for the hosts of one plan. */
export class OtherPrograms {
  readonly #other: OtherCode;
  readonly #plan: ClusterPlan;
  readonly #engine: EngineSetup;

  constructor(other: OtherCode, plan: ClusterPlan) {
    this.#other = other;
    this.#plan = plan;
    this.#engine = other.engineSetup(plan);
  }

  runs(host: number): boolean {
    return this.#other.runs(host);
  }

  /** @param config what the host would run of this code: its engine and its search are replaced. */
  program(host: number, config: NodeConfig): Program<ChainWorld> {
    const hostPlan = this.#plan.hosts[host];
    assert(hostPlan !== undefined, 'a program is built for a host of the plan');
    const { name } = this.#other;
    const node = this.#other.createNode({
      ...config,
      consensus: this.#engine.consensusOf(hostPlan),
      createSearch: this.#engine.searchOf(hostPlan),
      codeVersion: `v${config.protocolMax}/${name}`,
    });
    return (env) => node(withOwnMemo(env, name));
  }
}

/** What is computed by other code is shared with nobody but who runs it too. */
function withOwnMemo(env: Env<ChainWorld>, name: string): Env<ChainWorld> {
  return { ...env, memo: { get: (kind, key, compute) => env.memo.get(`${name}/${kind}`, key, compute) } };
}
