/** What a report page is given: one run, or two to be held beside each other. Plain JSON. */
import type { Recording } from '../cluster/recording.ts';

/** A recorded run with what its caller has to say of it. */
export interface ReportedRun {
  readonly recording: Recording;
  /** What failed and why, as the command line prints it; of a passed run its one line. */
  readonly text: string;
  /** The line that repeats the run. */
  readonly replay: string;
  /** What each fault of the plan does, by its id. */
  readonly faultTexts: Readonly<Record<string, string>>;
}

export interface PageData {
  readonly format: 1;
  /** `Aureon 0.1.0`. */
  readonly madeBy: string;
  /** One, or two. */
  readonly runs: readonly ReportedRun[];
}
