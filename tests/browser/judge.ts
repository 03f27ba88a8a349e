/** Compares what the engines came to: equal runs on all of them, everything that was asked for, and no blind comparison. */
import { type Answer, type CheckAnswer, MARK_EVENTS, type Task } from './report.ts';

/** What one engine did. */
export interface EngineRun {
  readonly engine: string;
  /** What the engine calls itself. */
  readonly agent: string;
  /** What it was asked for. */
  readonly tasks: readonly Task[];
  readonly answers: readonly Answer[];
  readonly checks: { readonly expected: readonly string[]; readonly made: readonly CheckAnswer[] };
  /** What kept it from answering. */
  readonly problems: readonly string[];
  readonly wallMs: number;
}

const TRACE_HASH = /^[0-9a-f]{16}$/;

/** Everything that is wrong, by engine and task; empty when all engines did all that was asked, and agree. */
export function problemsOf(reference: EngineRun, others: readonly EngineRun[]): readonly string[] {
  const problems: string[] = [];
  if (reference.tasks.every(({ plant }) => plant !== undefined)) problems.push('no scenario was asked for');
  if (others.length === 0) problems.push('no browser was asked');
  for (const run of [reference, ...others])
    problems.push(...ownProblems(run).map((problem) => `${run.engine}: ${problem}`));
  const expected = new Map(reference.answers.map((answer) => [answer.task, answer]));
  for (const task of reference.tasks) {
    const answer = expected.get(task.name);
    const isWell =
      answer?.verdict === 'passed' || (answer?.verdict === 'cut' && task.eventsMax !== undefined);
    if (answer !== undefined && task.plant === undefined && !isWell)
      problems.push(
        `${reference.engine}: ${task.name}: ${answer.verdict} ${answer.error}, a run that passes was expected`,
      );
  }
  for (const run of others) {
    const asked = new Map(run.tasks.map((task) => [task.name, task]));
    for (const answer of run.answers) {
      const task = asked.get(answer.task);
      const other = expected.get(answer.task);
      if (task === undefined || other === undefined) continue;
      const difference = differenceOf(task, other, answer, reference.engine);
      if (difference !== '') problems.push(`${run.engine}: ${answer.task}: ${difference}`);
    }
  }
  return problems;
}

/** What an engine was asked and did not do. */
function ownProblems({ tasks, answers, checks, problems }: EngineRun): readonly string[] {
  const found = [...problems];
  // An engine that broke off has a problem already: what it left out is told as a number.
  const leftOut = (what: string, missing: readonly string[]): void => {
    if (missing.length === 0) return;
    const few = problems.length === 0 ? `: ${missing.join(', ')}` : '';
    found.push(`${missing.length} ${what} without an answer${few}`);
  };
  const answered = answers.map(({ task }) => task);
  leftOut(
    'runs',
    tasks.map(({ name }) => name).filter((name) => !answered.includes(name)),
  );
  const made = checks.made.map(({ check }) => check);
  leftOut(
    'checks',
    checks.expected.filter((name) => !made.includes(name)),
  );
  for (const { check, problem } of checks.made) if (problem !== '') found.push(`${check}: ${problem}`);
  for (const { task, traceHash } of answers)
    if (!TRACE_HASH.test(traceHash)) found.push(`${task}: '${traceHash}' is no trace hash`);
  return found;
}

function differenceOf(task: Task, expected: Answer, answer: Answer, reference: string): string {
  const isEqual = factsOf(expected) === factsOf(answer);
  if (task.plant !== undefined)
    return isEqual ? 'a planted program that asks the engine was not seen: the comparison is blind' : '';
  if (isEqual) return '';
  return `${factsOf(answer)}${wordsOf(answer)}; ${reference} has ${factsOf(expected)}; ${placeOf(expected, answer)}`;
}

function factsOf({ verdict, traceHash, events, simulatedUs }: Answer): string {
  return `${verdict}, trace ${traceHash} over ${events} events and ${simulatedUs} µs`;
}

function wordsOf({ error }: Answer): string {
  return error === '' ? '' : ` (${error})`;
}

/** Where the two parted. */
function placeOf(expected: Answer, answer: Answer): string {
  const length = Math.max(expected.marks.length, answer.marks.length);
  for (let i = 0; i < length; i++) {
    if (expected.marks[i] === answer.marks[i]) continue;
    return `the first difference lies in events ${i * MARK_EVENTS + 1} to ${(i + 1) * MARK_EVENTS}`;
  }
  return `the difference lies after event ${length * MARK_EVENTS}`;
}
