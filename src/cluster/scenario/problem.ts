/** What is wrong with a scenario file, and how it is shown: file, line, column, the line itself, a caret, what was expected. */

/** One mistake. Lines and columns count from 1; line 0: it came from the command line, not from the file. */
export interface ScenarioProblem {
  readonly line: number;
  readonly column: number;
  /** Path of the field, `faults[0].at`; empty for the file itself. */
  readonly path: string;
  /** The key itself, where it is that which is wrong. */
  readonly key?: string;
  /** What is wrong, with what was found. */
  readonly message: string;
  /** What is allowed there. */
  readonly expected: string;
}

/** Thrown to the CLI's edge: the file cannot be run. Stable `code`; `problems` in the order of the file. */
export class ScenarioError extends Error {
  readonly code = 'SCENARIO_INVALID';
  override readonly name = 'ScenarioError';
  readonly file: string;
  readonly problems: readonly ScenarioProblem[];
  constructor(file: string, source: string, problems: readonly ScenarioProblem[]) {
    super(renderProblems(file, source, problems));
    this.file = file;
    this.problems = problems;
  }
}

/** At most so many problems are printed; the rest is counted. */
const PROBLEMS_SHOWN_MAX = 10;
/** A longer source line is cut around the caret. */
const LINE_SHOWN_MAX = 120;

/** One column a character, and nothing that a terminal would obey. */
function printable(line: string): string {
  return line.replaceAll('\t', ' ').replaceAll(/\p{Cc}/gu, '\ufffd');
}

function excerpt(line: string, column: number): { readonly text: string; readonly caret: number } {
  const start = column > LINE_SHOWN_MAX - 20 ? column - (LINE_SHOWN_MAX - 20) : 0;
  return { text: printable(line.slice(start, start + LINE_SHOWN_MAX)), caret: column - 1 - start };
}

/** The problems as text for a terminal, without colour. */
function renderProblems(file: string, source: string, problems: readonly ScenarioProblem[]): string {
  const lines = source.split(/\r?\n/);
  const parts = problems.slice(0, PROBLEMS_SHOWN_MAX).map((problem) => {
    if (problem.line === 0) {
      const field = problem.path === '' ? '' : `${problem.path}: `;
      return [printable(`${file}: ${field}${problem.message}`), `  expected: ${problem.expected}`].join('\n');
    }
    const { text, caret } = excerpt(lines[problem.line - 1] ?? '', problem.column);
    const gutter = String(problem.line).length;
    const where = problem.path === '' ? '' : `${problem.path}: `;
    return [
      printable(`${file}:${problem.line}:${problem.column}: ${where}${problem.message}`),
      `  ${problem.line} | ${text}`,
      `  ${' '.repeat(gutter)} | ${' '.repeat(caret)}^`,
      `  expected: ${problem.expected}`,
    ].join('\n');
  });
  const more = problems.length - parts.length;
  if (more > 0) parts.push(`… and ${more} more`);
  return parts.join('\n');
}
