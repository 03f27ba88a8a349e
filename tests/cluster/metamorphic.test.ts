import { describe, expect, it } from 'vitest';
import type { ClusterOptions } from '../../src/cluster/chain-setup.ts';
import { orderFreeAgree } from '../../src/cluster/order-free.ts';
import type { ClusterPlan } from '../../src/cluster/plan.ts';
import type { RunResult } from '../../src/cluster/result.ts';
import { createPlanRun } from '../../src/cluster/run.ts';
import type { Fault } from '../../src/sim/fault.ts';
import type { LinkTarget } from '../../src/sim/network/link-change.ts';
import { GALLERY, shortPlan } from './gallery.ts';
import { planted, SUITE } from './support.ts';

const DAY_MS = 86_400_000;

function result(plan: ClusterPlan, options: ClusterOptions = {}): RunResult {
  const run = createPlanRun(plan, { nativeSuite: SUITE, ...options });
  while (run.step(100_000));
  return run.result();
}

/** What was concluded, without where and when. */
function conclusion({ verdict }: RunResult): string {
  return verdict.kind === 'violated' ? `${verdict.violation.oracle}/${verdict.violation.rule}` : verdict.kind;
}

/** Host i becomes host `to(i)`: with its place, its part of every fault, and its name. */
function renumbered(plan: ClusterPlan): ClusterPlan {
  const count = plan.hosts.length;
  const to = (host: number): number => count - 1 - host;
  const list = (hosts: readonly number[]): readonly number[] => hosts.map(to);
  const side = (hosts: readonly number[] | 'all'): readonly number[] | 'all' =>
    hosts === 'all' ? 'all' : list(hosts);
  const links = (target: LinkTarget): LinkTarget => ({
    ...target,
    from: side(target.from),
    to: side(target.to),
  });
  const moved = (fault: Fault): Fault => {
    if ('hosts' in fault) return { ...fault, hosts: list(fault.hosts) };
    const { change } = fault;
    switch (change.kind) {
      case 'split':
        return { ...fault, change: { ...change, groups: change.groups.map(list) } };
      case 'ring':
      case 'isolate':
        return { ...fault, change: { ...change, hosts: list(change.hosts) } };
      default:
        return { ...fault, change: { ...change, links: links(change.links) } };
    }
  };
  const hosts = [...plan.hosts].reverse().map((host) => ({
    ...host,
    twinOf: host.twinOf === undefined ? undefined : to(host.twinOf),
    byzantine: host.byzantine.map((line) => {
      if (line.kind === 'eclipse' && line.victim !== undefined) return { ...line, victim: to(line.victim) };
      if (line.kind === 'coalition' && line.second !== undefined)
        return { ...line, second: line.second.map(to) };
      return line;
    }),
  }));
  const proposals = plan.proposals.map((one) => ({ ...one, hosts: list(one.hosts), target: to(one.target) }));
  const loads = plan.loads.map((load) =>
    load.stakes === undefined
      ? load
      : { ...load, stakes: { ...load.stakes, hosts: list(load.stakes.hosts) } },
  );
  return { ...plan, hosts, proposals, loads, faults: plan.faults.map(moved) };
}

const NOBODY: readonly Fault[] = [
  { id: 'nobody/0', atUs: 1_000_000, kind: 'pause', hosts: [], forUs: 5_000_000 },
  { id: 'nobody/1', atUs: 2_000_000, kind: 'crash', hosts: [], how: 'power', downUs: 1, disk: 'empty' },
  {
    id: 'nobody/2',
    atUs: 3_000_000,
    kind: 'link',
    change: { kind: 'loss', links: { from: [], to: 'all', bothWays: true }, ppm: 900_000 },
    forUs: 'forever',
  },
];

/** A run that ends in the middle of a handler. */
function failing(): void {
  const program = planted([1], () => ({
    process: () => ({
      onMessage() {
        throw new Error('planted');
      },
    }),
  }));
  const other = GALLERY[0] ?? '';
  expect(result(shortPlan(other, 'other'), { program }).verdict.kind).toBe('crashed');
}

describe.each(GALLERY)('%s', (name) => {
  const plan = shortPlan(name);
  const own = result(plan);

  it('comes to a conclusion', () => {
    expect(conclusion(own)).toBe('passed');
  });

  it('concludes the same with its hosts in another order', () => {
    expect(conclusion(result(renumbered(plan)))).toBe(conclusion(own));
  });

  it('concludes the same with another order of simultaneous events, a day later', () => {
    const other = result(plan, { permuteTies: 1, wallShiftMs: DAY_MS });
    expect(conclusion(other)).toBe(conclusion(own));
    expect(orderFreeAgree(own.orderFree, other.orderFree)).toBe(true);
  });

  it('is the same run with faults that hit nobody after a run that failed, and without sharing', () => {
    failing();
    expect(result({ ...plan, faults: [...NOBODY, ...plan.faults] }).traceHash).toBe(own.traceHash);
    expect(result(plan, { isolate: true })).toEqual(own);
  });
});
