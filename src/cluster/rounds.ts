/**
 * Rounds that decisions took after the faults had ended, and how many a plan allows: once time-outs are longer than what a
 * message and its answer take, the first correct proposer decides. arXiv:1807.04938, Lemma 7 and Theorem 3.
 */
import type { DomainEvent } from '../chain/types/event.ts';
import type { ChainSetup } from './chain-setup.ts';
import { engineSetup } from './engines.ts';
import { LATENCY_MEAN_MS } from './internet-2019.ts';
import type { ClusterPlan, NetworkPlan } from './plan.ts';
import type { Dials } from './topology.ts';

/** An exponential delay is longer than so many of its means once in 160,000 messages. */
const JITTER_MEANS = 12;
/** What a measured link adds on average. */
const MEASURED_JITTER_US = 5_000;
/** A promise is durable before it leaves, and a block before the next one is built on it. */
const FLUSHES_OF_A_STEP = 2;
/** Of each validator a round brings a proposal or its parts, a prevote and a precommit. */
const MESSAGES_OF_A_VALIDATOR = 3;

/** A decision, and how long it took. */
export interface Decision {
  readonly height: number;
  readonly round: number;
  /** Rounds that began after the faults had ended. */
  readonly taken: number;
}

/** What hosts tell of their rounds. */
export class Rounds {
  /** The newest round of each host, by host. */
  readonly #newest = new Map<number, { readonly height: number; readonly round: number }>();
  #quiet: { readonly height: number; readonly round: number } | undefined;
  /** The decision after the faults that took most rounds; the earliest of equals. */
  slowest: Decision | undefined;

  /** Events of honest hosts. */
  onEvent(host: number, event: DomainEvent): void {
    if (event.kind !== 'Engine' || event.round === undefined) return;
    const { height, round, what } = event;
    this.#newest.set(host, { height, round });
    const quiet = this.#quiet;
    if (what !== 'decided' || quiet === undefined || height < quiet.height) return;
    const taken = height === quiet.height ? Math.max(0, round - quiet.round) : round;
    if (this.slowest === undefined || taken > this.slowest.taken) this.slowest = { height, round, taken };
  }

  /** The faults end. @param head the highest head. */
  beginQuiet(head: number): void {
    const height = head + 1;
    let round = 0;
    for (const newest of this.#newest.values())
      if (newest.height === height) round = Math.max(round, newest.round);
    this.#quiet = { height, round };
  }
}

/** What the plan promises of rounds after the last fault: the first that is long enough, and a turn of each validator. */
export interface PromisedRounds {
  readonly firstLong: number;
  readonly validators: number;
}

/** Undefined: the engine has no rounds. A function of the plan and its links alone: it is known before the run. */
export function promisedRounds({
  plan,
  setup,
}: {
  readonly plan: ClusterPlan;
  readonly setup: Pick<ChainSetup, 'context' | 'dials'>;
}): PromisedRounds | undefined {
  const engine = engineSetup(plan);
  const staking = new Set(plan.loads.flatMap(({ stakes }) => stakes?.hosts ?? []));
  const validators = plan.hosts.filter((host, i) => engine.powerOf(host) > 0n || staking.has(i)).length;
  const work = workUs(plan, validators, Number(setup.context.genesis.parameters.blockGasMax));
  const delayUs = longestPath(setup.dials) * delayMaxUs(plan.network);
  const firstLong = engine.firstRoundOf?.(
    delayUs,
    work,
    Math.max(0, ...plan.hosts.map((host) => host.driftPpm)),
  );
  return firstLong === undefined ? undefined : { firstLong, validators };
}

/** From one host to a neighbour, on a link without faults. */
function delayMaxUs({ latency, jitterUs, latencyScalePermille }: NetworkPlan): number {
  const jitter = JITTER_MEANS * jitterUs;
  switch (latency.kind) {
    case 'fixed':
      return latency.us * (latencyScalePermille / 1_000) + jitter;
    case 'uniform':
      return latency.maxUs * (latencyScalePermille / 1_000) + jitter;
    case 'internet-2019':
      return (
        1_000 * Math.max(...LATENCY_MEAN_MS.flat()) + Math.max(jitter, JITTER_MEANS * MEASURED_JITTER_US)
      );
  }
}

/** What a step costs a host beside waiting: its disk, its signatures, a full block. */
function workUs({ hosts, cpu }: ClusterPlan, validators: number, blockGas: number): number {
  const flushUs = Math.max(...hosts.map((host) => host.diskFlushUs + host.diskWriteUs));
  const checksUs = (cpu?.verifyUs ?? 0) * MESSAGES_OF_A_VALIDATOR * validators + (cpu?.signUs ?? 0);
  const blockUs = ((cpu?.executeNsPerGas ?? 0) * blockGas) / 1_000;
  return FLUSHES_OF_A_STEP * flushUs + checksUs + blockUs;
}

/** Links on the way between the two hosts that are furthest apart. */
function longestPath(dials: Dials): number {
  const neighbours = dials.map((list) => new Set(list));
  for (const [i, list] of dials.entries()) for (const other of list) neighbours[other]?.add(i);
  let longest = 1;
  for (let from = 0; from < dials.length; from++) {
    const steps = new Map([[from, 0]]);
    for (const [at, count] of steps)
      for (const next of neighbours[at] ?? []) if (!steps.has(next)) steps.set(next, count + 1);
    longest = Math.max(longest, ...steps.values());
  }
  return longest;
}
