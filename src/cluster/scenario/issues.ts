/** Turns what zod finds wrong with a document into problems at their places, in words. */
import type { z } from 'zod';
import { suggestDuration } from './duration.ts';
import { describeSchemas, type JsonSchema, keysOf, schemasAt } from './expected.ts';
import { type PathPart, type Places, pathText } from './places.ts';
import type { ScenarioProblem } from './problem.ts';
import { suggest } from './suggest.ts';

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
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** A document that was checked. */
export interface Checked {
  readonly schema: JsonSchema;
  readonly document: unknown;
  readonly places: Places;
}

/** One zod issue as problems; a union is judged by the branch that got furthest. */
export function problemsOf(
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
      return {
        ...checked.places.key(path, key),
        path: pathText(path),
        key,
        message,
        expected: known.join(', '),
      };
    });
  }
  const value = valueAt(checked.document, path);
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const deepest = deepestBranch(issue.errors, value);
    if (deepest !== undefined) return deepest.flatMap((inner) => problemsOf(inner, path, checked));
  }
  const options = optionsOf(issue);
  const expected =
    options !== undefined ? `one of ${options.map(String).join(', ')}` : expectedText(issue, schemas);
  const near =
    (schemas.some(({ title }) => title?.startsWith('a duration') === true)
      ? suggestDuration(value)
      : undefined) ??
    (typeof value === 'string'
      ? suggest(value, options === undefined ? wordsOf(schemas) : options.map(String))
      : undefined);
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

/** The values that a union is told apart by. */
function optionsOf(issue: z.core.$ZodIssue): readonly unknown[] | undefined {
  if (issue.code !== 'invalid_union' || !('options' in issue)) return undefined;
  const { options } = issue;
  return Array.isArray(options) ? options : undefined;
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
