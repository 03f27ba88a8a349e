/** Crash points: one host dies after each of its effects in turn, with each fate of its disk, and must come back to the chain. */
import { createNode } from '../chain/node.ts';
import type { ChainWorld } from '../chain/types/command.ts';
import { assert } from '../env/assert.ts';
import type { HostProgram } from '../sim/config.ts';
import type { Fault } from '../sim/fault.ts';
import type { ClusterOptions } from './chain-setup.ts';
import { judgeLiveness } from './liveness.ts';
import type { ClusterPlan } from './plan.ts';
import type { Violation } from './result.ts';
import { TestCluster } from './test-cluster.ts';

/**
 * What becomes of the disk: `kill` keeps the page cache; `power` loses none, all or a drawn part of what was not
 * flushed; `empty` is a new disk, `old` a backup that is some seconds old.
 */
export const DISK_FATES = ['kill', 'powerNone', 'powerAll', 'powerDrawn', 'empty', 'old'] as const;
export type DiskFate = (typeof DISK_FATES)[number];

/** One experiment. */
export interface CrashPoint {
  readonly host: number;
  /** Effects of the host since the run began; the crash follows the last of them. */
  readonly effect: number;
  readonly fate: DiskFate;
}

/** What came of it. */
export interface CrashOutcome {
  readonly point: CrashPoint;
  /** Laws broken, those of liveness included. */
  readonly violations: readonly Violation[];
  /** Records that the node called rotten on a disk that nothing had harmed: a crash must leave none. */
  readonly corruptions: number;
  /** Starts from a snapshot, over all hosts. */
  readonly installs: number;
  /** What the program threw. */
  readonly thrown: unknown;
  /** False: the run never came to that effect. */
  readonly crashed: boolean;
}

/** A host is down that long. */
const DOWN_US = 1_000_000;
/** An old disk is a backup of at most that age. */
const BACKUP_EVERY_US = 3_000_000;
/** Behind the head so far: in twenty blocks the base moves, and the journal loses its end. */
const STORE = { baseDepth: 4, undoDepth: 8 } as const;
const STEP_EVENTS = 10_000;

/** Nodes whose base follows the head closely: a short run then crosses every kind of write. */
function options(given: ClusterOptions): ClusterOptions {
  const { program } = given;
  return {
    ...given,
    program(host, _honest, config) {
      const close = { ...config, store: { ...config.store, ...STORE } };
      const node: HostProgram<ChainWorld> = createNode(close);
      return program?.(host, node, close) ?? node;
    },
  };
}

/** Effects of the host until the plan's quiet end begins: the range of `CrashPoint.effect`, which begins at 1. */
export function countEffects(plan: ClusterPlan, host: number, given: ClusterOptions = {}): number {
  const cluster = new TestCluster({ ...plan, faults: [] }, options(given));
  // In the instant in which the quiet end begins what has not struck is disarmed.
  cluster.run(plan.quietFromUs - 1);
  return cluster.simulator.effectsOf(host);
}

function faultsOf(plan: ClusterPlan, { host, effect, fate }: CrashPoint): readonly Fault[] {
  const crash: Fault = {
    id: 'crash-point',
    atUs: 0,
    kind: 'crash',
    hosts: [host],
    how: fate === 'kill' || fate === 'empty' || fate === 'old' ? 'kill' : 'power',
    downUs: DOWN_US,
    disk: fate === 'empty' || fate === 'old' ? fate : 'keep',
    at: { of: 'run', count: effect },
  };
  if (fate !== 'old') return [crash];
  const backups = Array.from({ length: Math.floor(plan.quietFromUs / BACKUP_EVERY_US) }, (_, i): Fault => {
    return { id: `backup/${i}`, atUs: i * BACKUP_EVERY_US, kind: 'diskSnapshot', hosts: [host] };
  });
  return [...backups, crash];
}

/** Of what a power loss may take, all or nothing; the simulator's own draw otherwise. */
function fixLoss(cluster: TestCluster, { host, fate }: CrashPoint): void {
  if (fate !== 'powerNone' && fate !== 'powerAll') return;
  const disk = cluster.simulator.disk(host);
  const power = disk.power.bind(disk);
  disk.power = () => power((bound) => (fate === 'powerNone' ? bound - 1 : 0));
}

/** Runs the plan with that one crash, to its end, and judges. The plan's own faults are left out. */
export function runCrashPoint(
  plan: ClusterPlan,
  point: CrashPoint,
  given: ClusterOptions = {},
): CrashOutcome {
  assert(point.effect >= 1, 'the first crash point is after the first effect');
  const cluster = new TestCluster({ ...plan, faults: faultsOf(plan, point) }, options(given));
  fixLoss(cluster, point);
  let status = cluster.step(STEP_EVENTS);
  while (status.kind === 'running') status = cluster.step(STEP_EVENTS);
  const thrown = status.kind === 'ended' && 'error' in status.reason ? status.reason.error : undefined;
  if (thrown === undefined) {
    cluster.judge();
    judgeLiveness(cluster);
  }
  return {
    point,
    violations: cluster.violations,
    corruptions: cluster.observation.corruptionsDetected,
    installs: cluster.observation.snapshots,
    thrown,
    crashed: cluster.simulator.stats().crashes > 0,
  };
}

/** True when the host came back as it must. */
export function isSound(outcome: CrashOutcome): boolean {
  return (
    outcome.crashed &&
    outcome.thrown === undefined &&
    outcome.violations.length === 0 &&
    outcome.corruptions === 0
  );
}
