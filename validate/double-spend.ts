/**
 * Double spends by real nodes: an honest miner and an attacker, who hides the blocks that he mines behind a link fault.
 * The trial begins with one private block on the public tip; he publishes when the payment has n confirmations and his
 * chain is strictly longer, and gives up `depth` behind.
 */
import type { DomainEvent } from '../src/chain/types/event.ts';
import { ForkRace, type RacePlan } from '../src/cluster/byzantine/fork-race.ts';
import { assert } from '../src/env/assert.ts';
import { drive, experimentCluster, experimentPlan, KEEP_ALL } from './experiment.ts';

const HONEST = 0;
const ATTACKER = 1;
/** With a latency of 2 ms a block is under way for 2e-5 of an interval. */
const INTERVAL_S = 100;
const LATENCY_MS = 2;

/** An attacker on a payment. */
export type Plan = RacePlan;

/** One run: trials of one hash share, one after the other. */
export interface DoubleSpendJob {
  readonly kind: 'double-spend';
  /** Hash share of the attacker. */
  readonly q: number;
  /**
   * Whose success is told, by rising confirmations and depths. The last one is carried out. Until his own end, each
   * other would have mined what the last one mines, so that the same race tells whether he would have succeeded.
   */
  readonly plans: readonly Plan[];
  readonly trials: number;
  /** By how many blocks his chain must be longer: 1; more is a mis-set attacker. */
  readonly lead: number;
  readonly seed: string;
}

export interface DoubleSpendOutcome {
  readonly kind: 'double-spend';
  readonly q: number;
  readonly trials: number;
  /** Of each plan of the job. Those of the last were published, and seen to make the honest host reorganise. */
  readonly successes: readonly Success[];
  readonly blocks: number;
}

export interface Success {
  readonly confirmations: number;
  readonly count: number;
}

type Phase = 'waiting' | 'racing' | 'settling';
/** One plan in the race of one trial, and how often it succeeded. */
class Contender {
  readonly #plan: Plan;
  readonly #lead: number;
  #race: ForkRace;
  successes = 0;

  constructor(plan: Plan, lead: number) {
    this.#plan = plan;
    this.#lead = lead;
    this.#race = new ForkRace(plan, lead);
  }

  get verdict(): ForkRace['verdict'] {
    return this.#race.verdict;
  }

  begin(): void {
    this.#race = new ForkRace(this.#plan, this.#lead);
  }

  /** The race has come to so many confirmations and so many hidden blocks. */
  onRaced(confirmed: number, hidden: number): void {
    const before = this.verdict;
    this.#race.onRaced(confirmed, hidden);
    if (before === 'open' && this.verdict === 'succeeded') this.successes++;
  }
}

class Attack {
  readonly #job: DoubleSpendJob;
  readonly #cluster;
  readonly #heads: { id: string; height: number }[];
  #phase: Phase = 'waiting';
  /** Blocks since the common block, of each host. */
  readonly #found = [0, 0];
  /** What the last event asks the harness to do. */
  #wanted: 'hide' | 'publish' | 'giveUp' | undefined;
  /** The tip that must win. */
  #expected: string | undefined;
  #loser = HONEST;
  #faults = 0;
  readonly #contenders: readonly Contender[];
  trials = 0;
  blocks = 0;

  constructor(job: DoubleSpendJob) {
    this.#job = job;
    this.#contenders = job.plans.map((plan) => new Contender(plan, job.lead));
    const plan = experimentPlan(
      {
        nodes: 2,
        intervalS: INTERVAL_S,
        network: `{ latency: { fixed: ${LATENCY_MS}ms } }`,
        node: '{ transactionGossip: false, pings: false, timeouts: false }',
        rest: `hosts: [{ hosts: [0], hashShare: ${1 - job.q} }, { hosts: [1], hashShare: ${job.q} }]`,
      },
      job.seed,
    );
    this.#cluster = experimentCluster(plan, { store: KEEP_ALL, isResting: (host) => this.#isResting(host) });
    this.#heads = this.#cluster.observation.heads;
    this.#cluster.simulator.observe((host, event) => this.#onEvent(host, event));
  }

  run(): void {
    drive(this.#cluster, () => this.#act());
  }

  successes(): readonly Success[] {
    return this.#job.plans.map(({ confirmations }, i) => ({
      confirmations,
      count: this.#contenders[i]?.successes ?? 0,
    }));
  }

  /** Nobody mines while the hosts agree again; then the attacker alone, until he has the block with which a trial begins. */
  #isResting(host: number): boolean {
    return this.#phase === 'settling' || (this.#phase === 'waiting' && host === HONEST);
  }

  #onEvent(host: number, event: DomainEvent): void {
    if (event.kind !== 'BlockProduced') return;
    this.blocks++;
    if (this.#phase === 'racing') this.#onRaced(host);
    else this.#begin(host, event.height);
  }

  /** The attacker found a block, which stands on what the honest miner has too. */
  #begin(host: number, height: number): void {
    assert(this.#phase === 'waiting' && host === ATTACKER, 'who rests finds nothing');
    assert(this.#heads[HONEST]?.height === height - 1, 'a trial begins on the public tip');
    this.#phase = 'racing';
    this.#found[HONEST] = 0;
    this.#found[ATTACKER] = 1;
    for (const contender of this.#contenders) contender.begin();
    this.#wanted = 'hide';
  }

  #onRaced(host: number): void {
    this.#found[host] = (this.#found[host] as number) + 1;
    const [confirmed, hidden] = this.#found as [number, number];
    for (const contender of this.#contenders) contender.onRaced(confirmed, hidden);
    const verdict = this.#contenders.at(-1)?.verdict;
    if (verdict === 'succeeded') this.#wanted = 'publish';
    else if (verdict === 'gaveUp') this.#wanted = 'giveUp';
  }

  /** Between two events; true when the last trial is over. */
  #act(): boolean {
    if (this.#wanted !== undefined) this.#obey(this.#wanted);
    else if (this.#phase === 'settling' && this.#heads[HONEST]?.id === this.#heads[ATTACKER]?.id)
      this.#settled();
    return this.#phase === 'waiting' && this.trials === this.#job.trials;
  }

  #obey(wanted: 'hide' | 'publish' | 'giveUp'): void {
    const { simulator } = this.#cluster;
    this.#wanted = undefined;
    if (wanted === 'hide') {
      this.#faults++;
      simulator.inject({
        id: `hide-${this.#faults}`,
        atUs: simulator.nowUs(),
        kind: 'link',
        // Not a cut: what waited for a cut comes with the back-off of a retransmission, up to two minutes late.
        change: { kind: 'clog', links: { from: [HONEST], to: [ATTACKER], bothWays: true } },
        forUs: 'forever',
      });
      return;
    }
    this.#assertHidden();
    for (const contender of this.#contenders)
      assert(contender.verdict !== 'open', 'who asks for less is decided no later');
    const winner = wanted === 'publish' ? ATTACKER : HONEST;
    this.#loser = winner === HONEST ? ATTACKER : HONEST;
    this.#expected = this.#heads[winner]?.id;
    simulator.heal(`hide-${this.#faults}`);
    this.trials++;
    this.#phase = 'settling';
  }

  /** Nothing leaked: each host stands on what it found itself. */
  #assertHidden(): void {
    const heights = this.#heads.map((head) => head.height);
    const [confirmed, hidden] = this.#found as [number, number];
    assert(
      (heights[HONEST] as number) - confirmed === (heights[ATTACKER] as number) - hidden,
      'while the link is shut, each host is on its own chain',
    );
    assert(this.#heads[HONEST]?.id !== this.#heads[ATTACKER]?.id, 'the two chains differ');
  }

  #settled(): void {
    assert(
      this.#heads[this.#loser]?.id === this.#expected,
      'the host with the shorter chain reorganises to the longer one',
    );
    this.#phase = 'waiting';
  }
}

/** Runs the trials of one job. */
export function runDoubleSpend(job: DoubleSpendJob): DoubleSpendOutcome {
  const attack = new Attack(job);
  attack.run();
  const { trials, blocks } = attack;
  return { kind: 'double-spend', q: job.q, trials, successes: attack.successes(), blocks };
}
