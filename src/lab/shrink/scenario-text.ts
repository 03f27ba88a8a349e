/** A scenario as a YAML file that people read: a comment on top, keys in the order of the schema, one line a fault. */
import { stringify } from 'yaml';
import { type ScenarioFile, scenarioSchema } from '../../cluster/scenario/schema.ts';

/** Lines of lists that stand below each other; everything else is one line a key. */
const LISTS: readonly string[] = ['hosts', 'load', 'faults', 'plan', 'messageFaults', 'proposals'];

function flow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true }).trimEnd();
}

/**
 * @param schema path or address of the JSON Schema, for editors.
 * @param comments lines without their `#`.
 */
export function scenarioText(file: ScenarioFile, schema: string, comments: readonly string[]): string {
  const lines = [
    `# yaml-language-server: $schema=${schema}`,
    ...comments.flatMap((comment) => comment.split('\n').map((line) => `# ${line}`.trimEnd())),
  ];
  const values = new Map<string, unknown>(Object.entries(file));
  for (const key of Object.keys(scenarioSchema.shape)) {
    const value = values.get(key);
    if (value === undefined) continue;
    if (!LISTS.includes(key) || !Array.isArray(value) || value.length === 0)
      lines.push(`${key}: ${flow(value)}`);
    else lines.push(`${key}:`, ...value.map((item) => `  - ${flow(item)}`));
  }
  return `${lines.join('\n')}\n`;
}
