/** Two runs side by side, a few thousand events at a time: whether they are one, and where they part. */
import { type Divergence, describeDivergence, type Sides } from './divergence.ts';
import type { FromWorker, Job, JobOutcome } from './job.ts';
import type { Asked } from './worker-handle.ts';

/** Events between two comparisons: half of what the trace remembers, so that the difference is still there. */
const CHUNK_EVENTS = 2_048;

/** A run threw in its worker, outside the program under test. */
export class RunFailedError extends Error {
  readonly code = 'RUN_FAILED';
  override readonly name = 'RunFailedError';
  readonly runStack: string;
  constructor(message: string, runStack: string) {
    super(message);
    this.runStack = runStack;
  }
}

/** One of two runs. */
export interface LockstepRun {
  readonly by: Asked;
  readonly job: Job;
  /** Simulated in the same place before. */
  readonly warmUp: Job | undefined;
}

export type Lockstep =
  | { readonly kind: 'agree'; readonly a: JobOutcome; readonly b: JobOutcome }
  /** `divergence` undefined: they differ before what the traces remember. */
  | { readonly kind: 'part'; readonly a: JobOutcome; readonly divergence: Divergence | undefined };

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

async function stepped({ by }: LockstepRun): Promise<Extract<FromWorker, { kind: 'stepped' }>> {
  return expectKind(await by.ask({ kind: 'step', id: 0, maxEvents: CHUNK_EVENTS }), 'stepped');
}

async function closed({ by }: LockstepRun): Promise<JobOutcome> {
  return expectKind(await by.ask({ kind: 'close', id: 0 }), 'closed').outcome;
}

/** @throws {RunFailedError} when one could not be simulated. */
export async function runInLockstep(a: LockstepRun, b: LockstepRun, sides?: Sides): Promise<Lockstep> {
  const opened = await Promise.all(
    [a, b].map(({ by, job, warmUp }) => by.ask({ kind: 'open', id: 0, job, warmUp })),
  );
  for (const answer of opened) expectKind(answer, 'stepped');
  for (;;) {
    const [one, two] = await Promise.all([stepped(a), stepped(b)]);
    if (one.hash !== two.hash || one.more !== two.more || one.events !== two.events)
      return await difference(a, b, sides);
    if (!one.more) break;
  }
  const [ofA, ofB] = await Promise.all([closed(a), closed(b)]);
  return { kind: 'agree', a: ofA, b: ofB };
}

async function difference(a: LockstepRun, b: LockstepRun, sides: Sides | undefined): Promise<Lockstep> {
  const answers = await Promise.all([a, b].map(({ by }) => by.ask({ kind: 'records', id: 0 })));
  const [ofA = [], ofB = []] = answers.map((answer) => expectKind(answer, 'records').records);
  return { kind: 'part', a: await closed(a), divergence: describeDivergence(ofA, ofB, sides) };
}
