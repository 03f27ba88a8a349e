/** What the main thread and a simulation worker say to each other: plain data only. */
import type { ClusterOptions } from '../cluster/chain-setup.ts';
import type { Recording } from '../cluster/recording.ts';
import type { RunResult } from '../cluster/result.ts';
import type { Override } from '../cluster/scenario/read-yaml.ts';
import type { ScenarioFile } from '../cluster/scenario/schema.ts';
import type { MessageException } from '../sim/network/ports.ts';
import type { TraceRecord } from '../sim/trace.ts';
import type { Look, Seen, TraceLine } from './look.ts';
import type { Findings, Probes } from './sweep/probe-plan.ts';

/** One run to simulate. */
export interface Job {
  /** Name for messages. */
  readonly file: string;
  readonly source: string;
  readonly overrides: readonly Override[];
  /** In place of `source` and `overrides`: a scenario that was checked. */
  readonly scenario?: ScenarioFile;
  readonly seed: string;
  readonly isolate: boolean;
  /** 0: the run's own order of simultaneous events; n: the n-th other order. */
  readonly permuteTies: number;
  /** From that moment on everything is drawn from another seed. */
  readonly branch?: { readonly atUs: number; readonly seed: string };
  /** The outcome names every message that was lost, delayed or corrupted. */
  readonly keepsMessageFaults?: boolean;
  /**
   * URL of a module whose export `plant` is a Plant: other programs or rules than the honest ones, for planted bugs.
   * Absent: everybody is honest.
   */
  readonly plantModule?: string;
  /** What a sweep asks of it. Absent: one run, as the job says. */
  readonly probes?: Probes;
  /** A bug of the gallery, by number or name, that honest hosts run. Absent: none. */
  readonly bug?: string;
  /** True: on real processes, in real time. */
  readonly isReal?: boolean;
}

/** What a planted bug replaces in a cluster. */
export type Plant = Pick<ClusterOptions, 'program' | 'rules' | 'other'>;

/** A run that ended, with the wall time that it took. */
export interface JobOutcome {
  readonly result: RunResult;
  readonly wallMs: number;
  /** Where the job keeps them. */
  readonly messageFaults?: readonly MessageException[];
  /** Of a branch: the trace hash at the moment at which it left the run. */
  readonly branchHash?: string;
  /** Of a run that is no function of its seed: the last records of both traces, side by side. */
  readonly divergence?: readonly string[];
  /** What the probes of a sweep found. Absent: none were asked for, or the run could not be simulated. */
  readonly findings?: Findings;
}

export type ToWorker =
  | { readonly kind: 'run'; readonly id: number; readonly job: Job }
  /** Runs up to a moment and shows what is there. */
  | { readonly kind: 'look'; readonly id: number; readonly job: Job; readonly look: Look }
  /** As `run`, with a recorder on it. */
  | { readonly kind: 'record'; readonly id: number; readonly job: Job }
  /** As `run`, and answers the metrics of its hosts. */
  | { readonly kind: 'meter'; readonly id: number; readonly job: Job }
  /** Prepares a run that is then stepped by hand, for lockstep comparison. */
  | { readonly kind: 'open'; readonly id: number; readonly job: Job; readonly warmUp: Job | undefined }
  | { readonly kind: 'step'; readonly id: number; readonly maxEvents: number }
  | { readonly kind: 'records'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number };

export type FromWorker =
  | { readonly kind: 'progress'; readonly id: number; readonly simulatedUs: number; readonly events: number }
  /** What happened meanwhile in a run that is looked into; the answer follows. */
  | { readonly kind: 'lines'; readonly id: number; readonly lines: readonly TraceLine[] }
  | { readonly kind: 'looked'; readonly id: number; readonly seen: Seen }
  | { readonly kind: 'done'; readonly id: number; readonly outcome: JobOutcome }
  | { readonly kind: 'recorded'; readonly id: number; readonly recording: Recording }
  /** `text`: OpenMetrics. */
  | { readonly kind: 'metered'; readonly id: number; readonly traceHash: string; readonly text: string }
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
