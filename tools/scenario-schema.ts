/** The texts of schemas/scenario.schema.json and schemas/space.schema.json. */
import type { JsonSchema } from '../src/cluster/scenario/expected.ts';
import { scenarioJsonSchema } from '../src/cluster/scenario/parse.ts';
import { spaceJsonSchema } from '../src/cluster/space/parse.ts';

/** Two spaces, one newline at the end: as it stands in the repository. */
function textOf(schema: JsonSchema): string {
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

export function scenarioSchemaText(): string {
  return textOf(scenarioJsonSchema());
}

export function spaceSchemaText(): string {
  return textOf(spaceJsonSchema());
}
