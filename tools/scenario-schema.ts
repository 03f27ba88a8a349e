/** The text of schemas/scenario.schema.json. */
import { scenarioJsonSchema } from '../src/cluster/scenario/parse.ts';

/** Two spaces, one newline at the end: as it stands in the repository. */
export function scenarioSchemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`;
}
