/** Runs one job twice in lockstep, in two threads with different pasts, and names the first event that differs. */
import type { RunResult } from '../cluster/result.ts';
import type { FromWorker, Job, JobOutcome, TraceLine } from './job.ts';
import { crashedResult } from './pool.ts';
import { WorkerHandle } from './worker-handle.ts';

/** Events between two comparisons: half of what the trace remembers, so that the difference is still there. */
const CHUNK_EVENTS = 2_048;
/** Lines of context that are shown on each side before the difference. */
const CONTEXT_LINES = 6;

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
  if (message.kind === 'failed') throw new Error(`${message.error}\n${message.stack}`);
  if (message.kind !== kind)
    throw new Error(`the worker answered ${message.kind} where ${kind} was expected`);
  return message as Extract<FromWorker, { kind: K }>;
}

/** Where two records of one trace part, side by side. */
export function describeDifference(
  a: readonly TraceLine[],
  b: readonly TraceLine[],
): { readonly fact: string; readonly detail: string } {
  const other = new Map(b.map((line) => [line.index, line]));
  const first = a.findIndex((line) => other.get(line.index)?.hash !== line.hash);
  const at = first < 0 ? a.length - 1 : first;
  const one = a[at];
  const two = one === undefined ? undefined : other.get(one.index);
  const rows = a.slice(Math.max(0, at - CONTEXT_LINES), at + 3).map((line) => {
    const twin = other.get(line.index);
    const same = twin !== undefined && twin.hash === line.hash;
    return same
      ? `    ${line.index}  ${line.text}`
      : `  A ${line.index}  ${line.text}\n  B ${line.index}  ${twin?.text ?? '(no such event)'}`;
  });
  const fact = `event ${one?.index ?? 0} differs: ${one?.text ?? '(none)'} in one run, ${two?.text ?? '(none)'} in the other`;
  return { fact, detail: rows.join('\n') };
}

/** The job's outcome, or a verdict of nondeterminism. The second run comes after a run of another seed in its thread. */
export async function verifyJob(job: Job, signal: AbortSignal): Promise<JobOutcome> {
  const first = new WorkerHandle();
  const second = new WorkerHandle();
  try {
    const warmUp = { ...job, seed: `${job.seed}+another` };
    const opened = await Promise.all([
      first.ask({ kind: 'open', id: 0, job, warmUp: undefined }),
      second.ask({ kind: 'open', id: 0, job, warmUp }),
    ]);
    for (const answer of opened) expectKind(answer, 'stepped');
    for (;;) {
      const [a, b] = await Promise.all([stepped(first, 0, CHUNK_EVENTS), stepped(second, 0, CHUNK_EVENTS)]);
      if (a.hash !== b.hash || a.more !== b.more || a.events !== b.events)
        return await difference(job, first, second);
      if (!a.more) break;
      if (signal.aborted)
        return { result: crashedResult(job, 'interrupted before both runs ended', ''), wallMs: 0 };
    }
    const [one, two] = await Promise.all([
      first.ask({ kind: 'close', id: 0 }),
      second.ask({ kind: 'close', id: 0 }),
    ]);
    const outcome = expectKind(one, 'closed').outcome;
    const twin = expectKind(two, 'closed').outcome.result;
    if (JSON.stringify(outcome.result) === JSON.stringify(twin)) return outcome;
    const detail = `A ${JSON.stringify(outcome.result)}\nB ${JSON.stringify(twin)}`;
    return nondeterminism(outcome, 'the traces agree, but what was concluded from them differs', detail);
  } finally {
    await Promise.all([first.stop(), second.stop()]);
  }
}

function nondeterminism(outcome: JobOutcome, fact: string, detail: string): JobOutcome {
  const result: RunResult = { ...outcome.result, verdict: { kind: 'nondeterminism', fact, detail } };
  return { ...outcome, result };
}

async function difference(job: Job, first: WorkerHandle, second: WorkerHandle): Promise<JobOutcome> {
  const answers = await Promise.all([
    first.ask({ kind: 'records', id: 0 }),
    second.ask({ kind: 'records', id: 0 }),
  ]);
  const [a, b] = answers.map((answer) => expectKind(answer, 'records').lines);
  const closed = expectKind(await first.ask({ kind: 'close', id: 0 }), 'closed').outcome;
  const { fact, detail } = describeDifference(a ?? [], b ?? []);
  return nondeterminism({ ...closed, result: { ...closed.result, seed: job.seed } }, fact, detail);
}
