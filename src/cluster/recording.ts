/** What a run leaves behind for those who look at it later: plain JSON, in columns where there is much of it. */
import type { RunResult } from './result.ts';

/** Messages that are kept: what a page can still draw, zoom and search, and 100 hosts talk for a few seconds. */
export const MESSAGES_KEPT_MAX = 160_000;
/** Of them at most so many are of the time after the first broken law: what comes later explains little. */
export const MESSAGES_AFTER_MAX = 30_000;
/** Events that nodes emitted, routine ones left out: as many as a list can be searched for. */
export const EMITTED_KEPT_MAX = 60_000;
/** Events of the trace through which causes are followed back from what is kept. */
export const CAUSES_KEPT_MAX = 1_048_576;
/** Changes of heads, imports and finality that are kept, each: a thousand blocks on a hundred hosts. */
export const CHANGES_KEPT_MAX = 100_000;
/** Faults that are listed. */
export const FAULTS_KEPT_MAX = 5_000;
/** Looks into the nodes over the run: a sample for every few pixels of a plot … */
export const SAMPLES_MAX = 240;
/** … and fewer where there are many hosts: each look costs. */
export const LOOKS_MAX = 30_000;

/** One host. */
export interface RecordedHost {
  readonly name: string;
  /** How it breaks the protocol; none: it is honest. */
  readonly byzantine: readonly string[];
}

/** Events of the trace in which something that is kept happened, in the order of the run. Columns of one length. */
export interface RecordedSteps {
  /** Number of the event in the trace. */
  readonly index: readonly number[];
  readonly atUs: readonly number[];
  /** -1: no host's. */
  readonly host: readonly number[];
  /** The nearest earlier step that caused it, by its place in these columns; -1: none is kept. */
  readonly cause: readonly number[];
}

/** Messages in the order of their sending. Columns of one length. */
export interface RecordedMessages {
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** Place in `kinds`. */
  readonly kind: readonly number[];
  /** Place in `texts`. */
  readonly text: readonly number[];
  readonly bytes: readonly number[];
  /** When it left its sender: later than the step where the sender was busy. */
  readonly sentUs: readonly number[];
  /** Steps in which it was sent and delivered; -1: it was not delivered, or only after what is kept. */
  readonly sentIn: readonly number[];
  readonly deliveredIn: readonly number[];
}

/** Domain events of nodes, in the order of the run. Columns of one length. */
export interface RecordedEvents {
  readonly step: readonly number[];
  readonly host: readonly number[];
  readonly atUs: readonly number[];
  /** Places in `texts`: the kind, and the facts. */
  readonly kind: readonly number[];
  readonly text: readonly number[];
}

/** One boot of a host. */
export interface RecordedBoot {
  readonly host: number;
  readonly fromUs: number;
  /** Undefined: it runs at the end. */
  readonly untilUs: number | undefined;
  /** How it ended: `kill`, `power`, `done`, `deadline`, `storageCrash`, `threw`. */
  readonly end: string | undefined;
}

/** When a fault was on, on one host, or on links. */
export interface FaultSpan {
  /** -1: links. */
  readonly host: number;
  readonly fromUs: number;
  /** Undefined: to the end of the run. The same as `fromUs`: it lasts no time. */
  readonly untilUs: number | undefined;
}

/** One fault of the plan, or one that the run added. */
export interface RecordedFault {
  readonly id: string;
  readonly kind: string;
  readonly plannedUs: number;
  /** Hosts concerned; of links all whose links they are. */
  readonly hosts: readonly number[];
  /** Of a partition: who reaches whom. */
  readonly groups: readonly (readonly number[])[] | undefined;
  readonly isOfLinks: boolean;
  /** Prepares a fault or ends it, and is none. */
  readonly isHelper: boolean;
  /** When it had an effect; none: it had none. */
  readonly spans: readonly FaultSpan[];
}

/** One block, as the first host that had it told of it. */
export interface RecordedBlock {
  readonly id: string;
  readonly height: number;
  /** Place of its parent in `blocks`; -1: not known. */
  readonly parent: number;
  /** Host whose account its reward goes to; -1: nobody's here. */
  readonly producer: number;
  readonly transactions: number;
  readonly atUs: number;
}

/** Changes over time, in the order of the run: `what` is the place of a block, or a height. Columns of one length. */
export interface RecordedChanges {
  readonly atUs: readonly number[];
  readonly host: readonly number[];
  readonly what: readonly number[];
}

/** Looks into the nodes: a row a time, a value a host, -1 for one that is down. */
export interface RecordedSamples {
  readonly atUs: readonly number[];
  /** Transactions that wait. */
  readonly mempool: readonly (readonly number[])[];
  readonly peers: readonly (readonly number[])[];
}

/** What was left out, so that nothing is taken for the whole that is not. */
export interface RecordedWindow {
  /** What of messages and events lies in here is kept; heads, blocks, boots, faults and samples are of the whole run. */
  readonly fromUs: number;
  readonly untilUs: number;
  readonly messagesSent: number;
  readonly messagesKept: number;
  readonly eventsEmitted: number;
  readonly eventsKept: number;
  /** Routine events that are counted and not kept, by kind. */
  readonly routine: readonly { readonly kind: string; readonly times: number }[];
  /** What else reached its limit, in words. */
  readonly limits: readonly string[];
}

/** One run, recorded. */
export interface Recording {
  readonly format: 1;
  readonly scenario: string;
  readonly shows: string;
  readonly seed: string;
  readonly endUs: number;
  /** From here on nothing new goes wrong. */
  readonly quietFromUs: number;
  readonly result: RunResult;
  readonly hosts: readonly RecordedHost[];
  readonly window: RecordedWindow;
  readonly kinds: readonly string[];
  readonly texts: readonly string[];
  readonly steps: RecordedSteps;
  readonly messages: RecordedMessages;
  readonly emitted: RecordedEvents;
  readonly boots: readonly RecordedBoot[];
  readonly faults: readonly RecordedFault[];
  readonly blocks: readonly RecordedBlock[];
  readonly heads: RecordedChanges;
  readonly imports: RecordedChanges;
  readonly finals: RecordedChanges;
  readonly samples: RecordedSamples;
}
