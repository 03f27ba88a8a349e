/** What a scenario file may say at one place, in words, from its JSON Schema. */

/** The parts of JSON Schema that zod writes for our schema. */
export interface JsonSchema {
  readonly type?: string | undefined;
  readonly const?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly anyOf?: readonly JsonSchema[] | undefined;
  readonly oneOf?: readonly JsonSchema[] | undefined;
  readonly properties?: { readonly [key: string]: JsonSchema } | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: JsonSchema | undefined;
  readonly additionalProperties?: JsonSchema | boolean | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly examples?: readonly unknown[] | undefined;
}

type PathPart = string | number;

function branches(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf ?? schema.oneOf ?? [schema];
}

/** The branches of a union inside a union too. */
function leaves(schema: JsonSchema): readonly JsonSchema[] {
  return branches(schema).flatMap((branch) => (branch === schema ? [branch] : leaves(branch)));
}

/** Walks down one part; of several branches the one whose `kind` fits, else every one that has the part. */
function below(schema: JsonSchema, part: PathPart, value: unknown): readonly JsonSchema[] {
  const found: JsonSchema[] = [];
  for (const branch of fitting(schema, value)) {
    if (typeof part === 'number') {
      if (branch.items !== undefined) found.push(branch.items);
      continue;
    }
    const property =
      branch.properties === undefined ? undefined : new Map(Object.entries(branch.properties)).get(part);
    if (property !== undefined) found.push(property);
    else if (typeof branch.additionalProperties === 'object') found.push(branch.additionalProperties);
  }
  return found;
}

/** The branches of a union that a value with this `kind` can mean. */
function fitting(schema: JsonSchema, value: unknown): readonly JsonSchema[] {
  const all = branches(schema);
  if (typeof value !== 'object' || value === null || !('kind' in value)) return all;
  const kind = value.kind;
  const exact = all.flatMap(leaves).filter((branch) => branch.properties?.['kind']?.const === kind);
  return exact.length > 0 ? exact : all;
}

/** Schemas that apply at `path` in `document`. */
export function schemasAt(
  root: JsonSchema,
  path: readonly PathPart[],
  document: unknown,
): readonly JsonSchema[] {
  let schemas: readonly JsonSchema[] = [root];
  let value: unknown = document;
  for (const part of path) {
    schemas = schemas.flatMap((schema) => below(schema, part, value));
    value =
      typeof value === 'object' && value !== null
        ? new Map<PathPart, unknown>(entriesOf(value)).get(part)
        : undefined;
  }
  return schemas.flatMap((schema) => fitting(schema, value));
}

function entriesOf(value: object): Iterable<readonly [PathPart, unknown]> {
  return Array.isArray(value) ? value.entries() : Object.entries(value);
}

/** The keys allowed by any of the schemas, in their order. */
export function keysOf(schemas: readonly JsonSchema[]): readonly string[] {
  return [
    ...new Set(
      schemas.flatMap((schema) => branches(schema)).flatMap((schema) => Object.keys(schema.properties ?? {})),
    ),
  ];
}

function numberText(schema: JsonSchema): string {
  const what = schema.type === 'integer' ? 'a whole number' : 'a number';
  const min = schema.minimum;
  const max =
    schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER ? schema.maximum : undefined;
  if (min !== undefined && max !== undefined) return `${what} from ${min} to ${max}`;
  if (min !== undefined) return `${what}, at least ${min}`;
  return max === undefined ? what : `${what}, at most ${max}`;
}

function describeOne(schema: JsonSchema): string {
  if (schema.anyOf !== undefined || schema.oneOf !== undefined) return describeSchemas(branches(schema));
  if (schema.const !== undefined) return JSON.stringify(schema.const).replaceAll('"', '');
  if (schema.enum !== undefined) return schema.enum.map(String).join(', ');
  if (schema.type === 'integer' || schema.type === 'number') return numberText(schema);
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'array') return listText(schema);
  if (schema.type === 'object') return objectText(schema);
  const examples = (schema.examples ?? []).map(String).join(' or ');
  return `${schema.title ?? 'a text'}${examples === '' ? '' : ` such as ${examples}`}`;
}

function listText(schema: JsonSchema): string {
  const items = schema.items;
  if (items?.type === 'integer')
    return `a list of whole numbers${numberText(items).slice('a whole number'.length)}`;
  if (items?.type === 'array') return 'a list of lists of host numbers, such as [[0, 1], [2, 3]]';
  return `a list, each item ${items === undefined ? 'a value' : describeSchemas(branches(items))}`;
}

/** `{ fixed: a duration }` of one key, the keys alone of several. */
function objectText(schema: JsonSchema): string {
  const properties = Object.entries(schema.properties ?? {});
  const [only] = properties;
  if (properties.length === 1 && only !== undefined) return `{ ${only[0]}: ${describeOne(only[1])} }`;
  return `{ ${properties.map(([key]) => key).join(', ')} }`;
}

/** The schemas in words: alternatives joined by "or". */
export function describeSchemas(schemas: readonly JsonSchema[]): string {
  const kinds = schemas.map((schema) => schema.properties?.['kind']?.const);
  if (schemas.length > 1 && kinds.every((kind) => typeof kind === 'string')) {
    return `an object whose kind is one of ${kinds.join(', ')}`;
  }
  return [...new Set(schemas.map(describeOne))].join(', or ');
}
