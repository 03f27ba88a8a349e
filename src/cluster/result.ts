/** What one run came to: plain data that crosses threads, is printed, and is compared. */

/** Exit codes of the command line; of several the first in PRECEDENCE wins. */
export const EXIT = {
  passed: 0,
  safety: 1,
  usage: 2,
  liveness: 3,
  crashed: 4,
  nondeterminism: 5,
  interrupted: 130,
} as const;

/** How bad: nondeterminism before a crash before safety before liveness. */
export const PRECEDENCE: readonly number[] = [
  EXIT.interrupted,
  EXIT.nondeterminism,
  EXIT.crashed,
  EXIT.safety,
  EXIT.liveness,
  EXIT.passed,
];

/** What an oracle holds against whom. `rule` names the broken law; `fact` is for people. */
export interface Violation {
  readonly oracle: string;
  readonly rule: string;
  readonly kind: 'safety' | 'liveness';
  /** Hosts concerned, by name. */
  readonly hosts: readonly string[];
  readonly atUs: number;
  /** What was looked at when it was found: a kind of domain event, `promise`, `check` of now and then, or the `end`. */
  readonly trigger: string;
  readonly fact: string;
}

/** A number of `atLeast` that was not reached: why, and what to change in the scenario. */
export interface Missing {
  /** A key of `atLeast`, or `faults.` and a kind. */
  readonly what: string;
  readonly wanted: number;
  readonly got: number;
  readonly why: string;
  readonly change: string;
}

export type Verdict =
  /** As the scenario expects. */
  | { readonly kind: 'passed' }
  | { readonly kind: 'violated'; readonly violation: Violation }
  /** `expect` named a violation or a stall, and it did not come. */
  | { readonly kind: 'unexpectedPass'; readonly expected: string }
  /** Counted less than `atLeast` demands: the run proved nothing. */
  | { readonly kind: 'tooLittle'; readonly missing: readonly Missing[] }
  /** The program under test, or the simulator, threw. */
  | {
      readonly kind: 'crashed';
      readonly host: string;
      readonly atUs: number;
      readonly error: string;
      readonly stack: string;
    }
  | { readonly kind: 'nondeterminism'; readonly fact: string; readonly detail: string };

/** How often one kind of fault was planned, injected, and had an effect. */
export interface FaultCoverage {
  readonly kind: string;
  readonly planned: number;
  readonly injected: number;
  readonly effective: number;
}

/** A planned fault that came to nothing. */
export interface FaultOutcome {
  /** `kind/line/number`, as in the plan. */
  readonly id: string;
  readonly kind: string;
  readonly atUs: number;
  readonly why: string;
}

/** What a Byzantine host did. */
export interface DeviationCount {
  readonly host: string;
  /** A behaviour by its name in scenarios, or `twin`. */
  readonly behaviour: string;
  readonly times: number;
}

/** What was counted over all honest hosts. */
export interface RunCounts {
  readonly blocks: number;
  readonly reorgs: number;
  readonly reorgDepth: number;
  readonly synced: number;
  readonly transactions: number;
  readonly rejected: number;
  readonly corruptionsDetected: number;
  readonly repairs: number;
  readonly restarts: number;
  readonly halted: number;
  readonly compact: number;
  readonly snapshots: number;
  readonly setChanges: number;
}

/** One assertion over one run. */
export interface AssertionCount {
  readonly name: string;
  /** `always`: a law. `sometimes`: must be seen somewhere in a sweep. `unreachable`: must be seen nowhere. */
  readonly kind: 'always' | 'sometimes' | 'unreachable';
  /** Whether the scenario surely gives occasion for it: what nobody asks for may go without. */
  readonly isAsked: boolean;
  /** How often its law was checked; 1 for the other kinds. */
  readonly checked: number;
  /** Checks that held. `sometimes`: 1 where it was seen; `unreachable`: 0 where it was reached. */
  readonly held: number;
}

/** One of the last events before a failure, as text. */
export interface EventLine {
  readonly atUs: number;
  readonly host: string;
  readonly text: string;
}

export interface RunResult {
  readonly scenario: string;
  readonly seed: string;
  readonly verdict: Verdict;
  /** What the failure has in common with others of its kind, see failure-fingerprint.ts; undefined: it passed. */
  readonly fingerprint: string | undefined;
  /** Hexadecimal; the same for the same scenario and seed, everywhere. */
  readonly traceHash: string;
  /** Hash of what does not depend on the order of simultaneous events: verdict, heads' agreement, counts of faults. */
  readonly orderFree: string;
  readonly simulatedUs: number;
  readonly events: number;
  readonly messages: number;
  readonly counts: RunCounts;
  readonly faults: readonly FaultCoverage[];
  /** How often each behaviour of each Byzantine host deviated, those that did not included. */
  readonly byzantine: readonly DeviationCount[];
  /** Planned faults without effect, by time, at most 200; empty when the run passed. */
  readonly idleFaults: readonly FaultOutcome[];
  /** Assertions of each kind, always the same ones in the same order; none when the run never began. */
  readonly assertions: readonly AssertionCount[];
  /** Height and id of the common head at the end; undefined when there is none. */
  readonly head: { readonly height: number; readonly id: string } | undefined;
  /** Events that help to understand the verdict, oldest first, at most twelve; empty when the run passed. */
  readonly lastEvents: readonly EventLine[];
  /** Simulated time of the last thing that changed, when liveness was judged, and why a stall is excused. */
  readonly notes: readonly string[];
}

/** The exit code of one run. */
export function exitCodeOf(verdict: Verdict): number {
  switch (verdict.kind) {
    case 'passed':
      return EXIT.passed;
    case 'violated':
      return verdict.violation.kind === 'safety' ? EXIT.safety : EXIT.liveness;
    case 'unexpectedPass':
    case 'tooLittle':
      return EXIT.safety;
    case 'crashed':
      return EXIT.crashed;
    case 'nondeterminism':
      return EXIT.nondeterminism;
  }
}

/** The exit code of several runs: the gravest. */
export function worstExitCode(codes: readonly number[]): number {
  for (const code of PRECEDENCE) if (codes.includes(code)) return code;
  return EXIT.passed;
}
