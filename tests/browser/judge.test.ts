import { describe, expect, it } from 'vitest';
import { type EngineRun, problemsOf } from './judge.ts';
import type { Answer, Task } from './report.ts';

const HASHES = ['00cc3896175cbaaa', '9e8fda73f248c4a0', '948390581bc9bd32'] as const;

function task(name: string, plant?: 'stackText'): Task {
  return {
    name,
    file: name,
    source: '',
    overrides: [],
    seed: '1',
    place: 'worker',
    plant,
    eventsMax: undefined,
  };
}

function answer(name: string, changes: Partial<Answer> = {}): Answer {
  const same = { verdict: 'passed', error: '', traceHash: HASHES[0], events: 5_000, simulatedUs: 60_000_000 };
  return { task: name, ...same, marks: [HASHES[1], HASHES[2]], wallMs: 1, ...changes };
}

const TASKS = [task('a.yaml'), task('b.yaml'), task('c.yaml, planted', 'stackText')];
const NODE = engine('node', {});
const PLANTED = { 'c.yaml, planted': { traceHash: HASHES[1] } };

/** An engine that answers as asked, but for these answers; undefined: none. */
function engine(
  name: string,
  answers: Readonly<Record<string, Partial<Answer> | undefined>>,
  changes: Partial<EngineRun> = {},
): EngineRun {
  const given = TASKS.filter((asked) => !(asked.name in answers) || answers[asked.name] !== undefined);
  return {
    engine: name,
    agent: '',
    tasks: TASKS,
    answers: given.map((asked) => answer(asked.name, answers[asked.name])),
    checks: { expected: ['traps'], made: [{ check: 'traps', problem: '' }] },
    problems: [],
    wallMs: 1,
    ...changes,
  };
}

describe('the comparison of engines', () => {
  it('finds nothing when all did everything and agree, and the planted program was seen', () => {
    expect(problemsOf(NODE, [engine('chromium', PLANTED), engine('firefox', PLANTED)])).toEqual([]);
  });

  it('names browser, scenario and place of another trace', () => {
    const other = engine('firefox', {
      ...PLANTED,
      'b.yaml': { traceHash: HASHES[2], marks: [HASHES[1], HASHES[1]] },
    });
    const facts = 'over 5000 events and 60000000 µs';
    expect(problemsOf(NODE, [engine('chromium', PLANTED), other])).toEqual([
      `firefox: b.yaml: passed, trace ${HASHES[2]} ${facts}; node has passed, trace ${HASHES[0]} ${facts}; ` +
        'the first difference lies in events 2001 to 4000',
    ]);
  });

  it.each<[string, Partial<Answer>]>([
    ['another verdict', { verdict: 'violated' }],
    ['another number of events', { events: 4_999 }],
    ['another end', { simulatedUs: 1 }],
    ['a crash', { verdict: 'crashed', error: 'TypeError: x' }],
  ])('finds %s, whatever the hash says', (_, changes) => {
    const problems = problemsOf(NODE, [engine('firefox', { ...PLANTED, 'a.yaml': changes })]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('firefox: a.yaml: ');
    expect(problems[0]).toContain('the difference lies after event 4000');
    expect(problems[0]).toContain(changes.error ?? '');
  });

  it('calls itself blind when a program that asks the engine gives the same', () => {
    expect(problemsOf(NODE, [engine('chromium', {})])).toEqual([
      'chromium: c.yaml, planted: a planted program that asks the engine was not seen: the comparison is blind',
    ]);
  });

  it('fails when nothing ran', () => {
    const nothing = engine('node', {}, { tasks: [], answers: [] });
    const idle = engine('firefox', {}, { tasks: [], answers: [] });
    expect(problemsOf(nothing, [idle])).toEqual(['no scenario was asked for']);
    expect(problemsOf(NODE, [])).toEqual(['no browser was asked']);
  });

  it('names the run that was not answered, by Node or by a browser', () => {
    const firefox = engine('firefox', { ...PLANTED, 'a.yaml': undefined });
    expect(problemsOf(NODE, [firefox])).toEqual(['firefox: 1 runs without an answer: a.yaml']);
    const node = engine('node', { 'a.yaml': undefined });
    expect(problemsOf(node, [engine('firefox', PLANTED)])).toEqual([
      'node: 1 runs without an answer: a.yaml',
    ]);
  });

  it('tells why a browser broke off, and how much is missing', () => {
    const problems = ['nothing was heard for 60 s; it was in b.yaml'];
    const hanging = engine(
      'firefox',
      { 'b.yaml': undefined, 'c.yaml, planted': undefined },
      { problems, checks: { expected: ['traps'], made: [] } },
    );
    expect(problemsOf(NODE, [hanging])).toEqual([
      'firefox: nothing was heard for 60 s; it was in b.yaml',
      'firefox: 2 runs without an answer',
      'firefox: 1 checks without an answer',
    ]);
  });

  it('passes on what a check found, and misses a check that was not made', () => {
    const made = [{ check: 'traps', problem: 'these do not throw: alert' }];
    const open = engine('firefox', PLANTED, { checks: { expected: ['traps', 'stack'], made } });
    expect(problemsOf(NODE, [open])).toEqual([
      'firefox: 1 checks without an answer: stack',
      'firefox: traps: these do not throw: alert',
    ]);
  });

  it('accepts a run that was cut where the short form was asked for, and nowhere else', () => {
    const cut = { 'a.yaml': { verdict: 'cut' } };
    const short = { tasks: TASKS.map((one) => ({ ...one, eventsMax: 5_000 })) };
    expect(
      problemsOf(engine('node', cut, short), [engine('firefox', { ...PLANTED, ...cut }, short)]),
    ).toEqual([]);
    expect(problemsOf(engine('node', cut), [engine('firefox', { ...PLANTED, ...cut })])).toEqual([
      'node: a.yaml: cut , a run that passes was expected',
    ]);
    expect(problemsOf(engine('node', cut, short), [engine('firefox', PLANTED, short)])).toHaveLength(1);
  });

  it('accepts no empty trace, and no reference that failed', () => {
    const empty = { 'a.yaml': { traceHash: '' } };
    expect(problemsOf(engine('node', empty), [engine('firefox', { ...PLANTED, ...empty })])).toEqual([
      "node: a.yaml: '' is no trace hash",
      "firefox: a.yaml: '' is no trace hash",
    ]);
    const crashed = { 'a.yaml': { verdict: 'crashed', error: 'TypeError: x' } };
    expect(problemsOf(engine('node', crashed), [engine('firefox', { ...PLANTED, ...crashed })])).toEqual([
      'node: a.yaml: crashed TypeError: x, a run that passes was expected',
    ]);
  });
});
