/** What an engine is asked to simulate, and what it tells of that: plain data, posted as JSON. */
import type { Override } from '../../src/cluster/scenario/read-yaml.ts';

/** One run that every engine is asked for. */
export interface Task {
  /** Unique; what a failure is called by. */
  readonly name: string;
  /** Name of the scenario file. */
  readonly file: string;
  readonly source: string;
  readonly overrides: readonly Override[];
  readonly seed: string;
  /** In the page of a browser, or in a worker of that page. */
  readonly place: Place;
  /** Plants a program that asks the engine: its runs must differ, else the comparison is blind. */
  readonly plant: 'stackText' | undefined;
  /** The run ends after so many events; undefined: when it is over. */
  readonly eventsMax: number | undefined;
}

export type Place = 'page' | 'worker';

/** What a run came to; on every engine the same but for `wallMs`. */
export interface Answer {
  readonly task: string;
  /** Kind of the verdict; `cut` of a run that went on when it had its events. */
  readonly verdict: string;
  /** The error of a run that crashed; empty otherwise. Its words are the engine's own. */
  readonly error: string;
  readonly traceHash: string;
  readonly events: number;
  /** Trace hash after every MARK_EVENTS events. */
  readonly marks: readonly string[];
  readonly simulatedUs: number;
  readonly wallMs: number;
}

/** What was found when the engine itself was looked at; `problem` is empty when nothing was. */
export interface CheckAnswer {
  readonly check: string;
  readonly problem: string;
}

export type Report =
  /** The page runs; `agent` is what the browser calls itself. */
  | { readonly kind: 'opened'; readonly agent: string }
  | { readonly kind: 'began'; readonly task: string }
  /** The run goes on: nothing hangs. */
  | { readonly kind: 'working' }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'check'; readonly check: CheckAnswer }
  /** Something was thrown that nothing should have thrown. */
  | { readonly kind: 'failed'; readonly text: string }
  /** Everything was tried. */
  | { readonly kind: 'finished' };

/** Events between two marks: how narrowly a difference is found. */
export const MARK_EVENTS = 2_000;
