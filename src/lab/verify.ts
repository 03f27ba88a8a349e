/** Runs one job twice in lockstep, in two threads with different pasts, and names the first event that differs. */
import type { RunResult } from '../cluster/result.ts';
import type { Job, JobOutcome } from './job.ts';
import { RunFailedError, runInLockstep } from './lockstep.ts';
import { NONDETERMINISM } from './nondeterminism.ts';
import { crashedResult } from './pool.ts';
import { WorkerHandle, WorkerLostError } from './worker-handle.ts';

/** Characters of a differing part of two results. */
const PART_SHOWN = 200;

/**
 * The job's outcome, or a verdict of nondeterminism; undefined when the signal was aborted before both runs ended. The
 * second run comes after a run of another seed in its thread.
 */
export async function verifyJob(
  job: Job,
  signal: AbortSignal,
  createWorker: () => WorkerHandle = () => new WorkerHandle(),
): Promise<JobOutcome | undefined> {
  if (signal.aborted) return undefined;
  const first = createWorker();
  const second = createWorker();
  const stopBoth = async (): Promise<void> => {
    await Promise.all([first.stop(), second.stop()]);
  };
  const onAbort = (): void => void stopBoth();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await compare(job, first, second);
  } catch (error) {
    if (signal.aborted) return undefined;
    if (!(error instanceof WorkerLostError || error instanceof RunFailedError)) throw error;
    const stack = error instanceof RunFailedError ? error.runStack : '';
    return { result: crashedResult(job, error.message, stack), wallMs: 0 };
  } finally {
    signal.removeEventListener('abort', onAbort);
    await stopBoth();
  }
}

async function compare(job: Job, first: WorkerHandle, second: WorkerHandle): Promise<JobOutcome> {
  const warmUp = { ...job, seed: `${job.seed}+another` };
  const both = await runInLockstep({ by: first, job, warmUp: undefined }, { by: second, job, warmUp });
  if (both.kind === 'part') {
    if (both.divergence === undefined)
      return nondeterminism(both.a, 'two runs of one seed differ before what their traces remember', '');
    const { fact, detail, records } = both.divergence;
    return { ...nondeterminism(both.a, fact, detail), divergence: records };
  }
  const outcome = both.a;
  const twin = both.b.result;
  if (JSON.stringify(outcome.result) === JSON.stringify(twin)) return outcome;
  return nondeterminism(
    outcome,
    'the traces agree, but what was concluded from them differs',
    differingParts(outcome.result, twin),
  );
}

/** The parts of two results that are not the same, each from both. */
function differingParts(one: RunResult, two: RunResult): string {
  const twin = new Map(Object.entries(two));
  return Object.entries(one)
    .map(([name, value]) => [name, JSON.stringify(value), JSON.stringify(twin.get(name))] as const)
    .filter(([, a, b]) => a !== b)
    .map(([name, a, b]) => `  A ${name}: ${a.slice(0, PART_SHOWN)}\n  B ${name}: ${b?.slice(0, PART_SHOWN)}`)
    .join('\n');
}

function nondeterminism(outcome: JobOutcome, fact: string, detail: string): JobOutcome {
  // What one of the two runs came to by then explains nothing.
  const cut = { verdict: { kind: 'nondeterminism', fact, detail }, lastEvents: [], notes: [] } as const;
  const fingerprint = NONDETERMINISM;
  const result: RunResult = { ...outcome.result, fingerprint, ...cut };
  return { ...outcome, result };
}
