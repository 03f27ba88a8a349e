/**
 * PCT: probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010), over chains of deliveries.
 *
 * Every chain (a connection, or the timers of a host; see `chainOf`) has a priority, drawn at random, and of the steps that can
 * come next that of the highest priority does. At d - 1 steps, drawn at random among the first k, the chain that is about to go
 * on falls below all others; the i-th of these change points gives it priority i.
 *
 * The paper's theorem: a bug of depth d, which any schedule has that keeps d ordering constraints, is found by one run with
 * probability at least 1 / (n k^(d-1)), for n threads and at most k steps. Chains take the place of threads: each is totally
 * ordered, and the argument uses nothing else of a thread (Ozkan et al., OOPSLA 2018, have it for any partial order that is cut
 * into chains). It holds while nothing forces the order: `holdUs` must be longer than the schedule that shows the bug, and
 * a timer is only a step like others with `timers: 'choice'`.
 */
import { assert } from '../../env/assert.ts';
import type { Step } from '../../sim/chosen-steps.ts';
import type { Stream } from '../../sim/seeds.ts';
import { chainOf, type Strategy } from './strategy.ts';

/** Ordering constraints beyond which the guarantee is worth nothing: k^(d-1) runs for one. */
export const DEPTH_MAX = 8;

export interface PctConfig {
  /** d: the depth of the bugs that are looked for, 1 to DEPTH_MAX. */
  readonly depth: number;
  /** k: steps among which the change points are drawn, at least 1. */
  readonly steps: number;
  /** Of this run. */
  readonly stream: Stream;
}

/** The probability that the theorem promises for one run, for `chains` chains. */
export function pctBound(chains: number, steps: number, depth: number): number {
  let bound = 1 / Math.max(1, chains);
  for (let i = 1; i < depth; i++) bound /= Math.max(1, steps);
  return bound;
}

class Pct implements Strategy {
  readonly #stream: Stream;
  /** By step, from 1, the priority that the chain falls to. */
  readonly #changes = new Map<number, number>();
  /** Chains that have not fallen, the highest priority first. */
  readonly #chains: string[] = [];
  /** Chains that have, with their priority, which is below all of the others. */
  readonly #fallen = new Map<string, number>();
  #step = 0;

  constructor({ depth, steps, stream }: PctConfig) {
    assert(depth >= 1 && depth <= DEPTH_MAX && steps >= 1, 'a depth and a length of schedules are stated');
    this.#stream = stream;
    for (let i = 1; i < depth; i++) this.#changes.set(stream.between(1, steps), i);
  }

  choose(steps: readonly Step[]): number {
    const chains = steps.map(chainOf);
    for (const chain of chains) this.#meet(chain);
    const first = this.#highest(chains);
    const change = this.#changes.get(++this.#step);
    const chain = chains[first];
    if (change === undefined || chain === undefined) return first;
    this.#fall(chain, change);
    return this.#highest(chains);
  }

  /** A chain that is new takes a random place among those that have not fallen: all orders stay equally likely. */
  #meet(chain: string): void {
    if (this.#fallen.has(chain) || this.#chains.includes(chain)) return;
    this.#chains.splice(this.#stream.between(0, this.#chains.length), 0, chain);
  }

  #fall(chain: string, priority: number): void {
    const at = this.#chains.indexOf(chain);
    if (at >= 0) this.#chains.splice(at, 1);
    this.#fallen.set(chain, priority);
  }

  #highest(chains: readonly string[]): number {
    let best = 0;
    for (let i = 1; i < chains.length; i++) if (this.#rank(chains[i]) > this.#rank(chains[best])) best = i;
    return best;
  }

  /** Above 0 for chains that have not fallen, below for those that have. */
  #rank(chain = ''): number {
    const priority = this.#fallen.get(chain);
    if (priority !== undefined) return priority - DEPTH_MAX;
    return this.#chains.length - this.#chains.indexOf(chain);
  }
}

/** One run of PCT. */
export function createPct(config: PctConfig): Strategy {
  return new Pct(config);
}
