/** What the main thread of validate and its workers say to each other. */
import type { AuthorityMissesJob, AuthorityMissesOutcome } from './authority-misses.ts';
import type { AuthorityModelJob, AuthorityModelOutcome } from './authority-model.ts';
import type { AuthorityPartitionJob, AuthorityPartitionOutcome } from './authority-partition.ts';
import type { DoubleSpendJob, DoubleSpendOutcome } from './double-spend.ts';
import type { PropagationJob, PropagationOutcome } from './propagation.ts';
import type { RealCompactJob, RealCompactOutcome } from './real-compact.ts';
import type { SelfishJob, SelfishOutcome } from './selfish.ts';

/** One run. */
export type ValidateJob =
  | AuthorityMissesJob
  | AuthorityModelJob
  | AuthorityPartitionJob
  | DoubleSpendJob
  | PropagationJob
  | RealCompactJob
  | SelfishJob;
export type ValidateOutcome =
  | AuthorityMissesOutcome
  | AuthorityModelOutcome
  | AuthorityPartitionOutcome
  | DoubleSpendOutcome
  | PropagationOutcome
  | RealCompactOutcome
  | SelfishOutcome;

/** A run that came to its end, and the CPU time of the thread that made it. */
export interface FinishedJob {
  readonly outcome: ValidateOutcome;
  readonly cpuMs: number;
}

/** What a worker answers to a job. */
export type WorkerAnswer =
  | { readonly kind: 'done'; readonly finished: FinishedJob }
  | { readonly kind: 'failed'; readonly error: string };
