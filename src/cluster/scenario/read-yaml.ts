/** Reads a YAML file that must fit a schema: every mistake is shown at its place, with what was expected there. */
import { type Document, isMap, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import type { JsonSchema } from './expected.ts';
import { problemsOf } from './issues.ts';
import { SCENARIO_FILE_MAX_CHARS } from './limits.ts';
import { type PathPart, Places, parsePath, pathText, rangeStart } from './places.ts';
import { ScenarioError, type ScenarioProblem } from './problem.ts';
import type { Impossible } from './sense-byzantine.ts';

/** `--set path=value`: one value of the file replaced before it is checked. */
export interface Override {
  readonly path: string;
  /** YAML: `5`, `10s`, `[0, 1]`. */
  readonly value: string;
}

/** What a file must be. */
export interface FileKind<T> {
  /** Its name in messages. */
  readonly what: 'scenario' | 'space';
  readonly schema: z.ZodType<T>;
  /** Every contradiction of a file that fits the schema. */
  findImpossible(file: T): readonly Impossible[];
}

/** The JSON Schema of such files, draft 2020-12. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return parseJsonSchema(JSON.stringify(z.toJSONSchema(schema)));
}

/** As it is written to a file: plain data. */
function parseJsonSchema(text: string): JsonSchema {
  return JSON.parse(text) as JsonSchema;
}

function applyOverrides(document: Document, overrides: readonly Override[]): readonly ScenarioProblem[] {
  const problems: ScenarioProblem[] = [];
  for (const override of overrides) {
    const path = parsePath(override.path);
    // 'silent' would let a second document pass unseen.
    const parsed = parseDocument(override.value, { logLevel: 'error' });
    if (
      path === undefined ||
      parsed.errors.length + parsed.warnings.length > 0 ||
      findAliases('', parsed, new Places(parsed, new LineCounter())).length > 0
    ) {
      const expected = 'a path such as nodes, chain.blockInterval or faults[0].at, = and a YAML value';
      problems.push({
        line: 0,
        column: 0,
        path: '',
        message: `--set ${override.path}=${override.value}: cannot be read`,
        expected,
      });
      continue;
    }
    const expected = setValue(document, path, parsed.toJS());
    if (expected !== undefined) {
      problems.push({
        line: 0,
        column: 0,
        path: '',
        message: `--set ${override.path}=${override.value}: the file has no such place`,
        expected,
      });
    }
  }
  return problems;
}

/** What was expected, where the path leads nowhere: through a single value, or past the end of a list. */
function setValue(document: Document, path: readonly PathPart[], value: unknown): string | undefined {
  for (const [depth, part] of path.entries()) {
    const parent: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (parent === undefined) {
      // Missing mappings are made on the way; a list is not.
      if (path.slice(depth).some((rest) => typeof rest === 'number'))
        return `${pathText(path.slice(0, depth))} to be there; or the whole list at once`;
      break;
    }
    const here = depth === 0 ? 'the file' : pathText(path.slice(0, depth));
    if (isSeq(parent)) {
      const { length } = parent.items;
      if (typeof part === 'number' && part < length) continue;
      return length === 0
        ? `${here} to have items; or the whole list at once`
        : `an item from ${here}[0] to ${here}[${length - 1}]; or the whole list at once`;
    }
    if (!isMap(parent)) return `${here} to be a mapping; it is a single value`;
  }
  document.setIn(path, document.createNode(value));
  return undefined;
}

function byPlace(a: ScenarioProblem, b: ScenarioProblem): number {
  return a.line - b.line || a.column - b.column;
}

/** @throws {ScenarioError} when it is too long, or no YAML that a file may be. */
function readDocument(
  what: string,
  file: string,
  source: string,
): { readonly document: Document; readonly places: Places } {
  if (source.length > SCENARIO_FILE_MAX_CHARS) {
    const message = `${source.length} characters`;
    throw new ScenarioError(file, '', [
      { line: 1, column: 1, path: '', message, expected: `at most ${SCENARIO_FILE_MAX_CHARS} characters` },
    ]);
  }
  const lines = new LineCounter();
  const document = parseDocument(source, {
    lineCounter: lines,
    prettyErrors: false,
    strict: true,
    uniqueKeys: true,
    logLevel: 'error',
  });
  const places = new Places(document, lines);
  const faulty = [...document.errors, ...document.warnings];
  if (faulty.length > 0) {
    const problems = faulty.map((error) => {
      const message = error.code.toLowerCase().replaceAll('_', ' ');
      return { ...places.at(error.pos[0]), path: '', message, expected: yamlHint(what, error.code) };
    });
    // Behind too many levels every bracket is one more mistake, and each is the same.
    const tooDeep = problems.find((_, i) => faulty[i]?.code === 'RESOURCE_EXHAUSTION');
    throw new ScenarioError(file, source, tooDeep === undefined ? problems.sort(byPlace) : [tooDeep]);
  }
  const aliases = findAliases(what, document, places);
  if (aliases.length > 0) throw new ScenarioError(file, source, aliases);
  return { document, places };
}

/**
 * Parses, overrides and checks a file.
 * @param file its name, for messages only.
 * @throws {ScenarioError} with every mistake found, in the order of the file.
 */
export function readYaml<T>(
  kind: FileKind<T>,
  file: string,
  source: string,
  overrides: readonly Override[],
): T {
  const { document, places } = readDocument(kind.what, file, source);
  const overrideProblems = applyOverrides(document, overrides);
  if (overrideProblems.length > 0) throw new ScenarioError(file, source, overrideProblems);
  const value: unknown = document.toJS();
  const result = kind.schema.safeParse(value);
  if (!result.success) {
    const checked = { schema: jsonSchemaOf(kind.schema), document: value, places };
    const problems = result.error.issues.flatMap((issue) => problemsOf(issue, [], checked));
    const unique = firstOfEach(problems);
    throw new ScenarioError(file, source, markOverridden([...unique].sort(byPlace), overrides));
  }
  const impossible = kind.findImpossible(result.data).map((p) => ({
    ...places.value(p.path),
    path: pathText(p.path),
    message: p.message,
    expected: p.expected,
  }));
  if (impossible.length > 0)
    throw new ScenarioError(file, source, markOverridden(impossible.sort(byPlace), overrides));
  return result.data;
}

/** What a `--set` brought in is not shown at a line of the file: line 0 says so. */
function markOverridden(
  problems: readonly ScenarioProblem[],
  overrides: readonly Override[],
): readonly ScenarioProblem[] {
  return problems.map((problem) => {
    const by = overrides.find((override) => {
      const path = pathText(parsePath(override.path) ?? []);
      const isWithin = (inner: string, outer: string): boolean =>
        inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);
      if (problem.key === undefined) return isWithin(problem.path, path);
      const key = problem.path === '' ? problem.key : `${problem.path}.${problem.key}`;
      return isWithin(key, path) || isWithin(path, key);
    });
    return by === undefined
      ? problem
      : { ...problem, line: 0, column: 0, message: `--set ${by.path}=${by.value}: ${problem.message}` };
  });
}

/** One problem a place: what zod says first of a value is what is wrong with it. */
function firstOfEach(problems: readonly ScenarioProblem[]): readonly ScenarioProblem[] {
  const seen = new Map<string, ScenarioProblem>();
  for (const problem of problems) {
    const place = `${problem.path}|${problem.message}`;
    if (!seen.has(place)) seen.set(place, problem);
  }
  return [...seen.values()];
}

/** Aliases can make a document circular or huge, and no file needs one. */
function findAliases(what: string, document: Document, places: Places): readonly ScenarioProblem[] {
  const problems: ScenarioProblem[] = [];
  visit(document, {
    Alias(_, alias) {
      const place = places.at(rangeStart(alias) ?? 0);
      problems.push({
        ...place,
        path: '',
        message: `alias *${alias.source}`,
        expected: `the value itself: ${what} files have no aliases`,
      });
    },
  });
  return problems;
}

function yamlHint(what: string, code: string): string {
  if (code === 'DUPLICATE_KEY') return 'every key once in one mapping';
  if (code === 'TAB_AS_INDENT') return 'spaces, not tabs, as indentation';
  if (code === 'BAD_INDENT')
    return 'the lines of one mapping or list to start in one column, and every [ and { to be closed';
  if (code === 'RESOURCE_EXHAUSTION') return 'fewer [ and { inside each other';
  if (code === 'MULTIPLE_DOCS') return `one document: a file is one ${what}`;
  if (code === 'TAG_RESOLVE_FAILED') return `the value itself: ${what} files have no tags`;
  return 'valid YAML 1.2';
}
