/** The law of convergence: with at most f faulty, all honest heads are one new block within B intervals of the last fault. */
import { GOSSIP_MS } from '../src/chain/consensus/pos/gossip.ts';
import { DEFAULT_LIMITS } from '../src/chain/node-config.ts';
import { REDIAL_MAX_MS } from '../src/chain/peers/address-book.ts';
import type { ClusterOptions } from '../src/cluster/chain-setup.ts';
import { posPlan } from '../src/cluster/resolve.ts';
import type { Verdict } from '../src/cluster/result.ts';
import { createPlanRun } from '../src/cluster/run.ts';
import { plainNetwork } from '../src/sim/network/config.ts';
import { SUITE } from '../tests/cluster/support.ts';
import {
  type ClusterCase,
  type ClusterSpace,
  INTERVAL_MIN_MS,
  LATENCY_MAX_MS,
  planOf,
} from './arbitraries/clusters.ts';
import { CLOCKS_APART_MS, ENDS_MAX_MS, HOSTS_MAX } from './arbitraries/faults.ts';

/** Events between two looks at whether all agree: some hundredths of a second. */
const LOOK_EVENTS = 100;

/** The most hosts that may be faulty in any of the spaces. */
const FAULTY_MAX = Math.floor((HOSTS_MAX - 1) / 2);

/**
 * After the last fault every two honest hosts are connected, and have asked each other for what they lack, within this time:
 * a dial into a cut that had just ended gives up, the pause after it is the longest one spread to 150 % of its mean, and then
 * each faulty peer in turn may leave a question of sync unanswered. Connections that only stalled are faster.
 */
const SETTLED_MS: number =
  plainNetwork([], 0).dialTimeoutUs / 1_000 +
  1.5 * REDIAL_MAX_MS +
  FAULTY_MAX * DEFAULT_LIMITS.syncRequestTimeoutMs;
const SETTLED_INTERVALS = Math.ceil(SETTLED_MS / INTERVAL_MIN_MS);

/** A law that breaks less often than this breaks in no run that anybody waits for. */
const NEGLIGIBLE = 1e-9;

/**
 * Proof of work. Honest hosts have more than half of the hash power, so they find a block in two intervals on average. A block
 * that nobody competes with is the head of all once it has travelled: announcement, question and answer, three latencies.
 * Blocks come as a Poisson process: nobody else finds one meanwhile with e^(−3 latencies / interval). Such blocks
 * come at half that rate an interval, and none of them comes in k intervals with e^(−rate × k).
 */
const POW_BOUND: number =
  SETTLED_INTERVALS +
  Math.ceil(Math.log(1 / NEGLIGIBLE) / (0.5 * Math.exp((-3 * LATENCY_MAX_MS) / INTERVAL_MIN_MS)));

/**
 * Proof of authority, EIP-3436. Settled hosts know the same heads and prefer the same one; of n signers that are live at most
 * floor(n / 2) are blocked on it, so that somebody signs a period later, or 500 ms × n when he is out of turn. The next
 * block is not earlier than a period after its parent's time: behind a signer whose clock is ahead the others wait until theirs say
 * so, as long as clocks are apart. Who signs while another block of that height is on its way loses or wins by the order of heads
 * without a further block. n blocks are more than one is needed for: each signer may have been late with one.
 */
const POA_BOUND: number =
  SETTLED_INTERVALS +
  Math.ceil(CLOCKS_APART_MS / INTERVAL_MIN_MS) +
  Math.ceil((HOSTS_MAX * 500) / INTERVAL_MIN_MS) +
  HOSTS_MAX;

/**
 * Proof of stake. Rounds go on while no quorum is connected, at worst from the first fault until all are settled; time-outs
 * grow by a step each round, so that few fit in. Then a round with a correct proposer decides (arXiv:1807.04938, Lemma 7): at
 * most f faulty ones and the round that was interrupted come before it. What was lost is sent again after GOSSIP_MS.
 */
const POS_BOUND: number = SETTLED_INTERVALS + posRoundsIntervals();

function posRoundsIntervals(): number {
  const { proposeUs, prevoteUs, precommitUs, growthUs } = posPlan({});
  const roundMs = (round: number): number =>
    (proposeUs + prevoteUs + precommitUs + 3 * round * growthUs) / 1_000;
  let round = 0;
  for (let ms = 0; ms < ENDS_MAX_MS + SETTLED_MS; ms += roundMs(round)) round++;
  const faulty = Math.floor((HOSTS_MAX - 1) / 3);
  let ms = GOSSIP_MS;
  for (let more = 0; more < faulty + 2; more++) ms += roundMs(round + more);
  return Math.ceil(ms / INTERVAL_MIN_MS);
}

/** pow: a minority of the hash power, hosts having the same. Times of the future are taken, up to two hours. */
export const POW_SPACE: ClusterSpace = {
  engine: 'pow',
  nodesMin: 2,
  faultyMax: (nodes) => Math.floor((nodes - 1) / 2),
  behaviours: [
    'silent',
    'selective',
    'withholding-miner',
    'equivocating-proposer',
    'invalid-state-root',
    'invalid-transactions',
    'timestamp-liar',
    'lying-sync',
    'garbage',
    'flooding',
  ],
  bound: POW_BOUND,
};

/** poa: no liars, since a signer may seal two blocks on one parent; up to a minority may lose what they signed, and fall silent. */
export const POA_SPACE: ClusterSpace = {
  engine: 'poa',
  nodesMin: 2,
  faultyMax: (nodes) => Math.ceil(nodes / 2) - 1,
  behaviours: [],
  bound: POA_BOUND,
};

/** pos: less than a third of the stake, hosts having the same. */
export const POS_SPACE: ClusterSpace = {
  engine: 'pos',
  nodesMin: 1,
  faultyMax: (nodes) => Math.floor((nodes - 1) / 3),
  behaviours: [
    'silent',
    'selective',
    'double-voter',
    'equivocating-proposer',
    'amnesia',
    'forged-votes',
    'replaying-votes',
    'invalid-state-root',
    'invalid-transactions',
    'timestamp-liar',
    'lying-sync',
    'garbage',
    'flooding',
  ],
  bound: POS_BOUND,
};

/** What one case came to. */
export interface Convergence {
  readonly verdict: Verdict;
  readonly notes: readonly string[];
  /** From the last fault until all honest hosts had one new head, in block intervals; undefined: they never had within the bound. */
  readonly intervals: number | undefined;
  readonly reorgs: number;
  /** Decisions in a round after the first one, over all honest hosts. */
  readonly laterRounds: number;
  /** Crashes that struck inside a handler. */
  readonly struckInside: number;
}

/** Runs a case until all agree, and judges it. */
export function converge(space: ClusterSpace, one: ClusterCase, options: ClusterOptions = {}): Convergence {
  const run = createPlanRun(planOf(space, one), { nativeSuite: SUITE, ...options });
  const { cluster } = run;
  let laterRounds = 0;
  cluster.simulator.observe((host, event) => {
    if (event.kind === 'Engine' && event.what === 'decided' && (event.round ?? 0) > 0)
      if (cluster.isHonest(host)) laterRounds++;
  });
  while (cluster.convergedAtUs === undefined && run.step(LOOK_EVENTS));
  const { verdict, counts, notes } = run.result();
  const armed = new Set(
    one.faults.flatMap((fault) => (fault.kind === 'crash' && fault.at !== undefined ? [fault.id] : [])),
  );
  const struckInside = cluster.simulator
    .faultCounts()
    .reduce((sum, { id, effective }) => sum + (armed.has(id) ? effective : 0), 0);
  const { convergedAtUs } = cluster;
  return {
    verdict,
    notes,
    intervals:
      convergedAtUs === undefined ? undefined : (convergedAtUs - one.quietFromUs) / (1_000 * one.intervalMs),
    reorgs: counts.reorgs,
    laterRounds,
    struckInside,
  };
}

/** The law: nothing is violated, and all agree within the bound, whatever would excuse them elsewhere. Undefined: it holds. */
export function brokenBy(
  { verdict, intervals, notes }: Convergence,
  { bound }: ClusterSpace,
): string | undefined {
  if (verdict.kind === 'violated') {
    const { oracle, rule, fact } = verdict.violation;
    return `${oracle}/${rule}: ${fact}`;
  }
  if (verdict.kind !== 'passed') return JSON.stringify(verdict);
  if (intervals !== undefined && intervals <= bound) return undefined;
  return `no common new head within ${bound} intervals; ${notes.join('; ')}`;
}
