/** What the page shows now: one state for all views, so that a moment chosen in one is the moment of all. */
import type { Recording } from '../../cluster/recording.ts';
import type { CauseFilter } from '../causes.ts';
import type { PageData, ReportedRun } from '../page-data.ts';

export const TABS = [
  ['verdict', 'Verdict'],
  ['messages', 'Space-time'],
  ['blocks', 'Blocks'],
  ['plots', 'Plots'],
  ['faults', 'Faults'],
  ['events', 'Events'],
] as const;
export type Tab = (typeof TABS)[number][0];
/** Which runs are shown: by number, or both beside each other. */
export type Shown = 0 | 1 | 'both';
export type Theme = 'auto' | 'light' | 'dark';

/** What is selected in the space-time diagram of a run. */
export interface Selection {
  readonly run: number;
  /** A step of the recording. */
  readonly step: number;
  /** The message that was clicked; undefined: an event. */
  readonly message: number | undefined;
}

export interface State {
  readonly tab: Tab;
  readonly shown: Shown;
  readonly theme: Theme;
  readonly isHelpOpen: boolean;
  readonly isPrinting: boolean;
  /** The moment that is looked at. */
  readonly atUs: number;
  /** The span of time in the space-time diagram. */
  readonly fromUs: number;
  readonly untilUs: number;
  readonly hiddenKinds: ReadonlySet<string>;
  /** Hosts by name; empty: all. */
  readonly hosts: ReadonlySet<string>;
  readonly selection: Selection | undefined;
  readonly causes: CauseFilter | 'all';
  /** The host whose tree of blocks is shown; -1: what anybody has. */
  readonly treeHost: number;
  readonly search: string;
}

/** One per page. */
export class Store {
  readonly data: PageData;
  state: State;
  readonly #onChange: () => void;

  constructor(data: PageData, onChange: () => void) {
    this.data = data;
    this.#onChange = onChange;
    const first = data.runs[0]?.recording;
    const [fromUs, untilUs] = first === undefined ? [0, 1] : firstLook(first);
    this.state = {
      tab: 'verdict',
      shown: data.runs.length > 1 ? 'both' : 0,
      theme: 'auto',
      isHelpOpen: false,
      isPrinting: false,
      atUs: first === undefined ? 0 : (failedAtUs(first) ?? first.endUs),
      fromUs,
      untilUs,
      hiddenKinds: new Set(),
      hosts: new Set(),
      selection: undefined,
      causes: 'all',
      treeHost: -1,
      search: '',
    };
  }

  /** The runs that are shown, with their numbers. */
  get runs(): readonly (readonly [number, ReportedRun])[] {
    const all = this.data.runs.map((run, i): readonly [number, ReportedRun] => [i, run]);
    return this.state.shown === 'both' ? all : all.filter(([i]) => i === this.state.shown);
  }

  /** When the longer of the runs ends. */
  get endUs(): number {
    return Math.max(1, ...this.data.runs.map(({ recording }) => recording.endUs));
  }

  set(patch: Partial<State>): void {
    this.state = { ...this.state, ...patch };
    this.#onChange();
  }

  /** Shows that span of time, which is at least one µs long and within the run. */
  look(fromUs: number, untilUs: number): void {
    const width = Math.min(this.endUs, Math.max(100, untilUs - fromUs));
    const from = Math.min(Math.max(0, fromUs), this.endUs - width);
    this.set({ fromUs: from, untilUs: from + width });
  }

  /** Goes to a moment, in every view; the diagram follows when it is not there. */
  goTo(atUs: number, tab: Tab = this.state.tab): void {
    const { fromUs, untilUs } = this.state;
    const isSeen = atUs >= fromUs && atUs <= untilUs;
    this.set({ atUs, tab });
    if (!isSeen) this.look(atUs - (untilUs - fromUs) / 2, atUs + (untilUs - fromUs) / 2);
  }
}

/** When a law was found broken or the program crashed; undefined: no moment is to blame. */
export function failedAtUs({ result }: Recording): number | undefined {
  const { verdict } = result;
  if (verdict.kind === 'violated') return verdict.violation.atUs;
  return verdict.kind === 'crashed' ? verdict.atUs : undefined;
}

/** So many messages are seen at first: a diagram of lines, and no carpet. */
const FIRST_MESSAGES = 1_500;
/** A shorter look shows no message whole. */
const FIRST_WIDTH_MIN_US = 2_000;

/** The time before the failure, or the beginning of what is kept, with as many messages as the eye can part. */
function firstLook(recording: Recording): readonly [number, number] {
  const { window, messages, endUs } = recording;
  const spanUs = Math.max(1, window.untilUs - window.fromUs);
  const perUs = messages.from.length / spanUs;
  const wanted = Math.max(FIRST_WIDTH_MIN_US, Math.ceil(FIRST_MESSAGES / Math.max(perUs, 1e-9)));
  const width = Math.min(endUs, wanted);
  const failed = failedAtUs(recording);
  const until = failed === undefined || failed >= endUs ? window.fromUs + width : failed + width / 10;
  const from = Math.max(0, Math.min(until, endUs) - width);
  return [from, Math.min(endUs, from + width)];
}
