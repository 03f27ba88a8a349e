import { afterAll, describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/cluster/result.ts';
import { findBug, readBugs } from '../../src/lab/bugs/bug-file.ts';
import { type BugScore, runScore } from '../../src/lab/bugs/score.ts';
import { isClusterBug } from '../../src/lab/bugs/score-table.ts';
import type { FromWorker, Job } from '../../src/lab/job.ts';
import { WorkerHandle } from '../../src/lab/worker-handle.ts';

const SPENT_TWICE = JSON.stringify({
  name: 'spent-twice',
  shows: 'Clients that spend each coin twice, for a chain that may have a bug.',
  duration: '60s',
  quiet: '20s',
  nodes: 4,
  signatures: 'modelled',
  chain: { engine: 'pos', blockInterval: '1s' },
  load: [{ kind: 'conflicting', perSecond: 2 }],
  expect: 'pass',
});

const handle = new WorkerHandle();
let asked = 0;

function jobOf(bug?: string): Job {
  return {
    file: 'spent-twice',
    source: SPENT_TWICE,
    overrides: [],
    seed: '1',
    isolate: false,
    permuteTies: 0,
    ...(bug === undefined ? {} : { bug }),
  };
}

async function ask(job: Job): Promise<FromWorker> {
  return handle.ask({ kind: 'run', id: asked++, job });
}

async function run(job: Job): Promise<RunResult> {
  const answer = await ask(job);
  if (answer.kind !== 'done') throw new Error(JSON.stringify(answer));
  return answer.outcome.result;
}

afterAll(() => handle.stop());

describe('a planted bug', () => {
  it('is run by hosts beside a clean chain in one thread, which stays as it was', async () => {
    const before = await run(jobOf());
    const bad = await run(jobOf('01'));
    const after = await run(jobOf());
    expect(before.verdict).toEqual({ kind: 'passed' });
    expect(bad.verdict).toMatchObject({ kind: 'violated', violation: { oracle: 're-execution' } });
    expect(bad.traceHash).not.toBe(before.traceHash);
    expect(after).toEqual(before);
  });

  it('is a function of its seed, shared or isolated', async () => {
    const shared = await run(jobOf('01'));
    expect(await run({ ...jobOf('01'), isolate: true })).toEqual(shared);
  });

  it.each([
    ['99', 'a number or a name of the gallery was expected'],
    ['23', 'is found by tests'],
  ])('that cannot be run in a cluster (%s) is refused in words', async (bug, part) => {
    const answer = await ask(jobOf(bug));
    expect(answer.kind).toBe('failed');
    expect(JSON.stringify(answer)).toContain(part);
  });
});

const SPACE = `name: small
shows: Small clusters with stake, for bugs that every run shows.
clusters:
  - { engine: pos, nodes: '4', duration: 40s, quiet: 20s, blockInterval: 1s, latency: 10ms..50ms, spread: 20ms }
  - { engine: poa, nodes: '3', duration: 40s, quiet: 20s, blockInterval: 2s, latency: 10ms..50ms, spread: 20ms }
`;

describe('a score', () => {
  it('counts the seeds of each start until the right oracle notices', async () => {
    const bugs = ['09', '18'].map((number) => findBug(readBugs(), number)).filter(isClusterBug);
    const scores: BugScore[] = [];
    await runScore(bugs, {
      file: 'small.yaml',
      source: SPACE,
      starts: [1, 101],
      seedsMax: 30,
      jobs: 2,
      signal: new AbortController().signal,
      onSeed: () => {},
      onScore: (score) => scores.push(score),
    });
    expect(scores.map(({ bug }) => bug.number)).toEqual(['09', '18']);
    for (const { starts } of scores) {
      expect(starts.map(({ from }) => from)).toEqual([1, 101]);
      for (const { found, seeds, from } of starts) {
        expect(found?.oracle).toBe('re-execution');
        expect(found?.seed).toBe(String(from + seeds - 1));
      }
    }
  });
});
