/**
 * Selfish mining (SM1 of Eyal and Sirer) by real nodes: the attacker hears everybody, and a link fault keeps what he
 * says at the doors of the others until the strategy publishes it. Gamma follows from when he hears of a block.
 */
import type { DomainEvent } from '../src/chain/types/event.ts';
import { SelfishStrategy } from '../src/cluster/byzantine/selfish-strategy.ts';
import { assert } from '../src/env/assert.ts';
import { createStream } from '../src/sim/seeds.ts';
import { drive, experimentCluster, experimentPlan, KEEP_ALL } from './experiment.ts';

const ATTACKER = 0;
const HONEST = 100;
const DEGREE_OUT = 4;
/** An hour: a block has reached everybody in less than a thousandth of it. */
const INTERVAL_S = 3_600;
/** What was published has arrived everywhere, and the doors are shut again, after that long. */
const OPEN_US = 1_000_000;

/** One run of one point. */
export interface SelfishJob {
  readonly kind: 'selfish';
  readonly alpha: number;
  /** How much later than by its links the attacker hears of a block. */
  readonly hearsLateMs: number;
  /** Segments to simulate, and the least blocks of each on the main chain. */
  readonly segments: number;
  readonly segmentBlocks: number;
  readonly seed: string;
}

/** A part of the main chain that begins and ends where all agree: independent of every other. */
export interface Segment {
  readonly blocks: number;
  /** Those of the attacker. */
  readonly won: number;
}

export interface SelfishOutcome {
  readonly kind: 'selfish';
  readonly alpha: number;
  readonly hearsLateMs: number;
  readonly segments: readonly Segment[];
  /** Found by anybody, stale ones included. */
  readonly produced: number;
  readonly races: number;
  /** Sums over races of honest hosts on the attacker's block, and of all honest hosts. */
  readonly onAttacker: number;
  readonly racers: number;
  /** His blocks that left while the doors stood open for earlier ones. */
  readonly leaked: number;
}

interface Found {
  readonly parent: string;
  readonly host: number;
}

class SelfishMiner {
  readonly #job: SelfishJob;
  readonly #cluster;
  readonly #heads: { id: string; height: number }[];
  readonly #found = new Map<string, Found>();
  readonly #strategy = new SelfishStrategy();
  /** Set by an event, obeyed between two. */
  #isPublishing = false;
  #isShut = false;
  #faults = 0;
  readonly #segments: Segment[] = [];
  #segmentEnd: { id: string; height: number };
  readonly counts = { races: 0, onAttacker: 0, racers: 0, leaked: 0 };

  constructor(job: SelfishJob) {
    this.#job = job;
    const honestShare = ((1 - job.alpha) * 1_000) / HONEST;
    const plan = experimentPlan(
      {
        nodes: HONEST + 1,
        intervalS: INTERVAL_S,
        network: '{ latency: { uniform: 20ms..100ms }, topology: line }',
        node: '{ transactionGossip: false, pings: false, timeouts: false }',
        rest: `hosts: [{ hosts: all, hashShare: ${honestShare} }, { hosts: [0], hashShare: ${job.alpha * 1_000} }]`,
      },
      job.seed,
    );
    const links = randomLinks(job.seed);
    this.#cluster = experimentCluster(plan, { store: KEEP_ALL, peersOf: (host) => links[host] ?? [] });
    this.#heads = this.#cluster.observation.heads;
    this.#segmentEnd = { id: this.#cluster.setup.genesisId, height: 0 };
    const { simulator } = this.#cluster;
    simulator.observe((host, event) => this.#onEvent(host, event));
    if (job.hearsLateMs > 0) {
      simulator.inject({
        id: 'late',
        atUs: 0,
        kind: 'link',
        change: {
          kind: 'latency',
          links: { from: 'all', to: [ATTACKER], bothWays: false },
          extraUs: Math.round(job.hearsLateMs * 1_000),
        },
        forUs: 'forever',
      });
    }
    // Handshakes first.
    simulator.at(60_000_000, () => this.#shut());
  }

  run(): SelfishOutcome {
    drive(this.#cluster, () => this.#act());
    return {
      kind: 'selfish',
      alpha: this.#job.alpha,
      hearsLateMs: this.#job.hearsLateMs,
      segments: this.#segments,
      produced: this.#found.size,
      ...this.counts,
    };
  }

  #onEvent(host: number, event: DomainEvent): void {
    // A new block is the head of its finder at once, and of nobody before.
    if (event.kind === 'HeadChanged' && !this.#found.has(event.id)) {
      this.#found.set(event.id, { parent: event.parent, host });
      if (host === ATTACKER) this.#onOwn(event.height);
    } else if (event.kind === 'BlockImported' && host === ATTACKER) {
      const found = this.#found.get(event.id);
      if (found !== undefined && found.host !== ATTACKER) this.#onHeard(event.height);
    }
  }

  /** The attacker found a block. */
  #onOwn(height: number): void {
    if (!this.#strategy.isRacing && !this.#isShut) this.counts.leaked++;
    else if (this.#strategy.onOwn(height) === 'publish') this.#isPublishing = true;
  }

  /** The attacker heard of a block of the others. */
  #onHeard(height: number): void {
    const move = this.#strategy.onHeard(height);
    if (move !== 'keep') this.#isPublishing = true;
    if (move === 'race') this.counts.races++;
  }

  #act(): boolean {
    if (this.#isPublishing) {
      this.#isPublishing = false;
      this.#publish();
    }
    if (this.#strategy.isHiding || this.#strategy.isRacing || !this.#isShut) return false;
    const tip = this.#heads[ATTACKER] as { id: string; height: number };
    if (tip.height < this.#segmentEnd.height + this.#job.segmentBlocks) return false;
    if (this.#heads.some((head) => head.id !== tip.id)) return false;
    this.#segments.push(this.#segmentTo(tip.id));
    this.#segmentEnd = { ...tip };
    return this.#segments.length === this.#job.segments;
  }

  #segmentTo(tip: string): Segment {
    let blocks = 0;
    let won = 0;
    for (let id = tip; id !== this.#segmentEnd.id; ) {
      const found = this.#found.get(id);
      assert(found !== undefined, 'the main chain goes back to the end of the segment before');
      blocks++;
      if (found.host === ATTACKER) won++;
      id = found.parent;
    }
    return { blocks, won };
  }

  #shut(): void {
    const { simulator } = this.#cluster;
    this.#faults++;
    this.#isShut = true;
    simulator.inject({
      id: `shut-${this.#faults}`,
      atUs: simulator.nowUs(),
      kind: 'link',
      // Not a cut: what waited for a cut comes with the back-off of a retransmission, up to two minutes late.
      change: { kind: 'clog', links: { from: [ATTACKER], to: 'all', bothWays: false } },
      forUs: 'forever',
    });
  }

  #publish(): void {
    const { simulator } = this.#cluster;
    if (this.#isShut) {
      simulator.heal(`shut-${this.#faults}`);
      this.#isShut = false;
      const { races } = this.counts;
      const isRace = this.#strategy.isRacing;
      simulator.at(simulator.nowUs() + OPEN_US, () => {
        this.#shut();
        if (isRace && this.#strategy.isRacing && races === this.counts.races) this.#countRacers();
      });
    }
  }

  /** Who mines on what, once both blocks have reached everybody. */
  #countRacers(): void {
    for (let host = 1; host <= HONEST; host++) {
      const head = this.#heads[host];
      const tip = head === undefined ? undefined : this.#found.get(head.id);
      assert(tip !== undefined, 'every head was found by somebody');
      this.counts.racers++;
      if (tip.host === ATTACKER) this.counts.onAttacker++;
    }
  }
}

/** Every honest host dials the attacker and a few others that are drawn. */
function randomLinks(seed: string): readonly (readonly string[])[] {
  const stream = createStream(seed, 'selfish-links');
  return Array.from({ length: HONEST + 1 }, (_, host) => {
    if (host === ATTACKER) return [];
    const others = new Set<number>([ATTACKER]);
    while (others.size < DEGREE_OUT + 1) {
      const other = stream.between(1, HONEST);
      if (other !== host) others.add(other);
    }
    return [...others].map((other) => `n${other}`);
  });
}

/** Runs one job. */
export function runSelfish(job: SelfishJob): SelfishOutcome {
  return new SelfishMiner(job).run();
}
