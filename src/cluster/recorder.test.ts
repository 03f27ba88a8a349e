import { beforeAll, describe, expect, it } from 'vitest';
import { Recorder } from './recorder.ts';
import type { Recording } from './recording.ts';
import type { RunResult } from './result.ts';
import { createScenarioRun } from './run.ts';
import { parseScenario } from './scenario/parse.ts';

const HEAD = `shows: A cluster that is recorded while it runs.
signatures: modelled
expect: pass
`;
const STORM = `name: storm
${HEAD}duration: 120s
nodes: 4
chain: { engine: pos, blockInterval: 2s }
network: { latency: { uniform: 10ms..80ms }, jitter: 5ms, bandwidth: { uploadMbit: 2, downloadMbit: 2 } }
cpu: { verifyUs: 200, hashNs: 100 }
load: [{ kind: transfers, perSecond: 2 }]
faults:
  - { kind: crash, at: 20s, hosts: [1], how: power, down: 4s, disk: keep }
  - { kind: pause, at: 30s, hosts: [2], for: 3s }
  - { kind: partition, at: 40s, for: 6s, groups: [[0, 1], [2, 3]] }
  - { kind: crash, at: 50s, hosts: [3], how: kill, down: 2s, effect: 1 }
  - { kind: clockStep, at: 55s, hosts: [0], by: 3s }
`;
const FORKS = `name: forks
${HEAD}duration: 200s
nodes: 4
chain: { blockInterval: 4s }
faults: [{ kind: partition, at: 50s, for: 60s, groups: [[0, 1], [2, 3]] }]
`;

function run(source: string, recorder?: Recorder): RunResult {
  const file = parseScenario('recorded.yaml', source, []);
  const made = createScenarioRun(file, {
    seed: '7',
    ...(recorder === undefined ? {} : { watcher: recorder }),
  });
  recorder?.attach(made.cluster);
  while (made.step(5_000));
  return made.result();
}

function record(source: string): Recording {
  const recorder = new Recorder();
  return recorder.recording(run(source, recorder), 'shows');
}

describe.each([
  ['stake, faults, bandwidth and CPU', STORM],
  ['proof of work and forks', FORKS],
])('a recorded run: %s', (_, source) => {
  let recording: Recording;
  beforeAll(() => {
    recording = record(source);
  });

  it('is the same run as without a recorder.', () => {
    expect(recording.result).toEqual(run(source));
  });

  it('is plain JSON.', () => {
    expect(JSON.parse(JSON.stringify(recording))).toEqual(recording);
    expect(recording.messages.from).toHaveLength(recording.window.messagesSent);
  });

  it('keeps every message that was delivered, with both steps at the hosts that they belong to.', () => {
    const { messages, steps, result } = recording;
    const delivered = messages.deliveredIn.filter((step) => step >= 0);
    expect(delivered.length).toBeGreaterThanOrEqual(result.messages);
    for (const [i, step] of messages.deliveredIn.entries()) {
      const sentIn = messages.sentIn[i] ?? -1;
      expect(steps.host[sentIn]).toBe(messages.from[i]);
      if (step < 0) continue;
      expect(steps.host[step]).toBe(messages.to[i]);
      expect(steps.atUs[step]).toBeGreaterThan(messages.sentUs[i] ?? 0);
      expect(steps.cause[step]).toBe(sentIn);
    }
  });

  it('has causes that are older than what they cause.', () => {
    const { cause, atUs, index } = recording.steps;
    for (const [step, by] of cause.entries()) {
      expect(by).toBeLessThan(step);
      if (by >= 0) expect(atUs[by]).toBeLessThanOrEqual(atUs[step] ?? -1);
    }
    expect(index.every((number, i) => i === 0 || number > (index[i - 1] ?? -1))).toBe(true);
    // Nearly everything has a cause: what has none was begun by the run itself, or by a fault.
    expect(cause.filter((by) => by < 0).length).toBeLessThan(cause.length / 10);
  });

  it('has a tree of blocks with one root, whose heads are those of the run.', () => {
    const { blocks, heads, result } = recording;
    expect(blocks.filter(({ parent }) => parent < 0)).toEqual([expect.objectContaining({ height: 0 })]);
    for (const { parent, height } of blocks) if (parent >= 0) expect(blocks[parent]?.height).toBe(height - 1);
    expect(blocks[heads.what.at(-1) ?? -1]?.id).toBe(result.head?.id);
    expect(blocks.every(({ producer, height }) => height === 0 || producer >= 0)).toBe(true);
  });
});

let storm: Recording;
beforeAll(() => {
  storm = record(STORM);
});

describe('the faults of a recorded run', () => {
  it('are on from their beginning to their end, on whom they are.', () => {
    const { faults } = storm;
    const spans = new Map(faults.map((fault) => [fault.id, fault.spans]));
    expect(spans.get('partition/2/0')).toEqual([{ host: -1, fromUs: 40_000_000, untilUs: 46_000_000 }]);
    expect(spans.get('pause/1/0')).toEqual([{ host: 2, fromUs: 30_000_000, untilUs: 33_000_000 }]);
    expect(spans.get('crash/0/0')).toEqual([{ host: 1, fromUs: 20_000_000, untilUs: 24_000_000 }]);
    expect(spans.get('clockStep/4/0')).toEqual([{ host: 0, fromUs: 55_000_000, untilUs: 55_000_000 }]);
    const [atEffect] = spans.get('crash/3/0') ?? [];
    expect(atEffect?.fromUs).toBeGreaterThanOrEqual(50_000_000);
    expect((atEffect?.untilUs ?? 0) - (atEffect?.fromUs ?? 0)).toBe(2_000_000);
  });

  it('leave their hosts down as long as the boots say.', () => {
    const { boots } = storm;
    const ends = boots
      .filter(({ host }) => host === 1)
      .map(({ fromUs, untilUs, end }) => ({ fromUs, untilUs, end }));
    expect(ends).toEqual([
      { fromUs: 0, untilUs: 20_000_000, end: 'power' },
      { fromUs: 24_000_000, untilUs: undefined, end: undefined },
    ]);
  });
});

describe('what is counted of a recorded run', () => {
  it('is sampled of every host, and tells who is down.', () => {
    const { samples, hosts } = storm;
    expect(samples.atUs.length).toBeGreaterThan(100);
    for (const row of [...samples.mempool, ...samples.peers]) expect(row).toHaveLength(hosts.length);
    const down = samples.atUs.findIndex((us) => us > 21_000_000);
    expect(samples.mempool[down]?.map((count) => count < 0)).toEqual([false, true, false, false]);
  });

  it('says which routine events are not listed.', () => {
    const { window, emitted, texts } = storm;
    expect(window.routine.find(({ kind }) => kind === 'TransactionAccepted')?.times).toBeGreaterThan(50);
    expect(emitted.kind.some((kind) => texts[kind] === 'TransactionAccepted')).toBe(false);
    expect(emitted.kind.some((kind) => texts[kind] === 'HeadChanged')).toBe(true);
  });
});
