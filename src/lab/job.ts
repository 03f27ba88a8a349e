/** What the main thread and a simulation worker say to each other: plain data only. */
import type { ClusterOptions } from '../cluster/chain-setup.ts';
import type { RunResult } from '../cluster/result.ts';
import type { Override } from '../cluster/scenario/read-yaml.ts';
import type { TraceRecord } from '../sim/trace.ts';

/** One run to simulate. */
export interface Job {
  /** Name for messages. */
  readonly file: string;
  readonly source: string;
  readonly overrides: readonly Override[];
  readonly seed: string;
  readonly isolate: boolean;
  /** 0: the run's own order of simultaneous events; n: the n-th other order. */
  readonly permuteTies: number;
  /**
   * URL of a module whose export `plant` is a Plant: other programs or rules than the honest ones, for planted bugs.
   * Absent: everybody is honest.
   */
  readonly plantModule?: string;
}

/** What a planted bug replaces in a cluster. */
export type Plant = Pick<ClusterOptions, 'program' | 'rules'>;

/** A run that ended, with the wall time that it took. */
export interface JobOutcome {
  readonly result: RunResult;
  readonly wallMs: number;
  /** Of a run that is no function of its seed: the last records of both traces, side by side. */
  readonly divergence?: readonly string[];
}

export type ToWorker =
  | { readonly kind: 'run'; readonly id: number; readonly job: Job }
  /** Prepares a run that is then stepped by hand, for lockstep comparison. */
  | { readonly kind: 'open'; readonly id: number; readonly job: Job; readonly warmUp: Job | undefined }
  | { readonly kind: 'step'; readonly id: number; readonly maxEvents: number }
  | { readonly kind: 'records'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number };

export type FromWorker =
  | { readonly kind: 'progress'; readonly id: number; readonly simulatedUs: number; readonly events: number }
  | { readonly kind: 'done'; readonly id: number; readonly outcome: JobOutcome }
  | {
      readonly kind: 'stepped';
      readonly id: number;
      readonly more: boolean;
      readonly hash: string;
      readonly events: number;
    }
  | { readonly kind: 'records'; readonly id: number; readonly records: readonly TraceRecord[] }
  | { readonly kind: 'closed'; readonly id: number; readonly outcome: JobOutcome }
  | { readonly kind: 'failed'; readonly id: number; readonly error: string; readonly stack: string };
