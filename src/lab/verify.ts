/** Runs one job twice in lockstep, in two threads with different pasts, and names the first event that differs. */
import type { RunResult } from '../cluster/result.ts';
import { describeDivergence } from './divergence.ts';
import type { FromWorker, Job, JobOutcome } from './job.ts';
import { crashedResult } from './pool.ts';
import { WorkerHandle, WorkerLostError } from './worker-handle.ts';

/** Events between two comparisons: half of what the trace remembers, so that the difference is still there. */
const CHUNK_EVENTS = 2_048;
/** Characters of a differing part of two results. */
const PART_SHOWN = 200;

/** All runs that are no function of their seed are of one kind. */
const NONDETERMINISM = 'nondeterminism';

/** A run threw in its worker, outside the program under test. */
class RunFailedError extends Error {
  readonly code = 'RUN_FAILED';
  override readonly name = 'RunFailedError';
  readonly runStack: string;
  constructor(message: string, runStack: string) {
    super(message);
    this.runStack = runStack;
  }
}

async function stepped(
  handle: WorkerHandle,
  id: number,
  maxEvents: number,
): Promise<Extract<FromWorker, { kind: 'stepped' }>> {
  return expectKind(await handle.ask({ kind: 'step', id, maxEvents }), 'stepped');
}

function expectKind<K extends FromWorker['kind']>(
  message: FromWorker,
  kind: K,
): Extract<FromWorker, { kind: K }> {
  if (message.kind === 'failed') throw new RunFailedError(message.error, message.stack);
  if (!isKind(message, kind))
    throw new Error(`the worker answered ${message.kind} where ${kind} was expected`);
  return message;
}

function isKind<K extends FromWorker['kind']>(
  message: FromWorker,
  kind: K,
): message is Extract<FromWorker, { kind: K }> {
  return message.kind === kind;
}

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
  const opened = await Promise.all([
    first.ask({ kind: 'open', id: 0, job, warmUp: undefined }),
    second.ask({ kind: 'open', id: 0, job, warmUp }),
  ]);
  for (const answer of opened) expectKind(answer, 'stepped');
  for (;;) {
    const [a, b] = await Promise.all([stepped(first, 0, CHUNK_EVENTS), stepped(second, 0, CHUNK_EVENTS)]);
    if (a.hash !== b.hash || a.more !== b.more || a.events !== b.events)
      return await difference(first, second);
    if (!a.more) break;
  }
  const [one, two] = await Promise.all([
    first.ask({ kind: 'close', id: 0 }),
    second.ask({ kind: 'close', id: 0 }),
  ]);
  const outcome = expectKind(one, 'closed').outcome;
  const twin = expectKind(two, 'closed').outcome.result;
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

async function difference(first: WorkerHandle, second: WorkerHandle): Promise<JobOutcome> {
  const answers = await Promise.all([
    first.ask({ kind: 'records', id: 0 }),
    second.ask({ kind: 'records', id: 0 }),
  ]);
  const [a = [], b = []] = answers.map((answer) => expectKind(answer, 'records').records);
  const closed = expectKind(await first.ask({ kind: 'close', id: 0 }), 'closed').outcome;
  const divergence = describeDivergence(a, b);
  if (divergence === undefined)
    return nondeterminism(closed, `two runs of one seed differ before event ${a[0]?.index ?? 0}`, '');
  const { fact, detail, records } = divergence;
  return { ...nondeterminism(closed, fact, detail), divergence: records };
}
