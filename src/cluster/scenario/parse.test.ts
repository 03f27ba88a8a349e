import { describe, expect, it } from 'vitest';
import { parseScenario, scenarioJsonSchema } from './parse.ts';
import { ScenarioError } from './problem.ts';
import type { Override } from './read-yaml.ts';

const GOOD = `name: a-scenario
shows: what it shows, in words
duration: 100s
nodes: 5
expect: pass
`;

/** What the file is refused with. */
function refusal(source: string, overrides: readonly Override[] = []): ScenarioError {
  try {
    parseScenario('x.yaml', source, overrides);
  } catch (error) {
    if (error instanceof ScenarioError) return error;
    throw error;
  }
  throw new Error('the scenario was accepted');
}

function first(source: string) {
  const problem = refusal(source).problems[0];
  if (problem === undefined) throw new Error('a refusal has problems');
  return problem;
}

describe('scenario files', () => {
  it('reads a minimal file', () => {
    expect(parseScenario('x.yaml', GOOD).nodes).toBe(5);
  });

  it('replaces values before it checks them', () => {
    const scenario = parseScenario('x.yaml', GOOD, [
      { path: 'nodes', value: '7' },
      { path: 'network.latency', value: '{ fixed: 5ms }' },
    ]);
    expect([scenario.nodes, scenario.network?.latency]).toEqual([7, { fixed: '5ms' }]);
  });

  it('names line, column and the nearest key for an unknown key', () => {
    const problem = first(`${GOOD}network:\n  topologi: mesh\n`);
    expect([problem.line, problem.column, problem.path]).toEqual([7, 3, 'network']);
    expect(problem.message).toContain('did you mean topology?');
    expect(problem.expected).toContain('latency');
  });

  it('points a caret at the value that is wrong', () => {
    const { message } = refusal(`${GOOD}faults:\n  - kind: crsh\n`);
    expect(message).toBe(
      [
        'x.yaml:7:11: faults[0].kind: found "crsh"; did you mean crash?',
        '  7 |   - kind: crsh',
        '    |           ^',
        message.slice(message.indexOf('  expected: one of partition')),
      ].join('\n'),
    );
  });

  it('says what is missing, and every mistake of the file at once', () => {
    const problems = refusal('expect: passs\n').problems;
    expect(problems.map((p) => p.path)).toEqual(['name', 'shows', 'duration', 'nodes', 'expect']);
    expect(problems.at(-1)?.message).toContain('did you mean pass?');
  });

  it('shows mistakes of the YAML itself at their place', () => {
    expect(first(`${GOOD}nodes: 6\n`)).toMatchObject({ line: 6, column: 1, message: 'duplicate key' });
    expect(first(`${GOOD}\tx: 1\n`)).toMatchObject({ line: 6, message: 'tab as indent' });
  });

  it('names the flag, not a line, for a value from the command line', () => {
    const error = refusal(GOOD, [{ path: 'nodes', value: 'many' }]);
    expect(error.problems[0]).toMatchObject({ line: 0, path: 'nodes' });
    expect(error.message).toContain('--set nodes=many');
    expect(refusal(GOOD, [{ path: 'a b', value: '1' }]).message).toContain('--set a b=1');
  });

  it.each([
    ['a partition of nobody', 'partition', 'at: 1s\n    for: 2s', 'names no host'],
    ['a host that does not exist', 'pause', 'at: 1s\n    for: 2s\n    hosts: [5]', 'there is no host 5'],
    ['a host twice', 'pause', 'at: 1s\n    for: 2s\n    hosts: [1, 1]', 'stands twice'],
    [
      'more crashes than hosts',
      'crash',
      'at: 1s\n    how: kill\n    down: 1s\n    hosts: { random: 6 }',
      '6 hosts of a cluster of 5',
    ],
    ['a fault after the end', 'pause', 'at: 100s\n    for: 2s\n    hosts: all', 'the run ends at 100s'],
    ['a fault without pause', 'pause', 'at: 1s\n    every: 0s\n    for: 2s\n    hosts: all', 'without pause'],
    [
      'an end before the beginning',
      'pause',
      'at: 9s\n    until: 3s\n    for: 2s\n    hosts: all',
      'ends before it begins',
    ],
    [
      'a host in two groups',
      'partition',
      'at: 1s\n    for: 2s\n    groups: [[0, 1], [1, 2]]',
      'in two groups',
    ],
    ['a flap of nothing', 'flap', 'at: 1s\n    for: 9s\n    down: 1s\n    up: 1s', 'what flaps'],
  ])('refuses %s', (_, kind, fields, words) => {
    expect(refusal(`${GOOD}faults:\n  - kind: ${kind}\n    ${fields}\n`).message).toContain(words);
  });

  it('refuses other impossible clusters', () => {
    expect(refusal(`${GOOD}network: { topology: { links: 5 } }\n`).message).toContain('fewer than 5');
    expect(refusal(`${GOOD}hosts: [{ hosts: [0], joins: 200s }]\n`).message).toContain('joins after');
    expect(refusal(`${GOOD}load: [{ kind: burns, perSecond: 1 }]\n`).message).toContain('version 2');
    expect(refusal(`${GOOD}network: { compactModel: true }\n`).message).toContain('simblock');
    const starts = 'hosts: [{ hosts: [0], snapshot: true }]\n';
    expect(refusal(`${GOOD}${starts}`).message).toContain('but nobody makes any');
    const made = 'chain: { snapshots: { every: 10 } }\n';
    expect(refusal(`${GOOD}${made}atLeast: { snapshots: 1 }\n`).message).toContain('no host may make one');
    expect(() => parseScenario('x.yaml', `${GOOD}${made}${starts}atLeast: { snapshots: 1 }\n`)).not.toThrow();
  });

  it('never throws anything else, whatever the text', () => {
    for (const text of [
      '',
      '[]',
      'null',
      '5',
      '{',
      '&a [*a]',
      'a: &x [1]\nb: *x',
      '---\n---\n',
      '\u0000',
      '!!js/function x',
    ]) {
      expect(() => parseScenario('x.yaml', text), JSON.stringify(text)).toThrow(ScenarioError);
    }
    expect(refusal(`# ${'x'.repeat(1_100_000)}`).message).toContain('at most 1048576');
  });

  it('has a JSON Schema that names every top-level key', () => {
    const keys = Object.keys(scenarioJsonSchema().properties ?? {});
    expect(keys).toEqual(expect.arrayContaining(['name', 'nodes', 'faults', 'expect', 'atLeast']));
  });
});
