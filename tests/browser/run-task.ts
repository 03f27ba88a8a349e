/** Runs one task, on whatever engine this is loaded: the side of the test that Node and the browsers share. */
import type { ClusterOptions } from '../../src/cluster/chain-setup.ts';
import { createScenarioRun } from '../../src/cluster/run.ts';
import { parseScenario } from '../../src/cluster/scenario/parse.ts';
import { ms } from '../../src/env/units.ts';
import type { CryptoSuite } from '../../src/sim/crypto-suite.ts';
import { hashText } from '../../src/sim/hash.ts';
import { type Answer, MARK_EVENTS, type Task } from './report.ts';

/** Delays that a planted program draws from what the engine says: of so many that two engines have the same one by no chance. */
const PLANTED_DELAY_MAX_MS = 2_000_000_000;

/**
 * @param suite absent: portable code, the only one that a browser has.
 * @param onMark called after every MARK_EVENTS events.
 * @throws {ScenarioError} when the file of the task is none.
 */
export function runTask(task: Task, suite: CryptoSuite | undefined, onMark: () => void): Answer {
  const startedMs = performance.now();
  const run = createScenarioRun(parseScenario(task.file, task.source, task.overrides), {
    seed: task.seed,
    ...(suite === undefined ? {} : { nativeSuite: suite }),
    ...(task.plant === undefined ? {} : { program: asksTheEngine }),
  });
  const marks: string[] = [];
  const eventsMax = task.eventsMax ?? Number.POSITIVE_INFINITY;
  let goesOn = true;
  while (goesOn && run.events < eventsMax) {
    goesOn = run.step(MARK_EVENTS);
    if (goesOn) marks.push(run.traceHash);
    onMark();
  }
  return {
    task: task.name,
    verdict: goesOn ? 'cut' : run.result().verdict.kind,
    error: wordsOf(run.thrown),
    traceHash: run.traceHash,
    events: run.events,
    marks,
    simulatedUs: run.nowUs,
    wallMs: Math.round(performance.now() - startedMs),
  };
}

function wordsOf(thrown: unknown): string {
  if (thrown === undefined) return '';
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `a thrown ${typeof thrown}`;
}

/** Honest, but for a timer whose delay follows from how this engine writes a stack: no trap can stand before that. */
const asksTheEngine: NonNullable<ClusterOptions['program']> = (_, honest) => (env, number) => {
  const inner = honest(env, number);
  return {
    ...inner,
    onMessage(from, message) {
      const stack = new Error('planted').stack ?? '';
      env.clock.setTimer('planted', ms((hashText(stack) >>> 0) % PLANTED_DELAY_MAX_MS), () => {});
      inner.onMessage(from, message);
    },
  };
};
