import { describe, expect, it } from 'vitest';
import type { MessageException } from '../sim/network/ports.ts';
import type { ClusterOptions, ClusterWatcher } from './chain-setup.ts';
import { explicitScenario } from './explicit-scenario.ts';
import type { RunResult } from './result.ts';
import { createScenarioRun } from './run.ts';
import { parseScenario } from './scenario/parse.ts';
import type { ScenarioFile } from './scenario/schema.ts';

/** Faults of many kinds, liars and lossy links, all drawn by the seed. */
const DRAWN = parseScenario(
  'drawn.yaml',
  `
name: drawn
shows: Many kinds of faults for a test of stated ones.
duration: 90s
quiet: 40s
nodes: 5
signatures: modelled
chain: { engine: pos, blockInterval: 2s }
network: { latency: { uniform: 10ms..60ms }, jitter: 5ms, stallReset: 6s }
byzantine: { count: 1, of: [selective, garbage] }
load: [{ kind: transfers, perSecond: 1, accounts: 5 }]
faults:
  - { kind: crash, at: 3s..9s, every: 10s..15s, hosts: { random: 1 }, how: any, down: 1s..5s, disk: keep, effect: random }
  - { kind: loss, at: 5s, for: 20s, link: { from: all, to: all }, percent: 10 }
  - { kind: corruption, at: 20s, for: 10s, link: { from: all, to: all }, percent: 3 }
  - { kind: partition, at: 12s..20s, for: 5s..9s, split: random }
  - { kind: bitRot, at: 25s, hosts: { random: 1 }, records: 2 }
  - { kind: clockStep, at: 15s, hosts: { random: 2 }, by: 1h }
  - { kind: diskFull, at: 30s, for: 4s, hosts: { random: 1 } }
  - { kind: swizzle, at: 33s, for: 10s, hosts: all }
expect: pass
`,
);

/** Hears nothing. */
const DEAF: ClusterWatcher = {
  onEvent() {},
  onSent() {},
  onDelivered() {},
  onWaits() {},
  onHandled() {},
  onFault() {},
  onDeviation() {},
};

interface Ended {
  readonly result: RunResult;
  readonly messageFaults: readonly MessageException[];
  readonly branchHash: string | undefined;
}

function run(file: ScenarioFile, seed: string, options: ClusterOptions = {}): Ended {
  const messageFaults: MessageException[] = [];
  const run = createScenarioRun(file, { seed, onMessageFault: (one) => messageFaults.push(one), ...options });
  while (run.step(100_000));
  return { result: run.result(), messageFaults, branchHash: run.branchHash };
}

/** Written to a file and read again. */
function reread(file: ScenarioFile): ScenarioFile {
  return parseScenario('explicit.yaml', JSON.stringify(file));
}

describe('a scenario whose faults are stated', () => {
  const drawn = run(DRAWN, '7');
  const explicit = reread(explicitScenario(DRAWN, '7'));

  it('is the run that drew them, to the last event', () => {
    expect(explicit.faults).toBeUndefined();
    expect(explicit.plan?.length).toBeGreaterThan(15);
    expect(run(explicit, '7').result).toEqual(drawn.result);
  });

  it('runs with other faults of messages than those it draws when they are stated', () => {
    expect(drawn.messageFaults.length).toBeGreaterThan(20);
    const stated = { ...explicit, messageFaults: [...drawn.messageFaults] };
    const again = run(reread(stated), '7');
    expect(again.messageFaults).toEqual([]);
    expect(again.result.traceHash).toBe(run(stated, '7').result.traceHash);
    expect(again.result.traceHash).not.toBe(drawn.result.traceHash);
    expect(run({ ...explicit, messageFaults: [] }, '7').result.traceHash).not.toBe(again.result.traceHash);
  });

  it('never starts who is absent, whatever would start it', () => {
    const hosts = [...(explicit.hosts ?? []), { hosts: [2], absent: true }];
    const without = createScenarioRun({ ...explicit, hosts }, { seed: '7' });
    while (without.step(100_000));
    without.result();
    expect(without.cluster.simulator.bootOf(2)).toBe(0);
    expect(without.cluster.simulator.bootOf(1)).toBeGreaterThan(0);
  });

  it.each([
    ['beside lines', { faults: DRAWN.faults }, 'one of faults and plan'],
    ['of hosts that are not there', { nodes: 2 }, 'there is no host'],
    ['two of one name', { plan: [...(explicit.plan ?? []), ...(explicit.plan ?? [])] }, 'stands twice'],
  ])('is refused with faults %s', (_, change, message) => {
    expect(() => reread({ ...explicit, ...change })).toThrow(message);
  });
});

describe('a branch of a run', () => {
  const atUs = 21_000_000;
  const branch = (seed: string): Ended => run(DRAWN, '7', { branch: { atUs, seed } });

  it('has the same past and another future', () => {
    const [a, b] = [branch('x'), branch('y')];
    const own = createScenarioRun(DRAWN, { seed: '7' });
    own.cluster.run(atUs - 1);
    expect(a.branchHash).toBe(own.traceHash);
    expect(b.branchHash).toBe(own.traceHash);
    expect(a.result.traceHash).not.toBe(b.result.traceHash);
    expect(branch('x').result).toEqual(a.result);
  });

  it('has liars that draw other lies', () => {
    const { byzantine: _, faults: __, ...quiet } = DRAWN;
    const flooded: ScenarioFile = { ...quiet, hosts: [{ hosts: [1], byzantine: ['flooding'] }] };
    /** Addresses of nobody that the liar made up, before the moment and after it. */
    const lies = (seed: string): readonly (readonly string[])[] => {
      const told: [string[], string[]] = [[], []];
      const flood = createScenarioRun(flooded, {
        seed: '7',
        branch: { atUs, seed },
        watcher: {
          ...DEAF,
          onSent({ from, message }) {
            if (from === 1 && message.kind === 'PeerInfo')
              told[flood.cluster.nowUs < atUs ? 0 : 1].push(message.peers.join());
          },
        },
      });
      while (flood.step(100_000));
      return told;
    };
    const [past, future] = lies('x');
    const [samePast, other] = lies('y');
    expect(samePast).toEqual(past);
    expect(past?.length).toBeGreaterThan(5);
    expect(other?.[0]).not.toBe(future?.[0]);
  });
});
