import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fault, FaultAction } from '../../src/sim/fault.ts';
import { type HostPlan, NodeWorld, toyConsensus } from '../support/node-world.ts';

/** Faults come in this time, and each ends within `SPAN_MS` of it. */
const TROUBLE_MS = 60_000;
const SPAN_MS = 20_000;
/** By then even the longest pause between two dials, and every stalled connection, is over. */
const CALM_MS = 120_000;

const span = fc.integer({ min: 1_000, max: SPAN_MS }).map((ms) => ms * 1_000);

function actionOf(count: number): fc.Arbitrary<FaultAction> {
  const host = fc.nat(count - 1);
  const all = Array.from({ length: count }, (_, i) => i);
  const split = fc.tuple(fc.integer({ min: 1, max: count - 1 }), span).map(
    ([at, forUs]): FaultAction => ({
      kind: 'link',
      change: { kind: 'split', groups: [all.slice(0, at), all.slice(at)] },
      forUs,
    }),
  );
  const clog = fc.tuple(host, fc.boolean(), span).map(
    ([from, bothWays, forUs]): FaultAction => ({
      kind: 'link',
      change: { kind: 'clog', links: { from: [from], to: 'all', bothWays } },
      forUs,
    }),
  );
  const corrupt = fc.tuple(host, span).map(
    ([from, forUs]): FaultAction => ({
      kind: 'link',
      change: { kind: 'corrupt', links: { from: [from], to: 'all', bothWays: false }, ppm: 50_000 },
      forUs,
    }),
  );
  const crash = fc
    .tuple(host, fc.constantFrom('kill', 'power'), fc.constantFrom('keep', 'keep', 'empty'), span)
    .map(([at, how, disk, downUs]): FaultAction => ({ kind: 'crash', hosts: [at], how, downUs, disk }));
  const pause = fc
    .tuple(host, span)
    .map(([at, forUs]): FaultAction => ({ kind: 'pause', hosts: [at], forUs }));
  return fc.oneof(split, clog, corrupt, crash, pause);
}

const run = fc.integer({ min: 4, max: 8 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    isDiscovering: fc.boolean(),
    atUs: fc.array(fc.integer({ min: 1_000, max: TROUBLE_MS }), { minLength: 8, maxLength: 8 }),
    actions: fc.array(actionOf(count), { maxLength: 8 }),
    seed: fc.nat(),
  }),
);

describe('a network of nodes', () => {
  it('agrees on one head and stays within every bound, after whatever happened to links and hosts', () => {
    fc.assert(
      fc.property(run, ({ count, isDiscovering, atUs, actions, seed }) => {
        const plans = Array.from({ length: count }, (_, i): HostPlan => {
          const known = i === 0 ? [1] : [0, i - 1];
          return {
            ...(isDiscovering ? { discovers: known } : { dials: i === 0 ? [] : known }),
            ...(i < 3 ? { consensus: toyConsensus(1 + 3 * i) } : {}),
          };
        });
        const faults = actions.map(
          (action, i): Fault => ({ id: `f${i}`, atUs: (atUs[i] ?? 1) * 1_000, ...action }),
        );
        const world = new NodeWorld(plans, { seed: `${seed}`, faults });
        for (let i = 0; i < 20; i++) {
          world.run(TROUBLE_MS / 20);
          world.submit(i % count, world.transfer(i % 10, Math.floor(i / 10)));
        }
        world.run(SPAN_MS);
        let hasAgreed = false;
        for (let waitedMs = 0; waitedMs < CALM_MS && !hasAgreed; waitedMs += 1_370) {
          world.run(1_370);
          hasAgreed = world.headCount() === 1 && world.heights().length === count;
        }
        expect(hasAgreed).toBe(true);
        expect(world.overBounds()).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });
});
