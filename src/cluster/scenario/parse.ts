/** Reads a scenario file: YAML, checked against the schema and for sense; every mistake is shown at its place. */
import { type Document, isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { describeSchemas, type JsonSchema, keysOf, schemasAt } from './expected.ts';
import { SCENARIO_FILE_MAX_CHARS } from './limits.ts';
import { ScenarioError, type ScenarioProblem } from './problem.ts';
import { type ScenarioFile, scenarioSchema } from './schema.ts';
import { findImpossible } from './sense.ts';
import { suggest } from './suggest.ts';

type PathPart = string | number;

/** `--set path=value`: one value of the file replaced before it is checked. */
export interface Override {
  readonly path: string;
  /** YAML: `5`, `10s`, `[0, 1]`. */
  readonly value: string;
}

/** The JSON Schema of scenario files, draft 2020-12. */
export function scenarioJsonSchema(): JsonSchema {
  return z.toJSONSchema(scenarioSchema) as JsonSchema;
}

function pathText(path: readonly PathPart[]): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`;
  return text;
}

/** `faults[0].at` and `faults.0.at` alike; undefined when it is neither. */
function parsePath(text: string): readonly PathPart[] | undefined {
  const parts = text.replaceAll(/\[(\d{1,6})\]/g, '.$1').split('.');
  if (parts.some((part) => !/^(?:[A-Za-z][A-Za-z0-9]*|\d{1,6})$/.test(part))) return undefined;
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Where things stand in the file. */
class Places {
  readonly #document: Document;
  readonly #lines: LineCounter;
  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  at(offset: number): { readonly line: number; readonly column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** Start of the value at `path`, or of the nearest parent that exists. */
  value(path: readonly PathPart[]): { readonly line: number; readonly column: number } {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true);
      const offset = rangeStart(node);
      if (offset !== undefined) return this.at(offset);
    }
    return { line: 1, column: 1 };
  }

  key(path: readonly PathPart[], key: string): { readonly line: number; readonly column: number } {
    const map = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    if (isMap(map)) {
      for (const pair of map.items) {
        const offset =
          isScalar(pair.key) && String(pair.key.value) === key ? rangeStart(pair.key) : undefined;
        if (offset !== undefined) return this.at(offset);
      }
    }
    return this.value(path);
  }
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return undefined;
  const start: unknown = node.range[0];
  return typeof start === 'number' ? start : undefined;
}

function valueAt(document: unknown, path: readonly PathPart[]): unknown {
  let value = document;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = new Map<PathPart, unknown>(Array.isArray(value) ? value.entries() : Object.entries(value)).get(
      part,
    );
  }
  return value;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

interface Checked {
  readonly schema: JsonSchema;
  readonly document: unknown;
  readonly places: Places;
}

/** One zod issue as problems; a union is judged by the branch that got furthest. */
function problemsOf(
  issue: z.core.$ZodIssue,
  base: readonly PathPart[],
  checked: Checked,
): readonly ScenarioProblem[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  const schemas = schemasAt(checked.schema, path, checked.document);
  if (issue.code === 'unrecognized_keys') {
    const known = keysOf(schemas);
    return issue.keys.map((key) => {
      const near = suggest(key, known);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      const message = `unknown key ${shown(key)}${hint}`;
      return { ...checked.places.key(path, key), path: pathText(path), message, expected: known.join(', ') };
    });
  }
  const value = valueAt(checked.document, path);
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const deepest = deepestBranch(issue.errors, value);
    if (deepest !== undefined) return deepest.flatMap((inner) => problemsOf(inner, path, checked));
  }
  const options =
    issue.code === 'invalid_union' && 'options' in issue ? (issue.options as readonly unknown[]) : undefined;
  const expected =
    options !== undefined ? `one of ${options.map(String).join(', ')}` : expectedText(issue, schemas);
  const near =
    typeof value === 'string'
      ? suggest(value, options === undefined ? wordsOf(schemas) : options.map(String))
      : undefined;
  const missing = value === undefined;
  const message = missing
    ? 'missing'
    : `found ${shown(value)}${near === undefined ? '' : `; did you mean ${near}?`}`;
  return [{ ...checked.places.value(path), path: pathText(path), message, expected }];
}

function wordsOf(schemas: readonly JsonSchema[]): readonly string[] {
  return schemas
    .flatMap((schema) => [...(schema.enum ?? []), ...(schema.const === undefined ? [] : [schema.const])])
    .map(String);
}

function expectedText(issue: z.core.$ZodIssue, schemas: readonly JsonSchema[]): string {
  if (issue.code === 'custom' || (issue.code === 'invalid_format' && issue.format === 'regex'))
    return issue.message;
  return describeSchemas(schemas);
}

/** Of a union's branches the one that failed only inside an object of the right shape; undefined when none did. */
function deepestBranch(
  errors: readonly (readonly z.core.$ZodIssue[])[],
  value: unknown,
): readonly z.core.$ZodIssue[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const inside = errors.filter(
    (branch) =>
      branch.length > 0 &&
      branch.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  );
  const fewest = [...inside].sort((a, b) => unknownKeys(a) - unknownKeys(b) || a.length - b.length);
  return fewest[0];
}

function unknownKeys(branch: readonly z.core.$ZodIssue[]): number {
  return branch.filter((issue) => issue.code === 'unrecognized_keys').length;
}

function applyOverrides(document: Document, overrides: readonly Override[]): readonly ScenarioProblem[] {
  const problems: ScenarioProblem[] = [];
  for (const override of overrides) {
    const path = parsePath(override.path);
    const parsed = parseDocument(override.value, { logLevel: 'silent' });
    if (
      path === undefined ||
      parsed.errors.length > 0 ||
      findAliases(parsed, new Places(parsed, new LineCounter())).length > 0
    ) {
      const expected = 'a path such as nodes, chain.blockInterval or faults[0].at, = and a YAML value';
      problems.push({
        line: 1,
        column: 1,
        path: '',
        message: `--set ${override.path}=${override.value}: cannot be read`,
        expected,
      });
      continue;
    }
    document.setIn(path, document.createNode(parsed.toJS()));
  }
  return problems;
}

function byPlace(a: ScenarioProblem, b: ScenarioProblem): number {
  return a.line - b.line || a.column - b.column;
}

/**
 * Parses, overrides and checks a scenario file.
 * @param file its name, for messages only.
 * @throws {ScenarioError} with every mistake found, in the order of the file.
 */
export function parseScenario(
  file: string,
  source: string,
  overrides: readonly Override[] = [],
): ScenarioFile {
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
    logLevel: 'silent',
  });
  const places = new Places(document, lines);
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const message = error.code.toLowerCase().replaceAll('_', ' ');
      return { ...places.at(error.pos[0]), path: '', message, expected: yamlHint(error.code) };
    });
    throw new ScenarioError(file, source, problems);
  }
  const aliases = findAliases(document, places);
  if (aliases.length > 0) throw new ScenarioError(file, source, aliases);
  const overrideProblems = applyOverrides(document, overrides);
  if (overrideProblems.length > 0) throw new ScenarioError(file, source, overrideProblems);
  const value: unknown = document.toJS();
  const result = scenarioSchema.safeParse(value);
  if (!result.success) {
    const checked = { schema: scenarioJsonSchema(), document: value, places };
    const problems = result.error.issues.flatMap((issue) => problemsOf(issue, [], checked));
    const unique = firstOfEach(problems);
    throw new ScenarioError(file, source, markOverridden([...unique].sort(byPlace), overrides));
  }
  const impossible = findImpossible(result.data).map((p) => ({
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
      return (
        problem.path === path || problem.path.startsWith(`${path}.`) || problem.path.startsWith(`${path}[`)
      );
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

/** Aliases can make a document circular or huge, and no scenario needs one. */
function findAliases(document: Document, places: Places): readonly ScenarioProblem[] {
  const problems: ScenarioProblem[] = [];
  visit(document, {
    Alias(_, alias) {
      const place = places.at(rangeStart(alias) ?? 0);
      problems.push({
        ...place,
        path: '',
        message: `alias *${alias.source}`,
        expected: 'the value itself: scenario files have no aliases',
      });
    },
  });
  return problems;
}

function yamlHint(code: string): string {
  if (code === 'DUPLICATE_KEY') return 'every key once in one mapping';
  if (code === 'TAB_AS_INDENT') return 'spaces, not tabs, as indentation';
  if (code === 'BAD_INDENT') return 'the lines of one mapping or list to start in one column';
  return 'valid YAML 1.2';
}
