/** A cluster, resolved: every default filled in, every duration in µs. What a scenario file and the fluent builder both come to. */
import type { TieBreak } from '../chain/consensus/poa/config.ts';
import type { Fault } from '../sim/fault.ts';
import type { MessageException } from '../sim/network/ports.ts';
import type { BehaviourLine } from './byzantine/behaviours.ts';
import type { AtLeast } from './scenario/schema/expectations.ts';
import type { HostSelector } from './scenario/schema/values.ts';
import type { Topology } from './topology.ts';

/** Which protocol versions the code of a host knows: v1 stops at an upgrade to version 2. */
export type CodeVersion = 'v1' | 'v2';

/** Engines that a scenario may name. */
export type EngineName = 'pow' | 'round-robin' | 'poa' | 'pos';

/** What proof of authority is told beside its period. */
export interface PoaPlan {
  readonly wiggleUs: number;
  readonly epoch: number;
  readonly tieBreak: TieBreak;
}

export interface ChainPlan {
  readonly engine: EngineName;
  readonly blockIntervalUs: number;
  readonly difficulty: 'constant' | 'asert';
  readonly halfLifeUs: number;
  readonly finalityDepth: number;
  /** Blocks below the base that can be undone. */
  readonly undoDepth: number;
  /** Undefined: nobody makes any. */
  readonly snapshots: { readonly every: number; readonly chunkBytes: number } | undefined;
  readonly reward: number;
  readonly upgrade: { readonly height: number; readonly version: 2 } | undefined;
  readonly blockBytesMax: number;
  readonly poa: PoaPlan;
  /** pos: rounds and stake. */
  readonly pos: PosPlan;
}

/** Parameters of Tendermint and of stake. */
export interface PosPlan {
  readonly proposeUs: number;
  readonly prevoteUs: number;
  readonly precommitUs: number;
  /** By so much each time-out grows with the round. */
  readonly growthUs: number;
  readonly stakeMin: number;
  readonly validatorsMax: number;
  readonly unbondingBlocks: number;
  readonly unbondingUs: number;
  readonly evidenceBlocks: number;
  readonly evidenceUs: number;
  readonly slashPermille: number;
  readonly safeHeights: number;
}

export interface HostPlan {
  /** `n0`, `n1`, …: also its address and the name of its key. */
  readonly name: string;
  /** Relative mining power; 0: mines nothing. */
  readonly hashShare: number;
  /** pos: what its key has at stake from the start; 0: it follows and does not vote. */
  readonly stake: number;
  /** Whether genesis lists its key, where the engine wants any. */
  readonly isValidator: boolean;
  readonly joinsUs: number;
  /** It is never started. */
  readonly isAbsent: boolean;
  /** Without blocks it begins with a snapshot of others, where there is one. */
  readonly fromSnapshot: boolean;
  readonly skewUs: number;
  readonly driftPpm: number;
  readonly code: CodeVersion;
  readonly diskWriteUs: number;
  readonly diskFlushUs: number;
  /** How it breaks the protocol; none: it is honest, unless its key has two hosts. */
  readonly byzantine: readonly BehaviourLine[];
  /** The host whose key it has in place of its own. */
  readonly twinOf: number | undefined;
}

export type LatencyPlan =
  | { readonly kind: 'fixed'; readonly us: number }
  | { readonly kind: 'uniform'; readonly minUs: number; readonly maxUs: number }
  | { readonly kind: 'internet-2019' };

export type BandwidthPlan =
  | { readonly kind: 'unlimited' }
  | { readonly kind: 'fixed'; readonly uploadKbit: number; readonly downloadKbit: number }
  | { readonly kind: 'internet-2019' };

export interface NetworkPlan {
  readonly model: 'stream' | 'simblock';
  readonly latency: LatencyPlan;
  readonly jitterUs: number;
  readonly bandwidth: BandwidthPlan;
  readonly uplink: 'fair' | 'fifo';
  readonly stallResetUs: number;
  readonly topology: Topology;
  /** Modelled size of a block on the wire; undefined: as encoded. */
  readonly blockBytes: number | undefined;
  readonly compactModel: boolean;
  /** Multiplies every latency, in thousandths: how a mis-set simulator is shown to fail. */
  readonly latencyScalePermille: number;
}

export interface FeaturePlan {
  readonly compactBlocks: boolean;
  readonly transactionGossip: boolean;
  readonly pings: boolean;
  readonly timeouts: boolean;
  readonly relayStale: boolean;
  readonly mempoolMax: number | undefined;
  readonly flushBlocks: number | undefined;
  readonly baseDepth: number | undefined;
  /** Between two steps of the scrub; 0: none. */
  readonly scrubEveryUs: number;
}

/** Microseconds for so many units, both integers; undefined: free. */
export interface CpuPlan {
  readonly hashNs: number;
  readonly verifyUs: number;
  readonly signUs: number;
  readonly executeNsPerGas: number;
  readonly decodeNsPerByte: number;
}

export interface LoadPlan {
  readonly kind: 'transfers' | 'invalid' | 'conflicting' | 'burns' | 'stakes';
  /** Mean time between two. */
  readonly everyUs: number;
  readonly accounts: number;
  readonly hotPercent: number;
  readonly fromUs: number;
  readonly untilUs: number;
  /** Of kind `stakes`. */
  readonly stakes?: StakesPlan;
}

/** Whose stake moves, and how. */
export interface StakesPlan {
  readonly hosts: readonly number[];
  /** Base units that a host stakes at once. */
  readonly amount: number;
  /** So many of the hosts have stake at any time. */
  readonly keep: number;
  readonly moves: 'join' | 'leave' | 'both';
}

/** What the operators of some hosts tell their nodes to propose: to add or to drop the key of a host. */
export interface ProposalPlan {
  readonly atUs: number;
  readonly hosts: readonly number[];
  readonly what: 'add' | 'drop' | 'withdraw';
  readonly target: number;
}

export type Expectation =
  | { readonly kind: 'pass' }
  | { readonly kind: 'stall' }
  | { readonly kind: 'deadlock' }
  | { readonly kind: 'violation'; readonly oracle: string };

export interface ClusterPlan {
  readonly name: string;
  readonly seed: string;
  readonly durationUs: number;
  /** From here on nothing new goes wrong, and all must converge. */
  readonly quietFromUs: number;
  readonly hosts: readonly HostPlan[];
  readonly signatures: 'real' | 'modelled';
  readonly chain: ChainPlan;
  readonly features: FeaturePlan;
  readonly network: NetworkPlan;
  readonly cpu: CpuPlan | undefined;
  readonly loads: readonly LoadPlan[];
  readonly proposals: readonly ProposalPlan[];
  readonly faults: readonly Fault[];
  /** What befalls messages, one by one; undefined: it is drawn. */
  readonly messageFaults: readonly MessageException[] | undefined;
  /** `core`: a drawn quorum heals and must go on, the rest is lost for ever. */
  readonly liveness: 'required' | 'core' | 'excused';
  readonly stopAtHeight: number | undefined;
  readonly expect: Expectation;
  readonly atLeast: AtLeast;
}

/** The hosts that a selector means, ascending; draws only for `random`. */
export function selectHosts(
  selector: HostSelector,
  hosts: number,
  random: { shuffled<T>(items: readonly T[]): T[] },
): readonly number[] {
  if (selector === 'all') return Array.from({ length: hosts }, (_, i) => i);
  if (Array.isArray(selector)) return [...selector].sort((a, b) => a - b);
  const everyone = Array.from({ length: hosts }, (_, i) => i);
  return random
    .shuffled(everyone)
    .slice(0, selector.random)
    .sort((a, b) => a - b);
}
