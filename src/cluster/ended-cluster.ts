/** A cluster whose run is over, as it is judged: simulated, or of real nodes. */
import type { NodeSnapshot } from '../chain/types/command.ts';
import type { Storage } from '../env/storage.ts';
import type { ChainSetup } from './chain-setup.ts';
import type { Head, Judgement } from './judgement.ts';
import type { Load } from './load/load.ts';
import type { ClusterPlan } from './plan.ts';

/** One of its nodes. */
export interface EndedNode {
  readonly index: number;
  readonly name: string;
  /** As of its last event; genesis before the first. */
  readonly head: Head;
  readonly height: number;
  /** Undefined when it is down. */
  inspect(): NodeSnapshot | undefined;
}

export interface EndedCluster {
  readonly plan: ClusterPlan;
  readonly setup: ChainSetup;
  readonly judgement: Judgement;
  readonly nodes: readonly EndedNode[];
  readonly loads: readonly Load[];
  /** When it ended. */
  readonly nowUs: number;
  isHonest(host: number): boolean;
  /** Honest nodes that are up, have not stopped by themselves, and are not lost for ever. */
  live(): readonly EndedNode[];
  /** The head of all live nodes; undefined when they differ, or none lives. */
  commonHead(): Head | undefined;
  /** What the programs wrote, by host. */
  disks(): readonly Pick<Storage, 'get' | 'scan'>[];
}
