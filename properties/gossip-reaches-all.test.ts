import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GOSSIP_MS } from '../src/chain/consensus/pos/gossip.ts';
import type { PosMessage } from '../src/chain/consensus/pos/messages.ts';
import { PosCluster, type PosHost } from '../src/chain/consensus/pos/test-cluster.ts';

/** A graph in which the first host is connected to all: no two are further apart than two links. */
interface Plan {
  readonly nodes: number;
  /** By pair of the other hosts. */
  readonly links: readonly boolean[];
  readonly running: number;
  readonly latencyMs: number;
  readonly lossPercent: number;
  readonly lossSeed: number;
  readonly lastLossMs: number;
}

const plans: fc.Arbitrary<Plan> = fc.integer({ min: 3, max: 6 }).chain((nodes) =>
  fc.record({
    nodes: fc.constant(nodes),
    links: fc.array(fc.boolean(), { minLength: nodes * nodes, maxLength: nodes * nodes }),
    // With two thirds and less nothing is decided, and every message of the round matters.
    running: fc.integer({ min: 2, max: nodes }),
    latencyMs: fc.integer({ min: 5, max: 40 }),
    lossPercent: fc.integer({ min: 0, max: 100 }),
    lossSeed: fc.integer({ min: 1, max: 0x7fff_ffff }),
    lastLossMs: fc.integer({ min: 500, max: 3_000 }),
  }),
);

interface Held {
  readonly height: number;
  readonly round: number;
  readonly sinceMs: number;
}

/** Who has which vote or proposal since when, and who has worked on its height and round since when. */
class Watch {
  readonly cluster: PosCluster;
  readonly #plan: Plan;
  readonly #held = new Map<PosHost, Map<string, Held>>();
  readonly #entered = new Map<PosHost, { readonly at: string; readonly ms: number }>();
  #drawn: number;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#drawn = plan.lossSeed;
    const { nodes, links, latencyMs, running } = plan;
    const cluster = new PosCluster(Array.from({ length: nodes }, () => 10_000n));
    this.cluster = cluster;
    cluster.latencyMs = () => latencyMs;
    cluster.isConnected = (a, b) => {
      const [low = 0, high = 0] = [cluster.hosts.indexOf(a), cluster.hosts.indexOf(b)].sort((x, y) => x - y);
      return low === 0 || links[low * nodes + high] === true;
    };
    cluster.filter = (from, to, message) => this.#passes(from, to, message);
    cluster.start(cluster.hosts.slice(0, running));
  }

  run(untilMs: number): void {
    const { clock, hosts } = this.cluster;
    while (clock.nowMs < untilMs) {
      clock.advance(5);
      for (const host of hosts) if (host.isUp) this.#look(host);
    }
  }

  /** Pairs of a message and a host that must have it by now; what it lacks is told. */
  judge(): { readonly pairs: number; readonly missing: readonly string[] } {
    const { clock, hosts } = this.cluster;
    const missing: string[] = [];
    let pairs = 0;
    for (const holder of hosts) {
      for (const [text, { height, round, sinceMs }] of this.#held.get(holder) ?? []) {
        for (const host of hosts) {
          if (host === holder || !host.isUp || !this.#worksOn(host, height, round)) continue;
          const enteredMs = this.#entered.get(host)?.ms ?? 0;
          const hops = this.cluster.isConnected(holder, host) ? 1 : 2;
          const hopMs = GOSSIP_MS + 2 * this.#plan.latencyMs;
          const dueMs = Math.max(sinceMs, this.#plan.lastLossMs, enteredMs + GOSSIP_MS) + hops * hopMs;
          // The clock of the test turns in steps of 5 ms.
          if (dueMs + 10 > clock.nowMs) continue;
          pairs++;
          if (this.#held.get(host)?.has(text) !== true) missing.push(`${hosts.indexOf(host)}: ${text}`);
        }
      }
    }
    return { pairs, missing };
  }

  /** A host in a later round, or with the height decided, needs no message of this one. */
  #worksOn(host: PosHost, height: number, round: number): boolean {
    const status = host.engine.status();
    return status.kind === 'round' && status.height === height && status.round === round;
  }

  #look(host: PosHost): void {
    const status = host.engine.status();
    if (status.kind !== 'round') return;
    const at = `${status.height}/${status.round}`;
    if (this.#entered.get(host)?.at !== at) this.#entered.set(host, { at, ms: this.cluster.clock.nowMs });
  }

  #passes(from: PosHost, to: PosHost, message: PosMessage): boolean {
    const { nowMs } = this.cluster.clock;
    this.#hold(from, message, nowMs);
    if (nowMs < this.#plan.lastLossMs && this.#draw() < this.#plan.lossPercent) return false;
    this.#hold(to, message, nowMs + this.#plan.latencyMs);
    return true;
  }

  #draw(): number {
    this.#drawn = (Math.imul(this.#drawn, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (this.#drawn >>> 8) % 100;
  }

  #hold(host: PosHost, message: PosMessage, sinceMs: number): void {
    if (message.kind !== 'vote' && message.kind !== 'proposal') return;
    const said = message.kind === 'vote' ? message.vote : message.proposal;
    let held = this.#held.get(host);
    if (held === undefined) {
      held = new Map();
      this.#held.set(host, held);
    }
    const { height, round, signature } = said;
    if (!held.has(signature)) held.set(signature, { height, round, sinceMs });
  }
}

describe('A vote or proposal that one process holds', () => {
  it('reaches all within GOSSIP_MS and two latencies a link, once nothing is lost, unless its round is over for who lacks it', () => {
    let pairs = 0;
    fc.assert(
      fc.property(plans, (plan) => {
        const watch = new Watch(plan);
        watch.run(plan.lastLossMs + 4 * GOSSIP_MS);
        const judged = watch.judge();
        pairs += judged.pairs;
        expect(judged.missing).toEqual([]);
      }),
      { numRuns: 300, seed: 1807 },
    );
    // Where nothing is decided: the law was asked for.
    expect(pairs).toBeGreaterThan(1_000);
  });
});
