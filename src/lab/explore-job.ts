/** What the main thread and an exploration worker say to each other: plain data only. */
import type { Bounds } from '../cluster/explore/explored-run.ts';
import type { SearchCounts } from '../cluster/explore/order-search.ts';
import type { RunResult } from '../cluster/result.ts';
import type { Job } from './job.ts';

/** How orders are chosen: `seeds`: not at all, each run is the plain simulation of another seed, for comparison. */
export type StrategyName = 'pct' | 'random' | 'exhaustive' | 'seeds';

/** What is explored. Of `job` the seed names the plan and the draws of the strategy. */
export interface ExploreJob {
  readonly job: Job;
  readonly strategy: StrategyName;
  readonly bounds: Bounds;
  /** PCT: d. */
  readonly depth: number;
  /** PCT: k. */
  readonly steps: number;
}

/** A run that failed. */
export interface ExploreFailure {
  /** Its number among those of the strategy, from 0. */
  readonly run: number;
  readonly result: RunResult;
  /** The schedule as text; undefined: the seed of the result says all. */
  readonly schedule: string | undefined;
  /** What was chosen, in words: when, and who got what of whom. */
  readonly steps: readonly { readonly atUs: number; readonly text: string }[];
}

/** What came of some runs. */
export interface ExploreRan {
  readonly runs: number;
  /** In the order of the runs. */
  readonly failures: readonly ExploreFailure[];
  /** Of the longest order, and of the one with the most chains. */
  readonly steps: number;
  readonly chains: number;
}

/** How far a search has come. */
export interface SearchState {
  readonly counts: SearchCounts;
  /** Different states at which something was chosen, and at the end of a run. */
  readonly visited: number;
  readonly finals: number;
}

export type ToExplorer =
  /** A few runs, for the length of orders. */
  | { readonly kind: 'probe'; readonly explore: ExploreJob }
  /** The runs `from` to `from + count - 1`; ends with the first that fails. */
  | { readonly kind: 'runs'; readonly explore: ExploreJob; readonly from: number; readonly count: number }
  /** All orders, or until one fails. @property all goes on after failures. */
  | { readonly kind: 'search'; readonly explore: ExploreJob; readonly all: boolean }
  /** One run with that schedule. */
  | { readonly kind: 'replay'; readonly explore: ExploreJob; readonly schedule: string };

export type FromExplorer =
  | { readonly kind: 'ran'; readonly ran: ExploreRan }
  | { readonly kind: 'searching'; readonly state: SearchState }
  | { readonly kind: 'searched'; readonly state: SearchState; readonly ran: ExploreRan }
  | { readonly kind: 'replayed'; readonly result: RunResult }
  | { readonly kind: 'failed'; readonly error: string; readonly stack: string };
