/** Engines by the name that a scenario gives them: their configuration in genesis, and how the hosts of a plan search. */

import type { Consensus, ConsensusRules } from '../chain/consensus/consensus.ts';
import { encodePoaConfig, TIE_BREAK } from '../chain/consensus/poa/config.ts';
import { createPoa } from '../chain/consensus/poa/engine.ts';
import { encodeProposal, PROPOSE } from '../chain/consensus/poa/proposals.ts';
import { encodePosConfig } from '../chain/consensus/pos/config.ts';
import { createPos } from '../chain/consensus/pos/engine.ts';
import { GOSSIP_MS } from '../chain/consensus/pos/gossip.ts';
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
  /** What genesis gives the key of a host to vote with; 0: nothing, it is no validator. */
  powerOf(host: HostPlan): bigint;
  consensusOf(host: HostPlan): Consensus;
  searchOf(host: HostPlan): (env: Env<ChainWorld>) => Search;
  /**
   * Of an engine with rounds: the first one whose time-outs are longer than two delays, repairs included, and the work of a
   * step, with clocks that run so much too fast. Absent: it has none.
   */
  firstRoundOf?(delayUs: number, workUs: number, fastPpm: number): number;
  /** The body of a Propose command; absent: the engine takes no proposals. */
  proposalOf?(what: ProposalPlan['what'], key: PublicKey): Uint8Array;
}

/** `[1, 3]`: less than a third of all. `[0, 1]`: nothing. */
export type Share = readonly [part: number, of: number];

/** How many Byzantine an engine bears. */
export interface Tolerance {
  /** What is counted, in words. */
  readonly what: string;
  /** What a host counts for. */
  readonly powerOf: (host: HostPlan) => number;
  /** True: a disk that forgets what its key has signed makes its host as good as Byzantine. */
  readonly signsRecords: boolean;
  /** True: power belongs to a key, and two hosts with one key have it once. */
  readonly isByKey: boolean;
  /** Finality of its kind is promised while less than this share of the power is Byzantine … */
  readonly finality: Share;
  /** … and agreement on new blocks while less than this is. */
  readonly liveness: Share;
  /** More than this share of all power goes on by itself. */
  readonly quorum: Share;
  /** Its finality is by depth, and a Byzantine minority overtakes a small depth now and then. */
  readonly isRace: boolean;
  /** Its finality is by depth, and holds while no part of the network is apart for too long. */
  readonly isByDepth: boolean;
}

/** Below half of the hash power what is hidden loses in the end. */
const POW_TOLERANCE: Tolerance = {
  what: 'hash power',
  powerOf: ({ hashShare }) => hashShare,
  signsRecords: false,
  isByKey: false,
  finality: [1, 2],
  liveness: [1, 2],
  quorum: [1, 2],
  isRace: true,
  isByDepth: true,
};

/** A producer may seal as many blocks on a parent as it likes: depth is no promise; but whole turns of the others weigh more. */
const ROUND_ROBIN_TOLERANCE: Tolerance = {
  what: 'producers',
  powerOf: ({ isValidator }) => Number(isValidator),
  signsRecords: false,
  isByKey: true,
  finality: [0, 1],
  liveness: [1, 2],
  quorum: [1, 2],
  isRace: false,
  isByDepth: true,
};

/** A signer may seal two blocks on a parent, and with them be among the distinct signers of two branches. */
const POA_TOLERANCE: Tolerance = {
  what: 'signers',
  powerOf: ({ isValidator }) => Number(isValidator),
  signsRecords: true,
  isByKey: true,
  finality: [0, 1],
  liveness: [1, 2],
  quorum: [1, 2],
  isRace: false,
  isByDepth: true,
};

/** arXiv:1807.04938: safe and live while less than a third of the power is faulty. */
const POS_TOLERANCE: Tolerance = {
  what: 'stake',
  powerOf: ({ stake }) => stake,
  signsRecords: true,
  isByKey: true,
  finality: [1, 3],
  liveness: [1, 3],
  quorum: [2, 3],
  isRace: false,
  isByDepth: false,
};

/** Of the engine of that name. */
export function engineTolerance(engine: ClusterPlan['chain']['engine']): Tolerance {
  switch (engine) {
    case 'pow':
      return POW_TOLERANCE;
    case 'round-robin':
      return ROUND_ROBIN_TOLERANCE;
    case 'poa':
      return POA_TOLERANCE;
    case 'pos':
      return POS_TOLERANCE;
    default:
      return assertNever(engine);
  }
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

/** The initial target makes all hosts together find a block an interval. @param realWork as in `engineSetup`. */
function powSetup(plan: ClusterPlan, realWork: bigint | undefined): EngineSetup {
  const { chain } = plan;
  const total = plan.hosts.reduce((sum, host) => sum + hashRateOf(host), 0);
  const modelled = (BigInt(Math.max(1, total)) * BigInt(chain.blockIntervalUs)) / 1_000_000n;
  const work = realWork ?? modelled;
  const target = TWO_256 / (work > 0n ? work : 1n) - 1n;
  const intervalMs = Math.max(1, Math.round(chain.blockIntervalUs / 1_000));
  const halfLifeMs = Math.max(1, Math.round(chain.halfLifeUs / 1_000));
  const scale = realWork === undefined ? work / REAL_HASHES_PER_SEAL : 1n;
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
    powerOf: () => 0n,
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
    powerOf: ({ isValidator }) => (isValidator ? 1n : 0n),
    consensusOf: () => createRoundRobin(),
    searchOf: noSearch,
  };
}

/** What was lost is sent again after so long. */
const GOSSIP_US = GOSSIP_MS * 1_000;

function wholeMs(us: number): number {
  return Math.max(1, Math.round(us / 1_000));
}

function posSetup({ chain }: ClusterPlan): EngineSetup {
  const { pos, blockIntervalUs } = chain;
  const growthMs = wholeMs(pos.growthUs);
  return {
    rules: createPos().rules,
    config: encodePosConfig({
      proposeMs: wholeMs(pos.proposeUs),
      proposeDeltaMs: growthMs,
      prevoteMs: wholeMs(pos.prevoteUs),
      prevoteDeltaMs: growthMs,
      precommitMs: wholeMs(pos.precommitUs),
      precommitDeltaMs: growthMs,
      commitMs: wholeMs(blockIntervalUs),
      stakeMin: amount(BigInt(pos.stakeMin)),
      validatorsMax: pos.validatorsMax,
      unbondingBlocks: pos.unbondingBlocks,
      unbondingMs: wholeMs(pos.unbondingUs),
      evidenceBlocks: pos.evidenceBlocks,
      evidenceMs: wholeMs(pos.evidenceUs),
      slashPermille: pos.slashPermille,
      safeHeights: pos.safeHeights,
    }),
    powerOf: ({ stake }) => BigInt(stake),
    consensusOf: () => createPos(),
    searchOf: noSearch,
    firstRoundOf(delayUs, workUs, fastPpm) {
      const neededUs = (2 * (delayUs + GOSSIP_US) + workUs) * (1 + fastPpm / 1_000_000);
      const shortestUs = Math.min(pos.proposeUs, pos.prevoteUs, pos.precommitUs);
      return Math.max(0, Math.ceil((neededUs - shortestUs) / pos.growthUs));
    },
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
    powerOf: ({ isValidator }) => (isValidator ? 1n : 0n),
    consensusOf: () => createPoa(),
    searchOf: noSearch,
    proposalOf: (what, target) => encodeProposal({ target, what: PROPOSE[what] }),
  };
}

/** Of engines that search no seal. */
function noSearch(): (env: Env<ChainWorld>) => Search {
  return () => () => () => {};
}

/**
 * What the plan's engine needs.
 * @param realWork pow: hashes that a block takes at first, each of them made; undefined: the work is modelled, and a seal takes a few hashes.
 */
export function engineSetup(plan: ClusterPlan, realWork?: bigint): EngineSetup {
  switch (plan.chain.engine) {
    case 'pow':
      return powSetup(plan, realWork);
    case 'round-robin':
      return roundRobinSetup(plan);
    case 'pos':
      return posSetup(plan);
    case 'poa':
      return poaSetup(plan);
    default:
      return assertNever(plan.chain.engine);
  }
}
