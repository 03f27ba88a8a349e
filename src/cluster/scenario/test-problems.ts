/** What is wrong with a scenario of tests: a good one, and more lines. */
import { parseScenario } from './parse.ts';
import { ScenarioError, type ScenarioProblem } from './problem.ts';

export const GOOD = `name: a-scenario
shows: what it shows, in words
duration: 100s
nodes: 5
expect: pass
`;

/** Every mistake; none: it is taken. */
export function problems(more: string): readonly ScenarioProblem[] {
  try {
    parseScenario('x.yaml', `${GOOD}${more}`);
  } catch (error) {
    if (error instanceof ScenarioError) return error.problems;
    throw error;
  }
  return [];
}

/** `line:column path: message` of the first, and what was expected. */
export function first(more: string): readonly [string, string] {
  const [problem] = problems(more);
  if (problem === undefined) return ['accepted', ''];
  const { line, column, path, message, expected } = problem;
  return [`${line}:${column} ${path}: ${message}`, expected];
}
