/** A host whose disk is a backup: with the mark that a restore puts there, its key contradicts nothing that it signed before. */
import { describe, expect, it } from 'vitest';
import { restoredOp } from '../../src/chain/blockstore/restored.ts';
import type { ChainWorld } from '../../src/chain/types/command.ts';
import { isSameSlot } from '../../src/cluster/sign-log.ts';
import { TestCluster } from '../../src/cluster/test-cluster.ts';
import type { HostProgram } from '../../src/sim/config.ts';
import type { Fault } from '../../src/sim/fault.ts';
import { crashPlan, VICTIM } from './crash-plans.ts';
import { SUITE } from './support.ts';

const BACKUP_AGE_US = 4_000_000;
const DOWN_US = 500_000;
/** Back again, it hears of nobody for so long: what it signs follows from its disk alone. */
const ALONE_US = 6_000_000;
/** Moments of the crash, at other steps of a height each. */
const MOMENTS_US = [8_000_000, 8_430_000, 9_260_000, 10_090_000, 10_620_000];
const STEP_EVENTS = 10_000;

/** A boot after the first begins in a folder that was restored just before. */
function marking(honest: HostProgram<ChainWorld>): HostProgram<ChainWorld> {
  return (env, host) => {
    const node = honest(env, host);
    return {
      ...node,
      onStart() {
        const mark = restoredOp((bytes) => env.crypto.sha256(bytes), env.clock.wallMs());
        env.storage.write([mark]);
        node.onStart();
      },
    };
  };
}

/** What the restored key said differently, and at how many heights it signed after that. */
function run(engine: 'pos' | 'poa' | 'round-robin', atUs: number, isMarked: boolean) {
  const faults: readonly Fault[] = [
    { id: 'backup', atUs: atUs - BACKUP_AGE_US, kind: 'diskSnapshot', hosts: [VICTIM] },
    { id: 'loss', atUs, kind: 'crash', hosts: [VICTIM], how: 'kill', downUs: DOWN_US, disk: 'old' },
    { id: 'alone', atUs, kind: 'link', change: { kind: 'isolate', hosts: [VICTIM] }, forUs: ALONE_US },
  ];
  let boots = 0;
  const cluster = new TestCluster(
    { ...crashPlan(engine), faults },
    {
      nativeSuite: SUITE,
      program(host, honest) {
        if (host !== VICTIM) return honest;
        return boots++ > 0 && isMarked ? marking(honest) : honest;
      },
    },
  );
  let status = cluster.step(STEP_EVENTS);
  while (status.kind === 'running') status = cluster.step(STEP_EVENTS);
  if (status.kind === 'ended' && 'error' in status.reason) throw status.reason.error;
  const top = cluster.simulator.inspect(VICTIM)?.head.height ?? 0;
  let contradictions = 0;
  let newest = 0;
  for (let at = 1; at <= top + 1; at++) {
    const said = cluster.signLog.at(VICTIM, at);
    if (said.length > 0) newest = at;
    contradictions += said.filter((one, i) =>
      said.slice(0, i).some((other) => isSameSlot(one, other)),
    ).length;
  }
  return { contradictions, top, newest, boots };
}

describe.each(['pos', 'poa', 'round-robin'] as const)(
  'a folder restored from a backup, with %s',
  (engine) => {
    it('lets the key contradict nothing, and sign again when the chain is beyond', () => {
      for (const atUs of MOMENTS_US) {
        const { contradictions, boots, top, newest } = run(engine, atUs, true);
        expect([atUs, contradictions, boots]).toEqual([atUs, 0, 2]);
        expect(newest).toBeGreaterThan(top - 8);
      }
    });
  },
);

describe('a backup without that mark', () => {
  it('contradicts what was signed: the mark is what keeps it from that', () => {
    const found = (['pos', 'poa', 'round-robin'] as const).map((engine) =>
      MOMENTS_US.some((atUs) => run(engine, atUs, false).contradictions > 0),
    );
    expect(found).toEqual([true, true, true]);
  });
});
