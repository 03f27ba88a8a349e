import { describe, expect, it } from 'vitest';
import { exportChain } from '../../src/cluster/export-chain.ts';
import { orderFreeAgree } from '../../src/cluster/order-free.ts';
import type { RunResult } from '../../src/cluster/result.ts';
import { createScenarioRun, type ScenarioRun } from '../../src/cluster/run.ts';
import type { Job, Plant } from '../../src/lab/job.ts';
import { verifyJob } from '../../src/lab/verify.ts';
import { checkExport } from '../reference/checker.ts';
import { arrivalOrder } from './plants/arrival-order.ts';
import { planted, SUITE, small } from './support.ts';

const SOURCE = JSON.stringify(small({ duration: '60s' }));
const NEVER = new AbortController().signal;

function job(plant?: string): Job {
  const plantModule = plant === undefined ? {} : { plantModule: new URL(plant, import.meta.url).href };
  return {
    file: 'small.yaml',
    source: SOURCE,
    overrides: [],
    seed: '1',
    isolate: false,
    permuteTies: 0,
    ...plantModule,
  };
}

function ended(run: ScenarioRun): ScenarioRun {
  while (run.step(100_000));
  return run;
}

describe('a program that asks the machine', () => {
  it('for the time is stopped, and the trap is named with its place', () => {
    const program = planted([1], () => ({
      process: (honest) => ({
        onMessage(from, message) {
          if (Date.now() > 0) honest.onMessage(from, message);
        },
      }),
    }));
    const run = ended(createScenarioRun(small(), { seed: '1', nativeSuite: SUITE, program }));
    expect(run.result().verdict).toMatchObject({ kind: 'crashed', host: 'n1' });
    const { thrown } = run;
    expect(thrown).toMatchObject({ code: 'TRAP', touched: 'Date' });
    expect(thrown instanceof Error ? thrown.stack : '').toContain('determinism.test.ts');
  });
});

describe('two runs in two threads with different pasts', () => {
  it('agree when the program is honest', async () => {
    const outcome = await verifyJob(job(), NEVER);
    expect(outcome?.result.verdict).toEqual({ kind: 'passed' });
  });

  it.each(['./plants/counter.ts', './plants/identity-order.ts'])(
    'differ when a program remembers what was before its run, and the first event that differs is named: %s',
    async (plant) => {
      const outcome = await verifyJob(job(plant), NEVER);
      expect(outcome?.result.verdict).toMatchObject({
        kind: 'nondeterminism',
        fact: expect.stringMatching(/^event \d+ differs between two runs of one seed$/),
        detail: expect.stringMatching(/^ {2}A #(\d+) .*\n {2}B #\1 /),
      });
    },
  );

  it('cannot be had of a module without a plant', async () => {
    const outcome = await verifyJob(job('./support.ts'), NEVER);
    expect(outcome?.result.verdict).toMatchObject({
      kind: 'crashed',
      host: 'simulator',
      error: expect.stringContaining('exports no plant'),
    });
  });
});

describe('what the order of arrivals decides', () => {
  const OTHER_ORDERS = [1, 2, 3, 4, 5, 6];
  // One latency for all: what is told to several hosts arrives at one instant, and the ties decide who is first.
  const file = small({
    nodes: 4,
    network: { latency: { fixed: '30ms' } },
    load: [{ kind: 'transfers', perSecond: 2, accounts: 4, until: '60s' }],
  });

  function result(plant: Plant, permuteTies: number): RunResult {
    return ended(createScenarioRun(file, { seed: '1', nativeSuite: SUITE, permuteTies, ...plant })).result();
  }

  it('is nothing that stays, in the honest chain: other orders of ties give other runs with the same results', () => {
    const own = result({}, 0);
    expect(own.verdict).toEqual({ kind: 'passed' });
    expect(own.orderFree).not.toMatch(/\|-$/);
    for (const other of OTHER_ORDERS.map((n) => result({}, n))) {
      expect(other.traceHash).not.toBe(own.traceHash);
      expect(orderFreeAgree(own.orderFree, other.orderFree)).toBe(true);
    }
  });

  it('is found by another order of ties when it reaches the state', () => {
    const own = result(arrivalOrder(), 0);
    // Every host and every oracle follows the planted rule: nothing but another order can tell.
    expect(own.verdict).toEqual({ kind: 'passed' });
    const others = OTHER_ORDERS.map((n) => result(arrivalOrder(), n));
    expect(others.some((other) => !orderFreeAgree(own.orderFree, other.orderFree))).toBe(true);
  });

  it('is found by the independent checker when it reaches a root', () => {
    const exported = (plant: Plant): unknown =>
      exportChain(ended(createScenarioRun(file, { seed: '1', nativeSuite: SUITE, ...plant })).cluster, 0);
    expect(checkExport(exported({}), 'skip')).toEqual([]);
    expect(checkExport(exported(arrivalOrder()), 'skip')).toMatchObject([{ height: 20 }]);
  });
});
