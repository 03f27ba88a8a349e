import { describe, expect, it } from 'vitest';
import { testWorker } from '../../tests/support/lab-worker.ts';
import type { RunResult } from '../cluster/result.ts';
import type { Job } from './job.ts';
import { crashedResult, type PoolProgress, runPool } from './pool.ts';
import { WorkerHandle } from './worker-handle.ts';

function jobOf(seed: string): Job {
  return { file: 'a.yaml', source: '', overrides: [], seed, isolate: false, permuteTies: 0 };
}

const script = testWorker({ ...crashedResult(jobOf('0'), '', ''), verdict: { kind: 'passed' } });

async function pooled(
  seeds: readonly string[],
  jobs: number,
  more: {
    readonly signal?: AbortSignal;
    readonly watchdogMs?: number;
    readonly onOutcome?: () => void;
    readonly onProgress?: (now: PoolProgress) => void;
    readonly order?: 'asGiven' | 'asEnded';
  } = {},
): Promise<{ readonly results: readonly RunResult[]; readonly progress: readonly PoolProgress[] }> {
  const results: RunResult[] = [];
  const progress: PoolProgress[] = [];
  await runPool(seeds.map(jobOf), {
    jobs,
    signal: more.signal ?? new AbortController().signal,
    createWorker: () => new WorkerHandle({ script, watchdogMs: more.watchdogMs ?? 60_000 }),
    order: more.order ?? 'asGiven',
    onProgress(now) {
      progress.push(now);
      more.onProgress?.(now);
    },
    onOutcome: (job, { result }) => {
      expect(result.seed).toBe(job.seed);
      results.push(result);
      more.onOutcome?.();
    },
  });
  return { results, progress };
}

describe('the pool', () => {
  it('hands outcomes back in the order of the jobs, however late the first one is.', async () => {
    const seeds = ['600', '1', '300', '2', '3', '100'];
    const { results, progress } = await pooled(seeds, 3);
    expect(results.map(({ seed }) => seed)).toEqual(seeds);
    expect(new Set(results.map(({ notes }) => notes[0])).size).toBe(3);
    expect(progress.at(-1)).toMatchObject({ finished: 6, total: 6, running: [] });
    expect(Math.max(...progress.map(({ running }) => running.length))).toBe(3);
  });

  it('starts no more threads than there are jobs, and at least one.', async () => {
    expect(new Set((await pooled(['1', '2'], 8)).results.map(({ notes }) => notes[0])).size).toBe(2);
    expect((await pooled(['1'], 0)).results).toHaveLength(1);
    expect((await pooled([], 4)).results).toEqual([]);
  });

  it.each([
    ['exit', 'the worker ended with code 3'],
    ['throw', 'the worker failed: Error: thrown in the thread'],
    ['failed', 'Error: planned'],
    ['silent', 'the worker said nothing for 6 s and was ended'],
  ])('counts a run that ends by %s as crashed, with its seed, and goes on.', async (how, error) => {
    const { results } = await pooled(['1', how, '2'], 1, { watchdogMs: 6_000 });
    expect(results.map(({ seed, verdict }) => [seed, verdict.kind])).toEqual([
      ['1', 'passed'],
      [how, 'crashed'],
      ['2', 'passed'],
    ]);
    expect(results[1]?.verdict).toMatchObject({ host: 'simulator', error });
  });

  it('leaves a thread alone that makes progress, however long it takes.', async () => {
    const { results } = await pooled(['chatty'], 1, { watchdogMs: 6_000 });
    expect(results[0]?.verdict.kind).toBe('passed');
  });

  it('starts nothing more once aborted, and keeps the outcomes so far.', async () => {
    const abort = new AbortController();
    const { results } = await pooled(['1', 'silent', '2', '3'], 1, {
      signal: abort.signal,
      onOutcome: () => setTimeout(() => abort.abort(), 20),
    });
    expect(results.map(({ seed }) => seed)).toEqual(['1']);
  });

  it('reports what was finished behind a run that is cut short.', async () => {
    const abort = new AbortController();
    const { results } = await pooled(['silent', '1', '2'], 2, {
      signal: abort.signal,
      onProgress: ({ finished }) => finished === 2 && abort.abort(),
    });
    expect(results.map(({ seed }) => seed)).toEqual(['1', '2']);
  });

  it('hands outcomes back as they end where it is told to.', async () => {
    const abort = new AbortController();
    let taken = 0;
    const onOutcome = (): void => {
      if (++taken === 2) abort.abort();
    };
    const { results } = await pooled(['silent', '1', '2'], 2, {
      order: 'asEnded',
      signal: abort.signal,
      onOutcome,
    });
    expect(results.map(({ seed }) => seed)).toEqual(['1', '2']);
  });

  it('asks for a job when a thread is free for it, and not before.', async () => {
    let drawn = 0;
    function* jobs(): Generator<Job> {
      for (const seed of ['1', '2', '3', '4', '5', '6']) {
        drawn++;
        yield jobOf(seed);
      }
    }
    const ahead: number[] = [];
    let ended = 0;
    await runPool(jobs(), {
      jobs: 2,
      total: 6,
      order: 'asEnded',
      signal: new AbortController().signal,
      createWorker: () => new WorkerHandle({ script, watchdogMs: 60_000 }),
      onProgress: ({ total }) => expect(total).toBe(6),
      onOutcome: () => {
        ended++;
        ahead.push(drawn - ended);
      },
    });
    expect([drawn, ended]).toEqual([6, 6]);
    expect(Math.max(...ahead)).toBeLessThanOrEqual(2);
  });

  it('ends its threads, and starts none anew, when an outcome cannot be taken.', async () => {
    let taken = 0;
    const refused = runPool(['1', '2', 'silent', '3', '4'].map(jobOf), {
      jobs: 2,
      order: 'asEnded',
      signal: new AbortController().signal,
      createWorker: () => new WorkerHandle({ script, watchdogMs: 60_000 }),
      onProgress() {},
      onOutcome() {
        taken++;
        throw new Error('the disk is full');
      },
    });
    await expect(refused).rejects.toThrow('the disk is full');
    const before = taken;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(taken).toBe(before);
  });
});
