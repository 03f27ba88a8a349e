import { describe, expect, it } from 'vitest';
import { faultKindOf } from '../../src/cluster/fault-kind.ts';
import { fingerprintOf } from '../../src/cluster/fingerprint.ts';
import type { ClusterPlan } from '../../src/cluster/plan.ts';
import { resolveScenario } from '../../src/cluster/resolve.ts';
import { type FaultLine, faultSchema } from '../../src/cluster/scenario/schema/faults.ts';
import type { ScenarioFile } from '../../src/cluster/scenario/schema.ts';
import { TestCluster } from '../../src/cluster/test-cluster.ts';
import type { Fault } from '../../src/sim/fault.ts';
import { SUITE, small } from './support.ts';

/** Where the fault strikes: two hosts and their disks busy enough that every fault finds something to harm. */
const LINK = { from: [0], to: [1], bothWays: true };
const AT = { at: '20s' } as const;
const FOR = { at: '20s', for: '30s' } as const;

const LINES: readonly FaultLine[] = [
  { kind: 'partition', ...FOR, isolate: [0] },
  { kind: 'bridge', ...FOR, bridge: 1 },
  { kind: 'ring', ...FOR },
  { kind: 'flap', ...FOR, link: LINK, down: '3s', up: '3s' },
  { kind: 'clog', ...FOR, link: LINK },
  { kind: 'swizzle', ...FOR, hosts: 'all' },
  { kind: 'loss', ...FOR, link: LINK, percent: 30 },
  { kind: 'latency', ...FOR, link: LINK, extra: '300ms' },
  { kind: 'corruption', ...FOR, link: LINK, percent: 30 },
  { kind: 'crash', ...AT, hosts: [0], how: 'kill', down: '5s' },
  { kind: 'rollingRestart', ...AT, hosts: [0, 1], how: 'stop', down: '2s', gap: '2s' },
  { kind: 'pause', ...FOR, hosts: [0] },
  { kind: 'clockStep', ...AT, hosts: [0], by: '10s' },
  { kind: 'clockDrift', ...FOR, hosts: [0], ppm: 100_000 },
  { kind: 'timerJitter', ...FOR, hosts: [0], upTo: '300ms' },
  { kind: 'diskSlow', ...FOR, hosts: [0], factor: 1_000 },
  { kind: 'diskFull', ...FOR, hosts: [0], roomBytes: 100 },
  { kind: 'diskError', ...FOR, hosts: [0], on: 'write' },
  { kind: 'bitRot', ...AT, hosts: [0], records: 20 },
  { kind: 'staleValue', at: '30s', hosts: [0], records: 400 },
  { kind: 'misdirected', ...AT, hosts: [0], records: 20 },
  { kind: 'missingKey', ...AT, hosts: [0], records: 20 },
  { kind: 'lyingFlush', ...FOR, hosts: [0] },
];
/** Damage that shows when the disk is read again, or when power fails. */
const THEN_CRASH: Fault = {
  id: 'crash-after/0/0',
  atUs: 45_000_000,
  kind: 'crash',
  hosts: [0],
  how: 'power',
  downUs: 1_000_000,
  disk: 'keep',
};

/** What goes stale must be something that is rewritten: a chain so fast that its base has moved by then. */
const FAST: ScenarioFile['chain'] = { engine: 'pow', blockInterval: '400ms', finalityDepth: 100 };

function base(faults: readonly FaultLine[], isFast: boolean): ScenarioFile {
  return small({
    nodes: 4,
    ...(isFast ? { chain: FAST } : {}),
    hosts: [{ hosts: 'all', disk: { write: '20us', flush: '5ms' } }],
    faults: [...faults],
  });
}

interface Seen {
  readonly hash: string;
  /** What the programs told, without how the simulator wrote it down. */
  readonly told: string;
  readonly counts: ReadonlyMap<string, { readonly injected: number; readonly effective: number }>;
}

function seen(plan: ClusterPlan): Seen {
  const cluster = new TestCluster(plan, { nativeSuite: SUITE });
  const told: string[] = [];
  cluster.simulator.observe((host, event, atUs) =>
    told.push(`${host} ${atUs} ${event.kind} ${fingerprintOf(event)}`),
  );
  while (cluster.step(100_000).kind === 'running');
  expect(cluster.simulator.status()).toEqual({ kind: 'reached' });
  const counts = cluster.simulator.faultCounts().map((count) => [count.id, count] as const);
  return { hash: cluster.simulator.traceHash(), told: told.join('\n'), counts: new Map(counts) };
}

function planned(
  lines: readonly FaultLine[],
  change: (faults: readonly Fault[]) => readonly Fault[],
  isFast = false,
): ClusterPlan {
  const plan = resolveScenario(base(lines, isFast), '1');
  return { ...plan, faults: change(plan.faults) };
}

/** The same fault, aimed at nobody. */
function atNobody(fault: Fault): Fault {
  if ('hosts' in fault) return { ...fault, hosts: [] };
  const { change } = fault;
  const nobody = { from: [], to: [], bothWays: true };
  switch (change.kind) {
    case 'split':
      return { ...fault, change: { ...change, groups: change.groups.map(() => []) } };
    case 'ring':
    case 'isolate':
      return { ...fault, change: { ...change, hosts: [] } };
    default:
      return { ...fault, change: { ...change, links: nobody } };
  }
}

describe('the fault kinds of scenario files', () => {
  const without = seen(planned([], () => [THEN_CRASH]));

  it('are all tried here', () => {
    const known = faultSchema.options.map((option) => option.shape.kind.value);
    expect(LINES.map((line) => line.kind).sort()).toEqual([...known].sort());
  });

  it.each(LINES)('$kind changes what the programs live through, and is counted', (line) => {
    const isFast = line.kind === 'staleValue';
    const plan = planned([line], (faults) => [...faults, THEN_CRASH], isFast);
    const found = seen(plan);
    const clean = isFast ? seen(planned([], () => [THEN_CRASH], true)) : without;
    const counts = plan.faults
      .filter((fault) => faultKindOf(fault.id) === line.kind)
      .map((fault) => found.counts.get(fault.id));
    expect(Math.max(...counts.map((count) => count?.injected ?? 0))).toBeGreaterThanOrEqual(1);
    expect(Math.max(...counts.map((count) => count?.effective ?? 0))).toBeGreaterThanOrEqual(1);
    expect(found.hash).not.toBe(clean.hash);
    expect(found.told === clean.told).toBe(false);
  });

  it.each(LINES)('$kind that is off, or aimed at nobody, leaves no trace', (line) => {
    const off = planned([line], (faults) => [
      ...faults.map((fault) => ({ ...fault, off: true })),
      THEN_CRASH,
    ]);
    expect(seen(off).hash).toBe(without.hash);
    const nobody = planned([line], (faults) => [...faults.map(atNobody), THEN_CRASH]);
    expect(seen(nobody).hash).toBe(without.hash);
  });
});
