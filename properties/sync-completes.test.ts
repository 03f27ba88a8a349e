import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BehaviourLine, lineOf } from '../src/cluster/byzantine/behaviours.ts';
import type { ClusterOptions } from '../src/cluster/chain-setup.ts';
import type { ClusterPlan, EngineName } from '../src/cluster/plan.ts';
import { resolveScenario } from '../src/cluster/resolve.ts';
import type { RunResult } from '../src/cluster/result.ts';
import { createPlanRun } from '../src/cluster/run.ts';
import { planted, SUITE } from '../tests/cluster/support.ts';
import { checkLaw } from './check-law.ts';

/** The one honest peer, which makes all blocks; liars follow, and who joins late is the last. */
const PEER = 0;
const LIARS_MAX = 5;
const INTERVAL_MS = 1_000;
/**
 * Within so long the joiner has the whole chain: of each liar it waits once for an answer (16 s), for which it may have to wait
 * in turn, and pauses twice (4 s and 8 s, spread to 150 %) when all who could help have failed.
 */
const WITHIN_MS: number = LIARS_MAX * 16_000 + 18_000;
const LOOK_EVENTS = 50;

const BEHAVIOURS: readonly BehaviourLine[] = [
  lineOf('silent'),
  lineOf('selective'),
  lineOf('lying-sync'),
  lineOf('garbage'),
  lineOf('invalid-transactions'),
  { kind: 'lying-sync', by: 1 },
  { kind: 'flooding', perSecond: 5 },
];

interface Case {
  readonly seed: number;
  readonly engine: Exclude<EngineName, 'round-robin'>;
  /** What each liar does; none: a host that only follows. */
  readonly liars: readonly (readonly BehaviourLine[])[];
  readonly joinsS: number;
  readonly latencyMs: number;
  readonly transfersPerSecond: number;
}

const cases: fc.Arbitrary<Case> = fc.record({
  seed: fc.noShrink(fc.nat({ max: 1_000_000 })),
  engine: fc.constantFrom('pow' as const, 'poa' as const, 'pos' as const),
  liars: fc.array(
    fc.uniqueArray(fc.constantFrom(...BEHAVIOURS), {
      minLength: 1,
      maxLength: 3,
      selector: ({ kind }) => kind,
    }),
    { minLength: 1, maxLength: LIARS_MAX, size: 'max' },
  ),
  joinsS: fc.integer({ min: 5, max: 40 }),
  latencyMs: fc.integer({ min: 1, max: 200 }),
  transfersPerSecond: fc.nat({ max: 3 }),
});

function planOf({ seed, engine, liars, joinsS, latencyMs, transfersPerSecond }: Case): ClusterPlan {
  const plan = resolveScenario(
    {
      name: 'property-sync',
      shows: 'A late joiner among liars.',
      duration: '1h',
      nodes: 2 + liars.length,
      signatures: 'modelled',
      chain: { engine, blockInterval: `${INTERVAL_MS}ms`, poa: { signers: [PEER] } },
      network: { latency: { uniform: `1ms..${latencyMs}ms` } },
      hosts: [
        { hosts: 'all', hashShare: 0, stake: 0 },
        { hosts: [PEER], hashShare: 1, stake: 1_000 },
        { hosts: [1 + liars.length], joins: `${joinsS}s` },
        ...liars.map((byzantine, i) => ({ hosts: [1 + i], byzantine: [...byzantine] })),
      ],
      load:
        transfersPerSecond === 0 ? [] : [{ kind: 'transfers', perSecond: transfersPerSecond, accounts: 6 }],
      expect: 'pass',
    },
    String(seed),
  );
  const joinsUs = 1_000_000 * joinsS;
  return { ...plan, quietFromUs: joinsUs + 1, durationUs: joinsUs + 1_000 * WITHIN_MS };
}

/** Undefined: it never had the whole chain. */
interface Synced {
  readonly result: RunResult;
  readonly withinMs: number | undefined;
}

function join(one: Case, options: ClusterOptions = {}): Synced {
  const plan = planOf(one);
  const run = createPlanRun(plan, { nativeSuite: SUITE, ...options });
  const { cluster } = run;
  while (cluster.convergedAtUs === undefined && run.step(LOOK_EVENTS));
  const { convergedAtUs } = cluster;
  return {
    result: run.result(),
    withinMs: convergedAtUs === undefined ? undefined : (convergedAtUs - plan.quietFromUs) / 1_000,
  };
}

describe('A node that joins late, with one honest peer among any liars', () => {
  it('has the whole chain in time, and holds nothing against the honest', () => {
    let synced = 0;
    let deviations = 0;
    let runs = 0;
    checkLaw(
      fc.property(cases, (one) => {
        const { result, withinMs } = join(one);
        expect(result.verdict).toEqual({ kind: 'passed' });
        expect(withinMs).toBeLessThanOrEqual(WITHIN_MS);
        runs++;
        synced += result.counts.synced;
        if (result.byzantine.some(({ times }) => times > 0)) deviations++;
      }),
      { numRuns: 30 },
    );
    expect(synced).toBeGreaterThanOrEqual(runs > 10 ? 5 * runs : 0);
    expect(deviations).toBeGreaterThanOrEqual(runs > 10 ? 0.9 * runs : 0);
  });

  it('is found not to, when it believes only whom it met first', () => {
    const everybody = Array.from({ length: 2 + LIARS_MAX }, (_, host) => host);
    const believesFirst = planted(everybody, () => {
      let first: unknown;
      return {
        process: (honest) => ({
          onConnected(connection, info) {
            first ??= connection;
            honest.onConnected(connection, info);
          },
          onMessage(from, message) {
            if (message.kind !== 'SyncResponse' || from === first) honest.onMessage(from, message);
          },
        }),
      };
    });
    const found = fc.check(
      fc.property(cases, (one) => {
        const { verdict } = join(one, { program: believesFirst }).result;
        return verdict.kind !== 'violated' || verdict.violation.rule !== 'no-common-head';
      }),
      { numRuns: 30, seed: 1, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });
});
