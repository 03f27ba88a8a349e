/** Score: how many seeds of a space it takes until each planted bug is noticed, and by whom; over independent starts. */

import { lineOf } from '../../cluster/byzantine/behaviours.ts';
import type { RunResult } from '../../cluster/result.ts';
import type { ScenarioFile } from '../../cluster/scenario/schema.ts';
import { drawScenario } from '../../cluster/space/draw.ts';
import { parseSpace } from '../../cluster/space/parse.ts';
import type { SpaceFile } from '../../cluster/space/schema.ts';
import { assertNever } from '../../env/assert.ts';
import type { FromWorker, Job } from '../job.ts';
import { WorkerHandle, WorkerLostError } from '../worker-handle.ts';
import type { ClusterBug } from './bug-file.ts';
import { BugError } from './mutation.ts';

/** Who noticed: an oracle and its rule, `crash` and the class of what was thrown. */
export interface Detection {
  readonly oracle: string;
  readonly rule: string;
}

/** One start: a range of seeds that no other start has, run until somebody notices. */
export interface StartOutcome {
  /** Its first seed. */
  readonly from: number;
  /** Seeds until the detection, itself included; all that it may run where there is none. */
  readonly seeds: number;
  /** Undefined: a miss. */
  readonly found: (Detection & { readonly seed: string; readonly fact: string }) | undefined;
}

/** One bug over its starts. */
export interface BugScore {
  readonly bug: ClusterBug;
  /** In the order of their seeds; fewer than were asked for when more than half of those have missed. */
  readonly starts: readonly StartOutcome[];
  readonly wallMs: number;
}

export interface ScoreOptions {
  /** Name of the space file, for messages. */
  readonly file: string;
  /** Its text. */
  readonly source: string;
  /** First seeds of the starts. */
  readonly starts: readonly number[];
  /** Seeds of one start at most. */
  readonly seedsMax: number;
  /** Worker threads. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  onSeed(bug: ClusterBug, seed: string): void;
  /** As soon as one bug is done, in the order of the bugs. */
  onScore(score: BugScore): void;
}

/** Engines whose code nobody runs but who runs that engine. */
const ENGINE_FOLDER = /^src\/chain\/consensus\/(pow|poa|pos|round-robin)\//;
/** A thread keeps each chain that it has loaded: after so many bugs it gives way to a fresh one. */
const BUGS_OF_THREAD_MAX = 8;

/** Kinds of faults and of behaviours that a scenario has. */
function kindsOf({ faults = [], hosts = [] }: ScenarioFile): ReadonlySet<string> {
  const behaviours = hosts.flatMap(({ byzantine = [] }) => byzantine.map((line) => lineOf(line).kind));
  return new Set([...faults.map(({ kind }) => kind), ...behaviours]);
}

/** False: the mutated files belong to other engines, or nothing can reach the mutation, so that the run would be the clean one. */
export function canTell(bug: ClusterBug, scenario: ScenarioFile): boolean {
  const engine = scenario.chain?.engine ?? 'pow';
  const kinds = kindsOf(scenario);
  if (bug.onlyWith?.some((kind) => kinds.has(kind)) === false) return false;
  return bug.mutations.some(({ file }) => {
    const owner = ENGINE_FOLDER.exec(file)?.[1];
    return owner === undefined || owner === engine;
  });
}

/** What a run that did not pass says; undefined: it passed. */
function detectionOf({ verdict }: RunResult): (Detection & { readonly fact: string }) | undefined {
  switch (verdict.kind) {
    case 'passed':
      return undefined;
    case 'violated': {
      const { oracle, rule, fact } = verdict.violation;
      return { oracle, rule, fact };
    }
    case 'crashed': {
      const [rule = ''] = verdict.error.split(':');
      return { oracle: 'crash', rule, fact: `${verdict.host} threw ${verdict.error}` };
    }
    case 'unexpectedPass':
    case 'tooLittle':
    case 'nondeterminism':
      return { oracle: verdict.kind, rule: '', fact: verdict.kind };
    default:
      return assertNever(verdict);
  }
}

/** True: so many misses among those starts make a miss of the bug. */
export function isMissed(starts: readonly StartOutcome[], wanted: number): boolean {
  return 2 * starts.filter(({ found }) => found === undefined).length > wanted;
}

function resultOf(answer: FromWorker, job: Job): RunResult {
  if (answer.kind === 'done') return answer.outcome.result;
  const why = answer.kind === 'failed' ? answer.error : `unexpected answer ${answer.kind}`;
  throw new BugError(`seed ${job.seed} with bug ${job.bug ?? ''} could not be run: ${why}`);
}

function jobOf(space: SpaceFile, bug: ClusterBug, seed: string): Job | undefined {
  const { scenario } = drawScenario(space, seed);
  if (!canTell(bug, scenario)) return undefined;
  const source = JSON.stringify(scenario);
  return { file: `seed-${seed}`, source, overrides: [], seed, isolate: false, permuteTies: 0, bug: bug.name };
}

/** One start of one bug, seed after seed. */
async function runStart(
  handle: WorkerHandle,
  space: SpaceFile,
  bug: ClusterBug,
  from: number,
  options: ScoreOptions,
): Promise<StartOutcome | undefined> {
  for (let i = 0; i < options.seedsMax; i++) {
    if (options.signal.aborted) return undefined;
    const seed = String(from + i);
    const job = jobOf(space, bug, seed);
    if (job === undefined) continue;
    options.onSeed(bug, seed);
    const answer = await handle.ask({ kind: 'run', id: i, job });
    const found = detectionOf(resultOf(answer, job));
    if (found !== undefined) return { from, seeds: i + 1, found: { ...found, seed } };
  }
  return { from, seeds: options.seedsMax, found: undefined };
}

async function scoreBug(
  handles: readonly WorkerHandle[],
  space: SpaceFile,
  bug: ClusterBug,
  options: ScoreOptions,
): Promise<BugScore | undefined> {
  const startedMs = performance.now();
  const waiting = [...options.starts];
  const done: StartOutcome[] = [];
  const lane = async (handle: WorkerHandle): Promise<void> => {
    while (!isMissed(done, options.starts.length)) {
      const from = waiting.shift();
      if (from === undefined) return;
      const start = await runStart(handle, space, bug, from, options);
      if (start === undefined) return;
      done.push(start);
    }
  };
  try {
    await Promise.all(handles.map(lane));
  } catch (error) {
    if (error instanceof WorkerLostError && options.signal.aborted) return undefined;
    throw error;
  }
  if (options.signal.aborted) return undefined;
  const starts = done.sort((a, b) => a.from - b.from);
  return { bug, starts, wallMs: performance.now() - startedMs };
}

/** All bugs, one after another, the starts of each on all threads. @throws {BugError} when one cannot be planted or run. */
export async function runScore(bugs: readonly ClusterBug[], options: ScoreOptions): Promise<void> {
  const space = parseSpace(options.file, options.source);
  const create = (): WorkerHandle[] => Array.from({ length: options.jobs }, () => new WorkerHandle());
  let handles = create();
  const stop = (): Promise<void[]> => Promise.all(handles.map((handle) => handle.stop()));
  const onAbort = (): void => {
    stop().catch(() => {});
  };
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (const [i, bug] of bugs.entries()) {
      if (i > 0 && i % BUGS_OF_THREAD_MAX === 0) {
        await stop();
        handles = create();
      }
      const score = await scoreBug(handles, space, bug, options);
      if (score === undefined) return;
      options.onScore(score);
    }
  } finally {
    options.signal.removeEventListener('abort', onAbort);
    await stop();
  }
}
