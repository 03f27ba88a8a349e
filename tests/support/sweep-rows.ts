/** Rows for tests of what is made of them. */
import type { SweepRow } from '../../src/lab/sweep/row.ts';

/** A seed that passed with one crash, with what is given instead. */
export function row(seed: number, more: Partial<SweepRow> = {}): SweepRow {
  return {
    seed,
    scenario: 'a',
    verdict: 'passed',
    exitCode: 0,
    fingerprint: undefined,
    failure: undefined,
    traceHash: `hash-${seed}`,
    events: 100,
    simulatedUs: 1_000_000,
    endedUs: 1_000_000,
    blocks: 5,
    wallMs: 3.5,
    mode: 'shared',
    families: ['crash', 'link'],
    faults: [{ kind: 'crash', planned: 2, injected: 2, effective: 1 }],
    byzantine: [{ behaviour: 'silent', hosts: 1, times: 4 }],
    assertions: [{ name: 'agreement', kind: 'always', isAsked: true, checked: 7, held: 7 }],
    behaviours: ['event: HeadChanged', `only ${seed}`],
    effect: undefined,
    ...more,
  };
}

/** One that did not pass. */
export function failed(seed: number, fingerprint: string, more: Partial<SweepRow> = {}): SweepRow {
  return row(seed, {
    verdict: 'violated',
    exitCode: 1,
    fingerprint,
    failure: `${fingerprint} at 1s`,
    ...more,
  });
}
