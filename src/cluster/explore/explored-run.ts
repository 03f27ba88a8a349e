/** One run whose order a strategy chooses: steps it, judges it, and says what was chosen. */
import { NO_MORE_CHOICES, type OrderConfig } from '../../sim/chosen-order.ts';
import type { Step } from '../../sim/chosen-steps.ts';
import type { MessageException } from '../../sim/network/ports.ts';
import type { ClusterOptions } from '../chain-setup.ts';
import type { ClusterPlan } from '../plan.ts';
import type { RunResult } from '../result.ts';
import { createPlanRun, type ScenarioRun } from '../run.ts';
import { chainOf, type Strategy } from './strategy.ts';

/** Events between two looks whether the strategy has given the run up. */
const SLICE_EVENTS = 256;

/** What is chosen in a run, and within which bounds. */
export type Bounds = Pick<OrderConfig, 'fromUs' | 'toUs' | 'untilUs' | 'holdUs' | 'timers'> & {
  /** After so many steps the rest comes as soon as it can. */
  readonly stepsMax: number;
};

/** What came of a run. */
export interface Explored {
  readonly result: RunResult;
  /** What ended the run before its time. */
  readonly thrown: unknown;
  readonly steps: readonly Step[];
  /** Different chains among them, and others that could have gone on. */
  readonly chains: number;
  /** The schedule: with these delays a run without a strategy is the same. */
  readonly delays: readonly MessageException[];
}

/** An exploration in progress. */
export class ExploredRun {
  readonly run: ScenarioRun;
  readonly #strategy: Strategy;
  readonly #stepsMax: number;
  readonly #steps: Step[] = [];
  readonly #chains = new Set<string>();
  readonly #delays: MessageException[] = [];

  constructor(plan: ClusterPlan, options: ClusterOptions, bounds: Bounds, strategy: Strategy) {
    this.#strategy = strategy;
    const { stepsMax, ...order } = bounds;
    this.#stepsMax = stepsMax;
    this.run = createPlanRun(plan, {
      ...options,
      order: {
        ...order,
        choose: (steps, nowUs) => this.#choose(steps, nowUs),
        onArranged: (delay) => this.#delays.push(delay),
      },
    });
  }

  /** Simulates to the end, or until `isGivenUp`. */
  finish(isGivenUp: () => boolean = () => false): this {
    while (this.run.step(SLICE_EVENTS) && !isGivenUp());
    return this;
  }

  /** Judges. */
  explored(): Explored {
    const { run } = this;
    return {
      result: run.result(),
      thrown: run.thrown,
      steps: this.#steps,
      chains: this.#chains.size,
      delays: [...this.#delays, ...run.cluster.simulator.held()],
    };
  }

  #choose(steps: readonly Step[], nowUs: number): number {
    if (this.#steps.length >= this.#stepsMax) return NO_MORE_CHOICES;
    for (const step of steps) this.#chains.add(chainOf(step));
    const at = this.#strategy.choose(steps, nowUs);
    const chosen = steps[at];
    if (chosen !== undefined) this.#steps.push(chosen);
    return at;
  }
}
