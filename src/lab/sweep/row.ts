/** What is kept of one seed of a sweep: plain data, as it goes into the database or over a queue. */
import { exitCodeOf, type RunResult, type Verdict } from '../../cluster/result.ts';
import { failedAtUs } from '../capsule.ts';
import type { JobOutcome } from '../job.ts';
import type { Findings, Probes } from './probe-plan.ts';

/** One kind of fault in one run. */
export interface FaultRow {
  readonly kind: string;
  readonly planned: number;
  readonly injected: number;
  readonly effective: number;
}

/** One behaviour of Byzantine hosts in one run. */
export interface ByzantineRow {
  readonly behaviour: string;
  readonly hosts: number;
  readonly times: number;
}

/** One seed. */
export interface SweepRow {
  readonly seed: number;
  readonly scenario: string;
  readonly verdict: Verdict['kind'];
  readonly exitCode: number;
  /** What failures of one kind have in common; undefined: it passed. */
  readonly fingerprint: string | undefined;
  /** The failure in one line; undefined: it passed. */
  readonly failure: string | undefined;
  readonly traceHash: string;
  readonly events: number;
  readonly simulatedUs: number;
  /** Simulated time of the failure; the end of the run where nothing says so. */
  readonly endedUs: number;
  readonly blocks: number;
  readonly wallMs: number;
  readonly mode: Probes['mode'];
  /** Families of faults that the space drew for it, in their order. */
  readonly families: readonly string[];
  readonly faults: readonly FaultRow[];
  readonly byzantine: readonly ByzantineRow[];
  readonly assertions: RunResult['assertions'];
  readonly behaviours: readonly string[];
  readonly effect: Findings['effect'];
}

/** What a seed is run for, beside its outcome. */
export interface RowContext {
  readonly seed: number;
  readonly families: readonly string[];
  readonly mode: Probes['mode'];
}

/** In one line; undefined: it passed. */
function failureLine({ verdict }: RunResult): string | undefined {
  switch (verdict.kind) {
    case 'passed':
      return undefined;
    case 'violated': {
      const { oracle, rule, atUs, fact } = verdict.violation;
      return `${oracle}/${rule} at ${(atUs / 1_000_000).toFixed(1)}s: ${fact}`;
    }
    case 'crashed':
      return `${verdict.host} threw ${verdict.error}`;
    case 'unexpectedPass':
      return `nothing was violated, but expect says ${verdict.expected}`;
    case 'tooLittle':
      return `too little happened: ${verdict.missing.map(({ what, wanted, got }) => `${what} ${got} of ${wanted}`).join(', ')}`;
    case 'nondeterminism':
      return verdict.fact;
  }
}

/** By behaviour, sorted. */
function byzantineRows({ byzantine }: RunResult): readonly ByzantineRow[] {
  const rows = new Map<string, ByzantineRow>();
  for (const { behaviour, times } of byzantine) {
    const known = rows.get(behaviour);
    rows.set(behaviour, {
      behaviour,
      hosts: (known?.hosts ?? 0) + 1,
      times: (known?.times ?? 0) + times,
    });
  }
  return [...rows.values()].sort((a, b) => (a.behaviour < b.behaviour ? -1 : 1));
}

/** The row of a seed that was run. */
export function rowOf({ seed, families, mode }: RowContext, outcome: JobOutcome): SweepRow {
  const { result, wallMs, findings } = outcome;
  return {
    seed,
    scenario: result.scenario,
    verdict: result.verdict.kind,
    exitCode: exitCodeOf(result.verdict),
    fingerprint: result.fingerprint,
    failure: failureLine(result),
    traceHash: result.traceHash,
    events: result.events,
    simulatedUs: result.simulatedUs,
    endedUs: failedAtUs(result),
    blocks: result.counts.blocks,
    wallMs,
    mode,
    families,
    faults: result.faults,
    byzantine: byzantineRows(result),
    assertions: result.assertions,
    behaviours: findings?.behaviours ?? [],
    effect: findings?.effect,
  };
}
