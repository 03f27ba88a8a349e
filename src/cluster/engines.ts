/** Engines by the name that a scenario gives them: their configuration in genesis, and how the hosts of a plan search. */

import type { Consensus, ConsensusRules } from '../chain/consensus/consensus.ts';
import { encodePoaConfig, TIE_BREAK } from '../chain/consensus/poa/config.ts';
import { createPoa } from '../chain/consensus/poa/engine.ts';
import { encodeProposal, PROPOSE } from '../chain/consensus/poa/proposals.ts';
import { encodePowConfig } from '../chain/consensus/pow/config.ts';
import { createModelledSearch } from '../chain/consensus/pow/modelled-search.ts';
import { createPow } from '../chain/consensus/pow/pow.ts';
import { encodeRoundRobinConfig } from '../chain/consensus/round-robin/config.ts';
import { createRoundRobin } from '../chain/consensus/round-robin/engine.ts';
import type { Search } from '../chain/node-config.ts';
import type { ChainWorld } from '../chain/types/command.ts';
import { amount, type Hash, hash, height, type PublicKey } from '../chain/types/units.ts';
import { assertNever } from '../env/assert.ts';
import type { Env } from '../env/program.ts';
import type { ClusterPlan, HostPlan, ProposalPlan } from './plan.ts';

/** An engine as genesis and nodes are given it. */
export interface EngineSetup {
  /** The rules, for genesis and re-execution. */
  readonly rules: ConsensusRules<unknown>;
  /** `genesis.engineConfig`. */
  readonly config: string;
  /** Whether genesis lists the keys of the hosts that are validators. */
  readonly needsValidators: boolean;
  consensusOf(host: HostPlan): Consensus;
  searchOf(host: HostPlan): (env: Env<ChainWorld>) => Search;
  /** The body of a Propose command; absent: the engine takes no proposals. */
  proposalOf?(what: ProposalPlan['what'], key: PublicKey): Uint8Array;
}

/** Hashes a second of a host with share 1. */
const HASHES_PER_SHARE = 1_000_000;
/** Real hashes that a simulated seal takes on average: enough that it is one, cheap enough for a million blocks. */
const REAL_HASHES_PER_SEAL = 16n;
const TWO_256 = 1n << 256n;

function hashRateOf(host: HostPlan): number {
  return Math.round(host.hashShare * HASHES_PER_SHARE);
}

function targetText(target: bigint): Hash {
  return hash(target.toString(16).padStart(64, '0'));
}

/** The initial target makes all hosts together find a block an interval. */
function powSetup(plan: ClusterPlan): EngineSetup {
  const { chain } = plan;
  const total = plan.hosts.reduce((sum, host) => sum + hashRateOf(host), 0);
  const work = (BigInt(Math.max(1, total)) * BigInt(chain.blockIntervalUs)) / 1_000_000n;
  const target = TWO_256 / (work > 0n ? work : 1n) - 1n;
  const intervalMs = Math.max(1, Math.round(chain.blockIntervalUs / 1_000));
  const halfLifeMs = Math.max(1, Math.round(chain.halfLifeUs / 1_000));
  const scale = work / REAL_HASHES_PER_SEAL;
  const config = encodePowConfig({
    difficulty:
      chain.difficulty === 'constant' ? { kind: 'constant' } : { kind: 'asert', intervalMs, halfLifeMs },
    initialTarget: targetText(target),
    powLimit: targetText(TWO_256 - 1n),
    powScale: amount(scale > 0n ? scale : 1n),
    finalityDepth: chain.finalityDepth,
    issuance: chain.reward === 0 ? [] : [{ height: height(1), reward: amount(BigInt(chain.reward)) }],
  });
  return {
    rules: createPow({ mine: false, hashRate: 0, rebuildMs: 0 }).rules,
    config,
    needsValidators: false,
    // The modelled search builds its block when it ends, with what waits then: nothing is to be rebuilt.
    consensusOf: (host) => createPow({ mine: host.hashShare > 0, hashRate: hashRateOf(host), rebuildMs: 0 }),
    searchOf: (host) => (env) => createModelledSearch(env, hashRateOf(host)),
  };
}

function roundRobinSetup(plan: ClusterPlan): EngineSetup {
  const periodMs = Math.max(1, Math.round(plan.chain.blockIntervalUs / 1_000));
  return {
    rules: createRoundRobin().rules,
    config: encodeRoundRobinConfig({
      periodMs,
      skipMs: Math.max(1, Math.floor(periodMs / 2)),
      finalityDepth: plan.chain.finalityDepth,
    }),
    needsValidators: true,
    consensusOf: () => createRoundRobin(),
    searchOf: noSearch,
  };
}

function poaSetup({ chain }: ClusterPlan): EngineSetup {
  const { poa } = chain;
  return {
    rules: createPoa().rules,
    config: encodePoaConfig({
      periodMs: Math.max(1, Math.round(chain.blockIntervalUs / 1_000)),
      wiggleMs: Math.round(poa.wiggleUs / 1_000),
      epoch: poa.epoch,
      tieBreak: TIE_BREAK[poa.tieBreak],
    }),
    needsValidators: true,
    consensusOf: () => createPoa(),
    searchOf: noSearch,
    proposalOf: (what, target) => encodeProposal({ target, what: PROPOSE[what] }),
  };
}

/** Of engines that search no seal. */
function noSearch(): (env: Env<ChainWorld>) => Search {
  return () => () => () => {};
}

/** What the plan's engine needs. */
export function engineSetup(plan: ClusterPlan): EngineSetup {
  switch (plan.chain.engine) {
    case 'pow':
      return powSetup(plan);
    case 'round-robin':
      return roundRobinSetup(plan);
    case 'poa':
      return poaSetup(plan);
    default:
      return assertNever(plan.chain.engine);
  }
}
