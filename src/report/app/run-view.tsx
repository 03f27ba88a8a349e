/** What every view is given of a run, and how a run is named. */
import type { JSX } from 'preact';
import type { ReportedRun } from '../page-data.ts';
import type { Store } from './store.ts';

export interface ViewProps {
  readonly store: Store;
  readonly number: number;
  readonly run: ReportedRun;
}

/** `A` and `B`: which of two runs. */
export function runLetter(number: number): string {
  return number === 0 ? 'A' : 'B';
}

/** Passed or failed, in a word. */
export function Badge({ run }: { readonly run: ReportedRun }): JSX.Element {
  const isPassed = run.recording.result.verdict.kind === 'passed';
  return <span class={`badge ${isPassed ? 'good' : 'bad'}`}>{isPassed ? '✓ passed' : '✗ failed'}</span>;
}
