/** Reads a scenario file: YAML, checked against the schema and for sense; every mistake is shown at its place. */
import type { JsonSchema } from './expected.ts';
import { jsonSchemaOf, type Override, readYaml } from './read-yaml.ts';
import { type ScenarioFile, scenarioSchema } from './schema.ts';
import { findImpossible } from './sense.ts';

/** The JSON Schema of scenario files, draft 2020-12. */
export function scenarioJsonSchema(): JsonSchema {
  return jsonSchemaOf(scenarioSchema);
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
  return readYaml({ what: 'scenario', schema: scenarioSchema, findImpossible }, file, source, overrides);
}
